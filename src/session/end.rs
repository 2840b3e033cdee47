//! Why a session is over.

use core::fmt;
use std::io;

use super::remains::Remains;
use super::stage::Stage;
use crate::code::ReturnCode;
use crate::reply::Reply;
use crate::secret::assigns_secret;
use crate::wire::Malformed;
use crate::wire::deframe::FrameError;

/// How much of a registry's text an error repeats, in characters.
const MAX_TEXT: usize = 256;

/// What ended a session.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// We asked for it, and the registry has answered or closed.
    Quit,
    /// Its owner gave it up.
    Abandoned,
    /// The reply to a command closes the connection: 220, 420, 520 or 521.
    Closing(Box<Reply>),
    /// The login was refused. It is not tried again by itself.
    LoginRefused(Box<Reply>),
    /// The keepalive was answered as if nobody were logged in.
    LoginLost(Box<Reply>),
    /// A reply stood where the greeting should, or came before the login was sent.
    InsteadOfGreeting(Box<Reply>),
    /// A reply came to nothing that was asked: late, surplus, or to say that the connection closes.
    Unsolicited(Box<Reply>),
    /// Something came that nothing had asked for, and that is no reply.
    Noise,
    /// A reply came before its command was written.
    Early(Box<Reply>),
    /// More came right behind the reply to a command. Either may be the answer, so neither is.
    Surplus(Box<Reply>),
    /// The reply cannot be one to the command that was sent: the connection is out of step.
    OutOfStep(Box<Reply>),
    /// What came is no reply.
    Malformed(Malformed),
    /// What came passes a limit.
    Frame(FrameError),
    /// The connection was closed in the middle of a frame.
    Incomplete {
        /// So many bytes of the frame had come.
        bytes: usize,
    },
    /// The connection was closed.
    Eof,
    /// The connection broke.
    Transport(io::Error),
    /// The stage took longer than it may.
    Timeout,
}

/// Every [`Why`] that a reply tells.
macro_rules! with_reply {
    ($reply:ident) => {
        Why::Closing($reply)
            | Why::LoginRefused($reply)
            | Why::LoginLost($reply)
            | Why::InsteadOfGreeting($reply)
            | Why::Unsolicited($reply)
            | Why::Early($reply)
            | Why::Surplus($reply)
            | Why::OutOfStep($reply)
    };
}

/// Why and where a session came to its end.
///
/// If a registry quotes a secret of the command, neither `Display` nor `Debug` shows the text of that reply;
/// [`reply`](Self::reply) has it all the same.
pub struct End {
    stage: Stage,
    why: Why,
    remains: Remains,
    login_sent: bool,
    password_in_doubt: bool,
    /// How something began that was no greeting.
    beginning: Option<Box<str>>,
}

impl End {
    pub(super) fn new(stage: Stage, why: Why, login_sent: bool) -> Self {
        let remains = Remains::after(&why, login_sent);
        Self { stage, why, remains, login_sent, password_in_doubt: false, beginning: None }
    }

    pub(super) const fn leave_password_in_doubt(&mut self) {
        self.password_in_doubt = true;
    }

    /// What stands where the greeting should often tells which service it is: its first line that says something, escaped.
    pub(super) fn remember_beginning(&mut self, received: &[u8]) {
        let text = String::from_utf8_lossy(received);
        let text = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        // A reply tells by itself.
        if self.reply().is_none() && !text.is_empty() && !assigns_secret(text) {
            self.beginning = Some(text.escape_debug().to_string().into());
        }
    }

    pub(super) fn conceal_reply_if(&mut self, quotes_secret: impl FnOnce(&Reply) -> bool) {
        if let with_reply!(reply) = &mut self.why
            && quotes_secret(reply)
        {
            reply.conceal();
        }
    }

    /// A session whose task was taken away, and can say nothing; `login_asked`: whether it was told to log in. If the
    /// login was to change the password, it may have.
    #[cfg(feature = "net")]
    pub(crate) fn vanished(login_asked: bool, changes_password: bool) -> Self {
        let stage = if changes_password { Stage::Login } else { Stage::Ended };
        Self { password_in_doubt: changes_password, ..Self::new(stage, Why::Abandoned, login_asked) }
    }

    /// The stage at which it ended.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// What ended it.
    #[must_use]
    pub const fn why(&self) -> &Why {
        &self.why
    }

