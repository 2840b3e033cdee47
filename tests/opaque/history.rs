//! What has happened before: queues that were learnt, readings that were cut, earlier orders of ours, and refused credentials.

use rrp::ReturnCode;
use rrp::command::{Object, ObjectKind, Safety};
use rrp::dispatch::{
    Action, Config, Dispatch, Moment, NoReads, Opaque, OpaqueCommand, OpaqueReply, Options, Places, Queues,
    Reads, RecordId, Refused, Resolution, Slot, Ticket, Told,
};
use rrp::pace::Rate;
use rrp::retry::Backoff;
use rrp::session::Fate;
use rrp::settle::{Finding, Kept, Keyed, Proof, Reading, Sent, Sight};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};

use super::rig::{Rig, WALL, base, config, keyed, seconds};
use super::{DONE, LATER, ORDER, key, order, says, thing};

/// Looks for an order in a list of references.
#[derive(Clone, Debug)]
struct ByReference;

impl Reads for ByReference {
    fn reads(&self, _sent: &Sent) -> Vec<OpaqueCommand> {
        vec![OpaqueCommand::read("look", "list")]
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        let listed = core::str::from_utf8(reply.body()).unwrap().split_whitespace();
        let fields = listed.map(|one| ("reference".into(), keyed.keep_hidden(one))).collect();
        Some(Reading::from_parts(ReturnCode::COMPLETED, fields, true))
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let own = sight.sent.value("reference").unwrap();
        if sight.now[0].values("reference").any(|listed| listed == own) {
            Finding::Applied { proof: Proof::ReadBack, twice: false }
        } else {
            Finding::NotApplied
        }
    }
}

/// Looks whether there is something; that it was there before proves nothing. It relies on being given that.
#[derive(Clone, Debug)]
struct IsThere;

impl Reads for IsThere {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        sent.objects().iter().map(|object| OpaqueCommand::read("look", object.name().to_owned())).collect()
    }

    fn reading(&self, reply: &OpaqueReply, _keyed: &Keyed) -> Option<Reading> {
        let status = ("status".into(), Kept::Clear(reply.code().into()));
        Some(Reading::from_parts(ReturnCode::COMPLETED, vec![status], true))
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let is = |reading: &Reading| reading.first("status").is_some_and(|status| status.is("there"));
        match (sight.before.first().is_some_and(is), is(&sight.now[0])) {
            (false, true) => Finding::Applied { proof: Proof::ReadBack, twice: false },
            (true, true) => Finding::Unproved("it was there before"),
            (_, false) => Finding::NotApplied,
        }
    }
}

const UNPROVED: &str = "what was read proves nothing: nobody looked before it, and it may have been so";

fn by_reference(reference: &str) -> OpaqueCommand {
    OpaqueCommand::write("order", ORDER, format!("body {reference}")).field("reference", reference)
}

fn list(text: &str) -> OpaqueReply {
    OpaqueReply::new(DONE, "list", "", text.to_owned())
}

fn there() -> OpaqueReply {
    says(DONE, "there")
}

fn plain() -> OpaqueCommand {
    OpaqueCommand::write("order", ORDER, "body").object(thing("n1"))
}

/// An order that is accepted, under this ticket.
fn accepted<R: Reads>(rig: &mut Rig<R>, command: OpaqueCommand, reply: OpaqueReply, ticket: u64) {
    rig.sent(command, Safety::ReadBack, key(&format!("k{ticket}")), ticket);
    rig.answer(reply);
    let did = rig.drain();
    assert_eq!(did, [format!("record {ticket} accepted by reply")]);
    rig.recorded();
    rig.drain();
}

