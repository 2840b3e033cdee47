//! Answers that are lost where no read can tell: what is in doubt stays so until somebody says.

use rrp::command::Safety;
use rrp::dispatch::{
    DoubtReason, OpaqueCommand, Options, Outcome, Refused, Resolution, Standing, Ticket, Told,
};

use crate::rig::Rig;
use crate::{BUSY, CREATE, DONE, LATER, MODIFY, NO, ORDER, key, order, says, thing, write};

const DOUBT: &str = "1, no read can prove what became of it";

/// An order of which the answer was lost, under ticket 1 and the key `k`.
fn doubtful() -> Rig {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, key("k"), 1);
    rig.lost();
    rig.ends("1 in-doubt", &[&format!("tell a: in doubt {DOUBT}")]);
    rig.is_over();
    rig
}

#[test]
fn a_lost_answer_leaves_a_write_in_doubt() {
    let rig = doubtful();
    let Told::Change(Ok(Outcome::InDoubt(doubt))) = rig.last() else { panic!() };
    assert_eq!((doubt.ticket(), doubt.reason()), (Ticket::new(1), DoubtReason::Unsettleable));
    let doubts: Vec<Ticket> = rig.dispatch.doubts().map(|entry| entry.ticket()).collect();
    assert_eq!(doubts, [Ticket::new(1)]);
    let entry = rig.dispatch.entry(Ticket::new(1)).unwrap();
    assert_eq!((entry.attempts(), entry.intent().resolver()), (1, None));
}

#[test]
fn whatever_the_nature_and_the_safety_what_is_lost_is_sent_again_only_if_twice_is_harmless() {
    for nature in [ORDER, CREATE, MODIFY] {
        for safety in Safety::ALL {
            let mut rig = Rig::new();
            rig.sent(write("w", nature, "x"), safety, Options::new(), 1);
            rig.lost();
            for _ in 0..if safety == Safety::Repeatable { 4 } else { 0 } {
                rig.due_in(1);
                rig.does(&["send w"]);
                rig.lost();
            }
            rig.ends("1 in-doubt", &[&format!("tell a: in doubt {DOUBT}")]);
            rig.is_over();
        }
    }
}

#[test]
fn a_second_write_to_what_is_in_doubt_is_refused_and_to_others_it_is_not() {
    let mut rig = doubtful();
    rig.change(write("other", MODIFY, "+49 30 1"), Safety::Repeatable, Options::new());
    rig.does(&["tell b: not sent, object has a write in doubt, ticket `1`"]);
    // So is one that is about several objects.
    rig.change(order().object(thing("+49 30 2")), Safety::ReadBack, key("k2"));
    rig.does(&["tell c: not sent, object has a write in doubt, ticket `1`"]);
    rig.sent(write("order", ORDER, "+49 30 2"), Safety::ReadBack, Options::new(), 2);
    rig.answer(says(DONE, "ok"));
    rig.ends("2 accepted by reply", &["tell d: accepted 2 by reply"]);
    // What is asked meanwhile waits, and is refused when the doubt is known.
    rig.sent(write("order", ORDER, "+49 30 3"), Safety::ReadBack, Options::new(), 3);
    rig.change(write("more", ORDER, "+49 30 3"), Safety::ReadBack, Options::new());
    rig.does(&[]);
    rig.lost();
    rig.does(&["record 3 in-doubt"]);
    rig.recorded();
    rig.does(&[
        "tell f: not sent, object has a write in doubt, ticket `3`",
        "tell e: in doubt 3, no read can prove what became of it",
    ]);
    rig.is_over();
}

