//! The order of events around each command, as a machine without I/O.
//!
//! One write goes: slot (pace and session) → intent durable → connection checked → first byte → whole reply → outcome
//! durable → caller told. What comes between, resending and reading back, is decided by [`retry`](crate::retry) and
//! [`settle`](crate::settle).

mod account;
mod calls;
mod config;
mod entry;
#[cfg(feature = "gateway")]
mod gateway;
mod job;
mod machine;
mod memory;
mod opaque;
mod places;
mod resolution;
mod slots;
mod snapshot;
mod statistics;
mod told;
mod upstream;
mod waiting;

pub use account::{Account, OperatorHold, RefusedLogin};
pub use calls::CallId;
pub use config::{Config, Moment, Options, Queues};
pub use entry::{Entry, Intent, LEFT_IN_DOUBT, Note, Put, Standing, Summary, TOLD_IN_DOUBT, Ticket};
pub use machine::{Action, Dispatch, RecordId};
pub use opaque::{NoReads, Opaque, OpaqueCommand, OpaqueReply, Reads};
pub use places::Places;
pub use resolution::Resolution;
pub use slots::{GiveBack, JobId, Slot, Slots, Unavailable, Wish};
pub use snapshot::Snapshot;
#[cfg(feature = "net")]
pub(crate) use statistics::Answers;
pub use statistics::{Answered, Cause, Histogram, Results, Sort, Statistics};
pub use upstream::{Rrp, Upstream};
pub use waiting::Waiting;

pub use crate::pace::Lane;
pub use told::{
    Accepted, Answer, Doubt, DoubtReason, NotSent, Outcome, QueryError, Refusal, Refused, Settled, Told,
};
