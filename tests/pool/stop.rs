//! The end of all sessions.

use rrp::pool::Kept;
use rrp::session::Remains;

use crate::rig::{Fails, Held, Rig, options, seconds};

#[test]
fn every_session_ends_by_quit_at_the_pace() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(3);
    (10..20).for_each(|job| rig.ask(job));
    rig.stop();
    let from = rig.now;
    rig.pass_well(seconds(60));
    rig.did(&["end 1", "end 2", "end 3"]);
    assert!(rig.pool.is_over());
    assert!(rig.now - from >= seconds(2));
    // Nobody gets anything any more.
    rig.ask(30);
    rig.pass(seconds(100_000));
    rig.did(&[]);
    assert!(!rig.pool.rotate());
}

#[test]
fn nothing_to_end() {
    let mut rig = Rig::new(options(), 5);
    assert!(rig.pool.is_over());
    rig.stop();
    assert!(rig.pool.is_over());
    rig.ask(0);
    rig.pass(seconds(60));
    rig.does(&[]);
}

#[test]
fn a_command_on_the_wire_is_let_finish() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    rig.stop();
    rig.pass(seconds(60));
    rig.did(&[]);
    assert!(!rig.pool.is_over());
    rig.answer(0);
    rig.did(&["end 1"]);
    rig.quit(1);
    assert!(rig.pool.is_over());
}

#[test]
fn a_keepalive_too() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.until(|rig| rig.held[&1] != Held::Idle);
    rig.stop();
    rig.kept(1, Kept::Holds);
    rig.pass(seconds(2));
    rig.did(&["keepalive 1", "end 1"]);
}

#[test]
fn what_opens_is_closed_and_what_logs_in_is_ended() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.stop();
    rig.does(&["0 connect 1", "0 close 1"]);
    assert!(rig.pool.is_over());
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.greeted(1);
    rig.stop();
    rig.does(&["0 connect 1", "0 close 1"]);
    assert!(rig.pool.is_over());
    // What comes of it later changes nothing.
    rig.pool.greeted(1, rig.now);
    rig.pool.opened(1, rig.now);
    rig.pool.ended(1, None, Remains::Perhaps, rig.now);
    assert!(rig.pool.is_over());
    for fails in [None, Some(Fails::Code(421)), Some(Fails::Code(530)), Some(Fails::Unsent)] {
        let mut rig = Rig::new(options(), 5);
        rig.ask(0);
        rig.log_in(1);
        rig.stop();
        rig.pass(seconds(5));
        rig.did(&["connect 1", "log in 1"]);
        match fails {
            None => {
                rig.opened(1);
                rig.did(&["end 1"]);
                rig.quit(1);
            }
            Some(fails) => rig.failed(1, fails),
        }
        assert!(rig.pool.is_over(), "{fails:?}");
        // That the login is refused is remembered all the same.
        assert_eq!(rig.account.refused().is_some(), fails == Some(Fails::Code(530)));
    }
}

#[test]
fn a_lock_is_not_waited_for() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(3);
    rig.answer(0);
    rig.hold(300);
    rig.stop();
    rig.answer(1);
    rig.pass_well(seconds(10));
    rig.did(&["end 1", "end 2"]);
    rig.answer(2);
    rig.pass_well(seconds(10));
    assert!(rig.pool.is_over());
}

#[test]
fn a_slot_that_is_not_used_yet_may_be() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(2);
    rig.sends = false;
    rig.ask(10);
    rig.pass(seconds(2));
    rig.stop();
    rig.pass(seconds(60));
    rig.did(&["10 on 2"]);
    let slot = rig.slot(10);
    rig.send(slot);
    rig.answer(10);
    rig.pass_well(seconds(5));
    rig.did(&["end 1", "end 2"]);
    assert!(rig.pool.is_over());
}

#[test]
fn sessions_that_are_lost_at_the_end_are_remembered() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.stop();
    rig.until(|rig| rig.held[&1] == Held::Ending);
    rig.ended(1, None, Remains::Silent);
    assert!(rig.pool.is_over());
    assert_eq!((rig.account.sessions(), rig.account.ghosts().len()), (0, 1));
}
