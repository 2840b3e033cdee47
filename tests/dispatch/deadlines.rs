//! Deadlines and leaving, in every state: what is told, and that what was begun is finished and recorded.

use rrp::command::Safety;
use rrp::dispatch::Options;

use crate::rig::Rig;
use crate::*;

const TOO_LATE: &str = "not sent, its deadline leaves no time for a reply";
const DOUBT: &str = "in doubt 1, the caller's time was over";

/// How the caller goes: by its deadline, or by leaving.
#[derive(Clone, Copy, PartialEq)]
enum Goes {
    Deadline,
    Leaves,
}

const BOTH: [Goes; 2] = [Goes::Deadline, Goes::Leaves];

impl Goes {
    fn options(self, rig: &Rig) -> Options {
        match self {
            Self::Deadline => rig.within(100),
            Self::Leaves => options(),
        }
    }

    /// The caller goes, and this is told if it is still there.
    #[track_caller]
    fn now(self, rig: &mut Rig, call: usize, told: &str) {
        match self {
            Self::Deadline => {
                let passed = rig.now.duration_since(rig::base()).as_secs();
                rig.pass(100_u64.saturating_sub(passed));
                rig.does(&[told]);
            }
            Self::Leaves => {
                let call = rig.calls[call];
                rig.leave(call);
                rig.does(&[]);
            }
        }
    }
}

#[test]
fn behind_another_write() {
    for goes in BOTH {
        let mut rig = Rig::new();
        rig.sent(add(), Safety::ReadBack, options(), 1);
        let options = goes.options(&rig);
        rig.change(renew(), Safety::ReadBack, options);
        goes.now(&mut rig, 1, &format!("tell b: {TOO_LATE}"));
        rig.answer(OK);
        rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
        rig.is_over();
    }
}

#[test]
fn waiting_for_a_slot() {
    for goes in BOTH {
        let mut rig = Rig::new();
        rig.slots.borrow_mut().most = 0;
        let options = goes.options(&rig);
        rig.change(add(), Safety::ReadBack, options.clone());
        goes.now(&mut rig, 0, &format!("tell a: {TOO_LATE}"));
        rig.is_over();
        let mut rig = Rig::new();
        rig.slots.borrow_mut().most = 0;
        rig.query(status(), options);
        goes.now(&mut rig, 0, "tell a: query not answered before its deadline");
        rig.is_over();
    }
}

#[test]
fn what_stood_in_the_way_is_told() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.slots.borrow_mut().trouble = Some(rrp::dispatch::Unavailable::new("connection refused"));
    let options = rig.within(100);
    rig.change(add(), Safety::ReadBack, options.clone());
    rig.query(status(), options);
    rig.pass(100);
    rig.does(&[
        "tell a: not sent, its deadline leaves no time for a reply: connection refused",
        "tell b: query not answered before its deadline: connection refused",
    ]);
}

#[test]
fn a_slot_that_comes_too_late_for_a_reply_is_not_used() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    let options = rig.within(100);
    rig.change(add(), Safety::ReadBack, options.clone());
    rig.query(status(), options.clone());
    rig.pass(95);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    // Five seconds are enough.
    rig.does(&["record 1 open"]);
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    rig.change(add(), Safety::ReadBack, options.clone());
    rig.query(status(), options);
    rig.pass(96);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    // They are not, for a change; a query does no harm if its answer comes too late.
    rig.does(&[&format!("tell a: {TOO_LATE}"), "send status"]);
}

#[test]
fn a_query_is_sent_as_long_as_half_a_second_is_left() {
    for (left, sent) in [(600, true), (400, false)] {
        let mut rig = Rig::new();
        rig.slots.borrow_mut().most = 0;
        let options = rig.within(3);
        rig.query(status(), options);
        rig.pass_millis(3_000 - left);
        rig.slots.borrow_mut().most = 1;
        rig.tick();
        let unsent = format!("tell a: unsent, {}", &TOO_LATE[10..]);
        rig.does(&[if sent { "send status" } else { &unsent }]);
    }
}

#[test]
fn reading_before_the_write() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.change(renew_unguarded(), Safety::ReadBack, options);
        rig.does(&["send StatusDomain"]);
        goes.now(&mut rig, 0, &format!("tell a: {TOO_LATE}"));
        rig.answer(OURS);
        rig.is_over();
        assert!(rig.journal.is_empty());
    }
}

#[test]
fn recording_the_intent() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.change(add(), Safety::ReadBack, options);
        rig.does(&["record 1 open"]);
        goes.now(&mut rig, 0, &format!("tell a: {TOO_LATE}"));
        rig.recorded();
        rig.does(&["record remove 1"]);
        rig.recorded();
        rig.sessions_were(&["alive"]);
        rig.is_over();
        assert!(rig.entries().is_empty());
    }
}

