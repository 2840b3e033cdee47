//! Every class of decision, through the machine.

use rrp::command::Safety;
use rrp::retry::Budget;

use crate::rig::{Rig, config};
use crate::*;

const CLOSING: &str = "420 Command failed due to server error. Server closing connection";
const LOCKED: &str = "422 Command failed due to abuse lock";
const BACKEND: &str = "423 Gateway lost its backend";
const ENDED: &str = "520 Server closing connection. Client should try opening new connection";
const FULL: &str = "521 Too many sessions open. Server closing connection";
const WHO: &str = "530 Authentication failed";
const OUT_OF_PLACE: &str = "547 Invalid command sequence";
const FAILED: &str = "549 Command failed";

/// A query on its way.
fn query() -> Rig {
    let mut rig = Rig::new();
    rig.query(status(), options());
    rig.does(&["send status"]);
    rig
}

fn write(command: Command, safety: Safety) -> Rig {
    let mut rig = Rig::new();
    rig.sent(command, safety, options(), 1);
    rig
}

/// It is being read back.
#[track_caller]
fn is_read_back(rig: &mut Rig) {
    rig.does(&["send status"]);
}

#[test]
fn a_read_is_asked_again_until_its_tries_are_used_up() {
    for (lines, wait, end) in [
        (LATER, 1, "refused 421"),
        (CLOSING, 1, "refused 420"),
        (BACKEND, 1, "refused 423"),
        (ENDED, 1, "refused 520"),
        (FULL, 1, "refused 521"),
        ("499 Odd", 1, "refused 499"),
        ("210 Domain name available", 1, "query sent, and not answered"),
    ] {
        let mut rig = query();
        for _ in 1..5 {
            let fits = !lines.starts_with("210");
            rig.answer(lines);
            rig.does(&[]);
            let due = rig.dispatch.poll_timeout().unwrap().duration_since(rig.now).as_secs();
            assert_eq!(due, wait, "{lines}");
            rig.due_in(due);
            rig.does(&["send status"]);
            let said = std::mem::take(&mut rig.slots.borrow_mut().said);
            let another = said.iter().any(|word| word.starts_with("not on"));
            assert_eq!(another, lines != LATER, "{lines}: {said:?}");
            assert_eq!(said.contains(&"evict".to_owned()), !fits, "{lines}: {said:?}");
        }
        rig.answer(lines);
        rig.does(&[&format!("tell a: {end}")]);
        rig.is_over();
    }
}

#[test]
fn a_read_ends_by_every_answer() {
    for (lines, end) in [
        (OURS, "answer 200"),
        ("220 Command completed successfully. Server closing connection", "answer 220"),
        ("299 Odd", "answer 299"),
        (NOT_FOUND, "refused 545"),
        (FAILED, "refused 549"),
        ("599 Odd", "refused 599"),
        ("699 Odd", "refused 699"),
    ] {
        let mut rig = query();
        rig.answer(lines);
        rig.does(&[&format!("tell a: {end}")]);
        rig.is_over();
    }
}

#[test]
fn a_lost_read_is_asked_again_and_then_unanswered() {
    let mut rig = query();
    for _ in 1..5 {
        rig.lost();
        rig.due_in(1);
        rig.does(&["send status"]);
    }
    rig.lost();
    rig.does(&["tell a: query sent, and not answered"]);
    rig.is_over();
}

#[test]
fn a_read_that_is_never_sent_gives_up_after_twenty_sessions() {
    let mut rig = query();
    for _ in 0..20 {
        rig.unsent();
        rig.does(&["send status"]);
    }
    rig.unsent();
    rig.does(&["tell a: unsent, no session lasts until something is sent"]);
    rig.is_over();
}

#[test]
fn a_read_that_was_lost_and_then_never_sent_is_unanswered() {
    let mut rig = query();
    rig.lost();
    rig.due_in(1);
    rig.does(&["send status"]);
    for _ in 0..20 {
        rig.unsent();
        rig.does(&["send status"]);
    }
    rig.unsent();
    rig.does(&["tell a: query sent, and not answered"]);
    rig.is_over();
}

#[test]
fn a_write_that_is_not_sent_withdraws_its_intent_and_goes_to_another_session() {
    let mut rig = write(add(), Safety::Once);
    rig.unsent();
    rig.does(&["record remove 1", "record 2 open"]);
    rig.sessions_were(&["ended", "not on 1"]);
    rig.recorded();
    rig.does(&[]);
    rig.recorded();
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell a: accepted 2 by reply"]);
    assert_eq!(rig.entries().len(), 1);
    assert_eq!(rig.entries()[0].attempts(), 1);
    rig.is_over();
}

