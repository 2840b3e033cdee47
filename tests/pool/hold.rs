//! An account that the registry has locked (422).

use rrp::dispatch::{Account, GiveBack, Slots};
use rrp::pace::Rate;
use rrp::pool::{Event, Kept, Machine};
use rrp::session::Remains;

use crate::rig::{Fails, Rig, WALL, millis, options, seconds};
use crate::support::session::base;

/// A hold that begins in this way, of 300 seconds, while somebody waits; two sessions are open.
fn from_a_command() -> Rig {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.pool.hold(seconds(300), rig.now);
    rig.answer(0);
    rig.answer(1);
    rig
}

fn from_a_keepalive() -> Rig {
    let mut rig = Rig::new(options(), 5);
    rig.idle(2);
    rig.until(|rig| rig.held.values().any(|held| matches!(held, crate::rig::Held::KeepingAlive(..))));
    let session = *rig.held.iter().find(|(_, held)| !matches!(held, crate::rig::Held::Idle)).unwrap().0;
    rig.kept(session, Kept::Locked(seconds(300)));
    rig
}

fn from_a_login() -> Rig {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.ask(2);
    rig.log_in(3);
    rig.answer(0);
    rig.answer(1);
    rig.withdraw(2);
    rig.failed(3, Fails::Code(422));
    rig
}

#[test]
fn nothing_is_sent_until_its_end_and_then_one_read() {
    for begins in [from_a_command, from_a_keepalive, from_a_login] {
        let mut rig = begins();
        let sends = rig.books.sends;
        rig.done();
        (10..20).for_each(|job| rig.ask(job));
        let held_until = rig.pool.held_until().unwrap();
        assert_eq!(rig.pool.snapshot().held_until, Some(held_until));
        assert!(held_until - rig.now <= seconds(300));
        rig.pass(held_until - rig.now - millis(1));
        rig.does(&[]);
        assert_eq!(rig.books.sends, sends);
        rig.told();
        rig.pass(millis(1));
        rig.did(&["keepalive 1"]);
        // Nothing else before it is answered.
        rig.pass(seconds(60));
        rig.does(&[]);
        assert!(rig.told().is_empty());
        rig.kept(1, Kept::Holds);
        assert_eq!((rig.told(), rig.pool.held_until()), (vec![Event::HoldOver], None));
        rig.pass_well(seconds(3));
        assert!(rig.done().iter().any(|done| done.contains(" 10 on ")));
    }
}

#[test]
fn it_ends_by_a_proof_even_if_nobody_waits() {
    let mut rig = from_a_command();
    rig.done();
    rig.pass_well(seconds(301));
    rig.did(&["keepalive 1"]);
    assert_eq!(rig.pool.held_until(), None);
}

#[test]
fn what_is_on_its_way_is_finished() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.hold(300);
    rig.answer(0);
    rig.pass(seconds(10));
    rig.answer(1);
    assert_eq!(rig.pool.snapshot().sessions.idle, 2);
    rig.did(&[]);
}

#[test]
fn a_slot_that_was_given_before_may_be_given_back_unsent() {
    let mut rig = Rig::new(options(), 5);
    rig.sends = false;
    rig.ask(0);
    rig.open(1);
    rig.pass(seconds(1));
    rig.hold(300);
    rig.answer(0);
    rig.ask(0);
    rig.done();
    rig.pass_well(seconds(310));
    rig.did(&["keepalive 1", "0 on 1"]);
}

#[test]
fn a_proof_that_is_lost_is_repeated() {
    let mut rig = from_a_command();
    rig.ask(9);
    rig.pass(seconds(300));
    rig.done();
    rig.ended(1, None, Remains::Perhaps);
    rig.pass(seconds(9));
    rig.did(&[]);
    rig.pass(seconds(1));
    rig.did(&["keepalive 2"]);
    rig.kept(2, Kept::Holds);
    rig.pass(seconds(1));
    rig.did(&["9 on 2"]);
}

#[test]
fn a_proof_that_is_locked_again_waits_again() {
    let mut rig = from_a_command();
    rig.pass(seconds(300));
    rig.done();
    rig.kept(1, Kept::Locked(seconds(100)));
    rig.pass(seconds(99));
    rig.did(&[]);
    rig.pass(seconds(2));
    rig.did(&["keepalive 1"]);
}

#[test]
fn an_answer_that_proves_nothing_is_repeated_and_believed_the_third_time() {
    let mut rig = from_a_command();
    rig.ask(9);
    rig.pass(seconds(300));
    for _ in 0..2 {
        rig.did(&["keepalive 1"]);
        rig.kept(1, Kept::Open);
        rig.pass(seconds(9));
        rig.did(&[]);
        assert!(rig.pool.held_until().is_some());
        rig.pass(seconds(1));
    }
    rig.did(&["keepalive 1"]);
    rig.kept(1, Kept::Open);
    assert_eq!(rig.pool.held_until(), None);
    rig.pass(seconds(1));
    rig.did(&["9 on 1"]);
}

#[test]
fn the_longer_of_two_holds() {
    let mut rig = from_a_command();
    let until = rig.pool.held_until();
    rig.hold(10);
    assert_eq!(rig.pool.held_until(), until);
    rig.hold(1_000);
    assert_eq!(rig.pool.held_until(), Some(rig.now + seconds(1_000)));
    // One that comes while the proof is on its way counts, whatever that is answered.
    rig.pass(seconds(1_000));
    rig.hold(50);
    rig.done();
    rig.kept(1, Kept::Holds);
    assert!(rig.pool.held_until().is_some());
    rig.pass(seconds(49));
    rig.did(&[]);
    rig.pass(seconds(2));
    rig.did(&["keepalive 1"]);
    rig.kept(1, Kept::Holds);
    assert_eq!(rig.pool.held_until(), None);
}

