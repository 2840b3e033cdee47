//! One command for several calls that ask the same: when, when not, and where it then stands in line.

use rrp::command::{Nature, RrpCommand, Safety};
use rrp::dispatch::{Lane, Options};

use crate::rig::{Rig, config};
use crate::*;

/// Nothing is sent before the script says so.
fn closed() -> Rig {
    let rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig
}

fn from(caller: &str) -> Options {
    options().caller(caller)
}

fn status_of(name: &str) -> Command {
    ptf("StatusDomain", &[("domain", name)])
}

#[track_caller]
fn commands(rig: &Rig, count: usize) {
    assert_eq!(rig.dispatch.jobs(), count, "{:?}", rig.line());
}

/// Whether a second query like it joins, after this.
#[track_caller]
fn joins_after(query: &Command, between: impl FnOnce(&mut Rig)) -> bool {
    let mut rig = closed();
    rig.query(query.clone(), options());
    between(&mut rig);
    let before = rig.dispatch.jobs();
    rig.query(query.clone(), options());
    rig.does(&[]);
    rig.dispatch.jobs() == before
}

fn joins(first: Command, second: Command) -> bool {
    let mut rig = closed();
    rig.query(first, options());
    rig.query(second, options());
    rig.dispatch.jobs() == 1
}

#[test]
fn one_command_answers_all_that_ask_the_same() {
    let mut rig = closed();
    rig.query(check(), options());
    rig.query(check(), options());
    rig.query(check(), rig.within(10));
    rig.query(status(), options());
    commands(&rig, 2);
    // Each has its own time.
    rig.pass(10);
    rig.does(&["tell c: query not answered before its deadline"]);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&["send check"]);
    rig.answer("210 Domain name available");
    rig.does(&["tell a: answer 210", "tell b: answer 210", "send status"]);
    rig.answer(OURS);
    rig.does(&["tell d: answer 200"]);
    rig.is_over();
}

#[test]
fn it_is_sent_for_whoever_has_the_time() {
    let mut rig = closed();
    rig.query(check(), rig.within(4));
    rig.query(check(), options());
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&["send check"]);
    rig.answer("211 Domain name not available");
    rig.does(&["tell a: answer 211", "tell b: answer 211"]);
    rig.is_over();
}

#[test]
fn all_are_told_of_what_fails_and_it_is_asked_again_for_all() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.query(status(), options());
    rig.query(status(), options());
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&["send status"]);
    rig.lost();
    rig.due_in(1);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["tell a: refused 545", "tell b: refused 545"]);
    rig.is_over();
}

#[test]
fn what_was_sent_is_not_joined_any_more() {
    let mut rig = Rig::new();
    rig.query(check(), options());
    rig.does(&["send check"]);
    rig.query(check(), options());
    commands(&rig, 2);
    // Nor what was sent and waits to be sent again.
    rig.slots.borrow_mut().most = 0;
    rig.answer("421 Later");
    rig.query(check(), options());
    commands(&rig, 2);
}

#[test]
fn users_and_parameters_are_told_apart() {
    let mut rig = closed();
    rig.query(check(), options().user("a"));
    rig.query(check(), options().user("b"));
    rig.query(check(), options());
    commands(&rig, 3);
    assert!(joins(status_of("example.com"), status_of("example.com")));
    assert!(!joins(status_of("example.com"), status_of("example.net")));
    assert!(!joins(status_of("example.com"), ptf("StatusDomain", &[("domain", "example.com"), ("x", "1")])));
    assert!(!joins(status(), status_of("example.com")));
    assert!(!joins(status(), check()));
}

#[test]
fn only_what_the_table_lists_is_shared() {
    assert!(joins(ptf("Describe", &[]), ptf("Describe", &[])));
    // By a convention about names.
    assert!(!joins(ptf("StatusOddity", &[]), ptf("StatusOddity", &[])));
    // By its caller's word.
    let declared = || Command::declared(RrpCommand::new("peek").unwrap(), Nature::READ);
    assert!(!joins(declared(), declared()));
}

#[test]
fn it_can_be_switched_off() {
    let mut rig = Rig::with(config().coalesce(false), []);
    rig.slots.borrow_mut().most = 0;
    rig.query(check(), options());
    rig.query(check(), options());
    commands(&rig, 2);
}

