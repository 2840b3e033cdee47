//! One command from its slot to its caller, and the earlier reading.

use rrp::command::Safety;
use rrp::dispatch::{Outcome, Told};
use rrp::pace::Lane;

use crate::rig::{Rig, outcome};
use crate::*;

#[test]
fn a_write_goes_from_slot_to_caller_in_order() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    let call = rig.change(add(), Safety::ReadBack, options());
    // Queued, it has no intent.
    rig.does(&[]);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&["record 1 open"]);
    rig.tick();
    rig.does(&[]);
    rig.recorded();
    rig.does(&["send add"]);
    assert_eq!(rig.dispatch.jobs(), 1);
    rig.answer(OURS);
    rig.does(&["record 1 accepted by reply"]);
    rig.tick();
    rig.does(&[]);
    rig.recorded();
    rig.does(&["tell a: accepted 1 by reply"]);
    assert_eq!(rig.told[0].0, call);
    let Told::Change(Ok(Outcome::Accepted(accepted))) = rig.last() else { panic!("accepted") };
    assert_eq!(accepted.expires(), Some("2027-09-21 14:13:20.0"));
    assert!(accepted.reply().is_some() && !accepted.is_pending() && accepted.job().is_none());
    rig.sessions_were(&["alive"]);
    rig.is_over();
}

#[test]
fn what_was_recorded_tells_the_whole_story() {
    let mut rig = Rig::new();
    rig.sent(add_host(), Safety::ReadBack, key("k"), 1);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    let entry = rig.entries().pop().unwrap();
    assert_eq!((entry.attempts(), entry.intent().user(), entry.intent().key()), (2, "u", Some("k")));
    assert_eq!(entry.intent().begun_at(), rig::WALL);
    assert_eq!(entry.changed_at(), rig::WALL + 1_000);
    let notes: Vec<&str> = entry.notes().iter().map(|note| note.text()).collect();
    assert_eq!(notes, [format!("answered: {LATER}"), format!("answered: {OK}")]);
    let at: Vec<u64> = entry.notes().iter().map(|note| note.at() - rig::WALL).collect();
    assert_eq!(at, [0, 1_000]);
    rig.is_over();
}

#[test]
fn a_query_records_nothing() {
    let mut rig = Rig::new();
    rig.query(check(), options());
    rig.does(&["send check"]);
    rig.answer("211 Domain name not available");
    rig.does(&["tell a: answer 211"]);
    assert!(rig.journal.is_empty());
    rig.is_over();
}

#[test]
fn what_cannot_be_sent_is_told_at_once() {
    let mut rig = Rig::new();
    rig.change(check(), Safety::Once, options());
    rig.does(&["tell a: not sent, a query must read, a change must write"]);
    rig.query(add(), options());
    rig.does(&["tell b: unsent, a query must read, a change must write"]);
    rig.query(ptf("EndSession", &[]), options());
    rig.does(&["tell c: unsent, a query must read, a change must write"]);
    rig.change(add(), Safety::Once, key(&"k".repeat(256)));
    rig.does(&["tell d: not sent, name of the user, key or list of objects is too long"]);
    rig.change(add(), Safety::Once, options().user(&"u".repeat(129)));
    rig.does(&["tell e: not sent, name of the user, key or list of objects is too long"]);
    let options = options().user(&"u".repeat(128)).key(&"k".repeat(255));
    rig.sent(add(), Safety::Once, options, 1);
    let Told::Change(Err(not_sent)) = &rig.told[0].1 else { panic!("not sent") };
    assert_eq!(not_sent.command().name(), "check");
}

#[test]
fn the_dialect_is_asked_before_anything_is_sent() {
    let config = rig::config().dialect(rrp::command::Dialect::Rfc);
    let mut rig = Rig::with(config, []);
    rig.change(charge(), Safety::Once, options());
    rig.does(&["tell a: not sent, not allowed by the dialect"]);
    rig.is_over();
}

#[test]
fn what_is_read_back_first_is_read_once_before_its_intent() {
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
    rig.answer(OURS);
    rig.goes_out("RenewDomain", 1);
    assert_eq!(rig.entries().len(), 1);
    assert_eq!(rig.entries()[0].intent().before().len(), 1);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.is_over();
}

#[test]
fn a_guard_and_a_creation_need_no_earlier_reading_nor_does_what_is_repeatable() {
    for command in [renew(), add(), add_host(), charge()] {
        let mut rig = Rig::new();
        rig.change(command, Safety::ReadBack, options());
        rig.does(&["record 1 open"]);
    }
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::Repeatable, options());
    rig.does(&["record 1 open"]);
}

/// A query that read the object so many seconds ago.
fn after_a_query(age: u64) -> Rig {
    let mut rig = Rig::new();
    rig.query(ptf("StatusDomain", &[("domain", "example.com")]), options());
    rig.does(&["send StatusDomain"]);
    rig.answer(OURS);
    rig.does(&["tell a: answer 200"]);
    rig.pass(age);
    rig
}

#[test]
fn a_recent_reading_replaces_the_earlier_one() {
    let mut rig = after_a_query(59);
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["record 1 open"]);
    rig.recorded();
    assert_eq!(rig.entries()[0].intent().before().len(), 1);

    let mut rig = after_a_query(60);
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
}