#[test]
fn while_one_opens_its_login_waits_for_the_end() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.hold(300);
    rig.greeted(1);
    rig.pass(seconds(299));
    rig.does(&["0 connect 1"]);
    // Without a session a login comes before the read.
    rig.pass(seconds(1));
    rig.did(&["log in 1"]);
    rig.pass(seconds(20));
    rig.did(&[]);
    rig.opened(1);
    rig.pass(seconds(2));
    rig.did(&["keepalive 1"]);
    rig.kept(1, Kept::Holds);
    rig.pass(seconds(2));
    rig.did(&["0 on 1"]);
}

#[test]
fn a_login_on_its_way_is_waited_for_by_whoever_becomes_free() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    rig.ask(1);
    rig.until(|rig| rig.held.contains_key(&2));
    rig.hold(300);
    rig.greeted(2);
    rig.pass(seconds(300));
    rig.did(&["connect 2", "log in 2"]);
    rig.answer(0);
    rig.pass(seconds(30));
    rig.did(&[]);
    rig.opened(2);
    rig.pass(seconds(10));
    rig.did(&["keepalive 1"]);
}

#[test]
fn a_session_that_is_free_proves_it_before_one_that_waits_to_log_in() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    rig.ask(1);
    rig.until(|rig| rig.held.contains_key(&2));
    rig.hold(300);
    rig.greeted(2);
    rig.answer(0);
    rig.pass(seconds(330));
    rig.did(&["connect 2", "keepalive 1"]);
    rig.kept(1, Kept::Holds);
    rig.did(&["log in 2"]);
}

#[test]
fn without_a_session_none_connects_before_the_end() {
    let mut rig = Rig::new(options(), 5);
    rig.hold(300);
    rig.ask(0);
    rig.pass(seconds(299));
    rig.does(&[]);
    rig.pass(seconds(1));
    rig.did(&["connect 1"]);
    // A login that is locked again holds again.
    rig.log_in(1);
    rig.failed(1, Fails::Code(422));
    rig.done();
    rig.pass(seconds(200));
    rig.did(&[]);
    rig.until(|rig| rig.held.contains_key(&2));
    rig.open(2);
    rig.until(|rig| matches!(rig.held[&2], crate::rig::Held::KeepingAlive(..)));
    rig.kept(2, Kept::Holds);
    rig.pass(seconds(1));
    assert_eq!(rig.slot(0).session, 2);
}

#[test]
fn sessions_that_are_to_end_wait_for_the_proof_if_another_can_give_it() {
    let mut rig = Rig::new(options(), 2);
    rig.busy(2);
    rig.hold(300);
    rig.back(0, GiveBack::Evict);
    rig.answer(1);
    rig.pass(seconds(300));
    rig.did(&["keepalive 2"]);
    rig.pass(seconds(100));
    rig.did(&[]);
    rig.kept(2, Kept::Holds);
    rig.pass(seconds(2));
    rig.did(&["end 1"]);
    // And make room for one that can, if not.
    let mut rig = Rig::new(options(), 1);
    rig.busy(1);
    rig.ask(1);
    rig.hold(300);
    rig.back(0, GiveBack::Evict);
    rig.pass(seconds(299));
    rig.did(&[]);
    rig.pass_well(seconds(20));
    rig.did(&["end 1", "connect 2", "log in 2", "keepalive 2", "1 on 2"]);
}

#[test]
fn it_survives_a_restart_and_is_proven_even_if_it_is_over_by_then() {
    let rig = from_a_command();
    let account = rig.account.clone();
    let left = rig.pool.held_until().unwrap() - base();
    assert_eq!(account.held_until(), Some(WALL + u64::try_from(left.as_millis()).unwrap()));
    for (after, connects) in [(seconds(100), left), (seconds(1_000), seconds(1_000))] {
        let options = options().sessions(0..=5);
        let mut rig = Rig::at(options, 5, Machine::booted("b", None), &account, base() + after);
        rig.ask(0);
        rig.until(|rig| !rig.held.is_empty());
        assert_eq!((rig.now - base()).as_secs(), connects.as_secs());
        rig.done();
        rig.pass_well(seconds(610));
        let done = rig.done();
        let done: Vec<&str> = done.iter().map(|done| done.split_once(' ').unwrap().1).collect();
        assert_eq!(done[..3], ["log in 1", "keepalive 1", "0 on 1"]);
        assert_eq!(rig.account.held_until(), None);
    }
}

#[test]
fn a_clock_that_was_wrong_locks_for_an_hour_at_most() {
    let account = from_a_command().account;
    let now = rrp::dispatch::Moment::new(base(), 1_000);
    let pool = rrp::pool::Pool::new(options(), Machine::new(), [1; 16], &account, now);
    assert_eq!(pool.held_until(), Some(base() + seconds(3_600)));
}

#[test]
fn with_no_limit_to_the_pace_it_is_one_read_too() {
    let mut rig =
        Rig::with(options().rate(Rate::UNLIMITED).sessions(0..=5), 5, Machine::new(), &Account::default());
    rig.idle(4);
    rig.hold(60);
    (10..20).for_each(|job| rig.ask(job));
    rig.pass(seconds(60));
    rig.did(&["keepalive 1"]);
    rig.kept(1, Kept::Holds);
    assert_eq!(rig.pool.snapshot().sessions.busy, 4);
}

#[test]
fn with_the_login_refused_nothing_spins() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.log_in(1);
    rig.failed(1, Fails::Code(530));
    rig.hold(60);
    rig.pass(seconds(6_000));
    rig.did(&["connect 1", "log in 1"]);
    assert!(rig.pool.unavailable().is_some());
}
