//! What if the journal fails.

use rrp::command::Safety;

use crate::rig::{Rig, config, put};
use crate::*;

const FROZEN: &str = "not sent, journal does not record";

/// A write whose outcome could not be recorded.
fn frozen() -> Rig {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    rig.not_recorded();
    rig.does(&["tell a: accepted 1 by reply, unrecorded"]);
    assert!(rig.dispatch.is_frozen());
    rig
}

#[test]
fn without_its_intent_nothing_is_sent() {
    let mut rig = Rig::new();
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["record 1 open"]);
    rig.not_recorded();
    rig.does(&["record remove 1", &format!("tell a: {FROZEN}")]);
    rig.sessions_were(&["alive"]);
    assert!(!rig.dispatch.is_frozen());
    rig.recorded();
    rig.is_over();
    assert!(rig.entries().is_empty());
    // The object and the key are free.
    rig.sent(charge(), Safety::ReadBack, key("k"), 2);
    let mut rig = Rig::new();
    rig.change(add(), Safety::ReadBack, options());
    rig.does(&["record 1 open"]);
    rig.not_recorded();
    rig.drain();
    rig.recorded();
    rig.sent(add(), Safety::ReadBack, options(), 2);
}

#[test]
fn an_intent_that_is_neither_recorded_nor_removed_freezes() {
    let mut rig = Rig::new();
    rig.change(add(), Safety::ReadBack, options());
    rig.does(&["record 1 open"]);
    rig.not_recorded();
    rig.drain();
    rig.not_recorded();
    assert!(rig.dispatch.is_frozen());
    rig.due_in(1);
    rig.does(&["record remove 1"]);
    rig.recorded();
    assert!(!rig.dispatch.is_frozen());
    rig.is_over();
}

#[test]
fn writes_freeze_reads_go_on_and_it_is_tried_again_until_it_works() {
    let mut rig = frozen();
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&[&format!("tell b: {FROZEN}")]);
    rig.query(status(), options());
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.does(&["tell c: answer 200"]);
    for _ in 0..3 {
        rig.due_in(1);
        rig.does(&["record 1 accepted by reply"]);
        // While it is at it nothing is due.
        assert_eq!(rig.dispatch.poll_timeout(), None);
        rig.pass(100);
        rig.does(&[]);
        rig.not_recorded();
        assert!(rig.dispatch.is_frozen());
    }
    rig.due_in(1);
    rig.does(&["record 1 accepted by reply"]);
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&[&format!("tell d: {FROZEN}")]);
    rig.recorded();
    assert!(!rig.dispatch.is_frozen());
    rig.is_over();
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&["record 2 open"]);
}

#[test]
fn what_is_missing_is_written_in_order_and_at_once() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    for (ticket, name) in [(1, "a.example.com"), (2, "b.example.com"), (3, "c.example.com")] {
        rig.sent(add_named(name), Safety::Once, options(), ticket);
    }
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    rig.not_recorded();
    rig.does(&["tell a: accepted 1 by reply, unrecorded"]);
    // While it is frozen outcomes are told at once, unrecorded.
    rig.answer(OK);
    rig.does(&["tell b: accepted 2 by reply, unrecorded"]);
    rig.due_in(1);
    rig.does(&["record 1 accepted by reply, 2 accepted by reply"]);
    rig.answer(TAKEN);
    rig.does(&["tell c: refused 3 540, unrecorded"]);
    rig.not_recorded();
    rig.due_in(1);
    // All or none: what was tried before stands first.
    rig.does(&["record 1 accepted by reply, 2 accepted by reply, 3 refused 540"]);
    rig.recorded();
    assert!(!rig.dispatch.is_frozen());
    rig.is_over();
}

#[test]
fn what_comes_while_it_is_tried_again_follows_at_once() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    for (ticket, name) in [(1, "a.example.com"), (2, "b.example.com")] {
        rig.sent(add_named(name), Safety::Once, options(), ticket);
    }
    rig.answer(OK);
    rig.drain();
    rig.not_recorded();
    rig.drain();
    rig.due_in(1);
    rig.does(&["record 1 accepted by reply"]);
    rig.answer(OK);
    rig.does(&["tell b: accepted 2 by reply, unrecorded"]);
    rig.recorded();
    assert!(rig.dispatch.is_frozen());
    rig.does(&["record 2 accepted by reply"]);
    rig.recorded();
    assert!(!rig.dispatch.is_frozen());
    rig.is_over();
}

