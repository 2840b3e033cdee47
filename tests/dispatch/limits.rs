//! What is bounded, and what happens when no session is to be had.

use rrp::command::Safety;
use rrp::dispatch::{Entry, Ticket, Unavailable};

use crate::rig::{Rig, config};
use crate::*;

#[test]
fn too_many_commands_are_refused() {
    let mut rig = Rig::with(config().jobs(2), []);
    rig.slots.borrow_mut().most = 0;
    let first = rig.query(status(), options());
    rig.change(add(), Safety::ReadBack, options());
    rig.query(status(), options());
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&["tell c: unsent, too many commands wait", "tell d: not sent, too many commands wait"]);
    rig.leave(first);
    rig.query(status(), options());
    rig.does(&[]);
}

#[test]
fn whoever_joins_counts_too() {
    let mut rig = Rig::with(config().jobs(2), []);
    rig.sent(add(), Safety::ReadBack, key("k"), 1);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&[]);
    rig.change(add(), Safety::ReadBack, key("k"));
    // "Not sent" would be wrong of the key's write.
    rig.does(&["tell c: in doubt 1, it is still under way"]);
    rig.settle(1);
    rig.does(&["tell d: not settled, too many commands wait"]);
    rig.answer(OK);
    rig.drain();
    rig.recorded();
    rig.drain();
    // What is finished is told with a full house too.
    rig.slots.borrow_mut().most = 0;
    rig.query(status(), options());
    rig.query(status(), options());
    rig.settle(1);
    rig.does(&["tell g: applied 1 by reply, replayed"]);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.does(&["tell h: accepted 1 by reply, replayed"]);
}

#[test]
fn a_full_house_settles_no_doubt() {
    let mut rig = Rig::with(config().jobs(1), []);
    rig.sent(charge(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.slots.borrow_mut().most = 0;
    rig.query(status(), options());
    rig.settle(1);
    rig.does(&["tell c: not settled, too many commands wait"]);
}

#[test]
fn notes_are_bounded_and_keep_the_first_and_the_last() {
    let mut rig = Rig::with(config().tries(60).budget(rrp::retry::Budget::new(1_000)), []);
    rig.sent(charge(), Safety::Repeatable, options(), 1);
    rig.answer(LATER);
    for _ in 0..50 {
        rig.due_in(1);
        rig.does(&["send ChargeCreditcard"]);
        rig.answer("423 Gateway");
    }
    rig.due_in(1);
    rig.does(&["send ChargeCreditcard"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    let entry = rig.entries().pop().unwrap();
    let notes: Vec<&str> = entry.notes().iter().map(|note| note.text()).collect();
    assert_eq!(notes.len(), Entry::MAX_NOTES);
    assert_eq!(entry.attempts(), 52);
    assert!(notes[0].contains(LATER) && notes[31].contains(OK));
    assert!(notes[1..31].iter().all(|note| note.contains("423")));
    // The first half, and the last.
    let at: Vec<u64> = entry.notes().iter().map(|note| (note.at() - rig::WALL) / 1_000).collect();
    assert_eq!(at, (0..16).chain(36..52).collect::<Vec<_>>());
}

#[test]
fn of_finished_ones_without_a_key_ten_thousand_are_remembered() {
    let mut rig = Rig::new();
    for ticket in 1..=10_001 {
        rig.sent(charge(), Safety::Once, options(), ticket);
        rig.answer(OK);
        rig.drain();
        rig.recorded();
        rig.drain();
        rig.calls.clear();
        rig.journal.clear();
    }
    rig.settle(1);
    rig.does(&["tell a: not settled, no ticket `1`"]);
    rig.settle(2);
    rig.does(&["tell b: applied 2 by reply, replayed"]);
}

#[test]
fn recent_readings_are_bounded() {
    let read = |at: u32| ptf("StatusDomain", &[("domain", &format!("d{at}.example.com"))]);
    let ready = |count: u32| {
        let mut rig = Rig::new();
        for at in 0..count {
            rig.query(read(at), options());
            rig.drain();
            rig.answer(OK);
            rig.drain();
        }
        rig.change(ptf("RenewDomain", &[("domain", "d0.example.com")]), Safety::ReadBack, options());
        rig.drain()
    };
    assert_eq!(ready(1_024), ["record 1 open"]);
    assert_eq!(ready(1_025), ["send StatusDomain"]);
}

#[test]
fn a_long_reading_is_not_kept() {
    let after = |lines: usize| {
        let mut rig = Rig::new();
        rig.query(ptf("StatusDomain", &[("domain", "example.com")]), options());
        rig.drain();
        rig.answer(&format!("{OK}{}", "\nnameserver:ns1.example.net".repeat(lines)));
        rig.drain();
        rig.change(renew_unguarded(), Safety::ReadBack, options());
        rig.drain()
    };
    assert_eq!(after(256), ["record 1 open"]);
    assert_eq!(after(257), ["send StatusDomain"]);
}

#[test]
fn while_no_session_is_to_be_had_nobody_waits() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.change(renew(), Safety::ReadBack, options());
    rig.query(status(), options());
    rig.change(charge(), Safety::ReadBack, options());
    rig.slots.borrow_mut().unavailable = Some(Unavailable::new("login refused"));
    rig.tick();
    rig.does(&[
        "tell b: not sent, no session: login refused",
        "tell c: unsent, no session: login refused",
        "tell d: not sent, no session: login refused",
    ]);
    rig.query(status(), options());
    rig.does(&["tell e: unsent, no session: login refused"]);
    // What is on its way is finished; what was lost cannot be read back.
    rig.lost();
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no session is to be had for a read"]);
    rig.is_over();
}

#[test]
fn a_pause_ends_when_no_session_is_to_be_had() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 9;
    rig.sent(add_host(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.query(status(), options());
    rig.does(&["send status"]);
    rig.lost();
    rig.does(&[]);
    rig.slots.borrow_mut().unavailable = Some(Unavailable::new("login refused"));
    rig.tick();
    rig.does(&["record 1 refused 421 for now", "tell b: query sent, and not answered"]);
    rig.recorded();
    rig.does(&["tell a: refused 1 421 for now"]);
    rig.is_over();
}

#[test]
fn numbers_are_read_back_as_they_are_written() {
    assert_eq!("17".parse::<Ticket>().unwrap(), Ticket::new(17));
    assert_eq!(Ticket::new(17).to_string(), "17");
    assert!("x".parse::<Ticket>().is_err());
}

#[test]
fn what_comes_for_nobody_is_given_back() {
    let mut rig = Rig::new();
    let call = rig.query(status(), options());
    rig.drain();
    let (slot, command) = rig.sends.pop_front().unwrap();
    let answered = rig::reply(&command, OURS);
    rig.dispatch.handle_fate(slot, Ok(rrp::session::Fate::Answered(answered)), true, rig.at());
    rig.does(&["tell a: answer 200"]);
    rig.leave(call);
    rig.is_over();
    assert!(format!("{:?}", rig.dispatch).contains("Dispatch"));
}
