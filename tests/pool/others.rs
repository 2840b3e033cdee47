//! Whoever must not have a certain session, and the order in which slots are given.

use rrp::dispatch::Lane;
use rrp::pace::Rate;
use rrp::pool::Options;

use crate::rig::{Fails, Held, Rig, millis, options, seconds};

fn unlimited() -> Options {
    options().rate(Rate::UNLIMITED)
}

#[test]
fn another_session_opens_for_whoever_must_not_have_the_only_one() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.ask_not_on(1, 1);
    rig.pass(seconds(5));
    rig.did(&["connect 2"]);
    assert_eq!(rig.pool.snapshot().parked, 1);
    // Others go on meanwhile.
    rig.ask(2);
    rig.pass(seconds(2));
    rig.did(&["2 on 1"]);
    rig.open(2);
    rig.pass(seconds(2));
    rig.did(&["log in 2", "1 on 2"]);
}

#[test]
fn however_many_wait_for_the_only_one_another_opens() {
    for rate in [Rate::PER_SECOND, Rate::UNLIMITED] {
        for max in [1, 2] {
            let mut rig = Rig::new(options().rate(rate), max);
            rig.busy(1);
            rig.ask_not_on(1_000, 1);
            let mut job = 1;
            rig.ask(job);
            // A flood of others, each answered at once, so that the session is hardly ever idle.
            for _ in 0..20 {
                rig.ask(job + 1);
                if rig.held.get(&1).is_some_and(|held| matches!(held, Held::Busy(..))) {
                    rig.answer(job - 1);
                    job += 1;
                }
                rig.pass(millis(1_300));
            }
            rig.pass_well(seconds(10));
            assert!(!rig.asking.contains_key(&1_000), "{rate:?} {max}: {:?} {:?}", rig.held, rig.pool);
        }
    }
}

#[test]
fn a_long_line_of_others_does_not_keep_another_from_opening() {
    let mut rig = Rig::new(options(), 2);
    rig.busy(1);
    rig.ask_not_on(1_000, 1);
    (1..50).for_each(|job| rig.ask(job));
    rig.answer(0);
    for _ in 0..5 {
        rig.until(|rig| !matches!(rig.held[&1], Held::Idle));
        rig.pass(millis(100));
        if let Held::Busy(slot, _) = rig.held[&1] {
            let job = rig.jobs.number(slot.job);
            rig.answer(job);
        }
    }
    assert!(rig.held.contains_key(&2), "{:?}", rig.held);
}

#[test]
fn the_only_one_of_one_goes() {
    let mut rig = Rig::new(options(), 1);
    rig.idle(1);
    rig.ask_not_on(1, 1);
    rig.pass(seconds(5));
    rig.did(&["end 1"]);
    rig.ask(2);
    rig.quit(1);
    rig.did(&["connect 2"]);
    rig.open(2);
    rig.pass(seconds(1));
    // It has kept its turn.
    rig.did(&["log in 2", "1 on 2"]);
}

#[test]
fn it_does_not_go_while_no_other_could_be_opened() {
    let mut rig = Rig::new(Options::new(3), 1);
    rig.ask(0);
    rig.open(1);
    rig.pass(seconds(1));
    rig.answer(0);
    rig.ended(1, None, rrp::session::Remains::Silent);
    // Its place is charged: nothing to be had for ten minutes, and nothing goes.
    rig.ask_not_on(1, 1);
    rig.done();
    rig.pass(seconds(590));
    rig.did(&[]);
    rig.pass_well(seconds(20));
    rig.did(&["connect 2", "log in 2", "1 on 2"]);
}

#[test]
fn one_that_is_busy_and_may_be_had_is_waited_for() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(2);
    rig.answer(0);
    rig.ask_not_on(5, 1);
    rig.pass(seconds(60));
    rig.did(&[]);
    rig.answer(1);
    rig.did(&["5 on 2"]);
}

#[test]
fn those_that_were_put_aside_go_in_the_order_of_their_turns() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(2);
    rig.answer(0);
    rig.ask_not_on(5, 1);
    rig.ask_not_on(6, 1);
    rig.ask_not_on(7, 1);
    rig.ask(8);
    rig.did(&["8 on 1"]);
    rig.withdraw(6);
    rig.ask(9);
    for job in [1, 5, 7] {
        rig.answer(job);
    }
    rig.did(&["5 on 2", "7 on 2", "9 on 2"]);
}

#[test]
fn whoever_is_put_aside_may_leave() {
    let mut rig = Rig::new(options(), 1);
    rig.idle(1);
    rig.sends = false;
    rig.ask_not_on(1, 1);
    rig.withdraw(1);
    rig.pass(seconds(60));
    assert_eq!(rig.pool.snapshot().parked, 0);
    rig.ask(2);
    rig.pass(seconds(600));
    assert_eq!(rig.pool.sessions(), 1);
}

#[test]
fn a_number_of_one_that_is_gone_keeps_nobody_waiting() {
    let mut rig = Rig::new(options(), 1);
    rig.busy(1);
    rig.closes(0, 420);
    rig.ask_not_on(0, 1);
    rig.open(2);
    rig.pass(seconds(1));
    rig.did(&["connect 2", "log in 2", "0 on 2"]);
}

#[test]
fn inside_a_caller_the_order_is_kept_and_callers_take_turns() {
    let mut rig = Rig::new(unlimited(), 1);
    rig.busy(1);
    for job in 1..=3 {
        rig.ask_for(job, Lane::Normal, "many", None);
    }
    rig.ask_for(4, Lane::Normal, "one", None);
    rig.ask_for(5, Lane::Settle, "many", None);
    for job in [0, 5, 1, 4, 2] {
        rig.answer(job);
    }
    rig.did(&["5 on 1", "1 on 1", "4 on 1", "2 on 1", "3 on 1"]);
}

#[test]
fn asked_twice_it_is_given_once() {
    let mut rig = Rig::new(unlimited(), 1);
    rig.busy(1);
    rig.ask_not_on(5, 1);
    rig.ask(5);
    rig.answer(0);
    rig.did(&["5 on 1"]);
    rig.answer(5);
    rig.pass(seconds(60));
    rig.did(&[]);
}

#[test]
fn while_openings_fail_the_only_one_stays_for_the_others() {
    let mut rig = Rig::new(Options::new(1), 2);
    rig.idle(1);
    rig.ask_not_on(1, 1);
    for session in 2..10 {
        rig.until(|rig| rig.held.contains_key(&session));
        rig.failed(session, Fails::Unreached);
    }
    assert!(rig.held.contains_key(&1));
    rig.ask(2);
    rig.pass(seconds(2));
    assert_eq!(rig.slot(2).session, 1);
}
