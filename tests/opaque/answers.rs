//! Whole answers: what each verdict comes to.

use rrp::command::Safety;
use rrp::command::nature::Nature;
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Options, Ticket};
use rrp::settle::Proof;
use rrp::verdict::Verdict;

use crate::rig::Rig;
use crate::{
    BUSY, CREATE, CREATE_FREE, DONE, FAILED, LATER, MODIFY, NO, ORDER, UNKNOWN, UNLISTED, key, order, says,
    write,
};

#[test]
fn what_is_done_is_recorded_before_it_is_told() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    assert_eq!(rig.dispatch.slots().busy(), 1);
    rig.answer(OpaqueReply::new(DONE, "completed", "well done", "{\"id\":7}"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    let accepted = rig.accepted();
    assert_eq!(accepted.reply().map(|reply| &**reply.body()), Some(&b"{\"id\":7}"[..]));
    let summary = accepted.summary();
    assert_eq!((summary.proof(), summary.code(), summary.word()), (Proof::Reply, None, Some("completed")));
    assert_eq!((summary.text(), accepted.is_pending(), accepted.job()), ("well done", false, None));
    rig.is_over();
}

#[test]
fn what_is_done_later_is_accepted_with_its_job() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::Once, key("k"), 1);
    rig.answer(says(DONE, "queued").pending(Some("job-17")));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    assert_eq!((rig.accepted().is_pending(), rig.accepted().job()), (true, Some("job-17")));
    // The key replays it, without the reply.
    rig.change(order(), Safety::Once, key("k"));
    rig.does(&["tell b: accepted 1 by reply, replayed"]);
    let again = rig.accepted();
    assert_eq!((again.is_pending(), again.job(), again.reply().is_none()), (true, Some("job-17"), true));
    assert_eq!(again.summary().word(), Some("queued"));
    // One that has no name.
    rig.sent(write("order", ORDER, "other"), Safety::Once, Options::new(), 2);
    rig.answer(says(DONE, "queued").pending(None));
    rig.ends("2 accepted by reply", &["tell c: accepted 2 by reply"]);
    assert_eq!((rig.accepted().is_pending(), rig.accepted().job()), (true, None));
    rig.is_over();
}

#[test]
fn a_refusal_is_told_with_its_code_and_its_text() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, key("k"), 1);
    rig.answer(OpaqueReply::new(NO, "number_invalid", "no such number", "a body"));
    rig.ends("1 refused number_invalid", &["tell a: refused 1 number_invalid"]);
    let refusal = rig.refusal();
    assert_eq!((refusal.text(), refusal.code(), refusal.is_for_now()), ("no such number", None, false));
    assert_eq!(refusal.summary().word(), Some("number_invalid"));
    assert_eq!(refusal.ticket(), Ticket::new(1));
    // The key begins anew: nothing was done.
    rig.sent(order(), Safety::ReadBack, key("k"), 2);
    rig.answer(says(DONE, "ok"));
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    rig.is_over();
}

/// How often it is sent if each answer means the same, and how it ends.
fn comes_to(nature: Nature, safety: Safety, verdict: Verdict) -> (usize, String) {
    let mut rig = Rig::new();
    rig.sent(write("w", nature, "x"), safety, Options::new(), 1);
    let mut sends = 1;
    loop {
        rig.answer(says(verdict, "code"));
        let mut did = rig.drain();
        // That it was named is recorded before it goes on.
        if did.first().is_some_and(|did| did == "record 1 open") {
            assert_eq!((verdict, sends), (BUSY, 1));
            rig.recorded();
            did.remove(0);
        }
        match &did[..] {
            [] => {
                let due = rig.dispatch.poll_timeout().expect("it waits for a time");
                let wait = due - rig.now;
                assert_eq!(wait, verdict.advice().wait().unwrap_or(core::time::Duration::from_secs(1)));
                rig.pass(wait.as_secs());
                rig.does(&["send w"]);
                sends += 1;
            }
            [record] => {
                assert!(record.starts_with("record 1 "), "{record}");
                rig.recorded();
                let told = rig.drain().join(", ");
                rig.is_over();
                return (sends, told.strip_prefix("tell a: ").unwrap().to_owned());
            }
            more => panic!("{more:?}"),
        }
    }
}

const DOUBT: &str = "in doubt 1, no read can prove what became of it";
const REFUSED: &str = "refused 1 code";
const FOR_NOW: &str = "refused 1 code for now";

#[test]
fn every_temporary_refusal_comes_to_what_the_rule_says() {
    use Safety::{Once, ReadBack, Repeatable, TrustReply};
    for (nature, name) in
        [(ORDER, "order"), (CREATE, "create"), (CREATE_FREE, "create free"), (MODIFY, "modify")]
    {
        // The API itself refuses a second one.
        let refuses_a_second = matches!(name, "create" | "create free");
        for (verdict, kind) in [(LATER, "later"), (BUSY, "busy"), (UNKNOWN, "unknown")] {
            for safety in Safety::ALL {
                let expected = match (kind, safety) {
                    ("unknown", Repeatable) => (5, DOUBT),
                    // It may have been executed, and nobody can look.
                    ("unknown", _) => (1, DOUBT),
                    (_, Once) => (1, FOR_NOW),
                    // Where no read can tell, a trusted reply is all there is.
                    (_, TrustReply) => (5, FOR_NOW),
                    // Each was refused; but one that was sent before is believed no more.
                    (_, Repeatable) => (5, DOUBT),
                    (_, ReadBack) if refuses_a_second => (5, DOUBT),
                    // Who names what stands in the way has not begun.
                    ("busy", ReadBack) => (1, FOR_NOW),
                    (_, ReadBack) => (1, DOUBT),
                };
                let (sends, told) = comes_to(nature, safety, verdict);
                assert_eq!((sends, &*told), expected, "{name}, {kind}, {safety}");
            }
        }
    }
}

