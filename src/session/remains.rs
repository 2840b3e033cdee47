//! What a registry may still hold of a session that is over.

use std::io::{Error, ErrorKind};

use super::end::Why;
use crate::verdict::Class;

/// What a registry is likely to still hold of a session after its [`End`](super::End), for whoever may have so many
/// sessions and no more.
///
/// The end of a session is one thing for us and another for the registry, which counts a session until it notices. One
/// that was counted out too early is paid for with a 521 for somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remains {
    /// Nothing: no login was sent, or it was refused, or the registry has ended the session itself or agreed to it. Its
    /// place is free at once.
    Nothing,
    /// Perhaps a session: it was broken off while the way to the registry was open, so the registry hears of it, but
    /// nobody says when. One login tells: if it is accepted, the place is free; if it is refused with 521, it is taken
    /// until the registry's own limit for idle sessions is over.
    Perhaps,
    /// A session, as far as anybody knows: nothing was heard any more, so our closing of it may not be heard either. Its
    /// place is taken until the registry's own limit for idle sessions is over.
    Silent,
}

impl Remains {
    pub(super) fn after(why: &Why, login_sent: bool) -> Self {
        if !login_sent {
            return Self::Nothing;
        }
        match why {
            Why::Quit | Why::Closing(_) | Why::Eof | Why::Incomplete { .. } => Self::Nothing,
            // It comes before the login alone.
            Why::InsteadOfGreeting(_) => Self::Nothing,
            // A success on no list may be one.
            Why::LoginRefused(reply) => match reply.code().class() {
                Class::Temporary | Class::Permanent => Self::Nothing,
                _ => Self::Perhaps,
            },
            Why::Unsolicited(reply) if reply.code().closes_connection() => Self::Nothing,
            Why::Transport(error) if is_silence(error) => Self::Silent,
            Why::Timeout => Self::Silent,
            Why::Abandoned
            | Why::LoginLost(_)
            | Why::Unsolicited(_)
            | Why::Noise
            | Why::Early(_)
            | Why::Surplus(_)
            | Why::OutOfStep(_)
            | Why::Malformed(_)
            | Why::Frame(_)
            | Why::Transport(_) => Self::Perhaps,
        }
    }
}

/// The operating system's word for no answer, or no way.
fn is_silence(error: &Error) -> bool {
    use ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut};
    matches!(error.kind(), TimedOut | HostUnreachable | NetworkUnreachable | NetworkDown)
}

/// Whether it was the other side that closed: by a reset, or under TLS by what it said instead of a proper end.
pub(super) fn is_closed_by_peer(error: &Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof | InvalidData)
}