#[test]
fn the_same_key_is_told_the_doubt_and_another_payload_is_a_conflict() {
    let mut rig = doubtful();
    rig.change(order(), Safety::ReadBack, key("k"));
    rig.does(&[&format!("tell b: in doubt {DOUBT}")]);
    let differ = [
        OpaqueCommand::write("order", ORDER, "other bytes").object(thing("+49 30 1")),
        OpaqueCommand::write("orders", ORDER, "order +49 30 1").object(thing("+49 30 1")),
        order().object(thing("+49 30 2")),
        order().field("count", "2"),
        order().field("secret", "2"),
    ];
    for other in differ {
        rig.change(other, Safety::ReadBack, key("k"));
        let told = rig.drain();
        assert!(told[0].ends_with("not sent, key belongs to another command, ticket `1`"), "{told:?}");
        assert_eq!(told.len(), 1);
    }
    // Keys are each user's own; the object is everybody's.
    rig.change(order(), Safety::ReadBack, Options::new().user("v").key("k"));
    rig.does(&["tell h: not sent, object has a write in doubt, ticket `1`"]);
    rig.is_over();
}

#[test]
fn what_is_an_object_is_no_field_and_what_is_a_name_no_body() {
    let plain = || OpaqueCommand::write("order", ORDER, "body");
    let alike = [
        plain(),
        plain().field("other", "x"),
        plain().object(thing("x")),
        plain().field("a", "b").field("c", "d"),
        plain().field("ab", "").field("c", "d"),
        plain().object(thing("fields")),
        OpaqueCommand::write("orderbody", ORDER, ""),
        OpaqueCommand::write("", ORDER, "orderbody"),
    ];
    for (at, one) in alike.iter().enumerate() {
        for (other_at, other) in alike.iter().enumerate() {
            let mut rig = Rig::new();
            rig.sent(one.clone(), Safety::ReadBack, key("k"), 1);
            rig.answer(says(DONE, "ok"));
            rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
            rig.change(other.clone(), Safety::ReadBack, key("k"));
            let told = rig.drain();
            assert_eq!(told[0].ends_with("replayed"), at == other_at, "{one:?} {other:?} {told:?}");
        }
    }
}

#[test]
fn settling_changes_nothing_and_a_persons_word_does() {
    let mut rig = doubtful();
    for name in ["b", "c"] {
        rig.settle(1);
        rig.does(&[&format!("tell {name}: still in doubt {DOUBT}")]);
    }
    // Not applied: the object is free, and the key begins anew.
    rig.resolve(1, Resolution::NotApplied);
    rig.does(&[]);
    rig.settle(1);
    rig.does(&["tell d: not applied 1"]);
    rig.sent(order(), Safety::ReadBack, key("k"), 2);
    rig.lost();
    rig.ends("2 in-doubt", &["tell e: in doubt 2, no read can prove what became of it"]);
    // Applied: the key replays it.
    rig.resolve(2, Resolution::Applied);
    rig.change(order(), Safety::ReadBack, key("k"));
    rig.does(&["tell f: accepted 2 by operator, replayed"]);
    assert_eq!((rig.accepted().summary().word(), rig.accepted().reply().is_none()), (None, true));
    let known = rig.entries();
    assert!(matches!(known[0].standing(), Standing::NotApplied));
    assert!(matches!(known[1].standing(), Standing::Accepted(_)));
    assert!(known[1].notes().last().unwrap().text().contains("looked by hand"));
    // The object is free, too.
    rig.sent(order(), Safety::ReadBack, Options::new(), 3);
    rig.answer(says(DONE, "ok"));
    rig.ends("3 accepted by reply", &["tell g: accepted 3 by reply"]);
    rig.is_over();
    let why = rig.dispatch.resolve(Ticket::new(2), Resolution::NotApplied, "", rig.at());
    assert!(matches!(why, Err(Refused::Finished(_))), "{why:?}");
}

#[test]
fn whoever_asks_by_the_key_while_a_person_says_hears_what_was_said() {
    for (resolution, tells) in [
        (Resolution::Applied, "tell b: accepted 1 by operator, replayed"),
        (Resolution::NotApplied, "record 2 open"),
        (Resolution::Forgotten, "record 2 open"),
    ] {
        let mut rig = doubtful();
        rig.dispatch.resolve(Ticket::new(1), resolution, "", rig.at()).unwrap();
        assert_eq!(rig.drain().len(), 1);
        rig.change(order(), Safety::ReadBack, key("k"));
        rig.does(&[]);
        rig.recorded();
        rig.does(&[tells]);
    }
}

