//! What a session tells its owner.

use core::fmt;

use super::end::End;
use super::stage::Stage;
use crate::command::Command;
use crate::reply::Reply;
use crate::wire::{EncodeError, Greeting};

/// Which submitted command: counted from 0 in each session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub(super) u64);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What became of one command on one connection.
///
/// A read may be asked again on another connection whatever its fate. What to do about a write takes the reply's
/// [`Verdict`](crate::verdict::Verdict) and the command's [`Nature`](crate::command::Nature) together: "failed, try again" (421)
/// is not "send it again" for a renewal, which would be paid twice if the registry was wrong.
///
/// ```
/// use rrp::command::{Kind, Repeat};
/// use rrp::session::Fate;
/// use rrp::verdict::{Class, Executed};
/// use rrp::Command;
///
/// enum Next {
///     Done,
///     Refused,
///     /// Nothing has happened, or it does no harm twice.
///     SendAgain,
///     /// Read the object back, on another connection, before anything else.
///     LookFirst,
/// }
///
/// fn next(write: &Command, fate: &Fate) -> Next {
///     let Fate::Answered(reply) = fate else {
///         return if matches!(fate, Fate::Unsent(_)) { Next::SendAgain } else { Next::LookFirst };
///     };
///     let (verdict, nature) = (reply.verdict(write.context()), write.nature());
///     // A creation that the registry refuses to repeat can be paid for once only.
///     let once = nature.kind() == Kind::Creation && nature.repeat() == Repeat::Refused;
///     match (verdict.executed(), verdict.class()) {
///         _ if verdict.completed() => Next::Done,
///         (Executed::No, Class::Permanent) => Next::Refused,
///         (Executed::No, Class::Temporary) if once || nature.repeat() == Repeat::Harmless => Next::SendAgain,
///         _ => Next::LookFirst,
///     }
/// }
/// ```
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about resending must handle each of these")]
pub enum Fate<C = Command, R = Reply> {
    /// No byte of it was handed to the transport: here it is again.
    Unsent(C),
    /// The whole reply. What it means, its [`verdict`](Reply::verdict) in the command's context tells.
    Answered(R),
    /// At least one byte was handed to the transport, and no whole, well-formed reply came: the registry may have
    /// executed it, or may yet. The [`Event::Ended`] that follows says why.
    Unanswered,
}

/// Something that happened, in the order in which it did.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The registry has introduced itself. The login follows, or waits for its owner
    /// ([`Config::login_when_told`](super::Config::login_when_told)).
    Greeted(Greeting),
    /// The login was accepted. If the reply's code closes the connection (220), [`Ended`](Self::Ended) follows.
    LoggedIn {
        /// The registry's reply.
        reply: Reply,
        /// Whether this login changed the password.
        password_changed: bool,
    },
    /// A submitted command has come to its end.
    Done {
        /// Which one.
        id: CommandId,
        /// How.
        fate: Fate,
    },
    /// The keepalive was answered. If no owner asks, only the last of several is kept.
    KeptAlive {
        /// The registry's reply.
        reply: Reply,
        /// Whether it proves the login: a success does, a refusal leaves it open. (What disproves it ends the session.)
        proven: bool,
    },
    /// The session is over: the last event.
    Ended(End),
}

/// A command was not taken; nothing of it was sent. It is given back.
#[derive(Debug)]
pub struct Rejected(Box<(Command, NotReady)>);

impl Rejected {
    pub(super) fn new(command: Command, cause: NotReady) -> Self {
        Self(Box::new((command, cause)))
    }

    /// The command.
    #[must_use]
    pub const fn command(&self) -> &Command {
        &self.0.0
    }

    /// The command.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.0.0
    }

    /// Why.
    #[must_use]
    pub const fn cause(&self) -> &NotReady {
        &self.0.1
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command `{}` not taken", self.command().name().escape_debug())
    }
}

impl core::error::Error for Rejected {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(self.cause())
    }
}

/// Why a session does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// It is at another stage: it takes a command only when it is idle.
    Busy(Stage),
    /// It is about to end: something unexpected has begun to arrive, or QUIT was asked for.
    Ending,
    /// It has ended.
    Ended,
    /// Too many events wait to be read with [`Session::poll_event`](super::Session::poll_event).
    Unread,
    /// The command belongs to the session itself, such as SESSION and QUIT: only its owner sends those, by calls of
    /// their own.
    OfTheSession,
    /// The dialect does not allow the command.
    Encode(EncodeError),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(stage) => write!(f, "session is at stage `{stage}`"),
            Self::Ending => f.write_str("session is about to end"),
            Self::Ended => f.write_str("session has ended"),
            Self::Unread => f.write_str("session has events that nobody has read"),
            Self::OfTheSession => f.write_str("command belongs to the session itself"),
            Self::Encode(_) => f.write_str("command not encoded"),
        }
    }
}

impl core::error::Error for NotReady {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Encode(source) => Some(source),
            _ => None,
        }
    }
}
