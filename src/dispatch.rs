//! The order of events around each command, as a machine without I/O.
//!
//! One write goes: slot (pace and session) → intent durable → connection checked → first byte → whole reply → outcome
//! durable → caller told. What comes between, resending and reading back, is decided by [`retry`](crate::retry) and
//! [`settle`](crate::settle).
//!
//! `Client` drives it for RRP. It takes any [`Upstream`], though, and whoever talks to another API drives it in a loop: do what
//! [`poll_action`](Dispatch::poll_action) says, tell what came of it, and call [`handle_timeout`](Dispatch::handle_timeout) when
//! [`poll_timeout`](Dispatch::poll_timeout) says so.
//!
//! ```
//! use std::time::Instant;
//!
//! use rrp::command::{Billable, Kind, Nature, Object, ObjectKind, Repeat, Safety, Settle};
//! use rrp::dispatch::{
//!     Action, Config, Dispatch, Moment, NoReads, Opaque, OpaqueCommand, OpaqueReply, Options, Outcome, Places, Told,
//! };
//! use rrp::pace::Rate;
//! use rrp::session::Fate;
//! use rrp::settle::Keyed;
//! use rrp::verdict::{Advice, Class, Executed, Verdict, Word};
//!
//! # #[expect(clippy::disallowed_methods)]
//! let now = Instant::now();
//! let at = Moment::new(now, 1_790_000_000_000); // and the time of day, in milliseconds of Unix time
//! let slots = Places::new(2, Rate::UNLIMITED, now);
//! // The key, the entries and the next ticket are a journal's: `Restored` has them.
//! let keyed = Keyed::new(&[7; 32]);
//! let mut dispatch = Dispatch::with_upstream(Opaque::new(NoReads), Config::new(1), slots, keyed, [], 1, at);
//!
//! let order = Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible);
//! let request = OpaqueCommand::write("POST /numbers", order, "POST /numbers\n{\"number\": 4711}")
//!     .object(Object::new(ObjectKind::Other, "4711"));
//! dispatch.change(request, Safety::ReadBack, Options::new().key("order-1"), at);
//! let told = loop {
//!     match dispatch.poll_action().expect("there is always something to do before it is told") {
//!         // Into the journal, durably; then the request goes out.
//!         Action::Record { id, .. } => dispatch.handle_recorded(id, Ok(()), at),
//!         // The answer, read and understood; `Fate::Unsent` if nobody could be connected to, `Fate::Unanswered` if it was lost.
//!         Action::Send { slot, command } => {
//!             assert!(command.body().starts_with(b"POST"));
//!             let done = Verdict::new(Class::Success)
//!                 .with_executed(Executed::Yes, Word::Registry)
//!                 .with_advice(Advice::Done);
//!             let fate = Fate::Answered(OpaqueReply::new(done, "200", "", "{}"));
//!             dispatch.handle_fate(slot, Ok(fate), true, at);
//!         }
//!         // Asked only after a verdict that advises to probe the login.
//!         Action::Probe { slot } => dispatch.handle_probed(slot, true, true, at),
//!         Action::Tell { told, .. } => break told,
//!     }
//! };
//! assert!(matches!(told, Told::Change(Ok(Outcome::Accepted(_)))));
//! ```

mod account;
mod calls;
mod config;
mod entry;
#[cfg(feature = "gateway")]
mod gateway;
mod job;
mod machine;
mod memory;
mod newest;
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
