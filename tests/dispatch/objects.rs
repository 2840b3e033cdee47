//! One write at a time to an object, and none while one is in doubt.

use rrp::command::Safety;

use crate::rig::{Rig, config};
use crate::*;

const IN_DOUBT: &str = "object has a write in doubt, ticket `1`";

/// The write under way is accepted.
#[track_caller]
fn accepted(rig: &mut Rig, ticket: u64, call: char) {
    rig.answer(OK);
    rig.does(&[&format!("record {ticket} accepted by reply")]);
    rig.recorded();
    let first = rig.drain();
    let told = format!("tell {call}: accepted {ticket} by reply");
    assert!(first.contains(&told), "{first:?}");
}

#[test]
fn a_second_write_to_an_object_waits_however_its_name_is_spelt() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    rig.sent(add_named("example.com"), Safety::ReadBack, options(), 1);
    let renew = ptf("RenewDomain", &[("domain", "EXAMPLE.com"), ("expiration", "2027")]);
    rig.change(renew, Safety::ReadBack, options());
    rig.does(&[]);
    // Others go by.
    rig.change(add_named("example.net"), Safety::ReadBack, options());
    rig.does(&["record 2 open"]);
    // Reads pass.
    rig.query(status(), options());
    rig.does(&["send status"]);
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    rig.recorded();
    rig.does(&["send add"]);
    rig.recorded();
    rig.does(&["tell a: accepted 1 by reply", "record 3 open"]);
}

#[test]
fn writes_to_one_object_go_in_the_order_in_which_they_came() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.change(renew(), Safety::ReadBack, options());
    let parked = rig.change(renew_unguarded(), Safety::Repeatable, options());
    rig.change(ptf("DeleteDomain", &[("domain", "example.com")]), Safety::Repeatable, options());
    rig.leave(parked);
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    rig.recorded();
    rig.does(&["tell a: accepted 1 by reply", "record 2 open"]);
    rig.recorded();
    rig.does(&["send renew"]);
    rig.answer(OK);
    rig.does(&["record 2 accepted by reply"]);
    rig.recorded();
    rig.does(&["tell b: accepted 2 by reply", "record 3 open"]);
    rig.recorded();
    rig.does(&["send DeleteDomain"]);
    accepted(&mut rig, 3, 'd');
    rig.is_over();
}

#[test]
fn while_one_is_in_doubt_others_are_refused_and_afterwards_they_go_on() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.change(renew(), Safety::ReadBack, options());
    rig.lost();
    rig.does(&["send status"]);
    let proves_nothing = "200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0";
    rig.answer(proves_nothing);
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    let said = rig.drain();
    assert_eq!(said[0], format!("tell b: not sent, {IN_DOUBT}"));
    assert!(said[1].starts_with("tell a: in doubt 1"));
    rig.change(renew(), Safety::Repeatable, options());
    rig.does(&[&format!("tell c: not sent, {IN_DOUBT}")]);
    // Reads pass.
    rig.query(check(), options());
    rig.does(&["send check"]);
    rig.answer("211 Domain name not available");
    rig.does(&["tell d: answer 211"]);
    rig.settle(1);
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell e: applied 1 by created-within-a-day"]);
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&["record 2 open"]);
}

#[test]
fn restored_doubts_guard_their_objects() {
    let mut before = Rig::new();
    before.sent(add(), Safety::ReadBack, options(), 1);
    let mut rig = Rig::with(config(), before.entries());
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&[&format!("tell a: not sent, {IN_DOUBT}")]);
    rig.sent(add_named("example.net"), Safety::ReadBack, options(), 2);
}

#[test]
fn a_rename_locks_both_names() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    let (one, two) = ("ns1.example.com", "ns2.example.com");
    rig.change(rename_host(one, two), Safety::Repeatable, options());
    rig.goes_out("mod", 1);
    rig.change(del_host(one), Safety::Repeatable, options());
    rig.change(del_host(two), Safety::Repeatable, options());
    rig.does(&[]);
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    rig.recorded();
    rig.does(&["tell a: accepted 1 by reply", "record 2 open", "record 3 open"]);
}

