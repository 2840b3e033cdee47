//! What an upstream's answer means, whoever the upstream is.
//!
//! A reply says three things at once: the answer, what becomes of the connection, and what is known about the
//! state of the registry. A [`Verdict`] keeps the three apart. Whatever decides about resending takes a `Verdict`
//! and never a number, so that other APIs with codes of their own can be read into the same decisions.

use core::fmt;
use core::time::Duration;

/// What kind of answer it is.
///
/// For an RRP return code this is the first digit (RFC 2832 §5.1); see [`ReturnCode::class`](crate::ReturnCode::class).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The command completed. For a query the answer may still be *no*: see [`Verdict::answer`].
    Success,
    /// Refused for now; the same command may succeed later.
    Temporary,
    /// Refused; the same command would be refused again.
    Permanent,
    /// No class is known for this answer: it survives, and nothing is assumed about it.
    Unclassified,
}

impl Class {
    /// The class as one lowercase word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Temporary => "temporary",
            Self::Permanent => "permanent",
            Self::Unclassified => "unclassified",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer to a question such as "is this name available?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a question of this kind has two answers")]
pub enum Answer {
    /// Available.
    Yes,
    /// Not available: a success on the wire that means *no*.
    No,
}

impl Answer {
    /// `yes` or `no`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// Whether the command changed the registry's state (for a query: whether it was answered).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about money must handle each of these")]
pub enum Executed {
    /// It did what was asked.
    Yes,
    /// It did nothing.
    No,
    /// Nobody can tell from this answer.
    Unknown,
}

impl Executed {
    /// `yes`, `no` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Executed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// On whose word [`Executed`] is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Word {
    /// The specification says so (RFC 2832 §4.3: a failed command must leave the state unchanged).
    Specification,
    /// The registry's own documentation says so.
    Registry,
    /// Nobody says so; it follows from where the answer comes from.
    Inference,
    /// The sources disagree, or clients have been bitten; the safer reading is taken.
    Practice,
}

impl Word {
    /// The word's owner, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Specification => "the specification",
            Self::Registry => "the upstream's documentation",
            Self::Inference => "inference",
            Self::Practice => "practice",
        }
    }
}

/// What to do next.
///
/// Waiting times are what the sources suggest as a least; whoever resends adds jitter and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing: the answer is final.
    Done,
    /// Send again after about this long, on the same connection or another: a read at once, a write only as its
    /// [nature](crate::command::nature) allows.
    Resubmit {
        /// The least sensible wait.
        after: Duration,
    },
    /// The connection is gone: send again on another one after about this long; a write only as its
    /// [nature](crate::command::nature) allows.
    Reconnect {
        /// The least sensible wait.
        after: Duration,
    },
    /// The account is locked: send nothing for it, on any connection, for about this long.
    HoldAccount {
        /// The least sensible wait.
        after: Duration,
    },
    /// Too many sessions: open none for about this long, and then fewer.
    FewerSessions {
        /// The least sensible wait.
        after: Duration,
    },
    /// The credentials were refused: log in no more until somebody has corrected them.
    StopLoggingIn,
    /// It may mean that the login was lost: prove the login before believing the refusal.
    ProbeLogin,
    /// What became of the command is unknown: a write is read back before anything else; a read is asked again.
    ReadBack,
    /// The state is perhaps already what the command asks for: look before calling it a failure.
    LookFirst,
    /// Another operation on the object is in progress: wait for its end and ask again.
    WaitForOther,
    /// The status of the object, or of what hangs on it, must be changed first.
    ChangeState,
    /// The object belongs to somebody else, or this account may not do this.
    AskPermission,
    /// The account lacks credit.
    TopUp,
    /// The request is wrong: correct it before sending it again.
    FixRequest,
    /// The cause stands only in the message: a person, or a program that knows the message, must read it.
    ReadMessage,
    /// Request and reply no longer match on this connection: end it, and trust no later reply on it.
    Resynchronise,
}

