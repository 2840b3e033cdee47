//! Return codes: the three digits that open every reply (RFC 2832 §4.2 and §5.1, RFC 3632 §2.1, CNR's list).
//!
//! A [`ReturnCode`] is a number, never an enum: a registry may send a code that no list has, and it survives. What a
//! code says *in the place where it came* is a [`Verdict`]: 530 to a login is not 530 to a command, 220 to a CHECK
//! is no success, and 520 read before a command was written says that nothing happened.

mod table;

use core::fmt;
use core::num::NonZeroU16;
use core::str::FromStr;
use core::time::Duration;

use crate::verb::{Entity, Verb};
use crate::verdict::{Advice, Answer, Class, Executed, Verdict, Word};

pub use table::CodeInfo;

/// A three-digit return code, 100 to 999.
///
/// The named constants are the codes of the documented lists; every other number is as valid a code, without
/// [`info`](Self::info). `Display` prints the number alone: the text of a reply is the registry's to choose.
///
/// ```
/// use rrp::ReturnCode;
///
/// let code: ReturnCode = "554".parse()?;
/// assert_eq!(code, ReturnCode::DOMAIN_ALREADY_REGISTERED);
/// assert_eq!(code.info().map(|info| info.text()), Some("Domain already registered"));
/// # Ok::<(), rrp::InvalidReturnCode>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnCode(NonZeroU16);

/// Where an answer came: what had been asked on the connection, if anything.
///
/// The same number means different things in different places; see [`ReturnCode::verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Context {
    /// In answer to a login: SESSION, or PTF `StartSession`.
    Login,
    /// In answer to a login that changes the password, which is a write too.
    PasswordChange,
    /// In answer to this RRP command, after login.
    Rrp(Verb),
    /// In answer to a CHECK about this: 210 and 211 answer for a domain, 212 and 213 for a name server.
    Check(Entity),
    /// In answer to a PTF command that reads and checks: its name, or the part of it after a `_`, begins with `Check`.
    PtfCheck,
    /// In answer to any other PTF command, or an RRP command outside RFC 2832.
    Ptf,
    /// In answer to nothing: read on an idle connection, before a command was written.
    Unsolicited,
}

impl ReturnCode {
    /// The code of this number.
    ///
    /// # Errors
    /// [`InvalidReturnCode`] if it is not between 100 and 999.
    pub const fn from_u16(number: u16) -> Result<Self, InvalidReturnCode> {
        if number < 100 || number > 999 {
            return Err(InvalidReturnCode(()));
        }
        match NonZeroU16::new(number) {
            Some(number) => Ok(Self(number)),
            None => Err(InvalidReturnCode(())),
        }
    }

    /// The code of these three ASCII digits.
    ///
    /// # Errors
    /// [`InvalidReturnCode`] if they are not exactly three digits, the first of them 1 to 9.
    pub const fn from_bytes(digits: &[u8]) -> Result<Self, InvalidReturnCode> {
        let [a, b, c] = digits else {
            return Err(InvalidReturnCode(()));
        };
        let (a, b, c) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'), c.wrapping_sub(b'0'));
        if a == 0 || a > 9 || b > 9 || c > 9 {
            return Err(InvalidReturnCode(()));
        }
        let tens = (a as u16).wrapping_mul(10).wrapping_add(b as u16);
        Self::from_u16(tens.wrapping_mul(10).wrapping_add(c as u16))
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0.get()
    }

    /// The class of the first digit: 2 success, 4 temporary, 5 permanent; every other digit is unclassified.
    #[must_use]
    pub const fn class(self) -> Class {
        match self.as_u16() {
            200..=299 => Class::Success,
            400..=499 => Class::Temporary,
            500..=599 => Class::Permanent,
            _ => Class::Unclassified,
        }
    }