#[test]
fn an_intent_that_is_recorded_too_late_for_a_reply_is_withdrawn() {
    let mut rig = Rig::new();
    let options = rig.within(100);
    rig.change(add(), Safety::ReadBack, options);
    rig.does(&["record 1 open"]);
    rig.pass(96);
    rig.recorded();
    rig.does(&["record remove 1", &format!("tell a: {TOO_LATE}")]);
    rig.recorded();
    rig.sessions_were(&["alive"]);
    rig.is_over();
}

#[test]
fn sending_a_query() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.query(status(), options);
        rig.does(&["send status"]);
        goes.now(&mut rig, 0, "tell a: query not answered before its deadline");
        assert_eq!(rig.dispatch.jobs(), 1);
        // It is finished, and not asked again.
        rig.lost();
        rig.is_over();
    }
}

#[test]
fn sending_a_write_that_is_answered() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.sent(add(), Safety::ReadBack, options, 1);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.answer(OK);
        rig.ends("1 accepted by reply", &[]);
        rig.settle(1);
        rig.does(&["tell b: applied 1 by reply, replayed"]);
        rig.is_over();
    }
}

#[test]
fn sending_a_write_that_is_lost() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.sent(add(), Safety::ReadBack, options, 1);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.lost();
        rig.does(&["send status"]);
        rig.pass(60);
        rig.answer(NOT_FOUND);
        rig.due_in(10);
        rig.does(&["send status"]);
        rig.answer(NOT_FOUND);
        // No new attempt is made for nobody.
        rig.ends("1 not-applied", &[]);
        rig.is_over();
    }
}

#[test]
fn sending_a_write_that_is_refused_for_now() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.sent(add_host(), Safety::ReadBack, options, 1);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.answer(LATER);
        rig.ends("1 refused 421 for now", &[]);
        rig.is_over();
    }
}

#[test]
fn sending_a_write_that_turns_out_unsent() {
    // Whoever left has heard of no ticket.
    let mut rig = Rig::new();
    let call = rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.leave(call);
    rig.unsent();
    rig.ends("remove 1", &[]);
    rig.is_over();
    // Whoever was told a ticket finds it.
    let mut rig = Rig::new();
    let options = rig.within(100);
    rig.sent(add(), Safety::ReadBack, options, 1);
    rig.pass(100);
    rig.does(&[&format!("tell a: {DOUBT}")]);
    rig.unsent();
    rig.ends("1 not-applied", &[]);
    rig.settle(1);
    rig.does(&["tell b: not applied 1"]);
    rig.is_over();
    let mut rig = Rig::with(rig::config(), rig.entries());
    rig.settle(1);
    rig.does(&["tell a: not applied 1"]);
}

#[test]
fn a_ticket_that_was_told_is_settled_while_its_key_goes_on() {
    let mut rig = Rig::new();
    let late = rig.within(100).user("u").key("k");
    rig.sent(add(), Safety::ReadBack, late, 1);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.pass(100);
    rig.does(&[&format!("tell a: {DOUBT}")]);
    rig.settle(1);
    rig.does(&[]);
    rig.unsent();
    rig.does(&["record 1 not-applied", "tell c: not applied 1", "record 2 open"]);
    rig.recorded();
    rig.recorded();
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply, replayed"]);
    rig.is_over();
}

#[test]
fn a_ticket_that_was_told_to_somebody_who_settles_is_found_again() {
    let mut rig = Rig::new();
    let call = rig.sent(add(), Safety::ReadBack, options(), 1);
    let late = rig.within(10);
    let settles = rig.dispatch.settle(rrp::dispatch::Ticket::new(1), late, rig.at());
    rig.calls.push(settles);
    rig.pass(10);
    rig.does(&["tell b: still in doubt 1, the caller's time was over"]);
    rig.leave(call);
    rig.unsent();
    rig.ends("1 not-applied", &[]);
    rig.settle(1);
    rig.does(&["tell c: not applied 1"]);
    rig.is_over();
}

#[test]
fn probing_the_login() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.sent(add(), Safety::ReadBack, options.clone(), 1);
        rig.answer("530 Authentication failed");
        rig.does(&["probe"]);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.probed(true, true);
        rig.ends("1 refused 530", &[]);
        rig.is_over();

        let mut rig = Rig::new();
        rig.query(status(), options);
        rig.does(&["send status"]);
        rig.answer("530 Authentication failed");
        rig.does(&["probe"]);
        goes.now(&mut rig, 0, "tell a: query not answered before its deadline");
        rig.probed(false, true);
        rig.is_over();
    }
}

#[test]
fn pausing_before_another_attempt() {
    for goes in BOTH {
        // What costs is read back at once, and not sent again.
        let mut rig = Rig::new();
        let patient = if goes == Goes::Deadline { rig.within(11) } else { options() };
        rig.sent(add(), Safety::ReadBack, patient, 1);
        rig.answer(LATER);
        rig.does(&[]);
        if goes == Goes::Deadline {
            rig.slots.borrow_mut().most = 0;
            rig.due_in(1);
            rig.does(&[]);
            rig.due_in(10);
            rig.does(&[&format!("tell a: {DOUBT}")]);
            rig.slots.borrow_mut().most = 1;
            rig.tick();
            rig.does(&["send status"]);
        } else {
            let call = rig.calls[0];
            rig.leave(call);
            rig.does(&["send status"]);
        }
        rig.answer(NOT_FOUND);
        rig.due_in(10);
        rig.does(&["send status"]);
        rig.answer(NOT_FOUND);
        rig.ends("1 not-applied", &[]);
        rig.is_over();
    }
    // A query is dropped.
    let mut rig = Rig::new();
    let call = rig.query(status(), options());
    rig.does(&["send status"]);
    rig.lost();
    rig.leave(call);
    rig.is_over();
}