/// All that is done while every look answers this.
fn until_the_end<R: Reads>(rig: &mut Rig<R>, reply: &OpaqueReply) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..50 {
        let did = rig.drain();
        all.extend(did.iter().filter(|did| *did != "send look").cloned());
        if !did.is_empty() && did != ["send look"] {
            return all;
        }
        if !rig.sends.is_empty() {
            rig.answer(reply.clone());
        } else if let Some(due) = rig.dispatch.poll_timeout() {
            rig.now = rig.now.max(due);
            rig.pass(0);
        }
    }
    panic!("it comes to no end: {all:?}");
}

#[test]
fn one_answer_that_says_pending_teaches_that_the_api_queues_whatever_it_is_asked() {
    let object =
        |kind: ObjectKind, name: &str, command: OpaqueCommand| command.object(Object::new(kind, name));
    for kind in [ObjectKind::Domain, ObjectKind::Contact, ObjectKind::Other] {
        for queues in [Queues::Learnt, Queues::Everywhere, Queues::Nowhere] {
            let mut rig = Rig::with(ByReference, config().queues(queues.clone()), []);
            accepted(
                &mut rig,
                object(kind, "a.com", by_reference("ref-1")),
                says(DONE, "202").pending(None),
                1,
            );
            rig.sent(object(kind, "b.net", by_reference("ref-2")), Safety::ReadBack, Options::new(), 2);
            rig.lost();
            let did = until_the_end(&mut rig, &list(""));
            let expected = if queues == Queues::Nowhere { "send order" } else { "record 2 in-doubt" };
            assert_eq!(did, [expected], "{kind:?} {queues:?}");
        }
    }
}