    /// What the lists say about this code; `None` for a code that is on none of them.
    #[must_use]
    pub fn info(self) -> Option<&'static CodeInfo> {
        let at = table::CODES.binary_search_by_key(&self, CodeInfo::code).ok()?;
        table::CODES.get(at)
    }

    /// Every listed code, in ascending order.
    pub fn known() -> impl ExactSizeIterator<Item = &'static CodeInfo> {
        table::CODES.iter()
    }

    /// Whether the server closes the connection after a reply with this code: 220, 420, 520 and 521.
    #[must_use]
    pub const fn closes_connection(self) -> bool {
        matches!(self.as_u16(), 220 | 420 | 520 | 521)
    }

    /// What this code means in answer to `context`.
    ///
    /// The rest of the reply can say more; [`Reply::verdict`](crate::Reply::verdict) takes it into account.
    ///
    /// ```
    /// use rrp::{Context, ReturnCode, Verb};
    /// use rrp::verdict::{Answer, Executed};
    ///
    /// let taken = ReturnCode::DOMAIN_NOT_AVAILABLE.verdict(Context::Rrp(Verb::Check));
    /// assert!(taken.completed());
    /// assert_eq!(taken.answer(), Some(Answer::No));
    ///
    /// let closed = ReturnCode::COMPLETED_CLOSING;
    /// assert!(closed.verdict(Context::Rrp(Verb::Add)).completed());
    /// assert!(!closed.verdict(Context::Rrp(Verb::Check)).completed());
    ///
    /// let timeout = ReturnCode::CLOSING_CONNECTION;
    /// assert_eq!(timeout.verdict(Context::Unsolicited).executed(), Executed::No);
    /// assert_eq!(timeout.verdict(Context::Rrp(Verb::Add)).executed(), Executed::Unknown);
    /// ```
    #[must_use]
    pub fn verdict(self, context: Context) -> Verdict {
        let plain = self.info().map_or_else(|| self.unlisted(), |info| info.verdict());
        match (context, self.class()) {
            (Context::Unsolicited, Class::Success) => plain.misfit(),
            (Context::Unsolicited, _) if self.closes_connection() => {
                let plain = plain.with_executed(Executed::No, Word::Inference);
                match self {
                    Self::TOO_MANY_SESSIONS => plain,
                    _ => plain.with_advice(Advice::Reconnect { after: Duration::ZERO }),
                }
            }
            (Context::Unsolicited, _) => plain.misfit(),
            (_, Class::Success) => self.success(plain, context),
            (Context::Login | Context::Rrp(Verb::Session), _) => self.at_login(plain),
            (Context::PasswordChange, _) => self.at_password_change(plain),
            // The session limit belongs to a login; after a command was written, nobody knows (as for 520).
            (_, _) if self == Self::TOO_MANY_SESSIONS => {
                plain.with_executed(Executed::Unknown, Word::Practice).with_advice(Advice::ReadBack)
            }
            // RFC 2832 §4.3 binds RRP; for PTF nobody promises that a failed command changed nothing.
            (Context::Ptf | Context::PtfCheck, Class::Temporary) if plain.word() == Word::Specification => {
                plain.with_executed(Executed::Unknown, Word::Practice)
            }
            (Context::Ptf | Context::PtfCheck, _) if plain.word() == Word::Specification => {
                plain.with_executed(plain.executed(), Word::Inference)
            }
            (_, _) => plain,
        }
    }

    /// A 2xx: it must be one that this command can get.
    fn success(self, plain: Verdict, context: Context) -> Verdict {
        let check = matches!(context, Context::Rrp(Verb::Check) | Context::Check(_) | Context::PtfCheck);
        if check && self == Self::COMPLETED_CLOSING {
            // RFC 2832 §5.2 lists 220 under "Failure" for CHECK alone: the server closed and did not answer.
            return Verdict::new(Class::Temporary)
                .closing()
                .with_executed(Executed::No, Word::Specification)
                .with_advice(Advice::Reconnect { after: Duration::ZERO });
        }
        if self.info().is_none() {
            // On no list, but 210 to 219 answer a question (216 and 217 have been seen).
            return if check || !matches!(self.as_u16(), 210..=219) { plain } else { plain.misfit() };
        }
        let fits = match context {
            Context::Rrp(verb) => verb.success_codes().contains(&self.as_u16()),
            Context::Check(Entity::Domain) => matches!(self.as_u16(), 210 | 211),
            Context::Check(Entity::NameServer) => matches!(self.as_u16(), 212 | 213),
            Context::PtfCheck => matches!(self.as_u16(), 200 | 210..=219),
            Context::Login | Context::PasswordChange | Context::Ptf => matches!(self.as_u16(), 200 | 220),
            Context::Unsolicited => false,
        };
        match context {
            _ if !fits => plain.misfit(),
            // It is CNR's list of return codes that says what a 2xx means there.
            Context::Ptf | Context::PtfCheck => plain.with_executed(plain.executed(), Word::Registry),
            _ => plain,
        }
    }

    /// A refused login. Nothing was to be executed, so no outcome is unknown.
    fn at_login(self, plain: Verdict) -> Verdict {
        let plain = plain.with_executed(Executed::No, Word::Inference);
        match self {
            Self::AUTHENTICATION_FAILED | Self::AUTHORIZATION_FAILED => {
                plain.with_advice(Advice::StopLoggingIn)
            }
            Self::CLOSING_CONNECTION => plain.with_advice(Advice::Reconnect { after: Duration::ZERO }),
            Self::TOO_MANY_SESSIONS => {
                plain.with_advice(Advice::FewerSessions { after: table::SESSIONS_WAIT })
            }
            Self::INVALID_COMMAND_SEQUENCE => plain.with_advice(Advice::FixRequest),
            _ if matches!(plain.advice(), Advice::ReadBack) => plain.with_advice(match self.class() {
                Class::Temporary => Advice::Reconnect { after: table::LOGIN_WAIT },
                _ => Advice::ReadMessage,
            }),
            _ => plain,
        }
    }

    /// A login that changes the password, and was not accepted: unless it was plainly refused, which password holds
    /// must be tried.
    fn at_password_change(self, plain: Verdict) -> Verdict {
        match (self, plain.executed(), self.class()) {
            (Self::TOO_MANY_SESSIONS | Self::AUTHENTICATION_FAILED | Self::AUTHORIZATION_FAILED, _, _) => {
                self.at_login(plain)
            }
            (_, Executed::No, Class::Permanent) => self.at_login(plain),
            (Self::ABUSE_LOCK, _, _) => plain,
            _ => plain.with_executed(Executed::Unknown, Word::Practice).with_advice(Advice::ProbeLogin),
        }
    }

    /// The verdict on a code of no list: by the first digit, and nothing is assumed about a write.
    const fn unlisted(self) -> Verdict {
        let verdict = Verdict::new(self.class());
        match self.class() {
            Class::Permanent => {
                verdict.with_executed(Executed::No, Word::Inference).with_advice(Advice::ReadMessage)
            }
            // An answer to a read; of a write nobody knows.
            Class::Success => verdict.with_advice(Advice::ReadMessage),
            _ => verdict,
        }
    }

    /// The answer that this code gives to a question (210 to 219), if it gives one.
    #[must_use]
    pub fn answer(self) -> Option<Answer> {
        self.info().and_then(CodeInfo::answer)
    }
}

impl fmt::Debug for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_u16(), f)
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_u16(), f)
    }
}

impl FromStr for ReturnCode {
    type Err = InvalidReturnCode;

    fn from_str(digits: &str) -> Result<Self, InvalidReturnCode> {
        Self::from_bytes(digits.as_bytes())
    }
}

impl TryFrom<u16> for ReturnCode {
    type Error = InvalidReturnCode;

    fn try_from(number: u16) -> Result<Self, InvalidReturnCode> {
        Self::from_u16(number)
    }
}

impl From<ReturnCode> for u16 {
    fn from(code: ReturnCode) -> Self {
        code.as_u16()
    }
}

impl PartialEq<u16> for ReturnCode {
    fn eq(&self, number: &u16) -> bool {
        self.as_u16() == *number
    }
}

impl PartialEq<ReturnCode> for u16 {
    fn eq(&self, code: &ReturnCode) -> bool {
        *self == code.as_u16()
    }
}

/// The number or the digits are no return code: not three digits from 100 to 999.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidReturnCode(());

impl fmt::Debug for InvalidReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvalidReturnCode").finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid return code: not three digits from `100` to `999`")
    }
}

impl core::error::Error for InvalidReturnCode {}
