//! After each code that closes a session another one opens when work waits, and not when none does.

use rrp::dispatch::GiveBack;
use rrp::session::Remains;

use crate::rig::{Rig, options, seconds};

/// A command is answered with this code, which ends its session, while another one waits or not; what follows in an
/// hour, without times.
fn after(code: u16, waits: bool) -> Vec<String> {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    if waits {
        rig.ask(1);
    }
    rig.closes(0, code);
    let since = rig.now;
    if code == 521 && waits {
        rig.pass(seconds(14));
        rig.does(&[]);
        rig.pass(seconds(17));
    }
    rig.pass(seconds(3_600));
    assert!(code == 521 || rig.pool.snapshot().opens_at <= since);
    rig.done().iter().map(|done| done.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn after_220() {
    assert_eq!(after(220, true), ["connect 2"]);
    assert_eq!(after(220, false), [""; 0]);
}

#[test]
fn after_420() {
    assert_eq!(after(420, true), ["connect 2"]);
    assert_eq!(after(420, false), [""; 0]);
}

#[test]
fn after_520() {
    assert_eq!(after(520, true), ["connect 2"]);
    assert_eq!(after(520, false), [""; 0]);
}

#[test]
fn after_521_with_its_hold_off() {
    assert_eq!(after(521, true), ["connect 2"]);
    assert_eq!(after(521, false), [""; 0]);
}

#[test]
fn after_520_to_a_session_that_is_idle() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.ended(1, Some(520), Remains::Nothing);
    rig.pass(seconds(3_600));
    rig.does(&[]);
    rig.ask(1);
    rig.did(&["connect 2"]);
    // While somebody waits for his pace.
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.ask(1);
    rig.did(&[]);
    rig.ended(1, Some(520), Remains::Nothing);
    rig.did(&["connect 2"]);
}

#[test]
fn a_session_whose_login_is_lost_is_ended_and_replaced() {
    let mut rig = Rig::new(options(), 1);
    rig.busy(1);
    rig.ask(1);
    rig.back(0, GiveBack::Evict);
    rig.pass(seconds(5));
    rig.did(&["end 1"]);
    rig.quit(1);
    rig.did(&["connect 2"]);
}