#[test]
fn a_refused_connection_is_tried_again_uncounted_and_leaves_nothing_behind() {
    let mut rig = Rig::new();
    rig.change(order(), Safety::Once, key("k"));
    rig.goes_out("order", 1);
    for ticket in 1..=10 {
        rig.unsent();
        rig.does(&[&format!("record remove {ticket}"), &format!("record {} open", ticket + 1)]);
        rig.recorded();
        rig.recorded();
        rig.does(&["send order"]);
    }
    rig.answer(says(DONE, "ok"));
    rig.ends("11 accepted by reply", &["tell a: accepted 11 by reply"]);
    assert_eq!((rig.entries().len(), rig.entries()[0].attempts()), (1, 1));
    rig.is_over();
}

#[test]
fn a_connection_that_is_always_refused_is_told_as_not_sent() {
    let mut rig = Rig::new();
    rig.change(order(), Safety::ReadBack, key("k"));
    for _ in 0..21 {
        let done = rig.drain();
        for _ in done.iter().filter(|done| done.starts_with("record")) {
            rig.recorded();
        }
        rig.does(&["send order"]);
        rig.unsent();
    }
    rig.does(&["record remove 21", "tell a: not sent, no session lasts until something is sent"]);
    rig.recorded();
    assert!(rig.entries().is_empty());
    rig.is_over();
}

#[test]
fn unsent_after_an_attempt_that_was_sent_leaves_what_was_known_before() {
    // "Later" first, and then no connection: the object was never touched, and who says so is believed as before.
    let mut rig = Rig::new();
    rig.sent(write("w", CREATE, "x"), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(LATER, "later"));
    rig.due_in(30);
    rig.does(&["send w"]);
    for _ in 0..20 {
        rig.unsent();
        rig.does(&["send w"]);
    }
    rig.unsent();
    rig.ends("1 in-doubt", &[&format!("tell a: in doubt {DOUBT}")]);
    rig.is_over();
}

#[test]
fn the_callers_deadline_detaches_it_and_never_the_request() {
    let mut rig = Rig::new();
    let options = rig.within(20);
    rig.sent(order(), Safety::ReadBack, options, 1);
    rig.due_in(20);
    rig.does(&["tell a: in doubt 1, the caller's time was over"]);
    assert_eq!(rig.dispatch.slots().busy(), 1);
    // Whoever comes by the ticket waits for the answer.
    rig.settle(1);
    rig.does(&[]);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell b: applied 1 by reply, replayed"]);
    rig.is_over();
}

#[test]
fn a_deadline_before_anything_was_sent_says_so_and_gives_the_request_back() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    let options = rig.within(20);
    rig.change(write("order", ORDER, "other"), Safety::ReadBack, options);
    // One whose time does not hold an answer is not even asked for.
    rig.due_in(20);
    rig.does(&["tell b: not sent, its deadline leaves no time for a reply"]);
    let Told::Change(Err(not_sent)) = rig.last() else { panic!() };
    assert_eq!(&**not_sent.command().body(), b"order other");
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    // Four seconds hold no answer to a change.
    let options = rig.within(4);
    rig.change(order(), Safety::ReadBack, options);
    rig.does(&["tell c: not sent, its deadline leaves no time for a reply"]);
    rig.is_over();
}

#[test]
fn no_time_for_another_try_is_no_try() {
    let mut rig = Rig::new();
    let options = rig.within(32);
    rig.sent(write("w", CREATE, "x"), Safety::TrustReply, options, 1);
    rig.answer(says(LATER, "later"));
    rig.ends("1 refused later for now", &["tell a: refused 1 later for now"]);
    rig.is_over();
}

