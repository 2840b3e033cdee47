//! Reading back: when what counts.

use rrp::command::Safety;
use rrp::dispatch::Queues;

use crate::rig::{Rig, config};
use crate::*;

/// A write of which nobody knows what became of it, and the first look on its way.
fn lost(command: Command, safety: Safety, look: &str) -> Rig {
    let mut rig = Rig::new();
    rig.sent(command, safety, options(), 1);
    rig.lost();
    rig.does(&[&format!("send {look}")]);
    rig
}

/// It is looked at again after so many seconds.
#[track_caller]
fn looks_in(rig: &mut Rig, time: u64, look: &str) {
    rig.does(&[]);
    rig.due_in(time);
    rig.does(&[&format!("send {look}")]);
}

/// It is sent again, as soon as the backoff, which is none here, is over.
#[track_caller]
fn sends_again(rig: &mut Rig, name: &str) {
    rig.does(&[]);
    rig.tick();
    rig.does(&[&format!("send {name}")]);
}

#[test]
fn what_is_found_counts_at_once() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.sessions_were(&["ended", "not on 1"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day"]);
    let rrp::dispatch::Told::Change(Ok(rrp::dispatch::Outcome::Accepted(accepted))) = rig.last() else {
        panic!("accepted")
    };
    assert_eq!(accepted.expires(), Some("2027-09-21 14:13:20.0"));
    // The reply to a read is not the reply to the command.
    assert!(accepted.reply().is_none());
    rig.is_over();
}

#[test]
fn what_is_not_found_counts_a_minute_after_the_loss_and_once_more_ten_seconds_later() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.pass(3);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 57, "status");
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.answer(NOT_FOUND);
    // Not applied: a new attempt under the same intent.
    sends_again(&mut rig, "add");
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.is_over();
}

#[test]
fn between_two_negatives_there_must_be_ten_seconds() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.does(&[]);
    rig.pass(9);
    rig.does(&[]);
    rig.pass(1);
    rig.does(&["send status"]);
    // A positive in between ends it.
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day"]);
}

#[test]
fn after_a_whole_try_again_a_negative_counts_at_once_and_ten_seconds_later() {
    let mut rig = Rig::new();
    rig.sent(renew(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.does(&["send status"]);
    rig.answer(OURS);
    looks_in(&mut rig, 10, "status");
    rig.answer(OURS);
    sends_again(&mut rig, "renew");
    // What was lost before counts from its loss, though a whole reply came since.
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(OURS);
    looks_in(&mut rig, 60, "status");
    rig.answer(OURS);
    looks_in(&mut rig, 10, "status");
    rig.answer(RENEWED);
    rig.ends("1 accepted by guard", &["tell a: accepted 1 by guard"]);
    rig.is_over();
}

#[test]
fn the_times_of_negatives_are_configurable() {
    let times = config().negatives(
        std::time::Duration::from_secs(5),
        std::time::Duration::from_secs(2),
        std::time::Duration::from_secs(3),
    );
    let mut rig = Rig::with(times.clone(), []);
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 5, "status");
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 3, "status");

    let mut rig = Rig::with(times, []);
    rig.sent(renew(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.does(&["send status"]);
    rig.answer(OURS);
    looks_in(&mut rig, 2, "status");
    rig.answer(OURS);
    looks_in(&mut rig, 3, "status");
}

#[test]
fn a_lost_read_counts_for_nothing() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.pass(60);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.lost();
    rig.does(&[]);
    rig.tick();
    rig.does(&["send status"]);
    // It begins anew.
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.answer(NOT_FOUND);
    sends_again(&mut rig, "add");
}

#[test]
fn a_read_that_is_not_sent_is_no_look_in_vain() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    for session in 2..15 {
        rig.slots.borrow_mut().said.clear();
        rig.unsent();
        rig.does(&["send status"]);
        rig.sessions_were(&["ended", &format!("not on {session}")]);
    }
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day"]);
}

