//! Any API by bytes and verdicts, through the shipped order of events: by scripts, and by chance.
//!
//! Nothing here is of RRP, of tokio, or of a gateway: requests have a nature, answers a verdict.

mod another;
mod answers;
mod behind;
mod guards;
mod history;
mod looks;
mod lost;
mod never_twice;
mod odd;
mod places;
mod rig;
mod secrets;
mod toy;
mod waits;
mod world;

use core::time::Duration;

use rrp::command::nature::Nature;
use rrp::command::{Billable, Kind, Object, ObjectKind, Repeat, Settle};
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Options};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};

/// An order that costs, and is executed each time that it comes.
pub(crate) const ORDER: Nature =
    Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible);
/// A creation that the API refuses to repeat, and that costs.
pub(crate) const CREATE: Nature =
    Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Impossible);
/// The same, free of charge.
pub(crate) const CREATE_FREE: Nature =
    Nature::write(Kind::Creation, Billable::No, Repeat::Refused, Settle::Impossible);
/// A modification that does nothing more the second time.
pub(crate) const MODIFY: Nature =
    Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Impossible);

pub(crate) fn thing(name: &str) -> Object {
    Object::new(ObjectKind::Other, name)
}

/// A request of this nature to one object.
pub(crate) fn write(name: &str, nature: Nature, object: &str) -> OpaqueCommand {
    OpaqueCommand::write(name, nature, format!("{name} {object}")).object(thing(object))
}

pub(crate) fn order() -> OpaqueCommand {
    write("order", ORDER, "+49 30 1")
}

pub(crate) fn key(key: &str) -> Options {
    Options::new().user("u").key(key)
}

pub(crate) const WAIT: Duration = Duration::from_secs(30);

const fn verdict(class: Class, executed: Executed, advice: Advice) -> Verdict {
    Verdict::new(class).with_executed(executed, Word::Registry).with_advice(advice)
}

pub(crate) const DONE: Verdict = verdict(Class::Success, Executed::Yes, Advice::Done);
pub(crate) const NO: Verdict = verdict(Class::Permanent, Executed::No, Advice::FixRequest);
/// `*_failed`: the cause stands only in the message.
pub(crate) const FAILED: Verdict = verdict(Class::Permanent, Executed::Unknown, Advice::ReadMessage);
/// It asks for a wait.
pub(crate) const LATER: Verdict = verdict(Class::Temporary, Executed::No, Advice::Resubmit { after: WAIT });
/// Another operation is in progress, and this one did nothing.
pub(crate) const BUSY: Verdict = verdict(Class::Temporary, Executed::No, Advice::WaitForOther);
/// An internal error.
pub(crate) const UNKNOWN: Verdict = verdict(Class::Temporary, Executed::Unknown, Advice::ReadBack);
/// Of no list.
pub(crate) const UNLISTED: Verdict = Verdict::new(Class::Unclassified);

/// An answer that means this. Its code is the name of the verdict in the tests.
pub(crate) fn says(verdict: Verdict, code: &str) -> OpaqueReply {
    OpaqueReply::new(verdict, code, "a text", "a body")
}
