//! Whoever waits for what is being read back waits a given time at the most, and hears of it later by its key.

use rrp::command::Safety;
use rrp::dispatch::Config;

use crate::rig::{Rig, config, seconds};
use crate::*;

const DOUBT: &str = "in doubt 1, the caller's time was over";

fn patient(most: u64) -> Config {
    config().settle_wait(Some(seconds(most)))
}

fn rig() -> Rig {
    Rig::with(patient(45), [])
}

/// A change with a key was lost; its caller was told so after the wait, and the reading goes on.
fn told_in_doubt() -> Rig {
    let mut rig = rig();
    rig.sent(add(), Safety::ReadBack, key("k"), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.pass(44);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&[&format!("tell a: {DOUBT}")]);
    rig
}

#[test]
fn what_is_settled_as_applied_is_told_again_at_once() {
    let mut rig = told_in_doubt();
    rig.pass(15);
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &[]);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["tell b: accepted 1 by created-within-a-day, replayed"]);
    rig.is_over();
}

#[test]
fn what_is_settled_as_not_applied_is_sent_anew_when_it_is_asked_again() {
    let mut rig = told_in_doubt();
    rig.pass(15);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.ends("1 not-applied", &[]);
    rig.is_over();
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.goes_out("add", 2);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    rig.is_over();
}

#[test]
fn what_is_still_open_is_joined_for_as_long_again() {
    let mut rig = told_in_doubt();
    rig.pass(5);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&[]);
    rig.pass(10);
    rig.does(&["send status"]);
    rig.pass(34);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&[&format!("tell b: {DOUBT}")]);
    // And who waits long enough hears how it ends: here by an attempt of the same intent.
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.tick();
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell c: accepted 1 by reply"]);
    rig.is_over();
}

#[test]
fn what_is_left_in_doubt_is_settled_by_whoever_asks_again() {
    let mut rig = rig();
    rig.sent(add(), Safety::ReadBack, key("k"), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    rig.drain();
    rig.slots.borrow_mut().most = 0;
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.pass(44);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&[&format!("tell b: {DOUBT}")]);
    // It reads on without its caller.
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &[]);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["tell c: accepted 1 by created-within-a-day, replayed"]);
}

#[test]
fn what_is_begun_anew_has_its_own_time_again() {
    let mut rig = rig();
    rig.sent(add(), Safety::ReadBack, key("k"), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.pass(60);
    let own = rig.within(300).user("u").key("k");
    rig.change(add(), Safety::ReadBack, own);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["record 1 not-applied"]);
    rig.slots.borrow_mut().most = 0;
    rig.recorded();
    rig.pass(200);
    rig.does(&[]);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.goes_out("add", 2);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    rig.is_over();
}

#[test]
fn what_no_read_can_prove_is_told_at_once_and_is_never_sent_again() {
    let mut rig = rig();
    rig.sent(charge(), Safety::ReadBack, key("k"), 1);
    rig.lost();
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    for name in ["b", "c"] {
        rig.change(charge(), Safety::ReadBack, key("k"));
        rig.does(&[&format!("tell {name}: in doubt 1, no read can prove what became of it")]);
    }
    rig.is_over();
}

#[test]
fn it_is_not_moved_later_by_another_loss() {
    let mut rig = Rig::with(patient(80), []);
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.tick();
    rig.does(&["send add"]);
    rig.lost();
    rig.does(&["send status"]);
    rig.pass(9);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&[&format!("tell a: {DOUBT}")]);
}

#[test]
fn it_comes_no_later_than_the_callers_own_end() {
    let mut rig = rig();
    let soon = rig.within(30);
    rig.sent(add(), Safety::ReadBack, soon, 1);
    rig.pass(10);
    rig.lost();
    rig.does(&["send status"]);
    rig.pass(19);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&[&format!("tell a: {DOUBT}")]);
}

#[test]
fn replies_that_are_read_back_count_as_losses_do() {
    for (command, lines) in [
        (add_host(), "423 Command failed due to server error. Client should try again"),
        (add_host(), "520 Server closing connection. Client should try opening new connection"),
        (add(), "549 Command failed"),
        (renew(), LATER),
    ] {
        let mut rig = rig();
        rig.sent(command, Safety::ReadBack, options(), 1);
        rig.answer(lines);
        rig.does(&["send status"]);
        rig.pass(45);
        rig.does(&[&format!("tell a: {DOUBT}")]);
    }
}

#[test]
fn nobody_else_is_hurried() {
    // One that only settles.
    let mut rig = rig();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.settle(1);
    rig.lost();
    rig.does(&["send status"]);
    rig.pass(100);
    rig.does(&[&format!("tell a: {DOUBT}")]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell b: applied 1 by created-within-a-day, replayed"]);
    // One whose change is sent again without a look.
    let mut rig = Rig::with(patient(0), []);
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.does(&[]);
    rig.due_in(1);
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    // And nobody without the setting.
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.pass(3_600);
    rig.does(&[]);
}
