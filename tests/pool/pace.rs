//! What is sent keeps the pace. That nothing is ever sent too early the rig sees to, in every test.

use rrp::dispatch::{GiveBack, Slots};
use rrp::pace::Rate;
use rrp::pool::Kept;
use rrp::session::Remains;

use crate::rig::{Rig, millis, options, seconds};

#[test]
fn the_first_command_leaves_one_interval_after_the_start() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.greeted(1);
    rig.pass(millis(999));
    rig.does(&["0 connect 1"]);
    rig.pass(millis(1));
    rig.does(&["1 log in 1"]);
}

#[test]
fn the_next_one_leaves_an_interval_after_the_reply_or_the_delay_that_is_allowed() {
    for (reply, next) in [(0, 1_000), (40, 1_040), (250, 1_250), (700, 1_250), (1_200, 1_250), (3_000, 3_000)]
    {
        let mut rig = Rig::new(options(), 1);
        rig.busy(1);
        rig.ask(1);
        let sent = rig.now;
        rig.pass(millis(reply));
        rig.answer(0);
        rig.until(|rig| rig.asking.is_empty());
        assert_eq!(rig.now - sent, millis(next), "answered after {reply} ms");
    }
}

#[test]
fn a_reply_that_closes_is_no_proof_that_the_command_has_arrived() {
    // It may have been on its way when the command left.
    let mut rig = Rig::new(options(), 2);
    rig.busy(2);
    rig.ask(2);
    let sent = rig.now;
    rig.pass(millis(4));
    rig.closes(1, 520);
    rig.answer(0);
    rig.until(|rig| rig.asking.is_empty());
    assert_eq!(rig.now - sent, millis(1_250));
}

#[test]
fn who_has_had_its_turn_goes_before_all_that_wait_for_theirs() {
    let mut rig = Rig::new(options(), 2);
    rig.idle(2);
    (10..15).for_each(|job| rig.ask(job));
    rig.ask_next(20, None);
    rig.ask_next(21, Some(2));
    rig.ask_next(22, None);
    rig.ask_next(22, None);
    rig.ask_next(23, None);
    rig.withdraw(23);
    let order = [20, 22, 21, 10, 11, 12, 13, 14];
    for (at, job) in order.into_iter().enumerate() {
        rig.until(|rig| !rig.asking.contains_key(&job));
        let left: Vec<usize> = order.into_iter().filter(|job| rig.asking.contains_key(job)).collect();
        assert_eq!(left, order[at + 1..], "when {job} had its slot");
        rig.answer(job);
    }
}

#[test]
fn it_is_the_accounts_not_the_sessions() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(3);
    (10..13).for_each(|job| rig.ask(job));
    let start = rig.now;
    rig.until(|rig| rig.asking.is_empty());
    // Nobody answers: three in flight, each after the delay of the one before.
    assert_eq!(rig.now - start, millis(1_000 + 1_250 + 1_250));
}

#[test]
fn a_slot_that_is_not_used_yet_blocks_the_pace() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(2);
    rig.sends = false;
    rig.ask(10);
    rig.ask(11);
    rig.pass(seconds(60));
    rig.did(&["10 on 2"]);
    // Given back unsent it has cost nothing.
    rig.answer(10);
    rig.did(&["11 on 2"]);
    // Nor does one whose session ends meanwhile.
    rig.ask(12);
    rig.ended(2, Some(520), Remains::Nothing);
    rig.did(&["12 on 1"]);
    let slot = rig.slot(12);
    rig.send(slot);
    // What comes of the other one changes nothing.
    let gone = rrp::dispatch::Slot { job: rig.jobs.id(11), session: 2 };
    rig.pool.sent(gone, rig.now);
    rig.pool.give_back(gone, GiveBack::Ended, rig.now);
    rig.pass(seconds(60));
    rig.did(&[]);
}

#[test]
fn a_keepalive_waits_for_a_slot_that_is_not_used_yet() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(2);
    rig.sends = false;
    rig.ask(10);
    rig.pass(seconds(560));
    rig.did(&["10 on 2"]);
    let slot = rig.slot(10);
    rig.send(slot);
    rig.pass(seconds(2));
    rig.did(&["keepalive 1"]);
}

#[test]
fn without_a_limit_all_sessions_are_used_at_once() {
    let mut rig = Rig::new(options().rate(Rate::UNLIMITED), 3);
    rig.sends = false;
    (0..5).for_each(|job| rig.ask(job));
    rig.pass_well(seconds(0));
    rig.did(&[
        "connect 1",
        "log in 1",
        "0 on 1",
        "connect 2",
        "log in 2",
        "1 on 2",
        "connect 3",
        "log in 3",
        "2 on 3",
    ]);
    let slot = rig.slot(1);
    rig.send(slot);
    rig.answer(1);
    rig.did(&["3 on 2"]);
}

#[test]
fn everything_pays() {
    // A login, commands, keepalives, proofs and QUITs: the rig has looked at each.
    let mut rig = Rig::new(options(), 3);
    rig.busy(3);
    rig.prove(0);
    rig.back(1, GiveBack::Evict);
    rig.until(|rig| rig.held.values().any(|held| matches!(held, crate::rig::Held::KeepingAlive(..))));
    rig.kept(1, Kept::Holds);
    rig.answer(2);
    rig.pass_well(seconds(20_000));
    let done = rig.done();
    for what in ["prove 1", "end 2", "keepalive 3"] {
        assert!(done.iter().any(|done| done.ends_with(what)), "{what} of {done:?}");
    }
}
