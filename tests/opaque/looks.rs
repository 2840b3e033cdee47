//! Reads of the API's own: what was lost is read back, by what may be remembered of it alone.

use rrp::ReturnCode;
use rrp::command::Safety;
use rrp::command::nature::Nature;
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Options, Reads};
use rrp::settle::{Finding, Kept, Keyed, Proof, Reading, Resolver, Sent, Sight};
use rrp::verdict::Advice;

use crate::rig::{Rig, config};
use crate::{BUSY, CREATE, DONE, FAILED, LATER, MODIFY, NO, ORDER, UNKNOWN, UNLISTED, key, says, thing};

/// Reads that look for an order by the reference in it, and at how a thing stands by its name. An answer that is
/// neither "here" nor "none" shows nothing.
#[derive(Clone, Debug)]
pub(crate) struct Look;

impl Reads for Look {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let looks = |object: &rrp::command::Object| {
            let value =
                sent.value("reference").map_or("", |kept| if kept.as_clear().is_some() { "!" } else { "" });
            OpaqueCommand::read("look", format!("{}{value}", object.name())).object(object.clone())
        };
        match sent.name() {
            "charge" => Vec::new(),
            "both" => sent.objects().iter().take(2).map(looks).collect(),
            _ => sent.objects().iter().take(1).map(looks).collect(),
        }
    }

    fn wants_earlier_reading(&self, sent: &Sent) -> bool {
        sent.name() == "modify"
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        let code = match reply.code() {
            "here" => ReturnCode::from_u16(200).unwrap(),
            "none" => ReturnCode::from_u16(404).unwrap(),
            _ => return None,
        };
        let fields = [("status", reply.text()), ("reference", core::str::from_utf8(reply.body()).unwrap())];
        let fields = fields.into_iter().map(|(name, value)| (name.into(), keyed.keep(name, value)));
        Some(Reading::from_parts(code, fields.collect(), true))
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let Sight { sent, before, now, .. } = sight;
        let here = |reading: &Reading| reading.code().as_u16() == 200;
        if sent.name() == "modify" {
            let status =
                |reading: &Reading| reading.first("status").and_then(Kept::as_clear).map(str::to_owned);
            let wanted = sent.value("status").and_then(Kept::as_clear).unwrap();
            return match (before.first().and_then(status), now.first().and_then(status)) {
                (None, _) => Finding::Unproved("nobody looked before"),
                (Some(before), _) if before == wanted => Finding::Unproved("it was so before"),
                (_, Some(now)) if now == wanted => Finding::Applied { proof: Proof::ReadBack, twice: false },
                (_, Some(now)) if now == "waits" => Finding::Pending,
                _ => Finding::NotApplied,
            };
        }
        assert_eq!(now.len(), if sent.name() == "both" { 2 } else { 1 });
        let reference = sent.value("reference");
        match now.iter().all(here) {
            true if reference.is_none() => Finding::Unproved("it may be somebody else's"),
            true if now[0].first("reference") == reference => {
                Finding::Applied { proof: Proof::ReadBack, twice: sent.name() == "both" }
            }
            true => Finding::Unproved("it is another"),
            false => Finding::NotApplied,
        }
    }
}

pub(crate) fn rig() -> Rig<Look> {
    Rig::with(Look, config(), [])
}

pub(crate) fn order() -> OpaqueCommand {
    of("order", ORDER)
}

pub(crate) fn of(name: &str, nature: Nature) -> OpaqueCommand {
    OpaqueCommand::write(name, nature, "a body").object(thing("n1")).field("reference", "ref-4711")
}

pub(crate) fn modify() -> OpaqueCommand {
    OpaqueCommand::write("modify", MODIFY, "a body").object(thing("n1")).clear_field("status", "active")
}

/// The order of that reference.
pub(crate) fn here() -> OpaqueReply {
    OpaqueReply::new(DONE, "here", "active", "ref-4711")
}

/// A refusal of the read, which says that there is none.
pub(crate) fn none() -> OpaqueReply {
    says(NO, "none")
}

pub(crate) fn status(status: &str) -> OpaqueReply {
    OpaqueReply::new(DONE, "here", status, "")
}

/// An order of which the answer was lost, up to the look.
pub(crate) fn lost(options: Options) -> Rig<Look> {
    let mut rig = rig();
    rig.sent(order(), Safety::ReadBack, options, 1);
    rig.lost();
    rig.does(&["send look"]);
    rig
}

