//! What operators see: how much is in which state.

use rrp::command::Safety;

use crate::rig::Rig;
use crate::*;

#[test]
fn each_state_is_counted() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 4;
    // On the wire, and one behind it.
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.change(renew(), Safety::ReadBack, options().caller("c"));
    // Its outcome is being recorded.
    rig.sent(charge(), Safety::Once, options(), 2);
    let (slot, command) = rig.sends.pop_back().unwrap();
    let done = rig::reply(&command, OK);
    rig.dispatch.handle_fate(slot, Ok(rrp::session::Fate::Answered(done)), true, rig.at());
    rig.does(&["record 2 accepted by reply"]);
    // To be asked again.
    rig.slots.borrow_mut().most = 9;
    rig.query(check(), options());
    rig.does(&["send check"]);
    let (slot, command) = rig.sends.pop_back().unwrap();
    let later = rig::reply(&command, "422 Lock");
    rig.dispatch.handle_fate(slot, Ok(rrp::session::Fate::Answered(later)), true, rig.at());
    // A login is being proven.
    rig.query(ptf("StatusDomain", &[("domain", "example.net")]), options());
    rig.does(&["send StatusDomain"]);
    let (slot, command) = rig.sends.pop_back().unwrap();
    let odd = rig::reply(&command, "530 Authentication failed");
    rig.dispatch.handle_fate(slot, Ok(rrp::session::Fate::Answered(odd)), true, rig.at());
    rig.does(&["probe"]);
    // Its intent is being recorded.
    rig.change(add_named("example.org"), Safety::ReadBack, options());
    rig.does(&["record 3 open"]);
    rig.slots.borrow_mut().most = 0;
    rig.query(status(), options());
    rig.query(status(), options());
    rig.held(60);
    let at = rig.dispatch.snapshot(rig.now);
    let waits = [at.queued(), at.pausing(), at.behind()];
    let under_way = [at.recording(), at.on_the_wire(), at.probing(), at.closing()];
    assert_eq!((waits, under_way), ([1, 1, 1], [1, 1, 1, 1]), "{at:?}");
    assert_eq!((at.calls(), at.callers(), at.doubts(), at.unrecorded()), (8, 2, 0, 2));
    assert_eq!(at.held(), Some(rig::seconds(60)));
    assert!(at.frozen().is_none() && !at.is_stopping());
    // The journal fails.
    rig.not_recorded();
    rig.dispatch.stop(rig.at());
    let at = rig.dispatch.snapshot(rig.now + rig::seconds(60));
    assert_eq!(at.frozen().unwrap().to_string(), "disk full");
    assert!(at.is_stopping() && at.held().is_none());
    assert_eq!((at.queued(), at.pausing(), at.behind(), at.closing()), (0, 0, 0, 0));
}

#[test]
fn doubts_are_counted() {
    let mut rig = Rig::new();
    rig.sent(charge(), Safety::Once, options(), 1);
    rig.lost();
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    assert_eq!(rig.dispatch.snapshot(rig.now).doubts(), 1);
    rig.is_over();
}
