//! Requests, answers and reads that nobody would think of, until somebody does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rrp::ReturnCode;
use rrp::command::{Nature, Safety};
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Options, Reads, Resolution};
use rrp::retry::Backoff;
use rrp::settle::{Finding, Kept, Keyed, Proof, Reading, Sent, Sight};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};

use super::rig::{Rig, config, seconds};
use super::{DONE, NO, ORDER, UNKNOWN, says, thing};

/// Looks whether there is something, as long as it is told to. That it was there before proves nothing.
#[derive(Clone, Debug)]
pub(crate) struct IsThere(Arc<AtomicBool>);

impl IsThere {
    pub(crate) fn new() -> (Self, Arc<AtomicBool>) {
        let known = Arc::new(AtomicBool::new(true));
        (Self(Arc::clone(&known)), known)
    }
}

impl Reads for IsThere {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let known = self.0.load(Ordering::Relaxed);
        let looks = sent.objects().iter().filter(|_| known);
        looks.map(|object| OpaqueCommand::read("look", object.name().to_owned())).collect()
    }

    fn wants_earlier_reading(&self, sent: &Sent) -> bool {
        sent.name() == "compare"
    }

    fn reading(&self, reply: &OpaqueReply, _keyed: &Keyed) -> Option<Reading> {
        let status = ("status".into(), Kept::Clear(reply.code().into()));
        Some(Reading::from_parts(ReturnCode::COMPLETED, vec![status], true))
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let is = |reading: &Reading| reading.first("status").is_some_and(|status| status.is("there"));
        // One for each of the reads, or none.
        let before = sight.now.iter().enumerate().map(|(at, _)| match sight.before {
            [] => false,
            before => is(&before[at]),
        });
        let before: Vec<bool> = before.collect();
        match (before.contains(&true), sight.now.iter().all(is)) {
            (false, true) => Finding::Applied { proof: Proof::ReadBack, twice: false },
            (true, true) => Finding::Unproved("it was there before"),
            (_, false) => Finding::NotApplied,
        }
    }
}

pub(crate) fn rig() -> (Rig<IsThere>, Arc<AtomicBool>) {
    let (reads, known) = IsThere::new();
    (Rig::with(reads, config().backoff(Backoff::new(seconds(60), seconds(60))), []), known)
}

pub(crate) fn plain() -> OpaqueCommand {
    OpaqueCommand::write("order", ORDER, "body").object(thing("n1"))
}

pub(crate) fn there() -> OpaqueReply {
    says(DONE, "there")
}

pub(crate) fn nothing() -> OpaqueReply {
    says(DONE, "nothing")
}