#[test]
fn a_write_that_is_never_sent_is_given_back() {
    let mut rig = write(add(), Safety::ReadBack);
    for ticket in 1..=20 {
        rig.unsent();
        rig.does(&[&format!("record remove {ticket}"), &format!("record {} open", ticket + 1)]);
        rig.recorded();
        rig.recorded();
        rig.does(&["send add"]);
    }
    rig.unsent();
    rig.does(&["record remove 21", "tell a: not sent, no session lasts until something is sent"]);
    rig.recorded();
    assert!(rig.entries().is_empty());
    rig.is_over();
}

#[test]
fn a_write_is_over_by_what_it_can_get() {
    for (lines, record, told) in [
        (OK, "1 accepted by reply", "accepted 1 by reply"),
        ("220 Bye", "1 accepted by reply", "accepted 1 by reply"),
        ("541 Invalid attribute value", "1 refused 541", "refused 1 541"),
        ("599 Odd", "1 refused 599", "refused 1 599"),
    ] {
        let mut rig = write(add(), Safety::ReadBack);
        rig.answer(lines);
        rig.ends(record, &[&format!("tell a: {told}")]);
        rig.is_over();
    }
}

#[test]
fn what_may_have_been_executed_is_read_back() {
    for lines in [BACKEND, ENDED, FULL, "210 Domain name available", "299 Odd", "499 Odd", "699 Odd"] {
        let mut rig = write(add(), Safety::TrustReply);
        rig.answer(lines);
        is_read_back(&mut rig);
        rig.sessions_were(match lines {
            ENDED | FULL => &["closed", "not on 1"],
            "210 Domain name available" => &["evict", "not on 1"],
            _ => &["alive", "not on 1"],
        });
        rig.answer(OURS);
        rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day"]);
        rig.is_over();
    }
    // What no read can prove is in doubt.
    let mut rig = write(charge(), Safety::TrustReply);
    rig.answer(BACKEND);
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    rig.is_over();
}

#[test]
fn try_again_goes_by_nature_and_safety() {
    // Creations that the registry refuses to repeat are resubmitted.
    for safety in [Safety::ReadBack, Safety::TrustReply, Safety::Repeatable] {
        let mut rig = write(add(), safety);
        rig.answer(LATER);
        rig.does(&[]);
        rig.due_in(1);
        rig.does(&["send add"]);
        rig.sessions_were(&["alive"]);
    }
    // Renewals are read back first, guarded too.
    let mut rig = write(renew(), Safety::ReadBack);
    rig.answer(LATER);
    is_read_back(&mut rig);
    let mut rig = write(renew(), Safety::TrustReply);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send renew"]);
    // What no read can prove is in doubt, unless the registry is trusted.
    let mut rig = write(charge(), Safety::ReadBack);
    rig.answer(LATER);
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    let mut rig = write(charge(), Safety::TrustReply);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send ChargeCreditcard"]);
    // Once is once.
    for command in [add(), renew(), charge()] {
        let mut rig = write(command, Safety::Once);
        rig.answer(LATER);
        rig.ends("1 refused 421 for now", &["tell a: refused 1 421 for now"]);
        rig.is_over();
    }
}

#[test]
fn after_a_420_another_session_is_used() {
    let mut rig = write(add(), Safety::ReadBack);
    rig.answer(CLOSING);
    let due = rig.dispatch.poll_timeout().unwrap().duration_since(rig.now).as_secs();
    rig.due_in(due);
    rig.does(&["send add"]);
    rig.sessions_were(&["closed", "not on 1"]);
}

#[test]
fn an_abuse_lock_holds_the_account() {
    let mut rig = write(add(), Safety::ReadBack);
    rig.answer(LOCKED);
    rig.does(&[]);
    let held = rig.slots.borrow().held.clone();
    assert_eq!(held.len(), 1);
    assert!(held[0].as_secs() >= 60);
    rig.due_in(held[0].as_secs());
    rig.does(&["send add"]);
    // A query that is told so holds it as well.
    let mut rig = query();
    rig.answer(LOCKED);
    assert_eq!(rig.slots.borrow().held.len(), 1);
}