    /// The reply that ended it, if one did.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match &self.why {
            with_reply!(reply) => Some(reply),
            _ => None,
        }
    }

    /// The code of the reply that ended it.
    #[must_use]
    pub fn code(&self) -> Option<ReturnCode> {
        self.reply().map(Reply::code)
    }

    /// What the registry is likely to still hold of it, for a budget of sessions.
    #[must_use]
    pub const fn remains(&self) -> Remains {
        self.remains
    }

    /// Whether the login, or a part of it, was handed over.
    #[must_use]
    pub const fn login_was_sent(&self) -> bool {
        self.login_sent
    }

    /// Whether it was a login that changes the password, and nobody knows which password holds now: try each once.
    #[must_use]
    pub const fn password_in_doubt(&self) -> bool {
        self.password_in_doubt
    }

    /// Whether it ended as it should: by QUIT, or by its owner.
    #[must_use]
    pub const fn is_orderly(&self) -> bool {
        matches!(self.why, Why::Quit | Why::Abandoned) && !self.password_in_doubt
    }

    /// Whether no further login with these credentials makes sense until somebody has looked: the registry refused them,
    /// if only with a reply that came too early.
    #[must_use]
    pub fn refuses_credentials(&self) -> bool {
        self.stage == Stage::Login
            && matches!(&self.why, Why::LoginRefused(reply) | Why::Early(reply)
                if [ReturnCode::AUTHENTICATION_FAILED, ReturnCode::AUTHORIZATION_FAILED].contains(&reply.code()))
    }

    /// What to check, in one sentence; `None` where there is nothing to be done but to go on.
    #[must_use]
    pub fn fix(&self) -> Option<&'static str> {
        if self.password_in_doubt {
            return Some("log in once with each of the two passwords to learn which one holds");
        }
        match (&self.why, self.stage) {
            _ if self.refuses_credentials() => Some(
                "check the id and the password, and that the host is the one they are for (OT&E or production); do not \
                 repeat the login before that, for registries lock accounts",
            ),
            (Why::LoginRefused(reply) | Why::InsteadOfGreeting(reply), _)
                if reply.code() == ReturnCode::TOO_MANY_SESSIONS =>
            {
                Some("close other sessions of the account, or wait until the registry has dropped lost ones")
            }
            (Why::LoginRefused(reply) | Why::InsteadOfGreeting(reply), _) => {
                Some(match reply.code().as_u16() {
                    422 => "the account is locked: send nothing for it, from anywhere, for five minutes",
                    420 | 421 | 520 => "try again later",
                    _ => "read what the registry says",
                })
            }
            (Why::Eof | Why::Transport(_) | Why::Incomplete { .. }, Stage::Greeting) => Some(
                "ask the registry whether the source address is on its allow list, and check that the port speaks RRP",
            ),
            (Why::Timeout, Stage::Greeting) => Some(
                "check that the port speaks RRP, and TLS if and only if it was asked for: a TLS port waits in silence for \
                 a handshake",
            ),
            (Why::Malformed(_) | Why::Frame(_) | Why::Noise, Stage::Greeting) => {
                Some("check that the port speaks RRP, and TLS if and only if it was asked for")
            }
            (Why::Eof | Why::Transport(_) | Why::Incomplete { .. }, Stage::Greeted) => Some(
                "try again, with the login sooner behind the greeting: registries close what does not log in",
            ),
            (Why::Eof | Why::Transport(_) | Why::Timeout, Stage::Login) => {
                Some("try again later, and if it stays so ask the registry about the account")
            }
            _ => None,
        }
    }
}

/// The code and the text of a reply: escaped, cut, without secrets.
struct Told<'r>(&'r Reply);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.0.code())?;
        let text = self.0.redacted_text();
        if !text.is_empty() {
            f.write_str(" ")?;
        }
        let shown: String = text.chars().take(MAX_TEXT).collect();
        write!(f, "{}{}`", shown.escape_debug(), if shown.len() < text.len() { "…" } else { "" })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.stage)?;
        match &self.why {
            Why::Quit => f.write_str("session ended by QUIT"),
            Why::Abandoned => f.write_str("session given up by its owner"),
            Why::Closing(reply) => write!(f, "connection closed by the registry with {}", Told(reply)),
            Why::LoginRefused(reply) => write!(f, "login refused with {}", Told(reply)),
            Why::LoginLost(reply) => write!(f, "no longer logged in, says {}", Told(reply)),
            Why::InsteadOfGreeting(reply) => write!(f, "refused instead of greeted, with {}", Told(reply)),
            Why::Unsolicited(reply) => write!(f, "unsolicited reply {}", Told(reply)),
            Why::Noise => f.write_str("something came that nothing had asked for"),
            Why::Early(reply) => write!(f, "reply {} before the command was written", Told(reply)),
            Why::Surplus(reply) => {
                write!(f, "more came behind reply {}: nobody knows which is the answer", Told(reply))
            }
            Why::OutOfStep(reply) => {
                write!(f, "reply {} cannot be one to this command", Told(reply))
            }
            Why::Malformed(_) => f.write_str("malformed reply"),
            Why::Frame(_) => f.write_str("reply passes a limit"),
            Why::Incomplete { bytes } => {
                write!(f, "connection closed by the registry within a reply, after {bytes} bytes of it")
            }
            Why::Eof => f.write_str("connection closed by the registry"),
            Why::Transport(_) => f.write_str("connection failed"),
            Why::Timeout => f.write_str("took longer than its deadline"),
        }?;
        match &self.beginning {
            Some(beginning) => write!(f, " (what came began with `{beginning}`)"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("End");
        out.field("stage", &self.stage).field("why", &self.why);
        if let Some(beginning) = &self.beginning {
            out.field("beginning", beginning);
        }
        out.field("remains", &self.remains).field("password_in_doubt", &self.password_in_doubt).finish()
    }
}

impl core::error::Error for End {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.why {
            Why::Malformed(source) => Some(source),
            Why::Frame(source) => Some(source),
            Why::Transport(source) => Some(source),
            _ => None,
        }
    }
}
