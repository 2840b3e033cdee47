//! What became of a write: which read proves what, per command.
//!
//! A write whose answer is unknown is *read back*: its object is looked at ([`reads`]), and what is seen is compared
//! with what was sent ([`Sent`]) and with an earlier reading of the object ([`Reading`]). [`judge`] says what that proves.
//! Everything in here is a pure function; who looks, when, and how often is decided by [`dispatch`](crate::dispatch).
//!
//! Proof of authorship compares with the earlier reading and never with our clock, for registry dates carry no zone (RFC
//! 2832 §9). The one exception are creations that the registry refuses to repeat: what is ours now and was created within a
//! day of the sending is taken for ours, for it was paid once either way.

mod judge;
mod keyed;
mod reading;
mod resolver;
mod sent;

pub use judge::{Finding, Proof, Sight, judge, reads, wants_earlier_reading};
pub use keyed::{Kept, Keyed};
pub use reading::Reading;
pub use resolver::{Resolver, resolver};
pub use sent::{LineKind, Sent, SentLine};
pub(crate) use sent::{payload_hash, quotes_hidden};
