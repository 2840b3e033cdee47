//! How many sessions there are, and when one opens.

use std::time::Duration;

use rrp::dispatch::{Account, GiveBack, Slots};
use rrp::pace::Rate;
use rrp::pool::{Event, Machine, Options};
use rrp::session::Remains;

use crate::rig::{Fails, Rig, millis, options, seconds};

fn unlimited() -> Options {
    options().rate(Rate::UNLIMITED)
}

#[test]
fn a_session_opens_when_somebody_waits() {
    let mut rig = Rig::new(options(), 5);
    rig.pass(seconds(100));
    rig.does(&[]);
    assert_eq!(rig.due(), None);
    rig.ask(0);
    rig.does(&["100 connect 1"]);
    rig.greeted(1);
    rig.does(&["100 log in 1"]);
    rig.opened(1);
    rig.pass(seconds(1));
    rig.does(&["101 0 on 1"]);
    assert_eq!(rig.told(), [Event::Opened { session: 1 }]);
}

#[test]
fn one_opens_at_a_time() {
    let mut rig = Rig::new(unlimited(), 5);
    (0..9).for_each(|job| rig.ask(job));
    rig.pass(seconds(60));
    rig.does(&["0 connect 1"]);
    rig.greeted(1);
    rig.pass(seconds(60));
    rig.does(&["60 log in 1"]);
    rig.failed(1, Fails::Eof);
    rig.does(&["120 connect 2"]);
    rig.open(2);
    rig.does(&["120 log in 2", "120 0 on 2", "120 connect 3"]);
}

#[test]
fn never_are_there_more_than_allowed_from_the_first_syn_to_the_end_of_quit() {
    for max in 1..=5 {
        let mut rig = Rig::new(unlimited(), max);
        rig.busy(max);
        rig.ask(100);
        rig.pass(seconds(60));
        rig.did(&[]);
        // One that is on its way out counts.
        rig.back(0, GiveBack::Evict);
        rig.pass(seconds(60));
        rig.did(&["end 1"]);
        rig.quit(1);
        rig.did(&[&format!("connect {}", max + 1)]);
        assert_eq!(rig.pool.sessions(), max);
    }
}

#[test]
fn a_second_one_opens_only_when_the_pace_would_allow_what_waits() {
    let mut rig = Rig::new(options(), 5);
    (0..4).for_each(|job| rig.ask(job));
    rig.open(1);
    rig.pass(seconds(1));
    rig.does(&["0 connect 1", "1 log in 1", "2 0 on 1"]);
    // Answered before the pace allows another one.
    rig.pass(millis(1_100));
    rig.answer(0);
    rig.pass(millis(900));
    rig.does(&["3.25 1 on 1"]);
}

#[test]
fn a_second_one_opens_when_the_first_does_not_answer() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.open(1);
    rig.pass(seconds(1));
    // Nobody else waits.
    rig.pass(seconds(60));
    rig.does(&["0 connect 1", "1 log in 1", "2 0 on 1"]);
    rig.ask(1);
    rig.does(&["62 connect 2"]);
    rig.answer(0);
    // Whoever waited for it goes first where there is room.
    rig.does(&["62 1 on 1"]);
    rig.greeted(2);
    rig.pass(seconds(2));
    rig.does(&["63.25 log in 2"]);
}

#[test]
fn the_least_number_is_kept_open() {
    let mut rig = Rig::with(options().sessions(2..=5), 5, Machine::new(), &Account::default());
    rig.act();
    rig.pass_well(seconds(10));
    rig.does(&["0 connect 1", "1 log in 1", "1 connect 2", "2 log in 2"]);
    rig.ended(2, Some(520), Remains::Nothing);
    rig.pass_well(seconds(10));
    rig.does(&["10 connect 3", "10 log in 3"]);
    // And no more, for days.
    rig.pass_well(seconds(3 * 86_400));
    assert_eq!(rig.pool.snapshot().sessions.idle, 2);
}