#[test]
fn reads_that_are_never_sent_leave_it_in_doubt() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    for _ in 0..12 * 20 - 1 {
        rig.unsent();
        rig.tick();
        rig.does(&["send status"]);
    }
    rig.unsent();
    let told = "tell a: in doubt 1, its object could not be read: no session lasts";
    rig.ends("1 in-doubt", &[told]);
    rig.is_over();
}

#[test]
fn a_read_that_is_put_off_waits_as_it_was_told() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.answer(LATER);
    looks_in(&mut rig, 1, "status");
    rig.answer("530 Authentication failed");
    rig.does(&["probe"]);
    rig.probed(false, true);
    rig.does(&[]);
    rig.tick();
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.does(&["record 1 accepted by created-within-a-day"]);
}

#[test]
fn after_twelve_looks_in_vain_it_is_left_in_doubt() {
    for (lines, why) in [
        ("541 Invalid attribute value", "the registry did not show it"),
        (LATER, "no answer to the read"),
        ("520 Bye", "no answer to the read"),
        ("210 Available", "no answer to the read"),
    ] {
        let mut rig = lost(add(), Safety::ReadBack, "status");
        for _ in 1..12 {
            rig.answer(lines);
            rig.does(&[]);
            let due = rig.dispatch.poll_timeout().unwrap().duration_since(rig.now).as_secs();
            rig.pass(due);
            rig.does(&["send status"]);
        }
        rig.answer(lines);
        let told = format!("tell a: in doubt 1, its object could not be read: {why}");
        rig.ends("1 in-doubt", &[&told]);
        rig.is_over();
    }
}

#[test]
fn what_is_pending_is_looked_at_again_every_minute() {
    let pending = "200 Command completed successfully\nstatus:PENDING-CREATE";
    let mut rig = lost(add(), Safety::ReadBack, "status");
    for _ in 1..12 {
        rig.answer(pending);
        looks_in(&mut rig, 60, "status");
    }
    rig.answer(pending);
    rig.ends("1 in-doubt", &["tell a: in doubt 1, something about it is still pending"]);
    rig.is_over();
}

#[test]
fn a_queue_keeps_a_negative_from_counting() {
    let mut rig = Rig::with(config().queues(Queues::Everywhere), []);
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 60, "status");
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 60, "status");
}

#[test]
fn a_zone_whose_registry_queues_is_remembered() {
    let mut rig = Rig::new();
    rig.sent(add_named("example.com"), Safety::ReadBack, options(), 1);
    rig.answer("200 Command completed successfully\npending:1\njob:J-1");
    rig.drain();
    rig.recorded();
    rig.drain();
    let rrp::dispatch::Told::Change(Ok(rrp::dispatch::Outcome::Accepted(accepted))) = rig.last() else {
        panic!("accepted")
    };
    let queues = accepted.is_pending();
    assert!(queues, "a reply with a job is pending");
    for (name, waits) in [("other.com", 60), ("other.org", 10)] {
        let ticket = if name == "other.com" { 2 } else { 3 };
        rig.sent(add_named(name), Safety::ReadBack, options(), ticket);
        rig.lost();
        rig.does(&["send status"]);
        rig.pass(60);
        rig.answer(NOT_FOUND);
        looks_in(&mut rig, waits, "status");
        rig.answer(OURS);
        rig.drain();
        rig.recorded();
        rig.drain();
    }
    rig.is_over();
}

#[test]
fn what_proves_nothing_is_in_doubt_at_once() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    let told =
        "tell a: in doubt 1, what was read proves nothing: it is ours, and was created at another time";
    rig.ends("1 in-doubt", &[told]);
    rig.is_over();
}

#[test]
fn a_deletion_that_shows_as_nothing_counts_twice_too() {
    let mut rig = Rig::new();
    rig.change(del_host("ns1.example.com"), Safety::ReadBack, options());
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\nnameserver:ns1.example.com");
    rig.goes_out("del", 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 60, "status");
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.answer(NOT_FOUND);
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    rig.is_over();
}

