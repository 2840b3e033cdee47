//! Idle sessions: kept alive in time, replaced in time, ended in order.

use rrp::dispatch::GiveBack;
use rrp::pace::Rate;
use rrp::pool::{Kept, Options};
use rrp::session::Remains;

use crate::rig::{Fails, Held, Rig, millis, options, seconds};

fn unlimited() -> Options {
    options().rate(Rate::UNLIMITED)
}

const HOUR: u64 = 3_600;

#[test]
fn it_is_kept_alive_before_the_limit_at_a_time_of_its_own() {
    let mut times: Vec<u64> = (0..100)
        .map(|seed| {
            let mut rig = Rig::new(Options::new(seed), 5);
            rig.idle(1);
            rig.due().unwrap()
        })
        .collect();
    times.sort_unstable();
    assert!((486_000..=540_000).contains(&times[0]) && times[99] <= 540_000, "{times:?}");
    assert!(times[99] - times[0] > 40_000, "{times:?}");
}

#[test]
fn a_command_puts_it_off_and_its_answer_too() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.pass(seconds(400));
    rig.ask(1);
    rig.answer(1);
    rig.done();
    rig.pass(seconds(485));
    rig.does(&[]);
    rig.until(|rig| rig.held[&1] != Held::Idle);
    rig.did(&["keepalive 1"]);
    // It takes no command meanwhile.
    rig.ask(2);
    rig.pass(millis(500));
    rig.did(&[]);
    rig.kept(1, Kept::Open);
    rig.pass(seconds(2));
    rig.did(&["2 on 1"]);
}

#[test]
fn many_that_are_due_at_once_keep_the_pace_and_are_in_time() {
    let mut rig = Rig::new(options(), 30);
    for job in 0..30 {
        rig.ask(job);
        rig.until(|rig| !rig.held.is_empty());
        let session = u64::try_from(job).unwrap() + 1;
        rig.open(session);
        rig.until(|rig| rig.asking.is_empty());
    }
    (0..30).for_each(|job| rig.answer(job));
    rig.done();
    // Answered after a tenth of a second each: in ten minutes each has had its own.
    let end = rig.now + seconds(600);
    let mut kept = std::collections::BTreeSet::new();
    while rig.now < end {
        rig.pass(millis(100));
        let all: Vec<u64> = rig.held.keys().copied().collect();
        for session in all {
            if matches!(rig.held[&session], Held::KeepingAlive(..)) {
                kept.insert(session);
                rig.kept(session, Kept::Holds);
            }
        }
    }
    assert_eq!(kept.len(), 30);
}

#[test]
fn keepalives_go_before_commands() {
    let mut rig = Rig::new(options(), 5);
    rig.slots_first = true;
    rig.idle(2);
    rig.pass(seconds(400));
    (10..500).for_each(|job| rig.ask(job));
    let end = rig.now + seconds(200);
    let mut kept = false;
    while rig.now < end && !kept {
        rig.pass(millis(100));
        for session in [1, 2] {
            match rig.held[&session] {
                Held::Busy(slot, _) => {
                    let job = rig.jobs.number(slot.job);
                    rig.answer(job);
                }
                Held::KeepingAlive(..) => kept = true,
                _ => {}
            }
        }
    }
    // One of the two does all the work; the other is not forgotten for it.
    assert!(kept && rig.asking.len() > 100);
}

#[test]
fn none_is_kept_alive_while_the_account_is_locked() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.pass(seconds(400));
    rig.hold(300);
    rig.pass(seconds(299));
    rig.does(&[]);
}