#[test]
fn what_is_learnt_between_the_proof_and_the_next_attempt_counts() {
    let mut rig = Rig::with(ByReference, config().backoff(Backoff::new(seconds(60), seconds(60))), []);
    rig.sent(by_reference("ref-1").object(thing("n1")), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    for wait in [60, 10] {
        rig.does(&["send look"]);
        rig.answer(list(""));
        rig.pass(wait);
    }
    rig.does(&["send look"]);
    rig.answer(list(""));
    rig.does(&[]);
    // It waits to be sent again, and another order is answered so meanwhile.
    accepted(&mut rig, by_reference("ref-2").object(thing("n2")), says(DONE, "202").pending(None), 2);
    let did = until_the_end(&mut rig, &list(""));
    assert_eq!(did, ["record 1 in-doubt"]);
}

#[test]
fn a_reading_that_was_cut_proves_nothing() {
    let mut all: Vec<String> = (0..Reading::MAX_FIELDS).map(|at| format!("ref-{at:05}")).collect();
    for (whole, expected) in [(true, "send order"), (false, "record 1 in-doubt")] {
        if !whole {
            all.push("ref-mine".to_owned());
        }
        let mut rig = Rig::with(ByReference, config(), []);
        rig.sent(by_reference("ref-mine").object(thing("n1")), Safety::ReadBack, Options::new(), 1);
        rig.lost();
        assert_eq!(until_the_end(&mut rig, &list(&all.join(" "))), [expected]);
    }
}

#[test]
fn what_was_done_before_is_known_though_a_later_one_was_not_done() {
    let mut rig = Rig::with(IsThere, config(), []);
    accepted(&mut rig, plain(), says(DONE, "ok"), 1);
    rig.change(plain(), Safety::ReadBack, key("k2"));
    rig.does(&["send look"]);
    rig.answer(there());
    rig.goes_out("order", 2);
    rig.lost();
    assert_eq!(until_the_end(&mut rig, &there()), ["record 2 in-doubt"]);
    rig.recorded();
    rig.drain();
    rig.resolve(2, Resolution::NotApplied);
    rig.drain();
    // The third is compared with a reading of its own: the first one's effect is there.
    rig.change(plain(), Safety::ReadBack, key("k3"));
    rig.does(&["send look"]);
    rig.answer(there());
    rig.goes_out("order", 3);
    rig.lost();
    assert_eq!(until_the_end(&mut rig, &there()), ["record 3 in-doubt"]);
}

#[test]
fn what_was_done_when_no_read_was_known_is_known_when_one_is() {
    let mut old = Rig::new();
    accepted(&mut old, plain(), says(DONE, "ok"), 1);
    let mut rig = Rig::with(IsThere, config(), old.entries());
    rig.change(plain(), Safety::ReadBack, key("k2"));
    rig.does(&["send look"]);
    rig.answer(there());
    rig.goes_out("order", 2);
    rig.lost();
    assert_eq!(until_the_end(&mut rig, &there()), ["record 2 in-doubt"]);
}

#[test]
fn what_was_not_read_before_is_not_proven_by_what_an_earlier_one_has_left() {
    // In doubt since no read was known.
    let mut old = Rig::new();
    accepted(&mut old, plain(), says(DONE, "ok"), 1);
    old.sent(plain(), Safety::ReadBack, key("k2"), 2);
    old.lost();
    old.ends("2 in-doubt", &["tell b: in doubt 2, no read can prove what became of it"]);
    let mut rig = Rig::with(IsThere, config(), old.entries());
    rig.settle(2);
    rig.does(&["send look"]);
    rig.answer(there());
    rig.ends("2 in-doubt", &[&format!("tell a: still in doubt 2, {UNPROVED}")]);

    // Repeatable, which is not read before.
    let mut rig = Rig::with(IsThere, config().tries(2), []);
    accepted(&mut rig, plain(), says(DONE, "ok"), 1);
    rig.sent(plain(), Safety::Repeatable, key("k2"), 2);
    rig.lost();
    rig.pass(1);
    rig.does(&["send order"]);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(there());
    rig.ends("2 in-doubt", &[&format!("tell b: in doubt 2, {UNPROVED}")]);

    // Without an earlier one it is.
    let mut rig = Rig::with(IsThere, config(), []);
    rig.sent(plain(), Safety::ReadBack, key("k1"), 1);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(there());
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
}

#[test]
fn a_crash_between_two_attempts_leaves_the_first_one_open() {
    let mut rig = Rig::with(IsThere, config(), []);
    rig.sent(plain(), Safety::Repeatable, Options::new(), 1);
    rig.lost();
    rig.pass(1);
    rig.does(&["send order"]);
    let mut rig = Rig::with(IsThere, config(), rig.entries());
    rig.settle(1);
    rig.does(&["send look"]);
    rig.answer(there());
    rig.ends("1 accepted by read-back", &["tell a: applied 1 by read-back"]);
    // The next one waits until the first attempt can be executed no more.
    rig.change(plain(), Safety::ReadBack, Options::new());
    rig.due_in(60);
    rig.does(&["send look"]);
}

#[test]
fn nothing_is_looked_for_by_a_request_whose_name_may_have_been_cut() {
    let mut rig = Rig::with(ByReference, config(), []);
    let order = OpaqueCommand::write(&"n".repeat(300), ORDER, "b").field("reference", "ref-1");
    rig.change(order, Safety::ReadBack, Options::new());
    rig.does(&["record 1 open"]);
    rig.recorded();
    rig.drain();
    rig.lost();
    rig.does(&["record 1 in-doubt"]);
}

#[test]
fn a_look_that_asks_for_a_year_is_repeated_within_the_hour() {
    let year = LATER.with_advice(Advice::Resubmit { after: seconds(365 * 86_400) });
    let mut rig = Rig::with(ByReference, config(), []);
    rig.sent(by_reference("ref-1").object(thing("n1")), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(says(year, "later"));
    let due = rig.dispatch.poll_timeout().unwrap().duration_since(rig.now);
    assert!(due >= seconds(3_600) && due <= seconds(3_600 + 60), "{due:?}");
}

#[test]
fn what_is_about_too_many_objects_is_refused_before_anything_is_recorded() {
    for (count, sent) in [(OpaqueCommand::MAX_OBJECTS, true), (OpaqueCommand::MAX_OBJECTS + 1, false)] {
        let mut rig = Rig::new();
        let names: Vec<String> = (0..count).map(|at| format!("n{at}")).collect();
        let order = names.iter().fold(order(), |order, name| order.object(thing(name)));
        // It has one of its own.
        let order = if sent {
            names[1..].iter().fold(super::order(), |order, name| order.object(thing(name)))
        } else {
            order
        };
        rig.change(order, Safety::ReadBack, Options::new());
        let did = rig.drain();
        assert_eq!(did == ["record 1 open"], sent, "{did:?}");
    }
}

#[test]
fn a_code_that_assigns_a_secret_is_kept_nowhere() {
    let reply = says(DONE, r#"{"password":"hunter2"}"#);
    assert_eq!(reply.code(), "***");
    assert!(!format!("{reply:?}").contains("hunter2"));
}

/// Three requests at a time.
struct Three {
    dispatch: Dispatch<Places, Opaque<NoReads>>,
    sends: Vec<(Slot, OpaqueCommand)>,
    records: Vec<RecordId>,
    told: Vec<Told<Opaque<NoReads>>>,
    at: Moment,
}

impl Three {
    fn new() -> Self {
        let at = Moment::new(base(), WALL);
        let slots = Places::new(3, Rate::UNLIMITED, base());
        let dispatch =
            Dispatch::with_upstream(Opaque::new(NoReads), Config::new(1), slots, keyed(), [], 1, at);
        Self { dispatch, sends: Vec::new(), records: Vec::new(), told: Vec::new(), at }
    }

    /// The names of what goes out now.
    fn goes_out(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(action) = self.dispatch.poll_action() {
            match action {
                Action::Record { id, .. } => self.records.push(id),
                Action::Send { slot, command } => {
                    sent.push(command.name().to_owned());
                    self.sends.push((slot, command));
                }
                Action::Tell { told, .. } => self.told.push(told),
                Action::Probe { .. } => panic!("there is no login"),
            }
        }
        sent
    }

    /// The first of those that are on their way is told that its credentials are refused.
    fn refused(&mut self) {
        let (slot, _) = self.sends.remove(0);
        let refused = Verdict::new(Class::Permanent)
            .with_executed(Executed::No, Word::Inference)
            .with_advice(Advice::StopLoggingIn);
        self.dispatch.handle_fate(slot, Ok(Fate::Answered(says(refused, "401"))), true, self.at);
    }
}

#[test]
fn what_is_being_recorded_does_not_go_out_after_the_credentials_were_refused() {
    let mut three = Three::new();
    for name in ["look", "look too"] {
        three.dispatch.query(OpaqueCommand::read(name, ""), Options::new(), three.at);
    }
    three.dispatch.change(order(), Safety::ReadBack, Options::new(), three.at);
    assert_eq!(three.goes_out(), ["look", "look too"]);
    three.refused();
    assert!(three.goes_out().is_empty() && three.dispatch.slots().are_credentials_refused());
    let record = three.records.remove(0);
    three.dispatch.handle_recorded(record, Ok(()), three.at);
    assert_eq!(three.goes_out(), [""; 0], "the intent is durable, and the credentials are refused");
    let unavailable = |told: &Told<Opaque<NoReads>>| matches!(told, Told::Change(Err(not_sent)) if matches!(not_sent.why(), Refused::Unavailable(_)));
    assert!(three.told.iter().any(unavailable), "{:?}", three.told);
    assert!(three.dispatch.doubts().all(|doubt| doubt.ticket() != Ticket::new(1)));

    // A late word about the old credentials says nothing of the new ones.
    three.dispatch.slots_mut().credentials_corrected();
    three.refused();
    assert!(!three.dispatch.slots().are_credentials_refused());
    three.dispatch.query(OpaqueCommand::read("look again", ""), Options::new(), three.at);
    assert_eq!(three.goes_out(), ["look again"]);
    three.refused();
    assert!(three.dispatch.slots().are_credentials_refused());
}