#[test]
fn of_a_failure_that_is_not_certain_only_what_costs_nothing_is_called_refused() {
    for safety in Safety::ALL {
        for (nature, expected) in [(ORDER, DOUBT), (CREATE, DOUBT), (CREATE_FREE, REFUSED), (MODIFY, REFUSED)]
        {
            assert_eq!(comes_to(nature, safety, FAILED), (1, expected.to_owned()), "{nature:?} {safety}");
        }
        assert_eq!(comes_to(Nature::UNKNOWN, safety, FAILED), (1, DOUBT.to_owned()));
        assert_eq!(comes_to(Nature::UNKNOWN, safety, NO), (1, REFUSED.to_owned()));
    }
}

#[test]
fn an_answer_of_no_class_leaves_a_write_in_doubt() {
    for nature in [ORDER, CREATE, CREATE_FREE, MODIFY, Nature::UNKNOWN] {
        for safety in Safety::ALL {
            let sends = if safety == Safety::Repeatable { 5 } else { 1 };
            // So does a success that does not say that it was executed, and an answer to something else.
            for verdict in [UNLISTED, Verdict::new(rrp::verdict::Class::Success), DONE.misfit()] {
                assert_eq!(comes_to(nature, safety, verdict), (sends, DOUBT.to_owned()), "{verdict:?}");
            }
        }
    }
}

#[test]
fn a_read_is_asked_again_until_it_is_refused() {
    let read = || OpaqueCommand::read("look", "x");
    for (verdict, asked, told) in [
        (DONE, 1, "answer code"),
        (NO, 1, "refused code"),
        (FAILED, 1, "refused code"),
        (UNLISTED, 1, "refused code"),
        (LATER, 5, "refused code"),
        (BUSY, 5, "refused code"),
        (UNKNOWN, 5, "refused code"),
    ] {
        let mut rig = Rig::new();
        rig.query(read());
        for _ in 0..asked {
            rig.does(&["send look"]);
            rig.answer(says(verdict, "code"));
            if let Some(due) = rig.dispatch.poll_timeout() {
                rig.does(&[]);
                rig.pass((due - rig.now).as_secs());
            }
        }
        rig.does(&[&format!("tell a: {told}")]);
        rig.is_over();
    }
}

#[test]
fn after_busy_a_second_one_that_is_refused_is_evidence_and_no_answer() {
    let mut rig = Rig::new();
    rig.sent(write("create", CREATE, "x"), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(BUSY, "busy"));
    rig.does(&["record 1 open"]);
    rig.recorded();
    rig.due_in(1);
    rig.does(&["send create"]);
    // The other operation may have been the first of these.
    rig.answer(says(NO, "exists"));
    rig.ends("1 in-doubt", &[&format!("tell a: {DOUBT}")]);
    rig.is_over();
}

#[test]
fn a_login_that_may_be_lost_is_proven_before_a_refusal_is_believed() {
    let perhaps = NO.with_advice(rrp::verdict::Advice::ProbeLogin);
    for (holds, record, told) in [(true, "1 refused 401", "refused 1 401"), (false, "1 in-doubt", DOUBT)] {
        let mut rig = Rig::new();
        rig.sent(order(), Safety::ReadBack, Options::new(), 1);
        rig.answer(says(perhaps, "401"));
        rig.does(&["probe"]);
        assert_eq!(rig.dispatch.slots().busy(), 1);
        rig.probed(holds);
        rig.ends(record, &[&format!("tell a: {told}")]);
        rig.is_over();
    }
}

#[test]
fn a_lock_of_the_account_holds_everything_back() {
    let wait = crate::WAIT;
    let locked = LATER.with_advice(rrp::verdict::Advice::HoldAccount { after: wait });
    let mut rig = Rig::new();
    rig.query(OpaqueCommand::read("look", ""));
    rig.does(&["send look"]);
    rig.query(OpaqueCommand::read("other", ""));
    rig.answer(says(locked, "429"));
    rig.does(&[]);
    let options = rig.within(20);
    rig.change(order(), Safety::ReadBack, options);
    rig.does(&["tell c: not sent, account is locked, by the registry or an operator, for another 30 s"]);
    rig.due_in(30);
    rig.does(&["send look"]);
    rig.answer(says(DONE, "ok"));
    rig.does(&["tell a: answer ok", "send other"]);
    rig.answer(says(DONE, "ok"));
    rig.does(&["tell b: answer ok"]);
    rig.is_over();
}

#[test]
fn what_reads_is_no_change_and_what_writes_is_no_query() {
    let mut rig = Rig::new();
    rig.query(order());
    rig.does(&["tell a: query not sent: a query must read, a change must write"]);
    rig.change(OpaqueCommand::read("look", ""), Safety::Once, Options::new());
    rig.does(&["tell b: not sent, a query must read, a change must write"]);
    rig.change(OpaqueCommand::write("login", Nature::SESSION, ""), Safety::Once, Options::new());
    rig.does(&["tell c: not sent, a query must read, a change must write"]);
    rig.is_over();
}