#[test]
fn whoever_leaves_takes_along_only_what_was_not_sent() {
    let mut rig = Rig::new();
    // Sent: it is finished and recorded.
    let first = rig.change(order(), Safety::ReadBack, key("k"));
    rig.goes_out("order", 1);
    // In line: it goes.
    let second = rig.change(write("order", ORDER, "other"), Safety::ReadBack, Options::new());
    rig.leave(second);
    rig.leave(first);
    rig.does(&[]);
    rig.lost();
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    // While its intent is being recorded: it is taken back.
    let third = rig.change(write("order", ORDER, "third"), Safety::ReadBack, Options::new());
    rig.does(&["record 2 open"]);
    rig.leave(third);
    rig.recorded();
    rig.does(&["record remove 2"]);
    rig.recorded();
    // While it waits to be sent again: what was known stands.
    let fourth = rig.change(write("w", CREATE, "x"), Safety::ReadBack, Options::new());
    rig.goes_out("w", 3);
    rig.answer(says(BUSY, "busy"));
    rig.leave(fourth);
    rig.does(&["record 3 open", "record 3 refused busy for now"]);
    rig.recorded();
    rig.recorded();
    rig.is_over();
}

#[test]
fn without_its_intent_in_the_journal_nothing_is_sent() {
    let mut rig = Rig::new();
    rig.change(order(), Safety::ReadBack, key("k"));
    rig.does(&["record 1 open"]);
    rig.not_recorded();
    rig.does(&["record remove 1", "tell a: not sent, journal does not record"]);
    rig.recorded();
    rig.is_over();
}

#[test]
fn an_outcome_that_is_not_recorded_is_told_as_such_and_writes_freeze() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, key("k"), 1);
    rig.answer(says(DONE, "ok"));
    rig.does(&["record 1 accepted by reply"]);
    rig.not_recorded();
    rig.does(&["tell a: accepted 1 by reply, unrecorded"]);
    assert!(rig.dispatch.is_frozen());
    rig.change(write("order", ORDER, "other"), Safety::ReadBack, Options::new());
    rig.does(&["tell b: not sent, journal does not record"]);
    // What is known is told, and reads go on.
    rig.change(order(), Safety::ReadBack, key("k"));
    rig.does(&["tell c: accepted 1 by reply, unrecorded, replayed"]);
    rig.query(OpaqueCommand::read("look", ""));
    rig.does(&["send look"]);
    rig.answer(says(DONE, "ok"));
    rig.does(&["tell d: answer ok"]);
    rig.due_in(1);
    rig.does(&["record 1 accepted by reply"]);
    rig.recorded();
    assert!(!rig.dispatch.is_frozen());
    rig.is_over();
}

#[test]
fn a_restart_finds_in_doubt_what_was_on_its_way_and_remembers_the_rest() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, key("open"), 1);
    let mut again = Rig::restored(rig.entries());
    again.settle(1);
    again.does(&["tell a: still in doubt 1, no read can prove what became of it"]);
    again.change(order(), Safety::ReadBack, key("open"));
    again.does(&["tell b: in doubt 1, no read can prove what became of it"]);
    again.change(order(), Safety::ReadBack, Options::new());
    again.does(&["tell c: not sent, object has a write in doubt, ticket `1`"]);
    // The next ticket is another.
    again.sent(write("order", ORDER, "other"), Safety::ReadBack, key("done"), 2);
    again.answer(says(DONE, "ok").pending(Some("job-1")));
    again.ends("2 accepted by reply", &["tell d: accepted 2 by reply"]);
    again.sent(write("order", ORDER, "third"), Safety::ReadBack, key("refused"), 3);
    again.answer(says(NO, "no"));
    again.ends("3 refused no", &["tell e: refused 3 no"]);
    let entries = [rig.entries(), again.entries()].concat();

    let mut last = Rig::restored(entries);
    last.change(write("order", ORDER, "other"), Safety::ReadBack, key("done"));
    last.does(&["tell a: accepted 2 by reply, replayed"]);
    let accepted = last.accepted();
    assert_eq!((accepted.summary().word(), accepted.job()), (Some("ok"), Some("job-1")));
    last.change(write("order", ORDER, "another"), Safety::ReadBack, key("done"));
    last.does(&["tell b: not sent, key belongs to another command, ticket `2`"]);
    last.settle(3);
    last.does(&["tell c: settled as refused 3 no"]);
    last.resolve(1, Resolution::NotApplied);
    last.sent(order(), Safety::ReadBack, key("open"), 4);
    last.answer(says(DONE, "ok"));
    last.ends("4 accepted by reply", &["tell d: accepted 4 by reply"]);
    last.is_over();
}