#[test]
fn no_attempt_is_planned_that_the_deadline_does_not_hold() {
    let mut rig = Rig::new();
    let options = rig.within(5);
    rig.sent(add_host(), Safety::ReadBack, options, 1);
    // One second until the next, and five for its reply.
    rig.answer(LATER);
    rig.ends("1 refused 421 for now", &["tell a: refused 1 421 for now"]);
    rig.is_over();
    let mut rig = Rig::new();
    let options = rig.within(6);
    rig.sent(add_host(), Safety::ReadBack, options, 1);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send add"]);
}

#[test]
fn a_resend_whose_slot_comes_too_late_is_decided_again_without_it() {
    let mut rig = Rig::new();
    let options = rig.within(7);
    rig.sent(add_host(), Safety::ReadBack, options, 1);
    rig.answer(LATER);
    rig.slots.borrow_mut().most = 0;
    rig.pass(3);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    rig.ends("1 refused 421 for now", &["tell a: refused 1 421 for now"]);
    rig.is_over();
}

#[test]
fn looking() {
    for goes in BOTH {
        // On its way.
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.sent(add(), Safety::ReadBack, options.clone(), 1);
        rig.lost();
        rig.does(&["send status"]);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.answer(OURS);
        rig.ends("1 accepted by created-within-a-day", &[]);
        rig.is_over();
        // Waiting for a slot.
        let mut rig = Rig::new();
        rig.sent(add(), Safety::ReadBack, options.clone(), 1);
        rig.slots.borrow_mut().most = 0;
        rig.lost();
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.slots.borrow_mut().most = 1;
        rig.tick();
        rig.does(&["send status"]);
        rig.answer(OURS);
        rig.ends("1 accepted by created-within-a-day", &[]);
        rig.is_over();
        // Between two looks.
        let mut rig = Rig::new();
        rig.sent(add(), Safety::ReadBack, options, 1);
        rig.lost();
        rig.does(&["send status"]);
        rig.pass(95);
        rig.answer(NOT_FOUND);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.due_in(if goes == Goes::Deadline { 5 } else { 10 });
        rig.does(&["send status"]);
        rig.answer(NOT_FOUND);
        rig.ends("1 not-applied", &[]);
        rig.is_over();
    }
}

#[test]
fn closing() {
    for goes in BOTH {
        let mut rig = Rig::new();
        let options = goes.options(&rig);
        rig.sent(add(), Safety::ReadBack, options, 1);
        rig.answer(OK);
        rig.does(&["record 1 accepted by reply"]);
        goes.now(&mut rig, 0, &format!("tell a: {DOUBT}"));
        rig.recorded();
        rig.is_over();
        assert_eq!(rig.entries()[0].standing().as_str(), "accepted");
    }
}

#[test]
fn settling() {
    for goes in BOTH {
        let mut rig = Rig::new();
        rig.sent(add(), Safety::ReadBack, options(), 1);
        rig.lost();
        rig.does(&["send status"]);
        rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
        rig.drain();
        rig.recorded();
        rig.drain();
        let options = goes.options(&rig);
        let call = rig.dispatch.settle(rrp::dispatch::Ticket::new(1), options, rig.at());
        rig.calls.push(call);
        rig.does(&["send status"]);
        goes.now(&mut rig, 1, "tell b: still in doubt 1, the caller's time was over");
        // What it learns is recorded.
        rig.answer(OURS);
        rig.ends("1 accepted by created-within-a-day", &[]);
        rig.is_over();
    }
}

#[test]
fn one_of_two_callers_goes() {
    let mut rig = Rig::new();
    let hasty = rig.within(10).user("u").key("k");
    rig.sent(add(), Safety::ReadBack, hasty, 1);
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.slots.borrow_mut().most = 0;
    rig.answer(LATER);
    rig.does(&[]);
    rig.pass(10);
    rig.does(&[&format!("tell a: {DOUBT}")]);
    rig.slots.borrow_mut().most = 1;
    rig.tick();
    // The other one still waits for it.
    rig.does(&["send add"]);
    rig.answer(OK);
    rig.ends("1 accepted by reply", &["tell b: accepted 1 by reply, replayed"]);
    rig.is_over();
}

#[test]
fn whoever_left_is_never_told_and_leaving_twice_does_nothing() {
    let mut rig = Rig::new();
    let call = rig.query(status(), options());
    rig.does(&["send status"]);
    rig.leave(call);
    rig.leave(call);
    rig.answer(OURS);
    rig.is_over();
}
