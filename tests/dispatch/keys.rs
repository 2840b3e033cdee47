//! Keys: what was done with one is not done again.

use rrp::command::Safety;
use rrp::dispatch::Options;

use crate::rig::{Rig, config};
use crate::*;

/// A write with a key that has come to this end.
fn ended(lines: &str, record: &str) -> Rig {
    let mut rig = Rig::new();
    rig.sent(add_host(), Safety::Once, key("k"), 1);
    rig.answer(lines);
    rig.does(&[&format!("record {record}")]);
    rig.recorded();
    rig.drain();
    rig
}

/// A write with a key that was lost, and left in doubt.
fn doubtful() -> Rig {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::Once, key("k"), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    rig.drain();
    rig
}

const CONFLICT: &str = "not sent, key belongs to another command, ticket `1`";

#[test]
fn accepted_is_told_again() {
    let mut rig = ended(OK, "1 accepted by reply");
    for _ in 0..2 {
        rig.change(add_host(), Safety::ReadBack, key("k"));
        assert_eq!(rig.drain().last().unwrap().split(": ").nth(1), Some("accepted 1 by reply, replayed"));
    }
    rig.is_over();
}

#[test]
fn refused_begins_anew() {
    for (lines, record) in [(LATER, "1 refused 421 for now"), (TAKEN, "1 refused 540")] {
        let mut rig = ended(lines, record);
        rig.change(add_host(), Safety::ReadBack, key("k"));
        rig.goes_out("add", 2);
        rig.answer(OK);
        rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
        rig.change(add_host(), Safety::ReadBack, key("k"));
        rig.does(&["tell c: accepted 2 by reply, replayed"]);
        rig.is_over();
    }
}

#[test]
fn running_joins() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.goes_out("add", 1);
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.does(&[]);
    rig.recorded();
    let again = "accepted 1 by reply, replayed";
    rig.does(&[
        "tell a: accepted 1 by reply",
        &format!("tell b: {again}"),
        &format!("tell c: {again}"),
        &format!("tell d: {again}"),
        &format!("tell e: {again}"),
    ]);
    rig.is_over();
}

#[test]
fn a_caller_who_joins_keeps_what_others_have_left_alive() {
    let mut rig = Rig::new();
    let first = rig.sent(add_host(), Safety::ReadBack, key("k"), 1);
    rig.leave(first);
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.answer(LATER);
    rig.does(&[]);
    rig.due_in(1);
    rig.does(&["send add"]);
}

#[test]
fn in_doubt_joins_and_settles() {
    let mut rig = doubtful();
    rig.change(add(), Safety::Once, key("k"));
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell b: accepted 1 by created-within-a-day, replayed"]);
    rig.is_over();
}

#[test]
fn in_doubt_and_not_applied_begins_anew() {
    let mut rig = doubtful();
    rig.change(add(), Safety::Once, key("k"));
    rig.does(&["send status"]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["record 1 not-applied"]);
    rig.recorded();
    rig.goes_out("add", 2);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    rig.is_over();
}

#[test]
fn in_doubt_and_still_in_doubt_is_in_doubt() {
    let mut rig = doubtful();
    rig.change(add(), Safety::Once, key("k"));
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    let said = rig.drain();
    assert!(said[0].starts_with("tell b: in doubt 1, what was read proves nothing"), "{said:?}");
    rig.is_over();
}

#[test]
fn two_callers_of_a_doubt_share_its_reads_and_one_new_attempt() {
    let mut rig = doubtful();
    rig.change(add(), Safety::Once, key("k"));
    rig.change(add(), Safety::Once, key("k"));
    rig.settle(1);
    rig.does(&["send status"]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["record 1 not-applied"]);
    rig.recorded();
    rig.does(&["tell d: not applied 1", "record 2 open"]);
    rig.recorded();
    rig.does(&["send add"]);
    rig.answer(OK);
    let told = ["tell b: accepted 2 by reply", "tell c: accepted 2 by reply, replayed"];
    rig.ends("2 accepted by reply", &told);
    rig.is_over();
}

#[test]
fn another_payload_is_an_error_in_every_standing() {
    // Queued: no ticket yet.
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&["tell b: not sent, key belongs to another command that is under way"]);
    // Under way.
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.goes_out("add", 1);
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell c: {CONFLICT}")]);
    // Finished.
    for (lines, record) in
        [(OK, "1 accepted by reply"), (LATER, "1 refused 421 for now"), (TAKEN, "1 refused 540")]
    {
        let mut rig = ended(lines, record);
        rig.change(charge(), Safety::ReadBack, key("k"));
        rig.does(&[&format!("tell b: {CONFLICT}")]);
    }
    // In doubt, being settled, and not applied.
    let mut rig = doubtful();
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell b: {CONFLICT}")]);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell d: {CONFLICT}")]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.ends("1 not-applied", &["tell c: not applied 1"]);
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell e: {CONFLICT}")]);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["record 2 open"]);
}