impl Advice {
    /// The advice as one sentence for people, without full stop.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "nothing to do",
            Self::Resubmit { .. } => "send again after a pause, a write only as its nature allows",
            Self::Reconnect { .. } => {
                "open a new connection and send again, a write only as its nature allows"
            }
            Self::HoldAccount { .. } => "send nothing for the whole account, then probe with one read",
            Self::FewerSessions { .. } => "open no session for a while, then fewer",
            Self::StopLoggingIn => "stop logging in until the credentials are corrected",
            Self::ProbeLogin => "may be a lost login: prove the login, then believe the refusal",
            Self::ReadBack => "unknown outcome: read a write back before anything else, ask a read again",
            Self::LookFirst => "the state may already be as wanted: look before calling it a failure",
            Self::WaitForOther => "wait for the other operation to end, then ask again",
            Self::ChangeState => "change the object's state first",
            Self::AskPermission => "not yours to do: ask its owner or the upstream",
            Self::TopUp => "top up the account",
            Self::FixRequest => "correct the request",
            Self::ReadMessage => "the cause stands only in the message: read it",
            Self::Resynchronise => "end the connection: request and reply no longer match",
        }
    }

    /// The advice as one stable word for programs, without its waiting time.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Resubmit { .. } => "resubmit",
            Self::Reconnect { .. } => "reconnect",
            Self::HoldAccount { .. } => "hold-account",
            Self::FewerSessions { .. } => "fewer-sessions",
            Self::StopLoggingIn => "stop-logging-in",
            Self::ProbeLogin => "probe-login",
            Self::ReadBack => "read-back",
            Self::LookFirst => "look-first",
            Self::WaitForOther => "wait-for-other",
            Self::ChangeState => "change-state",
            Self::AskPermission => "ask-permission",
            Self::TopUp => "top-up",
            Self::FixRequest => "fix-request",
            Self::ReadMessage => "read-message",
            Self::Resynchronise => "resynchronise",
        }
    }

    /// The waiting time that comes with the advice, if one does.
    #[must_use]
    pub const fn wait(self) -> Option<Duration> {
        match self {
            Self::Resubmit { after } | Self::Reconnect { after } | Self::FewerSessions { after } => {
                Some(after)
            }
            Self::HoldAccount { after } => Some(after),
            _ => None,
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The meaning of one answer in the place where it came.
///
/// There is no `is_success`: "not available" is a success on the wire, and 220 to a CHECK is none. Ask for what you
/// need: [`completed`](Self::completed), [`answer`](Self::answer), [`executed`](Self::executed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    class: Class,
    answer: Option<Answer>,
    fits: bool,
    closes: bool,
    executed: Executed,
    word: Word,
    advice: Advice,
}

impl Verdict {
    /// A verdict of this class, of which nothing else is known: it fits, closes nothing, its execution is unknown.
    #[must_use]
    pub const fn new(class: Class) -> Self {
        Self {
            class,
            answer: None,
            fits: true,
            closes: false,
            executed: Executed::Unknown,
            word: Word::Practice,
            advice: Advice::ReadBack,
        }
    }

    /// With the answer to a yes-or-no question.
    #[must_use]
    pub const fn with_answer(mut self, answer: Answer) -> Self {
        self.answer = Some(answer);
        self
    }

    /// With what is known about execution, and on whose word.
    #[must_use]
    pub const fn with_executed(mut self, executed: Executed, word: Word) -> Self {
        self.executed = executed;
        self.word = word;
        self
    }

    /// With what to do next.
    #[must_use]
    pub const fn with_advice(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    /// With the connection's end.
    #[must_use]
    pub const fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// As an answer that the command cannot get: see [`fits`](Self::fits).
    #[must_use]
    pub const fn misfit(mut self) -> Self {
        self.fits = false;
        self.answer = None;
        self.closes = true;
        self.executed = Executed::Unknown;
        self.word = Word::Practice;
        self.advice = Advice::Resynchronise;
        self
    }

    /// The kind of answer.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The answer to a yes-or-no question, where the command was one and got one.
    #[must_use]
    pub const fn answer(&self) -> Option<Answer> {
        self.answer
    }

    /// Whether this answer is one that the command can get.
    ///
    /// `false` means that the reply belongs to some other command: the connection is out of step.
    #[must_use]
    pub const fn fits(&self) -> bool {
        self.fits
    }

    /// Whether the connection ends with this answer.
    #[must_use]
    pub const fn closes_connection(&self) -> bool {
        self.closes
    }

    /// Whether the command did what it asked for.
    #[must_use]
    pub const fn executed(&self) -> Executed {
        self.executed
    }

    /// On whose word [`executed`](Self::executed) is known.
    #[must_use]
    pub const fn word(&self) -> Word {
        self.word
    }

    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        self.advice
    }

    /// Whether the command completed: a success of a kind that the command can get, and one that says so. A 2xx of
    /// no list is a success of which nobody knows what it says; its [`class`](Self::class) tells.
    ///
    /// A completed *query* may still have been answered with *no*; read [`answer`](Self::answer) for that.
    #[must_use]
    pub const fn completed(&self) -> bool {
        self.fits && matches!(self.class, Class::Success) && matches!(self.executed, Executed::Yes)
    }
}