#[test]
fn what_has_carried_nothing_for_an_hour_is_ended_but_for_the_last() {
    for (min, left) in [(0, 1), (1, 1), (2, 2), (5, 5)] {
        let mut rig = Rig::with(unlimited().sessions(min..=5), 5, Machine::new(), &Account::default());
        (0..5).for_each(|job| rig.ask(job));
        rig.pass_well(seconds(0));
        assert_eq!(rig.pool.sessions(), 5);
        (0..5).for_each(|job| rig.answer(job));
        rig.pass_well(seconds(3_599));
        assert_eq!(rig.pool.sessions(), 5);
        rig.pass_well(seconds(2));
        assert_eq!(rig.pool.sessions(), left, "of at least {min}");
    }
}

#[test]
fn the_last_used_goes_first_so_that_others_can_end() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.idle(3);
    for job in 10..20 {
        rig.ask(job);
        rig.answer(job);
    }
    assert!(rig.done().iter().all(|done| done.ends_with(" on 3")));
}

/// Of many seeds, how long each waits after this many failures.
fn waits(failures: usize) -> Vec<u64> {
    let wait = |seed| {
        let mut rig = Rig::new(Options::new(seed), 5);
        rig.ask(0);
        for session in 1..=failures {
            let session = u64::try_from(session).unwrap();
            rig.until(|rig| rig.held.contains_key(&session));
            rig.failed(session, Fails::Unreached);
        }
        let next = u64::try_from(failures).unwrap() + 1;
        let from = rig.now;
        rig.until(|rig| rig.held.contains_key(&next));
        u64::try_from((rig.now - from).as_millis()).unwrap()
    };
    (0..200).map(wait).collect()
}

#[test]
fn after_failures_the_wait_is_any_under_a_cap_that_doubles() {
    for (failures, cap) in [(1, 1_000), (2, 2_000), (4, 8_000), (6, 32_000), (7, 60_000), (12, 60_000)] {
        let waits = waits(failures);
        assert!(waits.iter().all(|wait| *wait <= cap), "after {failures}: {waits:?}");
        for tenth in 0..10 {
            let here = waits.iter().filter(|wait| **wait / (cap / 10) == tenth).count();
            assert!((5..50).contains(&here), "after {failures} {here} of 200 wait {tenth}/10 of {cap}");
        }
    }
}

#[test]
fn whoever_ends_each_session_at_once_is_asked_less_and_less() {
    let mut rig = Rig::new(Options::new(1), 5);
    rig.ask(0);
    rig.until(|rig| rig.held.contains_key(&1));
    for session in 1..=20 {
        rig.log_in(session);
        rig.opened(session);
        rig.ended(session, None, Remains::Nothing);
        rig.until(|rig| rig.held.contains_key(&(session + 1)));
    }
    // Twenty times at most a minute, half of it on average, and not twenty times a second.
    assert!(rig.now.duration_since(crate::support::session::base()) > seconds(200));
    assert!(rig.pool.trouble().is_some());
}

#[test]
fn what_was_of_use_is_replaced_at_once() {
    let mut rig = Rig::new(Options::new(1), 5);
    rig.idle(1);
    rig.ask(1);
    rig.until(|rig| rig.asking.is_empty());
    rig.ask(2);
    rig.done();
    rig.lost(1, Remains::Nothing);
    rig.did(&["connect 2"]);
    // Its reply may be told after its end.
    rig.open(2);
    rig.until(|rig| rig.asking.is_empty());
    let slot = rig.slot(2);
    rig.ask(3);
    rig.ended(2, Some(420), Remains::Nothing);
    rig.did(&["log in 2", "2 on 2", "connect 3"]);
    rig.pool.give_back(slot, GiveBack::Closed, rig.now);
    rig.act();
}

#[test]
fn failing_for_long_does_not_end_what_is_open() {
    let mut rig = Rig::new(Options::new(1), 5);
    rig.busy(1);
    rig.ask(1);
    rig.pass(seconds(2));
    for session in 2..9 {
        rig.until(|rig| rig.held.contains_key(&session));
        rig.failed(session, Fails::Unreached);
    }
    assert_eq!(rig.pool.sessions(), 1);
    // Nobody is told of trouble who is served.
    assert_eq!((rig.pool.trouble(), rig.pool.unavailable()), (None, None));
    rig.answer(0);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.slot(1).session, 1);
}