#[test]
fn never_across_a_write_to_the_object() {
    let change = |command: Command| {
        move |rig: &mut Rig| {
            rig.change(command, Safety::ReadBack, options());
        }
    };
    for query in [status(), check(), status_of("example.com")] {
        assert!(joins_after(&query, |_| {}));
        assert!(!joins_after(&query, change(add())));
        assert!(joins_after(&query, change(add_named("example.net"))));
        // To nobody knows which.
        assert!(!joins_after(&query, change(charge())));
        // One that waits behind another.
        assert!(!joins_after(&query, |rig| {
            rig.change(add(), Safety::ReadBack, options());
            rig.query(query.clone(), options());
            rig.change(renew(), Safety::ReadBack, options());
        }));
        // One that is over.
        assert!(!joins_after(&query, |rig| {
            let call = rig.change(add(), Safety::ReadBack, options());
            rig.leave(call);
        }));
        // One that was never begun spoils nothing.
        assert!(joins_after(&query, |rig| {
            rig.change(query.clone(), Safety::ReadBack, options());
            rig.drain();
        }));
    }
    // What is not about one object may show any.
    for list in [ptf("QueryDomainList", &[]), ptf("QueryContactList", &[("domain", "example.com")])] {
        if joins_after(&list, |_| {}) {
            assert!(!joins_after(&list, change(add_named("example.net"))), "{list:?}");
        }
    }
    assert!(joins_after(&ptf("QueryContactList", &[]), |_| {}));
    assert!(!joins_after(&ptf("QueryContactList", &[]), change(add())));
}

#[test]
fn after_a_write_the_later_ones_share() {
    let mut rig = closed();
    rig.query(check(), options());
    rig.change(add(), Safety::ReadBack, options());
    rig.query(check(), options());
    rig.query(check(), options());
    commands(&rig, 3);
}

#[test]
fn reads_of_a_write_are_its_own() {
    let mut rig = closed();
    rig.query(status_of("example.com"), options());
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.query(status_of("example.com"), options());
    commands(&rig, 3);
    rig.slots.borrow_mut().most = 9;
    rig.tick();
    rig.does(&["send StatusDomain", "send StatusDomain", "send StatusDomain"]);
}

#[test]
fn if_the_first_leaves_it_goes_on_and_if_all_do_it_does_not() {
    let mut rig = closed();
    let first = rig.query(check(), from("x"));
    let second = rig.query(check(), from("y"));
    rig.leave(first);
    assert_eq!(rig.line(), [(1, "normal", "/x".to_owned())]);
    rig.leave(second);
    rig.is_over();
}

#[test]
fn a_more_urgent_call_takes_it_along_and_a_less_urgent_one_does_not() {
    let mut rig = closed();
    rig.query(check(), options());
    rig.query(check(), options().lane(Lane::Bulk));
    assert_eq!(rig.line(), [(0, "normal", "/".to_owned())]);
    let urgent = rig.query(check(), options().lane(Lane::Interactive));
    assert_eq!(rig.line(), [(0, "interactive", "/".to_owned())]);
    // There it stays.
    rig.leave(urgent);
    assert_eq!(rig.line(), [(0, "interactive", "/".to_owned())]);
    commands(&rig, 1);
}

#[test]
fn nobody_waits_behind_the_backlog_of_another_caller() {
    let mut rig = closed();
    for number in 0..5 {
        rig.query(status_of(&format!("d{number}.example.com")), from("x"));
    }
    rig.query(check(), from("x"));
    // It moves to the turn of whoever has nothing in line.
    rig.query(check(), from("y"));
    assert_eq!(rig.line()[5], (5, "normal", "/y".to_owned()));
    commands(&rig, 6);
    // It is next there, and is not put off by others who join, whatever its caller asks besides.
    rig.query(status(), from("y"));
    rig.query(check(), from("z"));
    assert_eq!(rig.line()[5], (5, "normal", "/y".to_owned()));
    commands(&rig, 7);
}

#[test]
fn who_has_a_backlog_and_finds_it_in_anothers_asks_alone() {
    let mut rig = closed();
    rig.query(status_of("example.net"), from("x"));
    rig.query(check(), from("x"));
    rig.query(status_of("example.org"), from("y"));
    rig.query(check(), from("y"));
    commands(&rig, 4);
    // The same caller's own goes before.
    rig.query(check(), from("x"));
    commands(&rig, 4);
    // In a lane where it has none, it takes it along.
    rig.query(check(), from("y").lane(Lane::Interactive));
    commands(&rig, 4);
    assert_eq!(rig.line()[3], (1, "interactive", "/y".to_owned()));
    // One that has to wait in a less urgent lane does not.
    rig.query(status_of("example.com"), from("y").lane(Lane::Interactive));
    rig.query(status_of("example.com"), from("z").lane(Lane::Bulk));
    commands(&rig, 6);
}
