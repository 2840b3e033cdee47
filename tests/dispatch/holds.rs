//! While the registry has locked the account: nothing new is sent, and whoever cannot wait for the end hears so at once.

use rrp::command::Safety;
use rrp::dispatch::{Refused, Ticket, Told};

use crate::rig::Rig;
use crate::*;

const LOCKED: &str = "account is locked, by the registry or an operator, for another 300 s";

/// A domain of this number.
fn other(number: u32) -> Command {
    ptf("StatusDomain", &[("domain", &format!("d{number}.example.com"))])
}

#[test]
fn whoever_cannot_wait_for_the_end_is_told_at_once() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.query(other(0), rig.within(100));
    // Five seconds are left for the reply, or nothing is sent.
    rig.query(other(1), rig.within(304));
    rig.query(other(2), rig.within(305));
    rig.query(other(3), options());
    rig.change(add(), Safety::ReadBack, rig.within(200));
    rig.change(renew(), Safety::ReadBack, rig.within(50));
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&[]);
    rig.held(300);
    rig.tick();
    rig.does(&[
        &format!("tell f: not sent, {LOCKED}"),
        &format!("tell a: unsent, {LOCKED}"),
        &format!("tell e: not sent, {LOCKED}"),
        &format!("tell b: unsent, {LOCKED}"),
    ]);
    rig.tick();
    rig.does(&[]);
    // The others wait for the end.
    rig.slots.borrow_mut().most = 9;
    rig.due_in(300);
    rig.does(&["send StatusDomain", "send StatusDomain", "record 1 open"]);
}

#[test]
fn whoever_comes_meanwhile_is_told_at_once() {
    let mut rig = Rig::new();
    rig.held(300);
    rig.tick();
    rig.pass(2);
    rig.query(other(0), rig.within(100));
    rig.change(add(), Safety::ReadBack, rig.within(100));
    rig.change(renew(), Safety::ReadBack, options());
    // Behind it, and in vain, too.
    rig.change(add(), Safety::ReadBack, rig.within(100));
    let locked = "account is locked, by the registry or an operator, for another 298 s";
    rig.does(&[
        &format!("tell a: unsent, {locked}"),
        &format!("tell b: not sent, {locked}"),
        &format!("tell d: not sent, {locked}"),
    ]);
    match rig.last() {
        Told::Change(Err(not_sent)) => {
            assert!(matches!(not_sent.why(), Refused::Held { left } if *left == rig::seconds(298)));
            assert_eq!(not_sent.command().name(), "add");
        }
        told => panic!("{told:?}"),
    }
    rig.due_in(298);
    rig.goes_out("renew", 1);
}

#[test]
fn a_part_of_a_second_counts_as_one() {
    let left = std::time::Duration::from_millis(1_001);
    assert_eq!(
        Refused::Held { left }.to_string(),
        "account is locked, by the registry or an operator, for another 2 s"
    );
}

#[test]
fn it_begins_with_the_reply_of_another_command() {
    let mut rig = Rig::new();
    rig.query(other(0), options());
    rig.query(other(1), rig.within(100));
    rig.does(&["send StatusDomain"]);
    rig.held(300);
    rig.answer("422 Lock");
    rig.does(&[&format!("tell b: unsent, {LOCKED}")]);
    assert_eq!(rig.slots.borrow().held.len(), 1);
}

#[test]
fn it_begins_with_what_the_owner_was_told() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.query(other(1), rig.within(100));
    rig.held(300);
    rig.dispatch.hold(rig::seconds(300), rig.at());
    rig.does(&[&format!("tell a: unsent, {LOCKED}")]);
    assert_eq!(rig.slots.borrow().held, [rig::seconds(300)]);
    rig.is_over();
}

#[test]
fn when_it_is_prolonged_more_are_told() {
    let mut rig = Rig::new();
    rig.held(100);
    rig.query(other(0), rig.within(150));
    rig.query(other(1), rig.within(350));
    rig.does(&[]);
    rig.held(300);
    rig.tick();
    rig.does(&[&format!("tell a: unsent, {LOCKED}")]);
}

