//! The rule as laws, each for any verdict: those of RRP's codes, and those that other APIs might make.

use core::time::Duration;

use rrp::command::nature::Nature;
use rrp::command::{Effect, Kind, Repeat, Safety};
use rrp::retry::{Attempt, Decision, Login, NotApplied, Resend, Trust};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};

use super::said::everything;
use super::{Rest, natures};

fn every_advice() -> [Advice; 16] {
    let after = Duration::from_secs(7);
    [
        Advice::Done,
        Advice::Resubmit { after },
        Advice::Reconnect { after },
        Advice::HoldAccount { after },
        Advice::FewerSessions { after },
        Advice::StopLoggingIn,
        Advice::ProbeLogin,
        Advice::ReadBack,
        Advice::LookFirst,
        Advice::WaitForOther,
        Advice::ChangeState,
        Advice::AskPermission,
        Advice::TopUp,
        Advice::FixRequest,
        Advice::ReadMessage,
        Advice::Resynchronise,
    ]
}

/// Verdicts made by hand, contradictory ones too.
fn made_by_hand() -> Vec<Verdict> {
    let mut all = Vec::new();
    for class in [Class::Success, Class::Temporary, Class::Permanent, Class::Unclassified] {
        for executed in [Executed::Yes, Executed::No, Executed::Unknown] {
            for advice in every_advice() {
                let made =
                    |verdict: Verdict| verdict.with_executed(executed, Word::Practice).with_advice(advice);
                let plain = Verdict::new(class);
                all.extend([plain, plain.closing(), plain.misfit()].map(made));
            }
        }
    }
    all
}

/// What is decided about each case with any of these verdicts, or none.
fn each_of(verdicts: Vec<Verdict>, law: impl Fn(Nature, Attempt, Rest, Decision)) {
    let answered = verdicts.into_iter().map(Attempt::Answered);
    let attempts: Vec<Attempt> = [Attempt::Unsent, Attempt::Unanswered].into_iter().chain(answered).collect();
    let rests = Rest::all();
    for nature in natures() {
        for &attempt in &attempts {
            for &rest in &rests {
                law(nature, attempt, rest, rest.decide(nature, attempt));
            }
        }
    }
}

fn each(law: impl Fn(Nature, Attempt, Rest, Decision)) {
    let codes = everything().into_iter().map(|(_, verdict)| verdict);
    each_of(codes.chain(made_by_hand()).collect(), law);
}

/// Whatever belongs to the session is treated as a write.
fn writes(nature: Nature) -> bool {
    nature.effect() != Effect::Read
}

fn verdict(attempt: Attempt) -> Option<Verdict> {
    match attempt {
        Attempt::Answered(verdict) => Some(verdict),
        Attempt::Unsent | Attempt::Unanswered => None,
    }
}

/// "Failed, try again", in a whole reply of the command's own.
fn failed_now(attempt: Attempt) -> bool {
    verdict(attempt).is_some_and(|verdict| {
        verdict.fits()
            && verdict.class() == Class::Temporary
            && verdict.executed() != Executed::Yes
            && (verdict.executed() == Executed::No || verdict.advice().wait().is_some())
    })
}

