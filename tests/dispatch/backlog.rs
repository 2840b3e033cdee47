//! How much of whom may wait: one caller's backlog keeps nobody else out.

use rrp::command::Safety;
use rrp::dispatch::{QueryError, Refused, Told};

use crate::rig::{Rig, config};
use crate::*;

fn of(caller: &str) -> Options {
    options().user("u").caller(caller)
}

fn name(number: usize) -> Command {
    ptf("StatusDomain", &[("domain", &format!("d{number}.example.com"))])
}

const FULL: &str = "`2` calls of this caller wait already, the most for one";

fn full(jobs: usize) -> Rig {
    let mut rig = Rig::with(config().per_caller(2).jobs(jobs), []);
    rig.slots.borrow_mut().most = 0;
    rig.query(name(0), of("a"));
    rig.change(add(), Safety::ReadBack, of("a").key("k"));
    rig.does(&[]);
    rig
}

#[test]
fn one_callers_backlog_keeps_nobody_else_out() {
    let mut rig = full(4);
    rig.query(name(1), of("a"));
    rig.change(renew(), Safety::ReadBack, of("a"));
    rig.does(&[&format!("tell c: unsent, {FULL}"), &format!("tell d: not sent, {FULL}")]);
    assert!(matches!(rig.told[0].1, Told::Query(Err(QueryError::Unsent(Refused::CallerBacklog(2))))));
    // Another connection of the user's, and another user.
    rig.query(name(2), of("b"));
    rig.query(name(3), options());
    rig.does(&[]);
    // Until there is no room for anybody.
    rig.query(name(4), of("c"));
    rig.does(&["tell g: unsent, too many commands wait"]);
}

#[test]
fn whoever_joins_counts_too() {
    let mut rig = full(9);
    // By its key, and by asking the same.
    rig.change(add(), Safety::ReadBack, of("a").key("k"));
    rig.query(name(0), of("a"));
    rig.does(&[&format!("tell c: not sent, {FULL}"), &format!("tell d: unsent, {FULL}")]);
    rig.query(name(0), of("b"));
    rig.change(add(), Safety::ReadBack, of("b").key("k"));
    rig.query(name(0), of("b"));
    rig.does(&[&format!("tell g: unsent, {FULL}")]);
}

#[test]
fn whoever_is_told_or_leaves_makes_room() {
    let ends: [fn(&mut Rig); 4] = [
        |rig| {
            let call = rig.calls[0];
            rig.leave(call);
        },
        |rig| {
            rig.slots.borrow_mut().most = 1;
            rig.tick();
            rig.drain();
            rig.answer(OK);
            rig.slots.borrow_mut().most = 0;
        },
        |rig| rig.pass(100),
        |rig| {
            rig.held(300);
            rig.tick();
        },
    ];
    for end in ends {
        let mut rig = Rig::with(config().per_caller(2), []);
        rig.slots.borrow_mut().most = 0;
        let deadline = rig.now + rig::seconds(100);
        rig.query(name(0), of("a").deadline(deadline));
        rig.change(add(), Safety::ReadBack, of("a"));
        rig.drain();
        end(&mut rig);
        rig.drain();
        let before = rig.told.len();
        // One may come, and not two.
        rig.query(name(1), of("a"));
        assert_eq!(rig.drain(), [""; 0]);
        rig.query(name(2), of("a"));
        rig.drain();
        assert_eq!(rig.told.len(), before + 1);
        for call in rig.calls.clone() {
            rig.leave(call);
        }
        rig.slots.borrow_mut().most = 1;
        rig.pass(300);
        while !rig.records.is_empty() {
            rig.recorded();
            rig.drain();
        }
        assert_eq!(rig.dispatch.jobs(), 0);
        rig.counts_are_zero();
    }
}
