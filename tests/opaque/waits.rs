//! What an answer asks to be waited, and what it names, is remembered for as long as that matters.

use core::time::Duration;

use rrp::command::Safety;
use rrp::dispatch::{OpaqueCommand, Options};
use rrp::verdict::Advice;

use crate::looks::{Look, none, order};
use crate::odd::{IsThere, nothing, plain, there};
use crate::rig::{Rig, config, seconds};
use crate::{BUSY, DONE, LATER, ORDER, says, thing};

fn compare(object: &str) -> OpaqueCommand {
    OpaqueCommand::write("compare", ORDER, "body").object(thing(object))
}

fn begin(rig: &mut Rig<IsThere>, object: &str, ticket: u64) {
    rig.change(compare(object), Safety::Once, Options::new());
    rig.does(&["send look"]);
    rig.answer(nothing());
    rig.goes_out("compare", ticket);
}

#[test]
fn a_wait_that_makes_a_proof_old_costs_no_try() {
    let mut rig = Rig::with(Look, config().tries(3), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    let hour = LATER.with_advice(Advice::Resubmit { after: seconds(3_600) });
    for _ in 0..2 {
        rig.answer(says(hour, "no_server"));
        for wait in [10, 3_590, 10] {
            rig.does(&["send look"]);
            rig.answer(none());
            rig.due_in(wait);
        }
        rig.does(&["send look"]);
        rig.answer(none());
        rig.due_in(0);
        rig.does(&["send order"]);
    }
    // It was the last of three.
    rig.answer(says(hour, "no_server"));
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.ends("1 refused no_server for now", &["tell a: refused 1 no_server for now"]);
    rig.is_over();
}

#[test]
fn what_was_named_is_known_after_a_crash_also_where_nothing_was_read_before() {
    let (mut rig, _) = crate::odd::rig();
    rig.sent(plain(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(BUSY, "busy"));
    // The process ends before it is known what became of it; what has to be written by then is.
    if rig.drain().len() > 1 {
        rig.recorded();
    }
    let mut rig = Rig::with(IsThere::new().0, config(), rig.entries());
    rig.settle(1);
    for wait in [60, 10, 0] {
        rig.does(&["send look"]);
        rig.answer(nothing());
        if wait > 0 {
            rig.due_in(wait);
        }
    }
    rig.ends("1 not-applied", &["tell a: not applied 1"]);
    begin(&mut rig, "n1", 2);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(there());
    rig.does(&["record 2 in-doubt"]);
}

#[test]
fn what_was_named_at_many_objects_is_known_of_each() {
    let (mut rig, _) = crate::odd::rig();
    let many: u64 = 4_100;
    for number in 1..=many {
        begin(&mut rig, &format!("n{number}"), number);
        rig.answer(says(BUSY, "busy"));
        rig.drain();
        rig.recorded();
        rig.recorded();
        rig.drain();
    }
    begin(&mut rig, "n1", many + 1);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(there());
    rig.does(&[&format!("record {} in-doubt", many + 1)]);
    rig.recorded();
    rig.drain();
    begin(&mut rig, "n2", many + 2);
    rig.answer(says(DONE, "ok"));
    rig.drain();
    rig.recorded();
    rig.drain();
    begin(&mut rig, "n2", many + 3);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(there());
    rig.does(&[&format!("record {} accepted by read-back", many + 3)]);
}

#[test]
fn who_is_asked_to_wait_without_an_end_is_not_sent_again_at_once() {
    let mut rig = Rig::with(Look, config(), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(LATER.with_advice(Advice::Resubmit { after: Duration::MAX }), "no_server"));
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.ends("1 refused no_server for now", &["tell a: refused 1 no_server for now"]);
    rig.is_over();
}
