//! What became of a write: which read proves what, per command.
//!
//! A write whose answer is unknown is *read back*: its object is looked at ([`reads()`]), and what is seen is compared
//! with what was sent ([`Sent`]) and with an earlier reading of the object ([`Reading`]). [`judge()`] says what that proves.
//! Everything in here is a pure function; who looks, when, and how often is decided by [`dispatch`](crate::dispatch).
//!
//! Proof of authorship compares with the earlier reading and never with our clock, for registry dates carry no zone (RFC
//! 2832 §9). The one exception are creations that the registry refuses to repeat: what is ours now and was created within a
//! day of the sending is taken for ours, for it was paid once either way.
//!
//! RRP is asked by STATUS, PTF by the `Status…` command of the object. A read is answered by 200 (ours), 545 (not there) or
//! 531 (somebody else's); what is answered otherwise or kept in part is unreadable. *Before* is the earlier reading; an
//! object is *the same* if its roid and its created date are.
//!
//! | [`Resolver`] | reads | applied, if | not applied, if |
//! |---|---|---|---|
//! | `AddDomain`, `AddNameServer`, `AddZone` | the object | ours, created within a day of the sending | not there, somebody else's, or the same as before |
//! | `Renew`, guarded | the domain | it expires in the guard's year and the period | it expires in the guard's year |
//! | `Renew` | the domain | the same, and its expiry moved by the period, to the day | its expiry is that of before |
//! | `TransferRequest` | StatusDomainTransfer, the domain | a request of ours is pending, or the domain ours; neither was before | neither is |
//! | `TransferApprove` | as above; RRP the domain | no longer ours*; before it was, and a request pending | the same request is pending |
//! | `TransferDeny` | as above; RRP the domain | the same, ours, and no request pending*; one was before | the same request is pending, or the domain gone |
//! | `TransferCancel` | as above | not ours, and no request pending*; one of ours was before | the same request is pending, or the domain ours |
//! | `DeleteDomain`, `…NameServer`, `…Contact`, `…Zone` | the object | not there*, and ours before; or the same, and waiting for its end | the same, not updated; or not there before |
//! | `Restore` | the domain | the same, and no longer deleted | the same, not updated |
//! | `ModifyDomain`, `ModifyContact` | the object | the same, all as wanted, and it was not all so before or was updated since | the same, not updated, every value as before |
//! | `ModifyNameServer` | the name server; also under its new name | as above, under the new name | as above, under the old name |
//! | `ModifyZone` | StatusDNSZone, QueryDNSZoneRRList | as above, in a list that is whole | as above |
//!
//! What has a * was not found, and counts only when it is seen twice; so does every "not applied". That becomes
//! [`Finding::Pending`] while a job may be queued or the registry says that something is pending. All else is
//! [`Finding::Unproved`]: another object of the name, another change, no earlier reading. What no resolver fits stands in
//! [`UNSETTLEABLE`].

mod day;
mod judge;
mod keyed;
mod reading;
mod reads;
mod renewal;
mod resolver;
mod sent;
mod unsettleable;

pub use judge::{Finding, Proof, Sight, judge};
pub use keyed::{Kept, Keyed};
pub use reading::Reading;
pub use reads::{reads, wants_earlier_reading};
pub use resolver::{Resolver, resolver};
pub use sent::{Form, LineKind, Sent, SentLine};
pub(crate) use sent::{payload_hash, quotes_hidden};
pub use unsettleable::{UNSETTLEABLE, Unsettleable};