#[test]
fn a_lost_order_that_is_found_is_accepted_by_that_proof() {
    let mut rig = lost(Options::new());
    assert_eq!(&**rig.sends[0].1.body(), b"n1");
    rig.answer(here());
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    // Of the order's own answer nothing is left; the code is the reading's.
    let accepted = rig.accepted();
    assert!(accepted.reply().is_none());
    assert_eq!(accepted.summary().code().map(ReturnCode::as_u16), Some(200));
    assert_eq!(rig.entries()[0].intent().resolver(), Some(Resolver::Other));
    rig.is_over();
}

#[test]
fn what_is_not_found_counts_twice_and_is_sent_again_once() {
    let mut rig = lost(Options::new());
    rig.answer(none());
    rig.does(&[]);
    rig.due_in(60);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(0);
    rig.does(&["send order"]);
    assert_eq!(rig.dispatch.doubts().len(), 0);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    assert_eq!(rig.entries()[0].attempts(), 2);
    rig.is_over();
}

#[test]
fn what_appears_at_the_second_look_was_executed_late_and_is_not_sent_again() {
    let mut rig = lost(Options::new());
    rig.answer(none());
    rig.due_in(60);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.answer(here());
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    rig.is_over();
}

#[test]
fn once_is_read_back_and_not_sent_again() {
    let mut rig = rig();
    rig.sent(order(), Safety::Once, Options::new(), 1);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(none());
    for wait in [60, 10] {
        rig.due_in(wait);
        rig.does(&["send look"]);
        rig.answer(none());
    }
    rig.ends("1 refused without a code for now", &["tell a: refused 1 without a code for now"]);
    rig.is_over();
}

#[test]
fn the_refusal_of_what_was_sent_again_is_read_back() {
    let mut rig = rig();
    rig.sent(of("create", CREATE), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(LATER, "later"));
    rig.due_in(30);
    rig.does(&["send create"]);
    rig.answer(says(NO, "exists"));
    rig.does(&["send look"]);
    rig.answer(here());
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    rig.is_over();
}

#[test]
fn a_failure_that_is_not_certain_is_read_back_where_money_is_at_stake_and_stands_if_nothing_is_found() {
    let mut rig = rig();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(FAILED, "order_failed"));
    rig.does(&["send look"]);
    rig.answer(none());
    for wait in [60, 10] {
        rig.due_in(wait);
        rig.does(&["send look"]);
        rig.answer(none());
    }
    rig.ends("1 refused order_failed", &["tell a: refused 1 order_failed"]);
    assert!(!rig.refusal().is_for_now());
    rig.is_over();
}

#[test]
fn a_whole_answer_that_says_busy_or_later_is_looked_at_at_once() {
    // And is sent again no sooner than it asks for: `LATER` in 30 s, of which ten have passed by then.
    for (verdict, first, again) in [(BUSY, 0, 0), (LATER, 0, 20), (UNKNOWN, 60, 0)] {
        let mut rig = rig();
        rig.sent(order(), Safety::ReadBack, Options::new(), 1);
        rig.answer(says(verdict, "not now"));
        if verdict == BUSY {
            rig.does(&["record 1 open", "send look"]);
            rig.recorded();
        } else {
            rig.does(&["send look"]);
        }
        rig.answer(none());
        if first > 0 {
            rig.due_in(first);
            rig.does(&["send look"]);
            rig.answer(none());
        }
        rig.due_in(10);
        rig.does(&["send look"]);
        rig.answer(none());
        rig.due_in(again);
        rig.does(&["send order"]);
        rig.answer(says(DONE, "ok"));
        rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
        rig.is_over();
    }
}

#[test]
fn who_has_no_time_for_the_wait_that_an_answer_asks_for_is_told_that_it_failed_for_now() {
    let mut rig = rig();
    let options = rig.within(35);
    rig.sent(order(), Safety::ReadBack, options, 1);
    let hour = LATER.with_advice(Advice::Resubmit { after: core::time::Duration::from_secs(3_600) });
    rig.answer(says(hour, "no_server"));
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.ends("1 refused no_server for now", &["tell a: refused 1 no_server for now"]);
    rig.is_over();
}

#[test]
fn an_earlier_reading_is_taken_before_the_intent_and_kept_in_it() {
    let mut rig = rig();
    rig.change(modify(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(status("inactive"));
    rig.goes_out("modify", 1);
    let before = rig.entries()[0].intent().before().to_vec();
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].first("status").and_then(Kept::as_clear), Some("inactive"));
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(status("active"));
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    // What is finished is compared no more.
    assert!(rig.entries()[0].intent().before().is_empty());
    rig.is_over();
}

