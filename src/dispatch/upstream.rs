//! Whom a dispatcher talks to.

use core::fmt;
use core::hash::{Hash, Hasher};

use super::entry::Summary;
use super::told::Refused;
use crate::code::ReturnCode;
use crate::command::nature::begins_with;
use crate::command::{Command, Dialect, Nature, Object};
use crate::reply::Reply;
use crate::settle::{
    Finding, Keyed, Proof, Reading, Resolver, Sent, Sight, judge, payload_hash, quotes_hidden, reads,
    resolver, wants_earlier_reading,
};
use crate::verdict::Verdict;
use crate::wire::check;

/// Whom a dispatcher talks to: what it is sent, what it answers, and which read proves what.
///
/// The order of events around a command and the rule of resending are the same for all of them, and take nothing of a reply
/// but its [`Verdict`]. [`Rrp`] is the line protocol; [`Opaque`](super::Opaque) is any other API, by bytes and verdicts.
///
/// All but [`check`](Self::check) and what settles a write are functions of their arguments alone.
pub trait Upstream: Clone + fmt::Debug {
    /// What is sent.
    type Command: Clone + fmt::Debug;
    /// A whole reply.
    type Reply: Clone + fmt::Debug;

    /// What is known about repeating it.
    fn nature(command: &Self::Command) -> &Nature;

    /// Its name, for people.
    fn name(command: &Self::Command) -> &str;

    /// The objects that it is about: a write waits for another one to any of them.
    fn objects(command: &Self::Command) -> Vec<Object>;

    /// What may be remembered of it.
    fn sent(command: &Self::Command, keyed: &Keyed) -> Sent;

    /// The hash by which two commands are told to be the same: of all that they say, secrets included.
    fn payload(command: &Self::Command, keyed: &Keyed) -> [u8; 16];

    /// Without the room that was left for more: it is to wait.
    fn shrink(_command: &mut Self::Command) {}

    /// Whether one of these may answer for several callers who ask the same.
    fn is_shared(_command: &Self::Command) -> bool {
        false
    }

    /// Whether its answer depends on nothing but the [`objects`](Self::objects) that it is about.
    fn is_about_objects(_command: &Self::Command) -> bool {
        false
    }

    /// Whether the two say the same. Asked only of what [is shared](Self::is_shared) or [kept](Self::kept_size).
    fn is_same(_one: &Self::Command, _other: &Self::Command) -> bool {
        false
    }

    /// Hashes what [`is_same`](Self::is_same) compares.
    fn hash<H: Hasher>(_command: &Self::Command, _hasher: &mut H) {}

    /// Whether it may be sent at all.
    ///
    /// # Errors
    /// [`Refused`]: why not.
    fn check(&self, command: &Self::Command) -> Result<(), Refused>;

    /// What the reply means to the command.
    fn verdict(command: &Self::Command, reply: &Self::Reply) -> Verdict;

    /// The code of the reply, if it is a number of three digits: what is counted.
    fn number(reply: &Self::Reply) -> Option<ReturnCode>;

    /// The code of the reply for people, on one line.
    fn code(reply: &Self::Reply) -> impl fmt::Display;

    /// The text of the reply, without secrets.
    fn text(reply: &Self::Reply) -> String;

    /// Whether this text quotes a value of the command that may not be remembered in clear.
    fn quotes_hidden(_command: &Self::Command, _keyed: &Keyed, _text: &str) -> bool {
        false
    }

    /// Has a reply that quotes such a value show it to nobody but whom it is for, if it does not see to that itself.
    fn conceal(_command: &Self::Command, _keyed: &Keyed, _reply: &mut Self::Reply) {}

    /// What is kept of the reply, with this text of it.
    fn summary(reply: &Self::Reply, text: &str, proof: Proof) -> Summary;

    /// How it is settled; `None` if no read can tell.
    fn resolver(&self, command: &Self::Command, keyed: &Keyed) -> Option<Resolver>;

    /// How a write is settled that was recorded when no read was known; `None` if none is known now.
    fn resolver_of(&self, _sent: &Sent) -> Option<Resolver> {
        None
    }

    /// The reads that show what became of it, by what may be remembered of it: after a restart nothing else is left.
    fn reads(&self, resolver: Resolver, sent: &Sent) -> Vec<Self::Command>;

    /// Whether a reading before it is needed for a proof.
    fn wants_earlier_reading(&self, resolver: Resolver, sent: &Sent) -> bool;

