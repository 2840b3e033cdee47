//! What an answer means, and what the rule of resending makes of it.

use bytes::Bytes;
use rrp::command::{Billable, Kind, Nature, Repeat, Safety, Settle};
use rrp::gateway::Sort;
use rrp::gateway::reseller::{Code, Reply};
use rrp::retry::{Attempt, Case, Decision, NotApplied, Trust, decide};
use rrp::verdict::{Advice, Class, Executed, Verdict};

use super::{read, refusal};

/// Statuses of a server or a proxy that broke off: whoever sent them had perhaps passed the request on.
const BROKE_OFF: [u16; 6] = [408, 500, 502, 503, 504, 599];

#[test]
fn contradictions_assume_nothing() {
    let success = |status| Reply::read(status, Bytes::from(r#"{"success":true}"#)).unwrap();
    let unknown = Verdict::new(Class::Unclassified);
    for status in (0..=u16::MAX).filter(|status| !(200..=202).contains(status)) {
        let reply = success(status);
        assert_eq!((reply.verdict(), reply.is_pending()), (unknown, false), "{status}");
    }
    for status in [200, 201, 202] {
        assert!(success(status).verdict().completed(), "{status}");
        // Accepted, and not yet done.
        assert_eq!(success(status).is_pending(), status == 202, "{status}");
    }
    for code in Code::known().map(|info| info.name()).chain(["of_no_list"]) {
        let said = Code::new(code).info().map_or(unknown, |info| info.verdict());
        let verdict = |status| Reply::read(status, Bytes::from(refusal(code))).unwrap().verdict();
        for status in [200, 201, 202, 204, 299, 400, 401, 403, 404, 407, 409, 429, 499] {
            assert_eq!(verdict(status), said, "{code} {status}");
        }
        for status in BROKE_OFF {
            let verdict = verdict(status);
            assert_eq!(verdict, Sort::TemporaryUncertain.verdict(), "{code} {status}");
            assert_eq!((verdict.class(), verdict.executed()), (Class::Temporary, Executed::Unknown));
            assert_eq!((verdict.advice(), verdict.advice().wait()), (Advice::ReadBack, None));
        }
        for status in [0, 99, 100, 199, 300, 302, 304, 399, 600, 999, u16::MAX] {
            assert_eq!(verdict(status), unknown, "{code} {status}");
        }
    }
    assert!(!Reply::read(202, Bytes::from(refusal("domain_unknown"))).unwrap().is_pending());
    let unlisted = read(refusal("rate_limit_reached")).unwrap();
    assert_eq!((unlisted.code().unwrap().as_str(), unlisted.message()), ("rate_limit_reached", Some("no")));
    assert_eq!(unlisted.verdict(), unknown);
}

#[test]
fn after_a_server_broke_off_a_read_is_asked_again_and_a_write_read_back() {
    for code in Code::known().map(|info| info.name()).chain(["of_no_list"]) {
        for status in BROKE_OFF {
            let verdict = Reply::read(status, Bytes::from(refusal(code))).unwrap().verdict();
            let case = |nature, safety| Case::new(nature, safety, Attempt::Answered(verdict));
            let read = decide(case(Nature::READ, Safety::ReadBack));
            assert!(matches!(read, Decision::Resend(_)), "{status} {code}: {read:?}");
            for nature in WRITES {
                for safety in [Safety::ReadBack, Safety::TrustReply, Safety::Once] {
                    let case = case(nature, safety);
                    let look = decide(case.readable(true));
                    assert!(matches!(look, Decision::ReadBack(_)), "{status} {code} {nature:?}: {look:?}");
                    assert_eq!(decide(case), Decision::Doubt, "{status} {code} {nature:?}");
                }
            }
        }
    }
}

/// What a backend asks of the platform, by what a repetition would do.
const WRITES: [Nature; 6] = [
    Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read("domain")),
    Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("domain")),
    Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("domain")),
    // What costs nothing is told a refusal sooner.
    Nature::write(Kind::Creation, Billable::No, Repeat::Refused, Settle::Read("contact")),
    Nature::write(Kind::Order, Billable::No, Repeat::Unknown, Settle::Impossible),
    Nature::write(Kind::Order, Billable::Maybe, Repeat::Unknown, Settle::Impossible),
];