#[test]
fn a_reply_that_may_mean_a_lost_login_is_probed() {
    for lines in [WHO, OUT_OF_PLACE] {
        let code = &lines[..3];
        let mut rig = query();
        rig.answer(lines);
        rig.does(&["probe"]);
        rig.probed(true, true);
        rig.does(&[&format!("tell a: refused {code}")]);
        rig.sessions_were(&["alive"]);
        rig.is_over();

        let mut rig = query();
        rig.answer(lines);
        rig.does(&["probe"]);
        rig.probed(false, true);
        rig.sessions_were(&["evict"]);
        rig.due_in(1);
        rig.does(&["send status"]);
        rig.sessions_were(&["not on 1"]);

        let mut rig = write(add(), Safety::ReadBack);
        rig.answer(lines);
        rig.does(&["probe"]);
        rig.probed(true, true);
        rig.ends(&format!("1 refused {code}"), &[&format!("tell a: refused 1 {code}")]);
        rig.sessions_were(&["alive"]);

        let mut rig = write(add(), Safety::ReadBack);
        rig.answer(lines);
        rig.does(&["probe"]);
        rig.probed(false, false);
        is_read_back(&mut rig);
        rig.sessions_were(&["ended", "not on 1"]);

        let mut rig = write(charge(), Safety::ReadBack);
        rig.answer(lines);
        rig.does(&["probe"]);
        rig.probed(false, true);
        rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);

        // A session that is gone cannot be probed: the login counts as lost.
        let mut rig = write(charge(), Safety::ReadBack);
        rig.answer_on(lines, false);
        rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
        rig.sessions_were(&["closed"]);
    }
}

#[test]
fn a_lost_login_uses_up_the_tries_of_a_read() {
    let mut rig = Rig::with(config().tries(1), []);
    rig.query(status(), options());
    rig.does(&["send status"]);
    rig.answer(WHO);
    rig.does(&["probe"]);
    rig.probed(false, true);
    rig.does(&["tell a: query sent, and not answered"]);
}

#[test]
fn command_failed_is_not_believed_where_it_costs() {
    let mut rig = write(add(), Safety::ReadBack);
    rig.answer(FAILED);
    is_read_back(&mut rig);
    let mut rig = write(add_host(), Safety::ReadBack);
    rig.answer(FAILED);
    rig.ends("1 refused 549", &["tell a: refused 1 549"]);
}

#[test]
fn the_refusal_of_what_was_sent_before_is_evidence() {
    for lines in [TAKEN, "554 Domain already registered", "546 Credit limit exceeded", "531 No", "552 No"] {
        let mut rig = write(add(), Safety::ReadBack);
        rig.answer(LATER);
        rig.due_in(1);
        rig.does(&["send add"]);
        rig.answer(lines);
        is_read_back(&mut rig);
        rig.answer(OURS);
        rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day"]);
        rig.is_over();
    }
}

#[test]
fn when_no_try_is_left_what_costs_is_read_back_and_what_does_not_is_refused() {
    let mut rig = Rig::with(config().tries(1), []);
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    is_read_back(&mut rig);
    let mut rig = Rig::with(config().tries(1), []);
    rig.sent(add_host(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.ends("1 refused 421 for now", &["tell a: refused 1 421 for now"]);
    // It was handed over twice.
    let mut rig = Rig::with(config().tries(2), []);
    rig.sent(add_host(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send add"]);
    rig.answer(LATER);
    is_read_back(&mut rig);
}

#[test]
fn the_budget_of_the_account_ends_repetition() {
    // Of four tokens two may be spent; then not more than half are left.
    let mut rig = Rig::with(config().budget(Budget::new(4)), []);
    rig.query(status(), options());
    rig.does(&["send status"]);
    for _ in 0..2 {
        rig.lost();
        rig.due_in(1);
        rig.does(&["send status"]);
    }
    rig.lost();
    rig.does(&["tell a: query sent, and not answered"]);
    // For everybody, and looks do not pay.
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.answer(LATER);
    is_read_back(&mut rig);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell b: accepted 1 by created-within-a-day"]);
    // Successes bring it back, a tenth each.
    for ticket in 2..4 {
        rig.sent(charge(), Safety::ReadBack, options(), ticket);
        rig.answer(OK);
        rig.drain();
        rig.recorded();
        rig.drain();
    }
    rig.query(status(), options());
    rig.does(&["send status"]);
    rig.lost();
    rig.due_in(1);
    rig.does(&["send status"]);
}

#[test]
fn repeatable_writes_are_sent_again_where_others_are_read_back() {
    let mut rig = write(charge(), Safety::Repeatable);
    rig.lost();
    rig.due_in(1);
    rig.does(&["send ChargeCreditcard"]);
    rig.sessions_were(&["ended", "not on 1"]);
    rig.answer(BACKEND);
    rig.due_in(1);
    rig.does(&["send ChargeCreditcard"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.is_over();
}