    /// What the reply to one of the reads shows; `None` if nothing.
    fn reading(&self, reply: &Self::Reply, keyed: &Keyed) -> Option<Reading>;

    /// Whether the reading is one of how things stood before a write.
    fn is_earlier_reading(&self, _reading: &Reading) -> bool {
        true
    }

    /// What the readings prove.
    fn judge(&self, resolver: Resolver, sight: Sight<'_>) -> Finding;

    /// How many bytes a reply to a query holds that may be kept for a minute, to be the earlier reading of a write; `None` if it
    /// is not kept.
    fn kept_size(_command: &Self::Command, _reply: &Self::Reply) -> Option<usize> {
        None
    }
}

/// RRP and XRRP, in this dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rrp {
    dialect: Dialect,
}

impl Rrp {
    /// Readings of more lines are not kept.
    const MAX_LINES: usize = 256;
    /// Nor are those of more bytes.
    const MAX_BYTES: usize = 16_384;

    /// In this dialect: that of the sessions.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { dialect }
    }
}

impl Upstream for Rrp {
    type Command = Command;
    type Reply = Reply;

    fn nature(command: &Command) -> &Nature {
        command.nature()
    }

    fn name(command: &Command) -> &str {
        command.name()
    }

    fn objects(command: &Command) -> Vec<Object> {
        command.objects()
    }

    fn sent(command: &Command, keyed: &Keyed) -> Sent {
        Sent::of(command, keyed)
    }

    fn payload(command: &Command, keyed: &Keyed) -> [u8; 16] {
        payload_hash(command, keyed)
    }

    fn shrink(command: &mut Command) {
        command.shrink();
    }

    fn is_shared(command: &Command) -> bool {
        command.is_listed_read()
    }

    fn is_about_objects(command: &Command) -> bool {
        ["Check", "Status"].iter().any(|word| begins_with(command.name(), word))
    }

    fn is_same(one: &Command, other: &Command) -> bool {
        one.body() == other.body()
    }

    fn hash<H: Hasher>(command: &Command, hasher: &mut H) {
        command.body().hash(hasher);
    }

    fn check(&self, command: &Command) -> Result<(), Refused> {
        if command.is_of_session() {
            return Err(Refused::WrongEffect);
        }
        check(command.body(), self.dialect).map_err(Refused::Encode)
    }

    fn verdict(command: &Command, reply: &Reply) -> Verdict {
        reply.verdict(command.context())
    }

    fn number(reply: &Reply) -> Option<ReturnCode> {
        Some(reply.code())
    }

    fn code(reply: &Reply) -> impl fmt::Display {
        reply.code()
    }

    fn text(reply: &Reply) -> String {
        reply.redacted_text()
    }

    fn quotes_hidden(command: &Command, keyed: &Keyed, text: &str) -> bool {
        quotes_hidden(command, keyed, text)
    }

    fn summary(reply: &Reply, text: &str, proof: Proof) -> Summary {
        Summary::of(reply, text, proof)
    }

    fn resolver(&self, command: &Command, _keyed: &Keyed) -> Option<Resolver> {
        resolver(command)
    }

    fn reads(&self, resolver: Resolver, sent: &Sent) -> Vec<Command> {
        reads(resolver, sent)
    }

    fn wants_earlier_reading(&self, resolver: Resolver, sent: &Sent) -> bool {
        wants_earlier_reading(resolver, sent)
    }

    fn reading(&self, reply: &Reply, keyed: &Keyed) -> Option<Reading> {
        Some(Reading::of(reply, keyed))
    }

    fn is_earlier_reading(&self, reading: &Reading) -> bool {
        reading.shows_something()
    }

    fn judge(&self, resolver: Resolver, sight: Sight<'_>) -> Finding {
        judge(resolver, sight)
    }

    fn kept_size(command: &Command, reply: &Reply) -> Option<usize> {
        let name = command.name();
        let may_settle = begins_with(name, "Status") || begins_with(name, "QueryDNSZone");
        let (lines, bytes) = (reply.lines().len(), reply.bytes().len());
        let short = lines <= Self::MAX_LINES && bytes <= Self::MAX_BYTES;
        // Twenty bytes for the place of each line.
        (may_settle && short && Reading::is_one(reply))
            .then(|| bytes.saturating_add(lines.saturating_mul(20)))
    }
}