#[test]
fn what_is_in_flight_is_finished() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 2;
    rig.sent(add(), Safety::ReadBack, rig.within(100), 1);
    rig.query(other(0), rig.within(100));
    rig.does(&["send StatusDomain"]);
    rig.held(300);
    rig.tick();
    rig.does(&[]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.answer(OK);
    rig.does(&["tell b: answer 200"]);
    rig.is_over();
}

#[test]
fn what_was_handed_over_before_keeps_its_rules() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 2;
    rig.sent(add(), Safety::ReadBack, rig.within(100), 1);
    rig.query(other(0), rig.within(100));
    rig.does(&["send StatusDomain"]);
    rig.slots.borrow_mut().most = 0;
    rig.lost();
    rig.lost();
    rig.held(300);
    rig.tick();
    rig.does(&[]);
    rig.pass(100);
    rig.does(&[
        "tell a: in doubt 1, the caller's time was over",
        "tell b: query not answered before its deadline",
    ]);
}

#[test]
fn an_intent_that_is_being_recorded_is_taken_back() {
    let mut rig = Rig::new();
    rig.change(add(), Safety::ReadBack, rig.within(1_000));
    rig.does(&["record 1 open"]);
    rig.held(300);
    rig.tick();
    rig.recorded();
    rig.does(&["record remove 1"]);
    rig.recorded();
    rig.sessions_were(&["alive"]);
    rig.due_in(300);
    rig.goes_out("add", 2);

    let mut rig = Rig::new();
    rig.change(add(), Safety::ReadBack, rig.within(100));
    rig.does(&["record 1 open"]);
    rig.held(300);
    rig.tick();
    rig.does(&[&format!("tell a: not sent, {LOCKED}")]);
    rig.recorded();
    rig.does(&["record remove 1"]);
    rig.recorded();
    rig.is_over();
}

#[test]
fn what_comes_back_unsent_is_refused_then() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 3;
    rig.sent(add(), Safety::ReadBack, rig.within(100), 1);
    rig.query(other(0), rig.within(100));
    rig.query(other(1), rig.within(400));
    rig.does(&["send StatusDomain", "send StatusDomain"]);
    rig.held(300);
    rig.tick();
    rig.does(&[]);
    rig.unsent();
    rig.does(&["record remove 1", &format!("tell a: not sent, {LOCKED}")]);
    rig.recorded();
    rig.unsent();
    rig.does(&[&format!("tell b: unsent, {LOCKED}")]);
    rig.unsent();
    rig.does(&[]);
    rig.due_in(300);
    rig.does(&["send StatusDomain"]);
}

#[test]
fn a_write_whose_object_is_being_read_is_refused_and_the_read_is_finished() {
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::ReadBack, rig.within(100));
    rig.does(&["send StatusDomain"]);
    rig.held(300);
    rig.tick();
    rig.does(&[&format!("tell a: not sent, {LOCKED}")]);
    rig.answer(OURS);
    rig.is_over();
}

#[test]
fn of_two_calls_with_one_key_each_has_its_own_time() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    let short = key("k").deadline(rig.now + rig::seconds(100));
    rig.change(add(), Safety::ReadBack, short.clone());
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.held(300);
    rig.tick();
    rig.does(&[&format!("tell a: not sent, {LOCKED}")]);
    rig.change(add(), Safety::ReadBack, short);
    rig.does(&[&format!("tell c: not sent, {LOCKED}")]);
    rig.slots.borrow_mut().most = 1;
    rig.due_in(300);
    rig.goes_out("add", 1);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell b: accepted 1 by reply, replayed"]);
    rig.is_over();
}

#[test]
fn settling_waits_or_is_refused() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    let mut rig = Rig::with(rig::config(), rig.entries());
    rig.slots.borrow_mut().most = 0;
    let at = rig.at();
    let deadline = rig.within(100);
    rig.calls.push(rig.dispatch.settle(Ticket::new(1), deadline, at));
    rig.held(300);
    rig.tick();
    rig.does(&[&format!("tell a: not settled, {LOCKED}")]);
    rig.settle(1);
    rig.does(&[]);
    rig.slots.borrow_mut().most = 1;
    rig.pass(300);
    rig.does(&["send status"]);
}
