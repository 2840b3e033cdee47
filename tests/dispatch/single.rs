//! Slots of one session: pace, lanes, and what happens to the session.

use rrp::command::Safety;
use rrp::dispatch::{
    Action, Dispatch, GiveBack, JobId, Lane, Moment, SessionAction, SingleSession, Slot, Slots, Unavailable,
    Wish,
};
use rrp::retry::Backoff;
use rrp::session::Fate;
use std::time::{Duration, Instant};

use crate::rig::{base, config, keyed, seconds};
use crate::*;

fn at(time: u64) -> Instant {
    base() + seconds(time)
}

/// Without jitter.
fn single() -> SingleSession {
    SingleSession::new(SingleSession::PACE, 1).reopening(Backoff::new(Duration::ZERO, Duration::ZERO))
}

/// The numbers of jobs, which only a dispatcher hands out: those of queries that it was asked.
fn jobs(count: usize) -> Vec<JobId> {
    let mut rig = rig::Rig::with(config().coalesce(false), []);
    rig.slots.borrow_mut().most = 0;
    for _ in 0..count {
        rig.query(status(), options());
    }
    let given = rig.slots.borrow();
    given.wishes.iter().map(|wish| wish.job).collect()
}

fn wish(job: JobId) -> Wish {
    Wish { job, lane: Lane::Normal, caller: "".into(), again: false, not_on: None }
}

/// A session that has opened at 0 and is free at 1.
fn open() -> SingleSession {
    let mut slots = single();
    let first = jobs(1)[0];
    slots.ask(wish(first), at(0));
    assert_eq!(slots.poll_session(at(0)), Some(SessionAction::Open(1)));
    assert_eq!(slots.poll_session(at(0)), None);
    assert_eq!(slots.poll_slot(at(0)), None);
    slots.opened(1, at(0));
    slots.withdraw(first);
    slots
}

#[test]
fn a_session_is_opened_when_somebody_waits() {
    let mut slots = single();
    assert_eq!((slots.poll_session(at(0)), slots.poll_timeout()), (None, None));
    slots.ask(wish(jobs(1)[0]), at(0));
    assert_eq!(slots.waiting(), 1);
    assert_eq!(slots.poll_session(at(0)), Some(SessionAction::Open(1)));
    assert_eq!((slots.poll_session(at(9)), slots.poll_slot(at(9)), slots.poll_timeout()), (None, None, None));
}

#[test]
fn between_two_commands_lies_the_pace_counted_from_the_end() {
    let jobs = jobs(3);
    let mut slots = open();
    for job in &jobs {
        slots.ask(wish(*job), at(0));
    }
    // It is left open, whether somebody waits or not.
    assert_eq!((open().poll_session(at(1)), slots.poll_session(at(1))), (None, None));
    // The login counts.
    assert_eq!((slots.poll_slot(at(0)), slots.poll_timeout()), (None, Some(at(1))));
    let slot = slots.poll_slot(at(1)).unwrap();
    assert_eq!(slot, Slot { job: jobs[0], session: 1 });
    // One at a time.
    assert_eq!((slots.poll_slot(at(5)), slots.poll_timeout()), (None, None));
    slots.give_back(slot, GiveBack::Alive, at(7));
    assert_eq!((slots.poll_slot(at(7)), slots.poll_timeout()), (None, Some(at(8))));
    let slot = slots.poll_slot(at(8)).unwrap();
    assert_eq!(slot.job, jobs[1]);
    slots.give_back(slot, GiveBack::Alive, at(8));
    // Whoever withdraws is not served.
    slots.withdraw(jobs[2]);
    assert_eq!((slots.waiting(), slots.poll_slot(at(9)), slots.poll_timeout()), (0, None, None));
}

#[test]
fn those_that_settle_go_first() {
    let jobs = jobs(3);
    let mut slots = open();
    slots.ask(wish(jobs[0]), at(0));
    slots.ask(Wish { lane: Lane::Settle, ..wish(jobs[1]) }, at(0));
    slots.ask(Wish { lane: Lane::Settle, ..wish(jobs[2]) }, at(0));
    assert_eq!(slots.waiting(), 3);
    let mut order = Vec::new();
    for time in 1..4 {
        let slot = slots.poll_slot(at(time)).unwrap();
        order.push(slot.job);
        slots.give_back(slot, GiveBack::Alive, at(time));
    }
    assert_eq!(order, [jobs[1], jobs[2], jobs[0]]);
    slots.ask(Wish { lane: Lane::Settle, ..wish(jobs[0]) }, at(4));
    slots.withdraw(jobs[0]);
    assert_eq!(slots.waiting(), 0);
}