#[test]
fn not_applied_after_a_refusal_is_refused() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer("549 Command failed");
    rig.does(&["send status"]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.answer(NOT_FOUND);
    rig.ends("1 refused 549", &["tell a: refused 1 549"]);
    rig.is_over();
}

#[test]
fn not_applied_is_refused_for_now_when_no_try_is_left_and_under_once() {
    for (tries, safety) in [(1, Safety::ReadBack), (5, Safety::Once)] {
        let mut rig = Rig::with(config().tries(tries), []);
        rig.sent(add(), safety, options(), 1);
        rig.lost();
        rig.does(&["send status"]);
        rig.pass(60);
        rig.answer(NOT_FOUND);
        looks_in(&mut rig, 10, "status");
        rig.answer(NOT_FOUND);
        rig.ends("1 refused without a code for now", &["tell a: refused 1 without a code for now"]);
        rig.is_over();
    }
}

#[test]
fn all_tries_of_a_lost_write_are_used_and_no_more() {
    let mut rig = Rig::with(config().tries(3), []);
    rig.sent(add(), Safety::ReadBack, options(), 1);
    for attempt in 1..=3 {
        rig.lost();
        rig.does(&["send status"]);
        rig.pass(60);
        rig.answer(NOT_FOUND);
        looks_in(&mut rig, 10, "status");
        rig.answer(NOT_FOUND);
        if attempt < 3 {
            sends_again(&mut rig, "add");
        }
    }
    rig.ends("1 refused without a code for now", &["tell a: refused 1 without a code for now"]);
    assert_eq!(rig.entries()[0].attempts(), 3);
    rig.is_over();
}

#[test]
fn a_resend_after_not_applied_that_finds_no_session_is_refused_for_now() {
    let mut rig = lost(add(), Safety::ReadBack, "status");
    rig.pass(60);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.answer(NOT_FOUND);
    sends_again(&mut rig, "add");
    for _ in 0..20 {
        rig.unsent();
        rig.does(&["send add"]);
    }
    rig.unsent();
    rig.ends("1 refused without a code for now", &["tell a: refused 1 without a code for now"]);
    rig.is_over();
}

#[test]
fn a_resend_that_finds_no_session_is_decided_again_without_a_try() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send add"]);
    for _ in 0..20 {
        rig.unsent();
        rig.does(&["send add"]);
    }
    rig.unsent();
    rig.does(&["send status"]);
}

#[test]
fn looks_go_first() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.query(check(), options());
    rig.lost();
    rig.does(&["send status"]);
}

#[test]
fn two_looks_that_contradict_each_other_count_for_nothing() {
    let look = "StatusDomain";
    let there = format!("{OURS}\nupdated date:2026-09-21 14:13:20.0");
    let mut rig = Rig::new();
    rig.change(ptf("DeleteDomain", &[("domain", "example.com")]), Safety::ReadBack, options());
    rig.does(&["send StatusDomain"]);
    rig.answer(&there);
    rig.goes_out("DeleteDomain", 1);
    rig.lost();
    rig.does(&["send StatusDomain"]);
    rig.pass(60);
    // Gone, there, there: only the last two agree.
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, look);
    rig.answer(&there);
    looks_in(&mut rig, 10, look);
    rig.answer(&there);
    sends_again(&mut rig, "DeleteDomain");
}

#[test]
fn a_proof_that_has_become_old_is_made_again_before_anything_is_sent_again() {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 60, "status");
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    // Not applied, and to be sent again: but there is no slot for a long time.
    let most = std::mem::replace(&mut rig.slots.borrow_mut().most, 0);
    rig.answer(NOT_FOUND);
    rig.tick();
    rig.pass(61);
    rig.does(&[]);
    rig.slots.borrow_mut().most = most;
    rig.tick();
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    looks_in(&mut rig, 10, "status");
    rig.answer(NOT_FOUND);
    rig.tick();
    rig.does(&["send add"]);
}