#[test]
fn a_rename_waits_for_both_names_and_whoever_comes_later_for_it() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    let (one, two) = ("ns1.example.com", "ns2.example.com");
    rig.sent(del_host(one), Safety::Repeatable, options(), 1);
    rig.sent(del_host(two), Safety::Repeatable, options(), 2);
    rig.change(rename_host(one, two), Safety::Repeatable, options());
    rig.change(rename_host(two, one), Safety::Repeatable, options());
    accepted(&mut rig, 1, 'a');
    assert!(rig.records.is_empty());
    rig.answer(OK);
    rig.does(&["record 2 accepted by reply"]);
    rig.recorded();
    rig.does(&["tell b: accepted 2 by reply", "record 3 open"]);
    rig.recorded();
    rig.does(&["send mod"]);
    rig.answer(OK);
    rig.does(&["record 3 accepted by reply"]);
    rig.recorded();
    rig.does(&["tell c: accepted 3 by reply", "record 4 open"]);
    rig.recorded();
    rig.does(&["send mod"]);
    accepted(&mut rig, 4, 'd');
    rig.is_over();
}

#[test]
fn a_rename_to_its_own_name_loses_nobody() {
    let mut rig = Rig::new();
    let one = "ns1.example.com";
    rig.sent(del_host(one), Safety::Repeatable, options(), 1);
    rig.change(rename_host(one, one), Safety::Repeatable, options());
    rig.change(del_host(one), Safety::Repeatable, options());
    for (ticket, name) in [(1, "mod"), (2, "del")] {
        rig.answer(OK);
        rig.drain();
        rig.recorded();
        let said = rig.drain();
        assert_eq!(said[1], format!("record {} open", ticket + 1));
        rig.recorded();
        rig.does(&[&format!("send {name}")]);
    }
    accepted(&mut rig, 3, 'c');
    rig.is_over();
}

#[test]
fn a_write_that_waits_for_two_names_is_refused_when_one_comes_into_doubt() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    let (one, two) = ("ns1.example.com", "ns2.example.com");
    rig.sent(ptf("DeleteNameserver", &[("nameserver", one)]), Safety::Repeatable, options(), 1);
    rig.change(rename_host(one, two), Safety::Repeatable, options());
    rig.change(del_host(two), Safety::Repeatable, options());
    rig.does(&[]);
    // It leaves the other line too, and whoever stood behind it there begins.
    rig.slots.borrow_mut().unavailable = None;
    rig.answer("699 Odd");
    rig.due_in(1);
    rig.does(&["send DeleteNameserver"]);
    for _ in 2..5 {
        rig.lost();
        rig.due_in(1);
        rig.does(&["send DeleteNameserver"]);
    }
    rig.lost();
    rig.does(&["send StatusNameserver"]);
    // Without an earlier reading that it is gone proves nothing, and that it is there even less.
    rig.pass(60);
    rig.answer("200 Command completed successfully");
    let mut said = rig.drain();
    while !said.iter().any(|line| line.starts_with("record 1")) {
        let due = rig.dispatch.poll_timeout().unwrap().duration_since(rig.now).as_secs();
        rig.pass(due);
        said = rig.drain();
        if said.iter().any(|line| line.starts_with("send")) {
            rig.answer("200 Command completed successfully");
            said = rig.drain();
        }
    }
    assert_eq!(said, ["record 1 in-doubt"]);
    rig.recorded();
    let said = rig.drain();
    assert!(said.contains(&format!("tell b: not sent, {IN_DOUBT}")), "{said:?}");
    assert!(said.contains(&"record 2 open".to_owned()), "{said:?}");
}

#[test]
fn a_write_waits_for_what_an_earlier_one_has_lost_and_may_still_be_executed() {
    let mut rig = Rig::new();
    rig.sent(renew(), Safety::Repeatable, options(), 1);
    rig.lost();
    rig.tick();
    rig.pass(1);
    rig.does(&["send renew"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    // A minute after the loss, and not before, its object is as it stays.
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&[]);
    rig.pass(58);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&["send status"]);
}