#[test]
fn without_an_earlier_reading_nothing_is_sent() {
    let mut rig = rig();
    rig.change(modify(), Safety::ReadBack, Options::new());
    for _ in 0..5 {
        rig.does(&["send look"]);
        rig.answer(says(DONE, "gibberish"));
        if rig.dispatch.poll_timeout().is_some() {
            rig.due_in(0);
        }
    }
    rig.does(&["tell a: not sent, object could not be read before the write"]);
    rig.is_over();
    // Twice does no harm, its caller says: nothing is read before.
    rig.sent(modify(), Safety::Repeatable, Options::new(), 1);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell b: accepted 1 by reply"]);
    rig.is_over();
}

#[test]
fn a_state_that_was_so_before_proves_nothing() {
    let mut rig = rig();
    rig.change(modify(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(status("active"));
    rig.goes_out("modify", 1);
    rig.lost();
    rig.does(&["send look"]);
    rig.answer(status("active"));
    rig.ends("1 in-doubt", &["tell a: in doubt 1, what was read proves nothing: it was so before"]);
    rig.is_over();
}

#[test]
fn what_is_pending_is_looked_at_again_each_minute() {
    let mut rig = rig();
    rig.change(modify(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(status("inactive"));
    rig.goes_out("modify", 1);
    rig.lost();
    for _ in 0..3 {
        rig.does(&["send look"]);
        rig.answer(status("waits"));
        rig.due_in(60);
    }
    rig.does(&["send look"]);
    rig.answer(status("active"));
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    rig.is_over();
}

#[test]
fn a_reading_that_shows_nothing_counts_for_nothing_and_twelve_of_them_leave_it_in_doubt() {
    let answers =
        [Some(says(DONE, "gibberish")), Some(says(NO, "forbidden")), Some(says(UNKNOWN, "500")), None];
    for answer in answers {
        let mut rig = lost(Options::new());
        for look in 1..=12 {
            match &answer {
                Some(reply) => rig.answer(reply.clone()),
                None => rig.lost(),
            }
            if look < 12 {
                rig.due_in(0);
                rig.does(&["send look"]);
            }
        }
        let done = rig.drain();
        assert_eq!(done, ["record 1 in-doubt"]);
        rig.recorded();
        let told = rig.drain();
        assert!(told[0].starts_with("tell a: in doubt 1, its object could not be read: "), "{told:?}");
        rig.is_over();
    }
}

#[test]
fn a_lost_look_forgets_what_was_not_found_before_it() {
    let mut rig = lost(Options::new());
    rig.answer(none());
    rig.due_in(60);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.lost();
    rig.due_in(0);
    for _ in 0..1 {
        rig.does(&["send look"]);
        rig.answer(none());
        rig.due_in(10);
    }
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(0);
    rig.does(&["send order"]);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.is_over();
}

#[test]
fn several_reads_are_judged_together_and_a_positive_may_need_two() {
    let mut rig = rig();
    let both = of("both", ORDER).object(thing("n2"));
    rig.sent(both, Safety::ReadBack, Options::new(), 1);
    rig.lost();
    for (at, wait) in [60, 10, 0].into_iter().enumerate() {
        for body in [&b"n1"[..], b"n2"] {
            rig.does(&["send look"]);
            assert_eq!(&**rig.sends[0].1.body(), body);
            rig.answer(here());
        }
        if at < 2 {
            rig.due_in(wait);
        }
    }
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    rig.is_over();
}

#[test]
fn a_second_write_to_the_object_is_compared_with_a_reading_of_its_own() {
    // The order that was done is there: found again, it would prove nothing about the next.
    let mut rig = rig();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.change(order(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(here());
    rig.goes_out("order", 2);
    assert_eq!(rig.entries()[1].intent().before().len(), 1);
    rig.answer(says(DONE, "ok"));
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    rig.is_over();
}

#[test]
fn a_later_write_waits_until_an_attempt_of_which_nobody_knows_can_be_executed_no_more() {
    // What appears now might be that attempt's, and hide what becomes of the next write.
    for answer in [None, Some(says(UNLISTED, "what")), Some(says(UNKNOWN, "500"))] {
        let mut rig = rig();
        rig.sent(modify(), Safety::Repeatable, Options::new(), 1);
        match answer {
            None => rig.lost(),
            Some(reply) => rig.answer(reply),
        }
        rig.due_in(1);
        rig.does(&["send modify"]);
        rig.answer(says(DONE, "ok"));
        rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
        rig.change(modify(), Safety::ReadBack, Options::new());
        rig.due_in(59);
        rig.does(&["send look"]);
        rig.answer(status("inactive"));
        rig.goes_out("modify", 2);

        // After a restart one second later it does so, too: that is all that the journal tells.
        let first = rig.entries().remove(0);
        let mut again = Rig::with(Look, config(), [first]);
        again.change(modify(), Safety::ReadBack, Options::new());
        again.due_in(60);
        again.does(&["send look"]);
    }
    // "Later, and nothing was done" is no such attempt.
    let mut rig = rig();
    rig.sent(modify(), Safety::Repeatable, Options::new(), 1);
    rig.answer(says(LATER, "later"));
    rig.due_in(30);
    rig.does(&["send modify"]);
    rig.answer(says(DONE, "ok"));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    rig.change(modify(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
}

#[test]
fn what_these_reads_know_nothing_of_stays_in_doubt() {
    let mut rig = rig();
    rig.sent(of("charge", ORDER), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    rig.is_over();
}

#[test]
fn after_a_restart_the_reads_go_by_what_was_remembered_alone() {
    let mut rig = rig();
    rig.sent(order(), Safety::ReadBack, key("k"), 1);
    let entries = rig.entries();
    let sent = entries[0].intent().sent();
    assert_eq!(sent.value("reference").unwrap().as_clear(), None);
    assert_eq!(sent.objects(), [thing("n1")]);

    let mut again = Rig::with(Look, config(), entries.clone());
    again.settle(1);
    again.does(&["send look"]);
    assert_eq!(&**again.sends[0].1.body(), b"n1");
    again.answer(here());
    again.ends("1 accepted by read-back", &["tell a: applied 1 by read-back"]);
    again.change(order(), Safety::ReadBack, key("k"));
    again.does(&["tell b: accepted 1 by read-back, replayed"]);
    again.is_over();

    // Nothing found, twice: it was not applied, and is not sent again; the key begins anew.
    let mut again = Rig::with(Look, config(), entries.clone());
    again.settle(1);
    for wait in [60, 10] {
        again.does(&["send look"]);
        again.answer(none());
        again.due_in(wait);
    }
    again.does(&["send look"]);
    again.answer(none());
    again.ends("1 not-applied", &["tell a: not applied 1"]);
    again.sent(order(), Safety::ReadBack, key("k"), 2);
    again.answer(says(DONE, "ok"));
    again.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
    again.is_over();

    // Whoever comes by the key and waits has it done then.
    let mut again = Rig::with(Look, config(), entries.clone());
    again.change(order(), Safety::ReadBack, key("k"));
    for wait in [60, 10] {
        again.does(&["send look"]);
        again.answer(none());
        again.due_in(wait);
    }
    again.does(&["send look"]);
    again.answer(none());
    again.does(&["record 1 not-applied"]);
    again.recorded();
    again.goes_out("order", 2);

    // Somebody who knows no reads leaves it alone.
    let mut again = Rig::restored(entries);
    again.settle(1);
    again.does(&["tell a: still in doubt 1, no read can prove what became of it"]);
    again.is_over();
}

#[test]
fn a_wait_without_an_end_is_none() {
    let never = LATER.with_advice(Advice::Resubmit { after: core::time::Duration::MAX });
    // Of the write itself.
    let mut rig = rig();
    rig.sent(of("create", CREATE), Safety::TrustReply, Options::new(), 1);
    rig.answer(says(never, "never"));
    rig.does(&["send look"]);
    // Of the look: an hour is the longest.
    for look in 1..=12 {
        rig.answer(says(never, "never"));
        if look < 12 {
            rig.pass(3_700);
            rig.does(&["send look"]);
        }
    }
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    rig.does(&["tell a: in doubt 1, its object could not be read: no answer to the read"]);
    rig.is_over();
    // Of the reading before.
    let mut rig = self::rig();
    rig.change(modify(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(says(never, "never"));
    rig.does(&["tell a: not sent, its deadline leaves no time for a reply"]);
    rig.is_over();
}

/// Reads that would write.
#[derive(Clone, Debug)]
struct Writes;

impl Reads for Writes {
    fn reads(&self, _sent: &Sent) -> Vec<OpaqueCommand> {
        vec![OpaqueCommand::read("look", ""), order()]
    }

    fn reading(&self, _reply: &OpaqueReply, _keyed: &Keyed) -> Option<Reading> {
        Some(Reading::from_parts(ReturnCode::from_u16(200).unwrap(), Vec::new(), true))
    }

    fn judge(&self, _sight: Sight<'_>) -> Finding {
        Finding::NotApplied
    }
}

#[test]
fn a_read_that_would_write_is_never_sent() {
    let mut rig = Rig::with(Writes, config(), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    rig.ends("1 in-doubt", &["tell a: in doubt 1, no read can prove what became of it"]);
    rig.settle(1);
    rig.does(&["tell b: still in doubt 1, no read can prove what became of it"]);
    rig.is_over();
}
