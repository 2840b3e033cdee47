//! Places that stay charged for sessions that are lost.

use rrp::dispatch::Account;
use rrp::pace::Rate;
use rrp::pool::{Machine, Options};
use rrp::session::Remains;

use crate::rig::{Fails, Rig, options, seconds};
use crate::support::session::base;

fn unlimited() -> Options {
    options().rate(Rate::UNLIMITED)
}

fn ghosts(rig: &Rig) -> usize {
    rig.pool.snapshot().sessions.ghosts
}

#[test]
fn one_login_frees_the_place_of_a_session_that_may_be_gone() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(2);
    rig.ask(2);
    rig.lost(0, Remains::Perhaps);
    assert_eq!(ghosts(&rig), 1);
    rig.did(&["connect 3"]);
    rig.open(3);
    assert_eq!(ghosts(&rig), 0);
}

#[test]
fn a_place_that_is_not_needed_is_freed_by_time() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.busy(1);
    rig.lost(0, Remains::Perhaps);
    rig.ask(1);
    rig.open(2);
    // It says nothing where there is room for both.
    assert_eq!(ghosts(&rig), 1);
    rig.pass(seconds(600));
    assert_eq!(ghosts(&rig), 0);
}

#[test]
fn a_silent_one_is_charged_until_the_registry_must_have_ended_it() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(2);
    rig.lost(0, Remains::Silent);
    rig.lost(1, Remains::Silent);
    rig.ask(2);
    rig.pass(seconds(599));
    rig.does(&[]);
    assert_eq!(ghosts(&rig), 2);
    rig.pass(seconds(1));
    rig.did(&["connect 3"]);
    assert_eq!(ghosts(&rig), 0);
}

#[test]
fn one_that_was_ended_in_order_frees_its_place_at_once() {
    let mut rig = Rig::new(unlimited(), 1);
    rig.busy(1);
    rig.ask(1);
    rig.lost(0, Remains::Nothing);
    rig.did(&["connect 2"]);
}

#[test]
fn a_login_whose_reply_is_lost_leaves_a_place_charged_too() {
    for (fails, charged) in [
        (Fails::Unreached, 0),
        (Fails::Unsent, 0),
        (Fails::Code(421), 0),
        (Fails::Code(530), 0),
        (Fails::Eof, 0),
        (Fails::Reset, 1),
        (Fails::Timeout, 1),
    ] {
        let mut rig = Rig::new(unlimited(), 1);
        rig.ask(0);
        rig.log_in(1);
        rig.failed(1, fails);
        assert_eq!(ghosts(&rig), charged, "{fails:?}");
        let again = rig.held.contains_key(&2);
        // After silence its place is not tried.
        assert_eq!(again, !matches!(fails, Fails::Code(_) | Fails::Timeout), "{fails:?}");
    }
}

#[test]
fn lost_ones_do_not_become_more_than_can_be_remembered() {
    let mut rig = Rig::new(unlimited(), 1);
    rig.ask(0);
    for session in 1..2_000 {
        rig.log_in(session);
        rig.failed(session, Fails::Reset);
        assert!(ghosts(&rig) <= Account::MAX_GHOSTS);
    }
}

/// What a process leaves that dies with three sessions of five open and one lost in silence 100 seconds before.
fn left(machine: Machine) -> Account {
    let mut rig = Rig::with(unlimited().sessions(0..=5), 5, machine, &Account::default());
    rig.busy(4);
    rig.lost(3, Remains::Silent);
    rig.pass(seconds(100));
    assert_eq!((rig.account.sessions(), rig.account.ghosts().len()), (3, 1));
    rig.account
}

/// When the next process, so long after the first one began, has room for so many sessions.
fn next(account: &Account, machine: Machine, sessions: usize) -> u64 {
    let start = base() + seconds(200);
    let mut rig = Rig::at(unlimited().sessions(0..=5), 5, machine, account, start);
    (0..sessions).for_each(|job| rig.ask(job));
    while rig.held.len() < sessions {
        rig.pass_well(seconds(0));
        if rig.held.len() < sessions {
            let due = rig.pool.snapshot().sessions.ghosts;
            rig.pass_well(seconds(1));
            assert!(rig.now < start + seconds(2_000), "{due} lost ones stay");
        }
    }
    (rig.now - start).as_secs()
}

#[test]
fn after_a_restart_the_boot_tells_what_is_left() {
    let one = || Machine::booted("one", Some(seconds(5_000)));
    let account = left(one());
    assert_eq!(account.boot(), Some("one"));
    // The kernel has closed the connections of a process that died: a login in each place may be tried.
    assert_eq!(next(&account, one(), 4), 0);
    // The one that was lost in silence is charged for what is left of its time.
    assert_eq!(next(&account, one(), 5), 400);
    // A machine that died has closed nothing: its sessions are charged for the whole time, counted from its boot.
    let other = |up| Machine::booted("other", up);
    assert_eq!(next(&account, other(None), 1), 0);
    assert_eq!(next(&account, other(None), 2), 400);
    assert_eq!(next(&account, other(None), 3), 600);
    assert_eq!(next(&account, other(Some(seconds(450))), 3), 150);
    assert_eq!(next(&account, other(Some(seconds(600))), 4), 0);
    // Nobody knows.
    assert_eq!(next(&account, Machine::new(), 3), 600);
    let unknown = left(Machine::new());
    assert_eq!(unknown.boot(), None);
    assert_eq!(next(&unknown, Machine::new(), 3), 600);
    assert_eq!(next(&unknown, Machine::booted("one", Some(seconds(5_000))), 3), 600);
}

#[test]
fn names_of_boots_that_are_none_are_not_kept() {
    for name in ["", &"x".repeat(Machine::MAX_BOOT + 1)] {
        assert_eq!(left(Machine::booted(name, None)).boot(), None);
    }
}