#[test]
fn two_that_fail_at_once_are_both_written_later() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    for (ticket, name) in [(1, "a.example.com"), (2, "b.example.com")] {
        rig.sent(add_named(name), Safety::Once, options(), ticket);
    }
    rig.answer(OK);
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply", "record 2 accepted by reply"]);
    rig.not_recorded();
    rig.not_recorded();
    rig.drain();
    rig.due_in(1);
    let said = rig.drain();
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("1 accepted") && said[0].contains("2 accepted"), "{said:?}");
    rig.recorded();
    assert!(!rig.dispatch.is_frozen());
}

#[test]
fn an_intent_that_is_recorded_after_the_freeze_is_withdrawn() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    rig.sent(add(), Safety::Once, options(), 1);
    rig.change(add_named("example.net"), Safety::Once, options());
    rig.does(&["record 2 open"]);
    rig.answer(OK);
    rig.does(&["record 1 accepted by reply"]);
    let intent = rig.records.pop_front().unwrap();
    rig.not_recorded();
    rig.does(&["tell a: accepted 1 by reply, unrecorded"]);
    rig.records.push_back(intent);
    rig.recorded();
    rig.does(&[&format!("tell b: {FROZEN}")]);
    rig.due_in(1);
    rig.does(&["record 1 accepted by reply, remove 2"]);
    rig.recorded();
    rig.is_over();
}

#[test]
fn a_queued_write_is_refused_when_its_slot_comes_during_the_freeze() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::Once, options(), 1);
    rig.change(add_named("example.net"), Safety::Once, options());
    rig.slots.borrow_mut().most = 0;
    rig.answer(OK);
    rig.drain();
    rig.not_recorded();
    rig.drain();
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&[&format!("tell b: {FROZEN}")]);
    assert!(rig.slots.borrow().out.is_empty());
}

#[test]
fn nothing_is_sent_again_during_the_freeze() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    rig.sent(add_host(), Safety::ReadBack, options(), 1);
    rig.sent(charge(), Safety::ReadBack, options(), 2);
    rig.answer(LATER);
    rig.does(&[]);
    rig.answer(OK);
    rig.does(&["record 2 accepted by reply"]);
    rig.not_recorded();
    rig.drain();
    rig.pass(1);
    let said = rig.drain();
    assert_eq!(said, ["record 2 accepted by reply", "tell a: refused 1 421 for now, unrecorded"]);
}

#[test]
fn a_doubt_that_could_not_be_recorded_is_settled_and_recorded_in_order() {
    let mut rig = Rig::new();
    rig.sent(charge(), Safety::Once, options(), 1);
    rig.sent_doubt();
    rig.settle(1);
    rig.does(&["tell b: still in doubt 1, no read can prove what became of it, unrecorded"]);
    rig.due_in(1);
    // One word for each intent, the newest.
    rig.does(&["record 1 in-doubt"]);
}

impl Rig {
    /// The write under way is lost, and that it is in doubt cannot be recorded.
    fn sent_doubt(&mut self) {
        self.lost();
        self.does(&["record 1 in-doubt"]);
        self.not_recorded();
        self.does(&["tell a: in doubt 1, no read can prove what became of it, unrecorded"]);
    }
}

#[test]
fn what_needs_nothing_to_be_sent_is_answered_during_the_freeze() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::Once, key("k"), 1);
    rig.answer(OK);
    rig.drain();
    rig.not_recorded();
    rig.drain();
    rig.change(add(), Safety::Once, key("k"));
    rig.does(&["tell b: accepted 1 by reply, unrecorded, replayed"]);
}

#[test]
fn a_crash_before_the_intent_is_recorded_leaves_nothing_and_after_it_a_doubt() {
    let mut rig = Rig::new();
    rig.change(add(), Safety::ReadBack, options());
    rig.drain();
    assert!(Rig::with(config(), rig.entries()).dispatch.doubts().len() == 0);
    rig.recorded();
    let after = Rig::with(config(), rig.entries());
    assert_eq!(after.dispatch.doubts().map(|entry| entry.ticket().get()).collect::<Vec<_>>(), [1]);
    assert_eq!(put(&rig.journal[0]), "1 open");
}

#[test]
fn what_the_journal_says_of_what_nobody_asked_is_ignored() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer(OK);
    rig.drain();
    let again = rig.records.front().cloned().unwrap();
    rig.recorded();
    rig.drain();
    rig.records.push_back(again);
    rig.recorded();
    rig.is_over();
}