#[test]
fn a_write_that_goes_by_a_querys_reading_stands_in_its_own_line() {
    let mut rig = after_a_query(0);
    rig.slots.borrow_mut().most = 0;
    rig.change(renew_unguarded(), Safety::ReadBack, options().lane(Lane::Bulk));
    let lanes = |rig: &Rig| rig.slots.borrow().wishes.iter().map(|wish| wish.lane).collect::<Vec<_>>();
    assert_eq!(lanes(&rig), [Lane::Bulk]);
    // Once it has had a turn of its own, for the read, it goes ahead.
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::ReadBack, options().lane(Lane::Bulk));
    rig.does(&["send StatusDomain"]);
    rig.slots.borrow_mut().most = 0;
    rig.answer(OURS);
    assert_eq!(lanes(&rig), [Lane::Settle]);
}

#[test]
fn a_write_to_the_object_spoils_its_reading() {
    let mut rig = after_a_query(0);
    rig.sent(renew_unguarded(), Safety::ReadBack, options(), 1);
    rig.answer("541 Invalid attribute value");
    rig.ends("1 refused 541", &["tell b: refused 1 541"]);
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
}

#[test]
fn a_write_to_another_object_spoils_nothing_and_one_that_names_none_all() {
    let mut rig = after_a_query(0);
    rig.sent(add_named("example.org"), Safety::ReadBack, options(), 1);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell b: accepted 1 by reply"]);
    rig.sent(renew_unguarded(), Safety::ReadBack, options(), 2);

    let mut rig = after_a_query(0);
    rig.sent(charge(), Safety::ReadBack, options(), 1);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell b: accepted 1 by reply"]);
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
}

#[test]
fn what_a_query_saw_while_something_was_written_is_not_kept() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 2;
    rig.query(ptf("StatusDomain", &[("domain", "example.com")]), options());
    rig.does(&["send StatusDomain"]);
    rig.change(charge(), Safety::ReadBack, options());
    rig.does(&["record 1 open"]);
    rig.recorded();
    rig.does(&["send ChargeCreditcard"]);
    rig.answer(OURS);
    rig.does(&["tell a: answer 200"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell b: accepted 1 by reply"]);
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
}

#[test]
fn a_reading_of_an_object_with_a_doubt_is_not_kept() {
    let mut rig = Rig::new();
    let transfer = ptf("TransferDomain", &[("domain", "example.com"), ("action", "odd")]);
    rig.sent(transfer, Safety::ReadBack, options(), 1);
    rig.query(ptf("StatusDomain", &[("domain", "example.com")]), options());
    rig.lost();
    rig.does(&["record 1 in-doubt", "send StatusDomain"]);
    rig.recorded();
    rig.answer(OURS);
    assert_eq!(rig.drain().len(), 2);
    assert!(outcome(rig.last()).starts_with("answer 200"));
}

#[test]
fn an_earlier_reading_that_grew_old_is_read_again() {
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
    rig.slots.borrow_mut().most = 0;
    rig.answer(OURS);
    rig.does(&[]);
    rig.pass(60);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.does(&["send StatusDomain"]);
    rig.pass(59);
    rig.answer(OURS);
    rig.goes_out("RenewDomain", 1);
}

#[test]
fn what_was_read_for_goes_before_what_waits_longer() {
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
    rig.query(check(), options());
    rig.answer(OURS);
    rig.does(&["record 1 open"]);
}

#[test]
fn an_earlier_reading_has_tries_of_its_own() {
    let mut rig = Rig::with(rig::config().tries(2), []);
    rig.change(renew_unguarded(), Safety::TrustReply, options());
    rig.does(&["send StatusDomain"]);
    rig.lost();
    rig.does(&[]);
    rig.due_in(1);
    rig.does(&["send StatusDomain"]);
    rig.answer(OURS);
    rig.goes_out("RenewDomain", 1);
    // The write still has both.
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send RenewDomain"]);
}

#[test]
fn without_an_earlier_reading_nothing_is_sent() {
    let mut rig = Rig::with(rig::config().tries(2), []);
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
    rig.lost();
    rig.due_in(1);
    rig.does(&["send StatusDomain"]);
    rig.lost();
    rig.does(&["tell a: not sent, object could not be read before the write"]);
    assert!(rig.journal.is_empty());
    rig.is_over();
}

#[test]
fn an_earlier_reading_that_was_not_sent_goes_out_on_another_session() {
    let mut rig = Rig::new();
    rig.change(renew_unguarded(), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
    rig.unsent();
    rig.does(&["send StatusDomain"]);
    rig.sessions_were(&["ended", "not on 1"]);
    rig.answer(OURS);
    rig.goes_out("RenewDomain", 1);
}

#[test]
fn what_takes_two_reads_is_read_twice_before_and_after() {
    let mut rig = Rig::new();
    rig.change(rename_host("ns1.example.com", "ns2.example.com"), Safety::ReadBack, options());
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\nnameserver:ns1.example.com");
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.goes_out("mod", 1);
    assert_eq!(rig.entries()[0].intent().before().len(), 2);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["send status"]);
    // A look that is half done when its second read is lost begins anew.
    rig.lost();
    rig.tick();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.does(&["send status"]);
    assert_eq!(rig.dispatch.jobs(), 1);
}
