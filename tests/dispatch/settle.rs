//! Settling: it only reads.

use rrp::command::Safety;

use crate::rig::{Rig, config};
use crate::*;

/// A doubt that can be settled, under ticket 1.
fn doubt(command: Command, safety: Safety) -> Rig {
    let mut rig = Rig::new();
    rig.sent(command, safety, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.slots.borrow_mut().unavailable = Some(rrp::dispatch::Unavailable::new("login refused"));
    rig.lost();
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    rig.does(&["tell a: in doubt 1, no session is to be had for a read"]);
    rig.slots.borrow_mut().unavailable = None;
    rig
}

/// Two negatives, far enough apart.
#[track_caller]
fn not_found(rig: &mut Rig) {
    rig.does(&["send status"]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
}

#[test]
fn there_is_no_such_ticket() {
    let mut rig = Rig::new();
    rig.settle(9);
    rig.does(&["tell a: not settled, no ticket `9`"]);
    rig.is_over();
}

#[test]
fn what_is_finished_is_told_at_once() {
    for (lines, record, told) in [
        (OK, "1 accepted by reply", "applied 1 by reply, replayed"),
        (TAKEN, "1 refused 540", "settled as refused 1 540"),
        (LATER, "1 refused 421 for now", "settled as refused 1 421 for now"),
    ] {
        let mut rig = Rig::new();
        rig.sent(add_host(), Safety::Once, options(), 1);
        rig.answer(lines);
        rig.does(&[&format!("record {record}")]);
        rig.recorded();
        rig.drain();
        rig.settle(1);
        rig.does(&[&format!("tell b: {told}")]);
        rig.is_over();
    }
}

#[test]
fn a_doubt_is_applied() {
    let mut rig = doubt(add(), Safety::ReadBack);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell b: applied 1 by created-within-a-day"]);
    rig.is_over();
    rig.settle(1);
    rig.does(&["tell c: applied 1 by created-within-a-day, replayed"]);
}

#[test]
fn a_doubt_is_not_applied_and_is_never_sent_again() {
    for safety in Safety::ALL {
        if safety == Safety::Repeatable {
            continue;
        }
        let mut rig = doubt(add(), safety);
        rig.settle(1);
        not_found(&mut rig);
        rig.ends("1 not-applied", &["tell b: not applied 1"]);
        rig.settle(1);
        rig.does(&["tell c: not applied 1"]);
        rig.is_over();
    }
}

#[test]
fn a_negative_counts_from_the_loss_and_not_from_the_asking() {
    let mut rig = doubt(add(), Safety::ReadBack);
    rig.pass(100);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.ends("1 not-applied", &["tell b: not applied 1"]);
}

#[test]
fn a_restored_doubt_counts_from_the_start() {
    let mut before = Rig::new();
    before.sent(add(), Safety::ReadBack, options(), 1);
    let mut rig = Rig::with(config(), before.entries());
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.due_in(60);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.ends("1 not-applied", &["tell a: not applied 1"]);
    rig.is_over();
}

#[test]
fn not_applied_after_a_known_refusal_is_refused() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer("549 Command failed");
    rig.does(&["send status"]);
    rig.slots.borrow_mut().unavailable = Some(rrp::dispatch::Unavailable::new("login refused"));
    rig.lost();
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    rig.drain();
    rig.slots.borrow_mut().unavailable = None;
    rig.settle(1);
    not_found(&mut rig);
    rig.ends("1 refused 549", &["tell b: settled as refused 1 549"]);
    rig.is_over();
}

#[test]
fn not_applied_after_a_520_is_no_refusal() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer("520 Server closing connection");
    rig.does(&["send status"]);
    rig.slots.borrow_mut().unavailable = Some(rrp::dispatch::Unavailable::new("login refused"));
    rig.lost();
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.slots.borrow_mut().unavailable = None;
    rig.settle(1);
    not_found(&mut rig);
    rig.ends("1 not-applied", &["tell b: not applied 1"]);
}

#[test]
fn still_in_doubt_can_be_settled_again() {
    let mut rig = doubt(add(), Safety::ReadBack);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    let said = rig.drain();
    assert!(said[0].starts_with("tell b: still in doubt 1, what was read proves nothing"), "{said:?}");
    assert_eq!(rig.dispatch.doubts().len(), 1);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell c: applied 1 by created-within-a-day"]);
    assert_eq!(rig.dispatch.doubts().len(), 0);
}

#[test]
fn what_no_read_can_prove_stays_in_doubt() {
    let mut rig = Rig::new();
    rig.sent(charge(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    rig.settle(1);
    // Nothing new is known, and nothing is recorded.
    rig.does(&["tell b: still in doubt 1, no read can prove what became of it"]);
    rig.is_over();
}

#[test]
fn two_who_settle_share_the_reads() {
    let mut rig = doubt(add(), Safety::ReadBack);
    rig.settle(1);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends(
        "1 accepted by created-within-a-day",
        &["tell b: applied 1 by created-within-a-day", "tell c: applied 1 by created-within-a-day, replayed"],
    );
}

#[test]
fn whoever_settles_what_is_under_way_waits_for_it() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.settle(1);
    rig.does(&[]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply", "tell b: applied 1 by reply, replayed"]);
}

#[test]
fn whoever_settles_what_is_under_way_has_nothing_sent_again() {
    // Its caller's time is over.
    let mut rig = Rig::new();
    let late = rig.within(10);
    rig.sent(add(), Safety::ReadBack, late, 1);
    rig.pass(10);
    rig.does(&["tell a: in doubt 1, the caller's time was over"]);
    rig.settle(1);
    rig.lost();
    not_found(&mut rig);
    rig.ends("1 not-applied", &["tell b: not applied 1"]);
    rig.is_over();
    // And when it is between two attempts.
    let mut rig = Rig::new();
    let call = rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.settle(1);
    rig.answer(LATER);
    rig.does(&[]);
    rig.leave(call);
    not_found(&mut rig);
    rig.ends("1 not-applied", &["tell b: not applied 1"]);
    rig.is_over();
}

#[test]
fn no_session_leaves_it_in_doubt() {
    let mut rig = doubt(add(), Safety::ReadBack);
    rig.slots.borrow_mut().unavailable = Some(rrp::dispatch::Unavailable::new("login refused"));
    rig.settle(1);
    rig.ends("1 in-doubt", &["tell b: still in doubt 1, no session is to be had for a read"]);
    rig.is_over();
}