#[test]
fn what_was_done_is_known_though_no_read_could_have_settled_it() {
    // Of the first one a value may have been cut: nothing could be looked for by it. The second has none.
    let (mut rig, _) = rig();
    rig.sent(plain().clear_field("note", &"x".repeat(300)), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    for mut rig in [Rig::with(IsThere::new().0, config(), rig.entries()), rig] {
        rig.change(plain(), Safety::ReadBack, Options::new());
        rig.does(&["send look"]);
        rig.answer(there());
        rig.goes_out("order", 2);
        rig.lost();
        rig.does(&["send look"]);
        rig.answer(there());
        rig.does(&["record 2 in-doubt"]);
    }
}

#[test]
fn reads_that_are_not_known_any_more_leave_nobody_waiting() {
    // Before it is sent.
    let (mut rig, known) = rig();
    let compare = || OpaqueCommand::write("compare", ORDER, "body").object(thing("n1"));
    rig.query(OpaqueCommand::read("other", ""));
    rig.does(&["send other"]);
    rig.change(compare(), Safety::ReadBack, Options::new());
    known.store(false, Ordering::Relaxed);
    rig.answer(says(DONE, "ok"));
    rig.does(&["tell a: answer ok", "tell b: not sent, object could not be read before the write"]);
    rig.is_over();

    // When it is to be sent again by a proof that has become old.
    known.store(true, Ordering::Relaxed);
    rig.sent(plain(), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    for wait in [60, 10, 600] {
        rig.does(&["send look"]);
        rig.answer(nothing());
        known.store(wait < 600, Ordering::Relaxed);
        rig.pass(wait);
    }
    rig.ends("1 in-doubt", &["tell c: in doubt 1, no read can prove what became of it"]);
    rig.is_over();
}

/// Looks twice where it looked once.
#[derive(Clone, Debug)]
struct Twice(IsThere);

impl Reads for Twice {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let once = self.0.reads(sent);
        [once.clone(), once].concat()
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        self.0.reading(reply, keyed)
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        self.0.judge(sight)
    }
}

#[test]
fn what_was_read_before_by_other_reads_is_no_earlier_reading() {
    // A new version of the program reads more: it was promised one reading before for each, or none.
    let (mut rig, _) = rig();
    rig.change(plain().object(thing("n2")), Safety::ReadBack, Options::new());
    rig.goes_out("order", 1);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.change(plain(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(nothing());
    rig.goes_out("order", 2);
    let mut rig = Rig::with(Twice(IsThere::new().0), config(), rig.entries());
    rig.settle(2);
    for _ in 0..2 {
        rig.does(&["send look"]);
        rig.answer(there());
    }
    let why = "what was read proves nothing: nobody looked before it, and it may have been so";
    rig.ends("2 in-doubt", &[&format!("tell a: still in doubt 2, {why}")]);
    rig.is_over();
}

#[test]
fn an_answer_that_says_pending_teaches_that_the_api_queues_whatever_else_it_says() {
    let open = Verdict::new(Class::Success);
    let not_yet = open.with_executed(Executed::No, Word::Registry);
    for verdict in [open, not_yet, UNKNOWN, super::BUSY] {
        let (mut rig, _) = rig();
        rig.sent(plain(), Safety::ReadBack, Options::new(), 1);
        rig.answer(says(verdict, "202").pending(Some("job-1")));
        rig.does(&["record 1 open", "send look"]);
        rig.recorded();
        rig.answer(nothing());
        let entries = |rig: &mut Rig<IsThere>| {
            for _ in 1..12 {
                rig.due_in(60);
                rig.does(&["send look"]);
                rig.answer(nothing());
            }
            rig.does(&["record 1 in-doubt"]);
            rig.recorded();
            rig.drain();
            rig.entries()
        };
        let entries = entries(&mut rig);
        // Over a restart, too: it is still in that queue, for all that is known.
        let mut rig = Rig::with(IsThere::new().0, config(), entries);
        rig.settle(1);
        for look in 0..12 {
            if look > 0 {
                rig.due_in(60);
            }
            rig.does(&["send look"]);
            rig.answer(nothing());
        }
        rig.ends("1 in-doubt", &["tell a: still in doubt 1, something about it is still pending"]);
    }
}

#[test]
fn nothing_is_looked_for_where_fields_are_missing_or_a_name_of_one_may_have_been_cut() {
    let numbered =
        |count: usize| (0..count).fold(plain(), |order, at| order.clear_field(&format!("field {at}x"), "v"));
    for (order, read) in [
        (numbered(OpaqueCommand::MAX_FIELDS - 1), true),
        (numbered(OpaqueCommand::MAX_FIELDS + 1), false),
        (plain().clear_field(&"x".repeat(251), "v"), true),
        (plain().clear_field(&"x".repeat(252), "v"), false),
        (plain().field(&"x".repeat(300), "v"), false),
    ] {
        let (mut rig, _) = rig();
        rig.sent(order, Safety::ReadBack, Options::new(), 1);
        rig.lost();
        let did = rig.drain();
        assert_eq!(did == ["send look"], read, "{did:?}");
    }
}

#[test]
fn a_write_is_no_read_whatever_nature_it_was_given() {
    let order = || OpaqueCommand::write("order", Nature::READ, "body").object(thing("n1"));
    let (mut rig, _) = rig();
    rig.query(order());
    rig.does(&["tell a: query not sent: a query must read, a change must write"]);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    rig.does(&["send look"]);
}

#[test]
fn a_read_whose_credentials_were_refused_has_seen_nothing() {
    let refused = NO.with_advice(Advice::StopLoggingIn);
    let (mut rig, _) = rig();
    let compare = OpaqueCommand::write("compare", ORDER, "body").object(thing("n1"));
    rig.change(compare, Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    // They are others by now, so that this stops nobody.
    rig.dispatch.slots_mut().credentials_corrected();
    rig.answer(says(refused, "401"));
    rig.pass(60);
    rig.does(&["send look"]);
    rig.answer(nothing());
    rig.goes_out("compare", 1);
    rig.lost();
    rig.does(&["send look"]);
    rig.dispatch.slots_mut().credentials_corrected();
    rig.answer(says(refused, "401"));
    rig.pass(60);
    for wait in [10, 0] {
        rig.does(&["send look"]);
        rig.answer(nothing());
        rig.pass(wait);
    }
    let due = rig.dispatch.poll_timeout().unwrap();
    rig.now = rig.now.max(due);
    rig.pass(0);
    rig.does(&["send compare"]);
}

/// Reads of an object that has so much to show: so many values of the longest kind, and one of so many bytes. Each byte takes
/// six in JSON.
#[cfg(feature = "journal")]
#[derive(Clone, Debug)]
struct Much(usize, usize);

#[cfg(feature = "journal")]
impl Reads for Much {
    fn reads(&self, _sent: &Sent) -> Vec<OpaqueCommand> {
        vec![OpaqueCommand::read("look", "")]
    }

    fn wants_earlier_reading(&self, _sent: &Sent) -> bool {
        true
    }

    fn reading(&self, _reply: &OpaqueReply, _keyed: &Keyed) -> Option<Reading> {
        let value = |bytes| ("x".into(), Kept::Clear("\u{1}".repeat(bytes).into()));
        let values = core::iter::repeat_n(value(Reading::MAX_TEXT), self.0).chain([value(self.1)]);
        Some(Reading::from_parts(ReturnCode::COMPLETED, values.collect(), true))
    }

    fn judge(&self, _sight: Sight<'_>) -> Finding {
        Finding::Unproved("it is too much")
    }
}

#[cfg(feature = "journal")]
#[test]
fn what_is_read_before_leaves_room_in_the_record_for_what_becomes_of_the_write() {
    use rrp::journal::{MAX_RECORD, encode};

    /// How long the record of the intent is, and whether that of its outcome can be written; nothing if nothing is sent.
    fn records(much: Much) -> Option<(Option<usize>, bool)> {
        let mut rig = Rig::with(much, config().tries(1), []);
        rig.change(plain(), Safety::ReadBack, Options::new());
        rig.does(&["send look"]);
        rig.answer(there());
        if rig.drain() == ["tell a: not sent, object could not be read before the write"] {
            rig.is_over();
            return None;
        }
        rig.recorded();
        let intent = encode(&rig.entries()[0]).ok().map(|bytes| bytes.len());
        rig.does(&["send order"]);
        rig.lost();
        rig.does(&["send look"]);
        rig.answer(there());
        rig.does(&["record 1 in-doubt"]);
        rig.recorded();
        Some((intent, encode(&rig.entries()[0]).is_ok()))
    }

    let (Some((Some(none), true)), Some((Some(one), true))) = (records(Much(0, 0)), records(Much(1, 0)))
    else {
        panic!("a little is too much");
    };
    // All that fits; so that a note more would not; and more than fits.
    let left = MAX_RECORD - none;
    let (full, rest) = (left / (one - none), left % (one - none));
    for much in
        [Much(full, rest / 6), Much(full / 2, 0), Much(full / 8, 0), Much(full + 1, 0), Much(2_047, 0)]
    {
        let name = format!("{much:?}");
        if let Some((intent, outcome)) = records(much) {
            assert!(intent.is_some() && outcome, "{name}: {intent:?} {outcome}");
        }
    }
    assert!(records(Much(full / 8, 0)).is_some());
}

#[test]
fn what_is_about_no_object_is_settled_by_no_read() {
    // Another of its sort may have left what is found: nothing would have kept the two apart.
    #[derive(Clone, Debug)]
    struct Only(IsThere);
    impl Reads for Only {
        fn reads(&self, _sent: &Sent) -> Vec<OpaqueCommand> {
            vec![OpaqueCommand::read("look", "GET /subscription")]
        }
        fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
            self.0.reading(reply, keyed)
        }
        fn judge(&self, sight: Sight<'_>) -> Finding {
            self.0.judge(sight)
        }
    }
    let order = || OpaqueCommand::write("order", ORDER, "body");
    let mut rig = Rig::with(Only(IsThere::new().0), config(), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.sent(order(), Safety::ReadBack, Options::new(), 2);
    rig.lost();
    rig.does(&["record 2 in-doubt"]);
}

#[test]
fn what_a_forgotten_one_may_have_done_is_not_taken_for_that_of_the_next() {
    let (mut rig, _) = rig();
    rig.sent(plain(), Safety::Once, Options::new(), 1);
    rig.lost();
    while rig.told.is_empty() {
        match rig.drain().last().map(String::as_str) {
            Some("send look") => rig.lost(),
            Some("record 1 in-doubt") => rig.recorded(),
            Some(_) => {}
            None => {
                rig.now = rig.dispatch.poll_timeout().expect("it looks again");
                rig.pass(0);
            }
        }
    }
    rig.resolve(1, Resolution::Forgotten);
    rig.change(plain(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(there());
    rig.goes_out("order", 2);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(there());
    rig.ends("2 in-doubt", &["tell b: in doubt 2, what was read proves nothing: it was there before"]);
}

#[test]
fn a_name_that_ends_in_a_number_is_a_name_of_its_own() {
    let value = |value: &str| Kept::Clear(value.into());
    let fields = [("order-4700", "active"), ("order-4711", "none"), ("Order-4712", "")];
    let fields = fields.map(|(name, of)| (name.into(), value(of))).to_vec();
    let reading = Reading::from_parts(ReturnCode::COMPLETED, fields, true);
    assert_eq!(reading.first("order-4711"), Some(&value("none")));
    assert_eq!(reading.first("order-4701"), None);
    assert_eq!(reading.first("order-4712"), None);
    // So are those of what was sent, in a journal, too.
    let (mut rig, _) = rig();
    let order = plain().clear_field("ref-1", "a").clear_field("ref-2", "b").clear_field("REF-3", "c");
    rig.sent(order, Safety::Once, Options::new(), 1);
    for sent in rig.entries().iter().map(|entry| entry.intent().sent()) {
        assert_eq!(sent.value("ref-2"), Some(&value("b")));
        assert_eq!((sent.value("ref-3"), sent.value("ref-")), (None, None));
    }
}
