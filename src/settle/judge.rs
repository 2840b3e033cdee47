//! What a look at an object proves.

use super::reading::Reading;
use super::resolver::Resolver;
use super::sent::Sent;
use crate::command::Command;

/// On what an outcome rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The registry's reply to the command itself.
    Reply,
    /// A read that compares with an earlier one, or with the command's own guard.
    ReadBack,
    /// A read that found the object ours and created within a day of the sending: it was paid once, whoever sent it.
    CreatedWithinADay,
    /// A person's word.
    Operator,
}

impl Proof {
    /// The proof as one stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::ReadBack => "read-back",
            Self::CreatedWithinADay => "created-within-a-day",
            Self::Operator => "operator",
        }
    }
}

/// What there is to go by.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever looks must say each of these")]
pub struct Sight<'s> {
    /// What was sent.
    pub sent: &'s Sent,
    /// One reading before the sending for each of the [`reads`]; empty if nobody looked.
    pub before: &'s [Reading],
    /// One reading now for each of the [`reads`], in their order.
    pub now: &'s [Reading],
    /// When it was sent, in milliseconds of Unix time by our clock. It is held against a date of the registry's with
    /// a day to spare, and only for creations.
    pub sent_at: u64,
    /// Whether a job that does it later may wait in a queue, so that nothing found proves nothing.
    pub may_be_queued: bool,
}

/// What the look proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about money must handle each of these")]
pub enum Finding {
    /// It was applied.
    Applied {
        /// On what that rests.
        proof: Proof,
        /// Whether it rests on something that was *not* found, and counts only when it is seen twice.
        twice: bool,
    },
    /// It was not applied, if it is seen twice.
    NotApplied,
    /// It may yet be applied: something is pending.
    Pending,
    /// The look proves nothing, and another one would not: why.
    Unproved(&'static str),
    /// The look did not show the object: why. Another one may.
    Unreadable(&'static str),
}

/// The reads that show what became of it, and what it was like before; none if a name in it is no name.
#[must_use]
pub fn reads(resolver: Resolver, sent: &Sent) -> Vec<Command> {
    let _ = (resolver, sent);
    Vec::new()
}

/// Whether an earlier reading is needed for a proof: not for creations, nor where the command carries its own guard.
#[must_use]
pub fn wants_earlier_reading(resolver: Resolver, sent: &Sent) -> bool {
    let _ = (resolver, sent);
    true
}

/// What has been seen, and what it proves.
#[must_use]
pub fn judge(resolver: Resolver, sight: Sight<'_>) -> Finding {
    let _ = (resolver, sight);
    Finding::Unproved("not judged")
}
