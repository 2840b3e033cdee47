//! What a look at an object proves.

mod create;
mod delete;
mod look;
mod modify;
mod renew;
mod transfer;
mod wish;

use super::reading::Reading;
use super::resolver::Resolver;
use super::sent::Sent;
use crate::command::ObjectKind;
use look::Look;

/// On what an outcome rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The registry's reply to the command itself.
    Reply,
    /// A read that compares with an earlier one; of another API, one that finds what this write alone can have left.
    ReadBack,
    /// A read that finds what the command's own guard and period make of it. Whoever renewed by the same guard before us
    /// would leave the same behind; it was renewed once either way.
    Guard,
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
            Self::Guard => "guard",
            Self::CreatedWithinADay => "created-within-a-day",
            Self::Operator => "operator",
        }
    }
}

/// What there is to go by.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever judges has to give each of these")]
pub struct Sight<'s> {
    /// What was sent.
    pub sent: &'s Sent,
    /// One reading before the sending for each of the [`reads`](super::reads()); empty if nobody looked.
    pub before: &'s [Reading],
    /// One reading now for each of the [`reads`](super::reads()), in their order.
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

impl Finding {
    /// It was applied, and it was seen that it was.
    const APPLIED: Self = Self::Applied { proof: Proof::ReadBack, twice: false };
    /// It was applied, if what was not found is not found again.
    const APPLIED_IF_TWICE: Self = Self::Applied { proof: Proof::ReadBack, twice: true };
}

/// What has been seen, and what it proves. Readings that are missing, not whole, or neither of our object nor of its
/// absence are [`Finding::Unreadable`] now, and as good as none before.
#[must_use]
pub fn judge(resolver: Resolver, sight: Sight<'_>) -> Finding {
    let look = Look::new(sight);
    let found = match resolver {
        Resolver::AddDomain | Resolver::AddNameServer | Resolver::AddZone => create::judge(look),
        Resolver::Renew => renew::judge(look),
        Resolver::TransferRequest => transfer::request(look),
        Resolver::TransferApprove => transfer::approve(look),
        Resolver::TransferDeny => transfer::deny(look),
        Resolver::TransferCancel => transfer::cancel(look),
        Resolver::DeleteDomain
        | Resolver::DeleteNameServer
        | Resolver::DeleteContact
        | Resolver::DeleteZone => delete::judge(look),
        Resolver::Restore => delete::restore(look),
        Resolver::ModifyDomain => modify::object(look, ObjectKind::Domain),
        Resolver::ModifyNameServer => modify::name_server(look),
        Resolver::ModifyContact => modify::object(look, ObjectKind::Contact),
        Resolver::ModifyZone => modify::zone(look),
        Resolver::Other => Ok(Finding::Unproved("it is of another api")),
    };
    found.unwrap_or_else(Finding::Unreadable)
}