#[test]
fn a_key_stands_for_its_command_when_a_new_attempt_is_never_sent() {
    let mut rig = ended(LATER, "1 refused 421 for now");
    let call = rig.sent(add_host(), Safety::Once, key("k"), 2);
    rig.leave(call);
    rig.unsent();
    rig.ends("remove 2", &[]);
    rig.change(charge(), Safety::Once, key("k"));
    rig.does(&[&format!("tell c: {CONFLICT}")]);
}

#[test]
fn a_key_that_was_never_sent_stands_for_nothing() {
    let mut rig = Rig::new();
    let call = rig.sent(add_host(), Safety::Once, key("k"), 1);
    rig.leave(call);
    rig.unsent();
    rig.ends("remove 1", &[]);
    rig.sent(charge(), Safety::Once, key("k"), 2);
}

#[test]
fn keys_are_each_users_own() {
    let mut rig = ended(OK, "1 accepted by reply");
    // The same was done before: how it stands is read first.
    rig.change(add_host(), Safety::ReadBack, Options::new().user("v").key("k"));
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["record 2 open"]);
    rig.recorded();
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.change(add_host(), Safety::ReadBack, Options::new().key("k"));
    rig.does(&["send status"]);
}

#[test]
fn without_a_key_everything_is_new() {
    let mut rig = Rig::new();
    rig.sent(add_host(), Safety::ReadBack, options(), 1);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.change(add_host(), Safety::ReadBack, options());
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["record 2 open"]);
}

#[test]
fn keys_survive_a_restart() {
    let again = |before: &Rig| Rig::with(config(), before.entries());
    let mut rig = again(&ended(OK, "1 accepted by reply"));
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.does(&["tell a: accepted 1 by reply, replayed"]);
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell b: {CONFLICT}")]);

    let mut rig = again(&ended(TAKEN, "1 refused 540"));
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell a: {CONFLICT}")]);
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.does(&["record 2 open"]);

    let mut rig = again(&doubtful());
    rig.change(charge(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell a: {CONFLICT}")]);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["send status"]);

    // What was on its way when the process ended is in doubt.
    let mut before = Rig::new();
    before.sent(add(), Safety::ReadBack, key("k"), 1);
    let mut rig = again(&before);
    let doubts: Vec<u64> = rig.dispatch.doubts().map(|entry| entry.ticket().get()).collect();
    assert_eq!(doubts, [1]);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day, replayed"]);
    assert_eq!(rig.dispatch.doubts().len(), 0);
}

#[test]
fn the_newest_intent_of_a_key_counts_after_a_restart() {
    let mut rig = ended(TAKEN, "1 refused 540");
    rig.sent(add_host(), Safety::ReadBack, key("k"), 2);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    let entries = rig.entries();
    for turned in [false, true] {
        let mut entries = entries.clone();
        if turned {
            entries.reverse();
        }
        let mut rig = Rig::with(config(), entries);
        rig.change(add_host(), Safety::ReadBack, key("k"));
        rig.does(&["tell a: accepted 2 by reply, replayed"]);
        // Tickets go on where they were.
        rig.change(add_host(), Safety::ReadBack, options());
        rig.does(&["send status"]);
        rig.answer(NOT_FOUND);
        rig.does(&["record 3 open"]);
    }
}

#[test]
fn a_finished_key_is_kept_thirty_days() {
    const DAY: u64 = 24 * 60 * 60;
    let mut rig = ended(OK, "1 accepted by reply");
    let other = |rig: &mut Rig, ticket: u64| {
        rig.sent(charge(), Safety::ReadBack, options(), ticket);
        rig.answer(OK);
        rig.drain();
        rig.recorded();
        rig.drain();
    };
    rig.pass(30 * DAY);
    other(&mut rig, 2);
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.does(&["tell c: accepted 1 by reply, replayed"]);
    rig.pass(1);
    other(&mut rig, 3);
    rig.change(add_host(), Safety::ReadBack, key("k"));
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["record 4 open"]);
}

#[test]
fn nobody_joins_what_is_sent_by_anothers_safety() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::Repeatable, key("k"), 1);
    rig.change(add(), Safety::Once, key("k"));
    rig.does(&[&format!("tell b: {CONFLICT}")]);
    rig.change(add(), Safety::Repeatable, key("k"));
    rig.answer(OK);
    rig.ends(
        "1 accepted by reply",
        &["tell a: accepted 1 by reply", "tell c: accepted 1 by reply, replayed"],
    );
}
