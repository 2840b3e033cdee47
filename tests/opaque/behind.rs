//! What came before is not over yet: a word that is still to be written, an order that is done later.

use rrp::command::Safety;
use rrp::dispatch::{OpaqueCommand, Options, Resolution};

use crate::looks::{here, none, order};
use crate::odd::{IsThere, nothing, plain, there};
use crate::rig::{Rig, config};
use crate::{BUSY, CREATE, DONE, LATER, ORDER, UNKNOWN, says, thing, write};

#[test]
fn what_fails_late_is_not_written_behind_what_was_tried_again() {
    let mut rig = crate::looks::rig();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(UNKNOWN, "202").pending(None));
    // The journal takes its time with this, and nothing more in.
    rig.does(&["record 1 open", "send look"]);
    rig.answer(none());
    rig.change(write("create", CREATE, "n2"), Safety::Once, Options::new());
    rig.does(&["record 2 open"]);
    rig.not_taken();
    rig.does(&["record remove 2", "tell b: not sent, journal does not record"]);
    rig.not_taken();
    rig.pass(60);
    rig.does(&["record remove 2", "send look"]);
    rig.not_taken();
    rig.answer(here());
    rig.does(&["tell a: accepted 1 by read-back, unrecorded"]);
    // It is tried again, and what was first fails only now.
    rig.pass(1);
    rig.does(&["record remove 2, 1 accepted by read-back"]);
    rig.not_recorded();
    rig.recorded();
    rig.is_over();
}

/// The first order is accepted, and done later: it is not there yet.
fn later() -> Rig<IsThere> {
    let (mut rig, _) = crate::odd::rig();
    rig.sent(plain(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(DONE, "202").pending(Some("job-1")));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.change(plain(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(nothing());
    rig.goes_out("order", 2);
    rig
}

#[test]
fn what_an_earlier_one_does_late_is_not_taken_for_the_next_ones_work() {
    let mut rig = later();
    rig.lost();
    rig.does(&["send look"]);
    // Of the first one, for all that is known.
    rig.answer(there());
    let why = "what was read proves nothing: an earlier one is done later, and may have been only now";
    rig.ends("2 in-doubt", &[&format!("tell b: in doubt 2, {why}")]);
    let mut rig = Rig::with(IsThere::new().0, config(), rig.entries());
    rig.settle(2);
    rig.does(&["send look"]);
    rig.answer(there());
    rig.ends("2 in-doubt", &[&format!("tell a: still in doubt 2, {why}")]);
}

#[test]
fn what_an_earlier_one_in_progress_does_is_not_taken_for_the_next_ones_work() {
    let mut rig = later();
    rig.answer(says(BUSY, "busy"));
    let did = rig.drain();
    assert_eq!(did.last().map(String::as_str), Some("send look"));
    rig.answer(there());
    rig.does(&["record 2 in-doubt"]);
}

#[test]
fn that_an_answer_said_pending_is_known_however_much_is_noted_beside() {
    let mut rig = Rig::with(IsThere::new().0, config().tries(20), []);
    rig.sent(plain(), Safety::TrustReply, Options::new(), 1);
    // Of the notes the first and the last are kept.
    for _ in 0..18 {
        rig.answer(says(LATER, "later"));
        rig.due_in(30);
        rig.does(&["send order"]);
    }
    rig.answer(says(UNKNOWN, "202").pending(Some("job-1")));
    rig.does(&["record 1 open", "send look"]);
    rig.recorded();
    for settled in 0..4 {
        for look in 0..12 {
            if look > 0 {
                rig.due_in(60);
                rig.does(&["send look"]);
            }
            rig.answer(nothing());
        }
        let doubt = if settled == 0 { "in doubt" } else { "still in doubt" };
        let (name, why) = ("a", "something about it is still pending");
        rig.ends("1 in-doubt", &[&format!("tell {name}: {doubt} 1, {why}")]);
        rig = Rig::with(IsThere::new().0, config(), rig.entries());
        rig.settle(1);
        rig.does(&["send look"]);
    }
}

#[test]
fn what_a_forgotten_one_in_progress_does_is_not_taken_for_the_next_ones_work() {
    let (mut rig, _) = crate::odd::rig();
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
    rig.answer(nothing());
    rig.goes_out("order", 2);
    rig.answer(says(BUSY, "busy"));
    rig.does(&["record 2 open", "send look"]);
    rig.recorded();
    rig.answer(there());
    let why = "what was read proves nothing: another operation was in progress, and may have done it";
    rig.ends("2 in-doubt", &[&format!("tell b: in doubt 2, {why}")]);
}

#[test]
fn what_another_operation_does_that_was_named_to_the_one_before_is_not_taken_for_the_next_ones_work() {
    let compare = || OpaqueCommand::write("compare", ORDER, "body").object(thing("n1"));
    let begin = |rig: &mut Rig<IsThere>, ticket: u64| {
        rig.change(compare(), Safety::Once, Options::new());
        rig.does(&["send look"]);
        rig.answer(nothing());
        rig.goes_out("compare", ticket);
    };
    let (mut rig, _) = crate::odd::rig();
    begin(&mut rig, 1);
    rig.answer(says(BUSY, "busy"));
    rig.does(&["record 1 open", "record 1 refused busy for now"]);
    rig.recorded();
    rig.recorded();
    rig.does(&["tell a: refused 1 busy for now"]);
    let entries = rig.entries();
    for mut rig in [rig, Rig::with(IsThere::new().0, config(), entries.clone())] {
        begin(&mut rig, 2);
        rig.lost();
        rig.does(&["send look"]);
        rig.answer(there());
        rig.does(&["record 2 in-doubt"]);
    }
    // Until something of ours was done there.
    let mut rig = Rig::with(IsThere::new().0, config(), entries);
    begin(&mut rig, 2);
    rig.answer(says(DONE, "ok"));
    rig.ends("2 accepted by reply", &["tell a: accepted 2 by reply"]);
    let again = Rig::with(IsThere::new().0, config(), rig.entries());
    for mut rig in [rig, again] {
        begin(&mut rig, 3);
        rig.lost();
        rig.does(&["send look"]);
        rig.answer(there());
        rig.does(&["record 3 accepted by read-back"]);
    }
}
