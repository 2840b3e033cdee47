//! A toy of an API: orders that cost each time, objects by name, and an honest reader of its answers.

use std::collections::BTreeMap;

use rrp::ReturnCode;
use rrp::command::nature::Nature;
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Reads};
use rrp::settle::{Finding, Kept, Keyed, Proof, Reading, Sent, Sight};

use crate::{CREATE, CREATE_FREE, DONE, MODIFY, NO, ORDER, thing};

/// Splitmix64: the same numbers for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Costs, and is executed each time.
    Order,
    /// The same, and nothing shows it.
    Charge,
    /// Costs, and is refused if the object is there.
    Create,
    /// The same, free.
    CreateFree,
    /// Gives the object a value of its own.
    Modify,
    /// Is refused if the object is not there.
    Delete,
}

impl Sort {
    pub(crate) const ALL: [Self; 6] =
        [Self::Order, Self::Charge, Self::Create, Self::CreateFree, Self::Modify, Self::Delete];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Charge => "charge",
            Self::Create => "create",
            Self::CreateFree => "create-free",
            Self::Modify => "modify",
            Self::Delete => "delete",
        }
    }

    pub(crate) const fn nature(self) -> Nature {
        match self {
            Self::Order | Self::Charge => ORDER,
            Self::Create => CREATE,
            Self::CreateFree => CREATE_FREE,
            Self::Modify => MODIFY,
            Self::Delete => Nature::UNKNOWN,
        }
    }

    /// The request of this number, about this object. The number stands in a field that is kept in clear, and its
    /// reference in one that is not.
    pub(crate) fn request(self, mark: u64, object: &str) -> OpaqueCommand {
        let (number, name) = (mark.to_string(), self.name());
        let request = OpaqueCommand::write(name, self.nature(), format!("{name} {mark} {object}"));
        request.object(thing(object)).clear_field("job", &number).field("reference", &format!("ref-{mark}"))
    }
}

/// One object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    there: bool,
    value: String,
    /// Whose orders, creations and deletions were executed.
    done: Vec<u64>,
}

/// The API itself.
#[derive(Debug, Default)]
pub(crate) struct Api(BTreeMap<String, Item>);

impl Api {
    /// Executes a request, if it may be; whether it was, and the answer.
    pub(crate) fn execute(&mut self, body: &str) -> (bool, OpaqueReply) {
        let words: Vec<&str> = body.split(' ').collect();
        let ["look", object] = words[..] else {
            let [name, mark, object] = words[..] else { panic!("no request: {body}") };
            let sort = Sort::ALL.into_iter().find(|sort| sort.name() == name).unwrap();
            return self.write(sort, mark, object);
        };
        let item = self.0.entry(object.to_owned()).or_default();
        let (code, verdict) = if item.there { ("here", DONE) } else { ("none", NO) };
        // The newest: few write to what is in doubt.
        let done: Vec<String> = item.done.iter().rev().take(60).map(|mark| format!("ref-{mark}")).collect();
        (false, OpaqueReply::new(verdict, code, &item.value, done.join(" ")))
    }

    fn write(&mut self, sort: Sort, mark: &str, object: &str) -> (bool, OpaqueReply) {
        let item = self.0.entry(object.to_owned()).or_default();
        match sort {
            Sort::Create | Sort::CreateFree if item.there => return (false, crate::says(NO, "exists")),
            Sort::Delete if !item.there => return (false, crate::says(NO, "none")),
            Sort::Create | Sort::CreateFree => item.there = true,
            Sort::Delete => item.there = false,
            Sort::Modify => mark.clone_into(&mut item.value),
            Sort::Order | Sort::Charge => {}
        }
        if !matches!(sort, Sort::Modify | Sort::Charge) {
            item.done.push(mark.parse().unwrap());
        }
        (true, crate::says(DONE, "ok"))
    }

    /// Somebody else has ordered something of the object.
    pub(crate) fn finish_another(&mut self, object: &str, number: u64) {
        self.0.entry(object.to_owned()).or_default().done.push(1_000_000 + number);
    }

    /// Somebody else gives the object a value.
    pub(crate) fn meddle(&mut self, object: &str, value: u64) {
        self.0.entry(object.to_owned()).or_default().value = format!("x{value}");
    }
}

/// Reads that find each reference, and each value that was given.
#[derive(Clone, Debug)]
pub(crate) struct Audit;

impl Reads for Audit {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let look = |name: &str| OpaqueCommand::read("look", format!("look {name}"));
        match sent.name() {
            "charge" => Vec::new(),
            _ => sent.objects().iter().map(|object| look(object.name())).collect(),
        }
    }

    fn wants_earlier_reading(&self, sent: &Sent) -> bool {
        sent.name() == "modify"
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        if !matches!(reply.code(), "here" | "none") {
            return None;
        }
        let references = core::str::from_utf8(reply.body()).unwrap().split(' ');
        let references = references.map(|reference| ("reference".into(), keyed.keep("reference", reference)));
        let value = ("status".into(), keyed.keep("status", reply.text()));
        let fields = references.chain([value]).collect();
        Some(Reading::from_parts(ReturnCode::from_u16(200).unwrap(), fields, true))
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let applied = Finding::Applied { proof: Proof::ReadBack, twice: false };
        let (sent, now) = (sight.sent, &sight.now[0]);
        if sent.name() == "modify" {
            let value =
                |reading: &Reading| reading.first("status").and_then(Kept::as_clear).map(str::to_owned);
            let Some(before) = sight.before.first() else { return Finding::Unproved("nobody looked before") };
            return match value(now) {
                value if value.as_deref() == sent.value("job").unwrap().as_clear() => applied,
                now if now == value(before) => Finding::NotApplied,
                _ => Finding::Unproved("somebody else has changed it"),
            };
        }
        let reference = sent.value("reference").unwrap();
        if now.values("reference").any(|done| done == reference) { applied } else { Finding::NotApplied }
    }
}

/// Reads that know nothing of whose work they see: whatever is new since the reading before is taken for the write's own. That holds
/// only if nobody else of ours wrote meanwhile, and nothing of an earlier write came late.
#[derive(Clone, Debug)]
pub(crate) struct Changed;

impl Reads for Changed {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        Audit.reads(sent)
    }

    fn wants_earlier_reading(&self, _sent: &Sent) -> bool {
        true
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        Audit.reading(reply, keyed)
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        if sight.sent.name() == "modify" {
            return Audit.judge(sight);
        }
        let Some(before) = sight.before.first() else { return Finding::Unproved("nobody looked before") };
        let newest = |reading: &Reading| reading.first("reference").cloned();
        if newest(before) == newest(&sight.now[0]) {
            Finding::NotApplied
        } else {
            Finding::Applied { proof: Proof::ReadBack, twice: false }
        }
    }
}