/// Every code, an unlisted one, and each of them with a status that contradicts it.
fn answers() -> impl Iterator<Item = (String, Reply)> {
    let codes = Code::known().map(|info| info.name()).chain(["of_no_list"]);
    let answers =
        codes.flat_map(|code| [200, 302, 403, 408, 500, 502, 600].map(|status| (status, refusal(code))));
    let contradictory = [204, 304, 500].map(|status| (status, r#"{"success":true}"#.to_owned()));
    answers.chain(contradictory).map(|(status, body)| {
        let name = format!("{status} {body}");
        (name, Reply::read(status, Bytes::from(body)).unwrap())
    })
}

#[test]
fn no_error_makes_a_write_go_out_unlooked_at() {
    for (name, reply) in answers() {
        let verdict = reply.verdict();
        for nature in WRITES {
            for safety in Safety::ALL {
                for (readable, resent, may_resend) in [
                    (true, false, true),
                    (true, true, true),
                    (false, false, true),
                    (false, true, true),
                    (true, false, false),
                ] {
                    let case = Case::new(nature, safety, Attempt::Answered(verdict));
                    let decision = decide(case.readable(readable).resent(resent).may_resend(may_resend));
                    let at = format!(
                        "{name}, {nature:?}, {safety}, {readable}, {resent}, {may_resend}: {decision:?}"
                    );
                    let failed_for_now =
                        verdict.class() == Class::Temporary && verdict.executed() == Executed::No;
                    let refused_twice = nature.kind() == Kind::Creation && nature.repeat() == Repeat::Refused;
                    match (decision, safety) {
                        (Decision::Accept, _) => panic!("called done: {at}"),
                        (Decision::Resend(_), Safety::ReadBack) => {
                            assert!(failed_for_now && refused_twice, "{at}")
                        }
                        (Decision::Resend(_), Safety::Once) => panic!("sent twice: {at}"),
                        (Decision::Resend(_), Safety::TrustReply) => assert!(failed_for_now, "{at}"),
                        (Decision::Resend(_), Safety::Repeatable) => {
                            assert_ne!(verdict.class(), Class::Permanent, "{at}");
                        }
                        (Decision::Refuse, _) => {
                            let certain = verdict.executed() == Executed::No || !nature.billable().at_stake();
                            assert!(certain && !resent && verdict.class() == Class::Permanent, "{at}");
                            // Whatever it costs: a server that broke off has not refused it.
                            assert!(matches!(reply.status(), 200 | 403), "{at}");
                        }
                        (Decision::RefuseForNow, _) => assert!(failed_for_now, "{at}"),
                        (Decision::ReadBack(_), _) => assert!(readable, "{at}"),
                        (Decision::Doubt, _) => assert!(!readable, "{at}"),
                        (Decision::Fail | Decision::Probe, _) => panic!("no end of a write: {at}"),
                    }
                }
            }
        }
        let read = decide(Case::new(Nature::READ, Safety::ReadBack, Attempt::Answered(verdict)));
        let told = matches!(read, Decision::Refuse | Decision::Resend(_) | Decision::Fail);
        assert!(told, "{name}: {read:?}");
    }
}

#[test]
fn an_error_with_a_result_beside_it_refuses_nothing() {
    let verdict = |status, result: &str| {
        let body = format!(
            r#"{{"success":false,"result": {result} ,"error":{{"code":"billing_balance_insufficient"}}}}"#
        );
        Reply::read(status, Bytes::from(body)).unwrap().verdict()
    };
    let said = Sort::Billing.verdict();
    for status in [200, 202, 400] {
        for nothing in ["null", "false", "\"\"", "[ ]", "{}"] {
            assert_eq!(verdict(status, nothing), said, "{nothing}");
        }
        for result in [r#"{"id":5,"status":"active"}"#, "true", "5", "[{}]", "\"free\""] {
            assert_eq!(verdict(status, result), Verdict::new(Class::Unclassified), "{result}");
        }
    }
    assert_eq!(verdict(500, "5"), Sort::TemporaryUncertain.verdict());
}

#[test]
fn what_is_done_already_is_evidence_to_a_write_that_was_sent_before() {
    let done: Vec<_> = Code::known().filter(|info| info.sort() == Sort::ConflictDone).collect();
    assert_eq!(done.len(), 3);
    for info in done {
        for nature in WRITES {
            for safety in Safety::ALL {
                let case = Case::new(nature, safety, Attempt::Answered(info.verdict())).resent(true);
                let Decision::ReadBack(look) = decide(case.readable(true)) else { panic!("{}", info.name()) };
                assert_eq!((look.negatives, look.not_applied), (Trust::Later, NotApplied::Refused));
                assert_eq!(decide(case), Decision::Doubt, "{}", info.name());
                // To one that was not, it is a refusal.
                assert_eq!(decide(case.resent(false)), Decision::Refuse, "{}", info.name());
            }
        }
    }
}