#[test]
fn one_in_use_is_replaced_before_it_goes_where_there_is_room() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(1);
    // In use all the time, so that it is never idle.
    let mut job = 0;
    while rig.done().is_empty() {
        assert!(rig.now.duration_since(crate::support::session::base()) < seconds(23 * HOUR + 1));
        rig.pass(seconds(60));
        rig.answer(job);
        rig.pass(seconds(0));
        job += 1;
        rig.ask(job);
        let done = rig.done();
        if done.iter().any(|done| done.contains("connect")) {
            break;
        }
    }
    let age = rig.now.duration_since(crate::support::session::base());
    assert!(age > seconds(23 * HOUR - 35 * 60) && age <= seconds(23 * HOUR + 60), "{age:?}");
    assert!(matches!(rig.held[&1], Held::Busy(..)));
    rig.open(2);
    rig.did(&["log in 2"]);
    // It goes once its command is answered.
    rig.answer(job);
    rig.did(&["end 1"]);
    rig.ask(job + 1);
    rig.did(&[&format!("{} on 2", job + 1)]);
}

/// How a single session that is always in use comes to its end: what was done first, and how old it was.
fn without_room(rate: Rate) -> (Vec<String>, u64) {
    let mut rig = Rig::new(options().rate(rate), 1);
    rig.slots_first = true;
    rig.busy(1);
    let start = rig.now;
    for job in 1..10_000 {
        rig.ask(job);
        rig.pass(seconds(30));
        rig.done();
        rig.answer(job - 1);
        rig.pass(millis(1_300));
        let done = rig.done();
        if done.iter().any(|done| done.contains("end")) {
            let age = (rig.now - start).as_secs();
            rig.quit(1);
            let done = done.into_iter().chain(rig.done());
            let done = done.map(|done| done.split_once(' ').unwrap().1.to_owned());
            return (done.collect(), age);
        }
    }
    panic!("it never ends");
}

#[test]
fn one_in_use_goes_first_where_there_is_no_room_and_never_with_a_command() {
    for rate in [Rate::PER_SECOND, Rate::UNLIMITED] {
        let (done, age) = without_room(rate);
        assert_eq!(done, ["end 1", "connect 2"], "{rate:?}");
        assert!((23 * HOUR - 35 * 60..23 * HOUR + 60).contains(&age), "{age}");
    }
}

#[test]
fn one_that_nobody_uses_ends_without_another() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.pass_well(seconds(23 * HOUR));
    assert!(rig.held.is_empty());
    let done = rig.done();
    assert!(done.last().unwrap().ends_with(" end 1"), "{done:?}");
    assert!(done.iter().all(|done| !done.contains("connect")));
    rig.pass(seconds(100 * HOUR));
    rig.does(&[]);
}

#[test]
fn where_no_replacement_comes_it_ends_before_the_limit_all_the_same() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(1);
    let start = rig.now;
    let mut job = 0;
    // Nothing else opens any more.
    while rig.held.contains_key(&1) {
        rig.pass(seconds(60));
        if let Some((session, _)) = rig.held.iter().find(|(_, held)| matches!(held, Held::Connecting(_))) {
            let session = *session;
            rig.failed(session, Fails::Unreached);
        }
        if matches!(rig.held.get(&1), Some(Held::Busy(..))) {
            rig.answer(job);
            job += 1;
            rig.ask(job);
        }
        if rig.held.get(&1) == Some(&Held::Ending) {
            rig.quit(1);
        }
        assert!(rig.now - start < seconds(24 * HOUR), "it is too old");
    }
    assert!(rig.now - start > seconds(23 * HOUR));
}

#[test]
fn several_are_rotated_one_after_the_other_and_some_always_serve() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(3);
    let start = rig.now;
    let mut job = 100;
    while rig.now - start < seconds(50 * HOUR) {
        rig.ask(job);
        rig.pass_well(seconds(20));
        rig.answer(job);
        rig.pass_well(seconds(40));
        job += 1;
    }
    assert!(rig.held.len() <= 3 && !rig.held.is_empty(), "{:?}", rig.held);
}

#[test]
fn every_quit_keeps_the_pace() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(3);
    (0..3).for_each(|job| rig.back(job, GiveBack::Evict));
    let from = rig.now;
    rig.pass(seconds(10));
    rig.did(&["end 1", "end 2", "end 3"]);
    assert!(rig.now - from >= seconds(3));
    rig.quit(2);
    rig.ended(1, None, Remains::Perhaps);
    rig.quit(3);
    assert!(rig.held.is_empty());
}