#[test]
fn whoever_must_not_have_this_session_gets_another_one() {
    let mut slots = open();
    let jobs = jobs(1);
    slots.ask(Wish { not_on: Some(1), ..wish(jobs[0]) }, at(0));
    assert_eq!(slots.poll_slot(at(1)), None);
    assert_eq!(slots.poll_session(at(1)), Some(SessionAction::End(1)));
    assert_eq!((slots.poll_session(at(1)), slots.poll_slot(at(1)), slots.poll_timeout()), (None, None, None));
    slots.ended(1);
    assert_eq!(slots.poll_session(at(1)), Some(SessionAction::Open(2)));
    slots.opened(2, at(1));
    assert_eq!(slots.poll_slot(at(2)), Some(Slot { job: jobs[0], session: 2 }));
}

#[test]
fn a_lock_holds_everything_logins_too() {
    let mut slots = open();
    let jobs = jobs(1);
    slots.ask(wish(jobs[0]), at(0));
    slots.hold(seconds(300), at(1));
    // A shorter one changes nothing.
    slots.hold(seconds(10), at(2));
    assert_eq!((slots.poll_slot(at(300)), slots.poll_timeout()), (None, Some(at(301))));
    slots.ended(1);
    assert_eq!(slots.poll_session(at(300)), None);
    assert_eq!(slots.poll_timeout(), Some(at(301)));
    assert_eq!(slots.poll_session(at(301)), Some(SessionAction::Open(2)));
}

#[test]
fn a_session_that_ended_is_opened_again_at_the_pace() {
    let jobs = jobs(2);
    let mut slots = open();
    slots.ask(wish(jobs[0]), at(0));
    let slot = slots.poll_slot(at(1)).unwrap();
    // The owner hears of the end before the slot is given back.
    slots.ended(1);
    slots.ask(wish(jobs[1]), at(1));
    assert_eq!(slots.poll_session(at(5)), None);
    slots.give_back(slot, GiveBack::Ended, at(5));
    assert_eq!((slots.poll_session(at(5)), slots.poll_timeout()), (None, Some(at(6))));
    assert_eq!(slots.poll_session(at(6)), Some(SessionAction::Open(2)));
    // One that ends with nobody on it is opened when somebody waits.
    slots.opened(2, at(6));
    slots.ended(2);
    assert_eq!(slots.poll_session(at(7)), Some(SessionAction::Open(3)));
}

#[test]
fn a_session_whose_login_is_lost_is_ended() {
    let jobs = jobs(2);
    let mut slots = open();
    slots.ask(wish(jobs[0]), at(0));
    let slot = slots.poll_slot(at(1)).unwrap();
    slots.ask(wish(jobs[1]), at(1));
    slots.give_back(slot, GiveBack::Evict, at(1));
    assert_eq!(slots.poll_slot(at(9)), None);
    assert_eq!(slots.poll_session(at(9)), Some(SessionAction::End(1)));
    assert_eq!((slots.poll_session(at(9)), slots.poll_slot(at(9))), (None, None));
    slots.ended(1);
    assert_eq!(slots.poll_session(at(9)), Some(SessionAction::Open(2)));
    // It may also end by itself before the owner was told.
    let mut slots = open();
    slots.ask(wish(jobs[0]), at(0));
    let slot = slots.poll_slot(at(1)).unwrap();
    slots.give_back(slot, GiveBack::Evict, at(1));
    slots.ended(1);
    slots.ask(wish(jobs[1]), at(1));
    assert_eq!(slots.poll_session(at(2)), Some(SessionAction::Open(2)));
}

#[test]
fn opening_again_waits_longer_each_time_and_tells_why() {
    let mut slots =
        SingleSession::new(SingleSession::PACE, 1).reopening(Backoff::new(seconds(8), seconds(64)));
    slots.ask(wish(jobs(1)[0]), at(0));
    let why = Unavailable::new("connection refused");
    let mut now = at(0);
    let mut waits = Vec::new();
    for number in 1..=6 {
        assert_eq!(slots.poll_session(now), Some(SessionAction::Open(number)));
        slots.failed(number, why.clone(), seconds(2), now);
        assert_eq!((slots.trouble(), slots.unavailable()), (Some(why.clone()), None));
        let next = slots.poll_timeout().unwrap();
        assert_eq!(slots.poll_session(next - Duration::from_millis(1)), None);
        waits.push(next - now);
        now = next;
    }
    // The least wait, and full jitter under a cap that doubles.
    for (failure, wait) in waits.iter().enumerate() {
        let cap = seconds(8 << failure).min(seconds(64));
        assert!(*wait >= seconds(2) && *wait <= seconds(2) + cap, "{waits:?}");
    }
    assert!(waits.iter().any(|wait| *wait > seconds(10)), "{waits:?}");
    // Once it opens, all is forgotten.
    assert_eq!(slots.poll_session(now), Some(SessionAction::Open(7)));
    slots.opened(7, now);
    assert_eq!(slots.trouble(), None);
    slots.ended(7);
    now += seconds(1);
    assert_eq!(slots.poll_session(now), Some(SessionAction::Open(8)));
    slots.failed(8, why, Duration::ZERO, now);
    let wait = slots.poll_timeout().unwrap() - now;
    assert!(wait >= seconds(1) && wait <= seconds(9), "{wait:?}");
}