#[test]
fn a_write_is_sent_again_only_unsent_or_told_so_or_vouched_for() {
    each(|nature, attempt, rest, decision| {
        if writes(nature) && matches!(decision, Decision::Resend(_)) {
            let allowed = match rest.safety {
                Safety::Once => false,
                Safety::ReadBack | Safety::TrustReply => failed_now(attempt),
                Safety::Repeatable => true,
            };
            assert!(attempt == Attempt::Unsent || allowed, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn of_the_codes_only_420_to_422_and_220_to_a_check_resend_a_write_that_is_not_vouched_for() {
    use super::said::Said;
    for (said, verdict) in everything() {
        let attempt = Attempt::Answered(verdict);
        for nature in natures().into_iter().filter(|&nature| writes(nature)) {
            for rest in Rest::all().into_iter().filter(|rest| rest.safety != Safety::Repeatable) {
                let resent = matches!(rest.decide(nature, attempt), Decision::Resend(_));
                assert!(!resent || matches!(said, Said::NotNow { .. }), "{said:?} {nature:?} {rest:?}");
            }
        }
    }
}

#[test]
fn nothing_is_sent_again_without_a_try_but_what_was_not_sent() {
    each(|nature, attempt, rest, decision| match decision {
        Decision::Resend(Resend { after, another_session, counted }) => {
            assert_eq!(counted, attempt != Attempt::Unsent);
            assert!(!counted || rest.may_resend, "{nature:?} {attempt:?} {rest:?}");
            let gone = verdict(attempt).is_none_or(|verdict| verdict.closes_connection() || !verdict.fits());
            assert!(another_session || !gone, "{attempt:?} {rest:?}");
            let asked = verdict(attempt).and_then(|verdict| verdict.advice().wait());
            assert!(after >= asked.unwrap_or_default(), "{attempt:?}");
            assert_eq!(after.is_zero(), !counted || asked == Some(Duration::ZERO), "{attempt:?}");
        }
        _ => assert_ne!(attempt, Attempt::Unsent),
    });
}

#[test]
fn only_what_was_completed_is_accepted() {
    each(|nature, attempt, rest, decision| {
        let completed = verdict(attempt).is_some_and(|verdict| verdict.completed());
        if writes(nature) {
            assert_eq!(decision == Decision::Accept, completed, "{nature:?} {attempt:?} {rest:?}");
        } else if decision == Decision::Accept {
            let verdict = verdict(attempt).unwrap();
            assert!(verdict.fits() && verdict.class() == Class::Success, "{verdict:?}");
        } else {
            assert!(!completed, "{attempt:?} {rest:?}");
        }
    });
}

#[test]
fn once_is_once() {
    each(|nature, attempt, rest, decision| {
        if writes(nature) && rest.safety == Safety::Once {
            match decision {
                Decision::Resend(resend) => assert!(!resend.counted, "{attempt:?}"),
                Decision::ReadBack(look) => assert_ne!(look.not_applied, NotApplied::Again, "{attempt:?}"),
                _ => {}
            }
        }
    });
}

#[test]
fn the_refusal_of_a_resent_write_is_no_answer() {
    each(|nature, attempt, rest, decision| {
        if writes(nature) && rest.resent {
            assert_ne!(decision, Decision::Refuse, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn a_write_is_read_back_only_where_that_tells_and_a_read_never() {
    each(|nature, attempt, rest, decision| match decision {
        Decision::ReadBack(_) => assert!(writes(nature) && rest.readable, "{attempt:?} {rest:?}"),
        Decision::Doubt => assert!(writes(nature) && !rest.readable, "{attempt:?} {rest:?}"),
        Decision::Fail => assert!(!writes(nature), "{attempt:?} {rest:?}"),
        _ => {}
    });
}

#[test]
fn what_may_have_been_executed_is_never_called_refused() {
    each(|nature, attempt, rest, decision| {
        let said_yes = verdict(attempt).is_some_and(|verdict| verdict.executed() == Executed::Yes);
        if writes(nature) && (attempt == Attempt::Unanswered || said_yes) {
            let refused = matches!(decision, Decision::Refuse | Decision::RefuseForNow);
            assert!(!refused, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn a_billable_write_is_refused_only_by_who_knows_that_it_did_nothing() {
    each(|nature, attempt, rest, decision| {
        if writes(nature) && nature.billable().at_stake() && decision == Decision::Refuse {
            let verdict = verdict(attempt).unwrap();
            let believed = verdict.advice() == Advice::ProbeLogin && rest.login == Login::Holds;
            assert!(believed || verdict.executed() == Executed::No, "{verdict:?} {rest:?}");
        }
    });
}

/// "Another operation is in progress, and this one did nothing", in a whole reply of the command's own.
fn names_another(attempt: Attempt) -> bool {
    verdict(attempt).is_some_and(|verdict| {
        verdict.fits()
            && verdict.class() == Class::Temporary
            && (verdict.executed(), verdict.advice()) == (Executed::No, Advice::WaitForOther)
    })
}

#[test]
fn where_no_read_can_tell_only_who_names_what_stands_in_the_way_is_believed_by_default() {
    each(|nature, attempt, rest, decision| {
        if !writes(nature) || rest.safety != Safety::ReadBack || rest.readable {
            return;
        }
        let refuses_a_second = (nature.kind(), nature.repeat()) == (Kind::Creation, Repeat::Refused);
        let named = names_another(attempt) && !rest.resent;
        if decision == Decision::RefuseForNow {
            let free = refuses_a_second && !nature.billable().at_stake() && !rest.resent;
            assert!(named || free && failed_now(attempt), "{nature:?} {attempt:?} {rest:?}");
        }
        if named && !(refuses_a_second && rest.may_resend) {
            assert_eq!(decision, Decision::RefuseForNow, "{nature:?} {attempt:?} {rest:?}");
        }
    });
    for (resent, expected) in [(false, Decision::RefuseForNow), (true, Decision::Doubt)] {
        let busy = Verdict::new(Class::Temporary)
            .with_executed(Executed::No, Word::Registry)
            .with_advice(Advice::WaitForOther);
        for may_resend in [false, true] {
            let login = Login::NotProbed;
            let rest = Rest { safety: Safety::ReadBack, login, readable: false, resent, may_resend };
            assert_eq!(rest.decide(Nature::UNKNOWN, Attempt::Answered(busy)), expected);
        }
    }
}

#[test]
fn naming_what_stands_in_the_way_changes_nothing_but_a_doubt_and_when_a_look_counts() {
    let (believed, later) = (core::cell::Cell::new(0), core::cell::Cell::new(0));
    each(|nature, attempt, rest, decision| {
        let Some(verdict) = verdict(attempt).filter(|verdict| verdict.advice() == Advice::WaitForOther)
        else {
            return;
        };
        // Advice without a wait that says nothing either.
        let unnamed = Attempt::Answered(verdict.with_advice(Advice::ReadMessage));
        let otherwise = rest.decide(nature, unnamed);
        if otherwise == decision {
            return;
        }
        assert!(writes(nature) && names_another(attempt), "{nature:?} {verdict:?} {rest:?}");
        assert_eq!(rest.resent, rest.readable, "{nature:?} {verdict:?} {rest:?}");
        if let (Decision::ReadBack(look), Decision::ReadBack(other)) = (decision, otherwise) {
            // What is in progress may be what was sent before.
            assert!(rest.resent, "{nature:?} {verdict:?} {rest:?}");
            assert_eq!((look.negatives, other.negatives), (Trust::Later, Trust::AtOnce), "{verdict:?}");
            assert_eq!(look.not_applied, other.not_applied, "{verdict:?}");
            later.set(later.get() + 1);
        } else {
            assert_eq!((otherwise, decision), (Decision::Doubt, Decision::RefuseForNow), "{verdict:?}");
            assert!(!rest.resent, "{nature:?} {verdict:?} {rest:?}");
            believed.set(believed.get() + 1);
        }
    });
    assert!(believed.get() > 0 && later.get() > 0);
}

#[test]
fn what_nobody_knows_is_in_doubt_or_vouched_for_where_no_read_can_tell() {
    each(|nature, attempt, rest, decision| {
        let unknown = verdict(attempt).is_some_and(|verdict| {
            let class = matches!(verdict.class(), Class::Temporary | Class::Unclassified);
            class && verdict.executed() == Executed::Unknown && verdict.advice().wait().is_none()
        });
        if writes(nature) && unknown && !rest.readable {
            let again = matches!(decision, Decision::Resend(_)) && rest.safety == Safety::Repeatable;
            assert!(again || decision == Decision::Doubt, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn a_refusal_stands_if_the_last_reply_was_one() {
    each(|nature, attempt, rest, decision| {
        if let Decision::ReadBack(look) = decision {
            let refused = verdict(attempt).is_some_and(|verdict| {
                let stays = verdict.fits() && !verdict.closes_connection();
                stays && verdict.class() == Class::Permanent && verdict.executed() != Executed::Yes
            });
            assert_eq!(look.not_applied == NotApplied::Refused, refused, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn a_look_counts_at_once_only_after_a_whole_failure_and_nothing_lost() {
    each(|nature, attempt, rest, decision| {
        if let Decision::ReadBack(look) = decision {
            // What is in progress may be the attempt that was lost.
            let another = verdict(attempt).is_some_and(|verdict| {
                verdict.executed() == Executed::No && verdict.advice() == Advice::WaitForOther
            });
            let lost = rest.resent && (rest.safety == Safety::Repeatable || another);
            let at_once = failed_now(attempt) && !lost;
            assert_eq!(look.negatives == Trust::AtOnce, at_once, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn a_login_is_probed_once_and_on_a_session_that_lives() {
    each(|nature, attempt, rest, decision| {
        if decision == Decision::Probe {
            let verdict = verdict(attempt).unwrap();
            assert_eq!((rest.login, verdict.advice()), (Login::NotProbed, Advice::ProbeLogin), "{nature:?}");
            assert!(verdict.fits() && !verdict.closes_connection(), "{verdict:?}");
        }
        if verdict(attempt).is_none_or(|verdict| verdict.advice() != Advice::ProbeLogin) {
            for login in [Login::NotProbed, Login::Holds, Login::Lost] {
                assert_eq!(Rest { login, ..rest }.decide(nature, attempt), decision, "{attempt:?} {rest:?}");
            }
        }
    });
}

#[test]
fn a_read_depends_on_nothing_that_concerns_writes() {
    let verdicts = everything().into_iter().map(|(_, verdict)| verdict).chain(made_by_hand());
    for attempt in verdicts.map(Attempt::Answered).chain([Attempt::Unsent, Attempt::Unanswered]) {
        for rest in Rest::all() {
            let plain = Rest { safety: Safety::Once, readable: false, resent: false, ..rest };
            assert_eq!(rest.decide(Nature::READ, attempt), plain.decide(Nature::READ, attempt), "{rest:?}");
        }
    }
}

#[test]
fn who_allows_more_is_sent_again_no_less() {
    each(|nature, attempt, rest, decision| {
        let more = match rest.safety {
            Safety::Once => Safety::ReadBack,
            Safety::ReadBack => Safety::TrustReply,
            Safety::TrustReply | Safety::Repeatable => Safety::Repeatable,
        };
        if let Decision::Resend(_) = decision {
            let of_more = Rest { safety: more, ..rest }.decide(nature, attempt);
            assert_eq!(of_more, decision, "{nature:?} {attempt:?} {rest:?}");
        }
    });
}

#[test]
fn a_case_is_decided_alike_every_time() {
    each(|nature, attempt, rest, decision| assert_eq!(rest.decide(nature, attempt), decision));
}
