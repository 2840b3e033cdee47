//! Proofs that a session is still logged in, after a refusal that may mean the opposite.

use rrp::dispatch::GiveBack;
use rrp::pool::{Kept, Probed};
use rrp::session::Remains;

use crate::rig::{Held, Rig, millis, options, seconds};

/// A session whose login is to be proven, for job 0; the answer came 100 ms after its command.
fn asked() -> Rig {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    rig.pass(millis(100));
    rig.prove(0);
    rig
}

fn result(rig: &mut Rig) -> (bool, bool) {
    let Probed { holds, alive, .. } = rig.proven();
    (holds, alive)
}

#[test]
fn it_takes_two_that_pay_their_pace() {
    let mut rig = asked();
    rig.pass(millis(999));
    rig.did(&[]);
    rig.pass(millis(1));
    rig.did(&["prove 1"]);
    rig.kept(1, Kept::Holds);
    assert!(rig.probed.is_empty());
    rig.pass(millis(999));
    rig.did(&[]);
    rig.pass(millis(1));
    rig.did(&["prove 1"]);
    rig.kept(1, Kept::Holds);
    assert_eq!(result(&mut rig), (true, true));
    // And the session goes on.
    rig.ask(1);
    rig.pass(seconds(1));
    rig.did(&["1 on 1"]);
}

#[test]
fn nobody_else_has_the_session_meanwhile() {
    let mut rig = asked();
    rig.ask(1);
    rig.pass(millis(1_000));
    rig.kept(1, Kept::Holds);
    rig.pass(millis(1_000));
    rig.kept(1, Kept::Holds);
    assert!(rig.asking.contains_key(&1));
    result(&mut rig);
    rig.until(|rig| rig.asking.is_empty());
}

#[test]
fn one_that_is_refused_is_no_proof() {
    for before in [0, 1] {
        let mut rig = asked();
        for _ in 0..before {
            rig.pass(millis(1_000));
            rig.kept(1, Kept::Holds);
        }
        rig.pass(millis(1_000));
        rig.kept(1, Kept::Open);
        rig.done();
        assert_eq!(result(&mut rig), (false, true));
        rig.pass(seconds(2));
        rig.did(&["end 1"]);
    }
}

#[test]
fn a_session_that_ends_has_proven_nothing() {
    for proofs in 0..3 {
        let mut rig = asked();
        for _ in 0..proofs / 2 {
            rig.pass(millis(1_000));
            rig.kept(1, Kept::Holds);
        }
        if proofs % 2 == 1 || proofs == 2 {
            rig.pass(millis(1_000));
        }
        rig.ended(1, None, Remains::Perhaps);
        assert_eq!(result(&mut rig), (false, false), "after {proofs}");
        assert!(rig.probed.is_empty());
    }
}

#[test]
fn one_that_ended_before_it_was_asked_for_has_proven_nothing() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    let slot = rig.slot(0);
    rig.ended(1, Some(520), Remains::Nothing);
    rig.pool.prove_login(slot, rig.now);
    rig.act();
    assert_eq!(result(&mut rig), (false, false));
}

#[test]
fn a_lock_says_nothing_about_the_login() {
    let mut rig = asked();
    rig.pass(millis(1_000));
    rig.kept(1, Kept::Locked(seconds(300)));
    rig.done();
    rig.pass(seconds(299));
    rig.did(&[]);
    // The one read that proves the end of the lock is the next proof of the login.
    rig.pass(seconds(1));
    rig.did(&["prove 1"]);
    rig.kept(1, Kept::Holds);
    assert!(rig.probed.is_empty());
    rig.pass(seconds(1));
    rig.did(&["prove 1"]);
    rig.kept(1, Kept::Holds);
    assert_eq!(result(&mut rig), (true, true));
}

#[test]
fn after_a_lock_one_read_is_enough_with_several_sessions_too() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.pass(millis(100));
    rig.hold(300);
    rig.prove(0);
    rig.answer(1);
    rig.pass(seconds(300));
    let proving = rig.held.values().filter(|held| matches!(held, Held::KeepingAlive(..))).count();
    rig.pass(seconds(30));
    assert_eq!((proving, rig.done().len()), (1, 1));
}

#[test]
fn and_whoever_becomes_free_meanwhile_waits_for_it() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.hold(300);
    rig.prove(0);
    rig.pass(seconds(300));
    rig.did(&["prove 1"]);
    rig.answer(1);
    rig.pass(seconds(30));
    rig.did(&[]);
}

#[test]
fn whoever_stops_during_a_lock_does_not_wait_for_it() {
    let mut rig = asked();
    rig.hold(300);
    rig.stop();
    assert_eq!(result(&mut rig), (false, true));
    rig.done();
    rig.pass_well(seconds(3));
    rig.did(&["end 1"]);
    assert!(rig.pool.is_over());
}

#[test]
fn what_is_given_back_is_free_whatever_was_proven() {
    let mut rig = asked();
    rig.pass(millis(1_000));
    rig.kept(1, Kept::Open);
    let slot = rig.probed.remove(0).slot;
    rig.held.insert(1, Held::Busy(slot, 0));
    rig.back(0, GiveBack::Alive);
    rig.ask(1);
    rig.pass(seconds(2));
    assert_eq!(rig.slot(1).session, 1);
}