#[test]
fn after_a_refused_login_none_is_tried_until_somebody_says_so() {
    let mut slots = single();
    slots.ask(wish(jobs(1)[0]), at(0));
    assert_eq!(slots.poll_session(at(0)), Some(SessionAction::Open(1)));
    let why = Unavailable::new("login refused");
    slots.refused(1, why.clone(), at(0));
    assert_eq!(slots.unavailable(), Some(why));
    assert_eq!((slots.poll_session(at(999)), slots.poll_timeout()), (None, None));
    slots.retry_login();
    assert_eq!((slots.unavailable(), slots.poll_session(at(0))), (None, None));
    assert_eq!(slots.poll_timeout(), Some(at(1)));
    assert_eq!(slots.poll_session(at(1)), Some(SessionAction::Open(2)));
}

#[test]
fn what_is_said_of_another_session_changes_nothing() {
    let mut slots = single();
    let jobs = jobs(1);
    slots.ask(wish(jobs[0]), at(0));
    slots.poll_session(at(0));
    slots.opened(2, at(0));
    slots.failed(2, Unavailable::new("x"), seconds(1), at(0));
    slots.refused(2, Unavailable::new("x"), at(0));
    slots.ended(1);
    assert_eq!((slots.unavailable(), slots.trouble()), (None, None));
    slots.opened(1, at(0));
    slots.ended(2);
    slots.failed(1, Unavailable::new("x"), seconds(1), at(0));
    slots.refused(1, Unavailable::new("x"), at(0));
    let slot = slots.poll_slot(at(1)).unwrap();
    slots.give_back(Slot { session: 2, ..slot }, GiveBack::Ended, at(1));
    assert_eq!(slots.poll_slot(at(9)), None);
    slots.give_back(slot, GiveBack::Alive, at(2));
    slots.give_back(slot, GiveBack::Ended, at(2));
    slots.ask(wish(jobs[0]), at(2));
    assert!(slots.poll_slot(at(3)).is_some());
}

/// The dispatcher on the shipped slots: a lost write is read back on a session of its own, at the pace.
#[test]
fn a_write_and_its_read_back_on_one_session_after_the_other() {
    let moment = |time: u64| Moment::new(at(time), rig::WALL);
    let mut dispatch = Dispatch::new(config(), single(), keyed(), [], 1, moment(0));
    dispatch.change(add(), Safety::ReadBack, options(), moment(0));
    assert!(dispatch.poll_action().is_none());
    assert_eq!(dispatch.slots_mut().poll_session(at(0)), Some(SessionAction::Open(1)));
    dispatch.slots_mut().opened(1, at(0));
    dispatch.handle_timeout(moment(0));
    assert!(dispatch.poll_action().is_none());
    assert_eq!(dispatch.poll_timeout(), Some(at(1)));
    dispatch.handle_timeout(moment(1));
    let Some(Action::Record { id, .. }) = dispatch.poll_action() else { panic!("the intent") };
    dispatch.handle_recorded(id, Ok(()), moment(1));
    let Some(Action::Send { slot, .. }) = dispatch.poll_action() else { panic!("the write") };
    assert_eq!(slot.session, 1);
    dispatch.handle_fate(slot, Ok(Fate::Unanswered), false, moment(30));
    assert!(dispatch.poll_action().is_none());
    assert_eq!(dispatch.poll_timeout(), Some(at(31)));
    assert_eq!(dispatch.slots_mut().poll_session(at(31)), Some(SessionAction::Open(2)));
    dispatch.slots_mut().opened(2, at(31));
    dispatch.handle_timeout(moment(32));
    let Some(Action::Send { slot, command }) = dispatch.poll_action() else { panic!("the read") };
    assert_eq!((slot.session, command.name()), (2, "status"));
    assert_eq!(dispatch.slots().waiting(), 0);
}
