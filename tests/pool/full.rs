//! The registry takes no more sessions (521).

use rrp::pace::Rate;
use rrp::pool::{Event, Options};
use rrp::session::Remains;

use crate::rig::{Fails, Rig, options, seconds};

fn unlimited() -> Options {
    options().rate(Rate::UNLIMITED)
}

/// The next login is refused with 521; how many seconds it takes until the one after that.
#[track_caller]
fn refused(rig: &mut Rig, session: u64) -> u64 {
    rig.log_in(session);
    let from = rig.now;
    rig.failed(session, Fails::Code(521));
    rig.until(|rig| rig.held.contains_key(&(session + 1)));
    (rig.now - from).as_secs()
}

/// Two sessions are open and busy, and somebody waits.
fn two() -> Rig {
    let mut rig = Rig::new(unlimited(), 5);
    rig.busy(2);
    rig.ask(2);
    rig
}

#[test]
fn less_is_tried_and_grows_one_by_one() {
    let mut rig = two();
    (3..9).for_each(|job| rig.ask(job));
    let wait = refused(&mut rig, 3);
    assert!((14..=30).contains(&wait), "{wait}");
    let told = rig.told();
    assert_eq!(told[0], Event::Full { ours: 2, ghosts: 0, target: 2 });
    assert_eq!(told[2..], [Event::Grown { target: 3 }]);
    // Each further one is tried after a while only, though all of them have work.
    for session in 4..=5 {
        let from = rig.now;
        rig.open(session);
        rig.until(|rig| rig.held.contains_key(&(session + 1)));
        assert_eq!((rig.now - from).as_secs(), 30);
    }
    rig.open(6);
    rig.pass(seconds(60));
    assert_eq!(rig.pool.sessions(), 5);
    assert_eq!(rig.pool.snapshot().sessions.target, 5);
}

#[test]
fn nothing_opens_before_the_hold_off_is_over_whatever_ends_meanwhile() {
    let mut rig = two();
    rig.log_in(3);
    rig.failed(3, Fails::Code(521));
    rig.closes(0, 220);
    rig.closes(1, 220);
    rig.done();
    rig.pass(seconds(14));
    rig.does(&[]);
    rig.pass(seconds(17));
    rig.did(&["connect 4"]);
}

#[test]
fn each_further_one_doubles_the_hold_off_up_to_its_bound() {
    let mut rig = two();
    let mut most = 30;
    for session in 3..20 {
        let wait = refused(&mut rig, session);
        assert!(((most - 1) / 2..=most).contains(&wait), "{session}: {wait} of {most}");
        most = (2 * most).min(600);
    }
    assert_eq!(most, 600);
    // One that is accepted beyond those that there were ends the series.
    rig.open(20);
    rig.ask(50);
    rig.until(|rig| rig.held.contains_key(&21));
    let wait = refused(&mut rig, 21);
    assert!((14..=30).contains(&wait), "{wait}");
}

#[test]
fn with_one_session_the_series_ends_too() {
    let mut rig = Rig::new(unlimited(), 1);
    rig.ask(0);
    assert!(refused(&mut rig, 1) <= 30);
    assert!(refused(&mut rig, 2) > 28);
    rig.open(3);
    rig.ask(1);
    rig.closes(0, 220);
    let wait = refused(&mut rig, 4);
    assert!((14..=30).contains(&wait), "{wait}");
}

/// What is told when a login is refused with 521 while so many of ours are open, and so many lost.
fn told(ours: usize, ghosts: usize, remains: Remains) -> Vec<Event> {
    let mut rig = Rig::new(unlimited(), 5);
    rig.busy(ours + ghosts);
    for job in 0..ghosts {
        rig.lost(job, remains);
    }
    rig.ask(90);
    let session = u64::try_from(ours + ghosts).unwrap() + 1;
    rig.log_in(session);
    rig.told();
    rig.failed(session, Fails::Code(521));
    rig.told()
}

#[test]
fn foreign_use_is_told_when_ours_and_lost_ones_do_not_explain_it_and_only_then() {
    for (ours, ghosts) in [(0, 0), (1, 0), (4, 0), (0, 4), (2, 2), (3, 1)] {
        let target = (ours + ghosts).max(1);
        let full = Event::Full { ours, ghosts, target };
        assert_eq!(
            told(ours, ghosts, Remains::Perhaps),
            [full.clone(), Event::ForeignUse { ours, ghosts, max: 5 }]
        );
        assert_eq!(told(ours, ghosts, Remains::Silent).len(), 2);
    }
    for (ours, ghosts) in [(4, 1), (2, 3), (0, 5)] {
        assert_eq!(told(ours, ghosts, Remains::Perhaps), [Event::Full { ours, ghosts, target: 5 }]);
    }
}

#[test]
fn lost_sessions_that_explain_it_do_not_cost_those_that_are_open() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.busy(5);
    (0..3).for_each(|job| rig.lost(job, Remains::Perhaps));
    rig.ask(50);
    let wait = refused(&mut rig, 6);
    assert!((14..=30).contains(&wait), "{wait}");
    rig.failed(7, Fails::Unreached);
    // To change the password a session would have to go only if that made room.
    assert!(rig.pool.rotate());
    rig.act();
    assert_eq!(rig.pool.snapshot().sessions.busy, 2);
}
