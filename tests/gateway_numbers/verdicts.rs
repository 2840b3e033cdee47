//! What status and code come to, and what the rule of resending makes of it.

use core::time::Duration;

use rrp::command::nature::rows;
use rrp::command::{Billable, Effect, Kind, Nature, Repeat, Safety, Settle};
use rrp::gateway::numbers::{Code, Status};
use rrp::retry::{Attempt, Case, Decision, decide};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};
use serde_json::json;

use super::read;

/// An answer with this code, or none.
fn with(status: u16, code: Option<&str>) -> Verdict {
    read(status, json!({"ResponseStatus": {"ErrorCode": code}}).to_string()).verdict()
}

pub(super) fn summary(verdict: Verdict) -> (Class, Executed, Word, Advice) {
    (verdict.class(), verdict.executed(), verdict.word(), verdict.advice())
}

/// Statuses of all sorts, listed or not.
const STATUSES: [u16; 50] = [
    0, 100, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299, 300, 304, 400, 401, 402, 403, 404,
    405, 408, 409, 417, 418, 419, 420, 421, 422, 426, 427, 428, 429, 430, 431, 432, 444, 450, 451, 452, 460,
    499, 500, 502, 503, 504, 599, 600, 65_535,
];

/// Whether a 4xx has a meaning of its own, by RFC 9110 §15.5 and IANA's registry.
fn is_registered(status: u16) -> bool {
    matches!(status, 400..=417 | 421..=426 | 428 | 429 | 431 | 451)
}

/// Every listed code, unlisted ones, and none.
fn codes() -> Vec<Option<&'static str>> {
    let unlisted = ["Unauthorized", "ArgumentNullException", "Exception", "forbidden", ""];
    Code::known().map(|info| Some(info.name())).chain(unlisted.map(Some)).chain([None]).collect()
}

#[test]
fn a_refusal_is_no_outcome() {
    let body = r#"{"ResponseStatus": {"ErrorCode": "PARAMETER_INVALID"}}"#;
    for status in [200, 202, 400, 500] {
        let reply = read(status, body.to_owned());
        assert_eq!(reply.outcome(), Err(reply.verdict()), "{status}");
        assert!(!reply.verdict().completed(), "{status}");
    }
    let reply = read(200, r#"{"Number": "+61299999999"}"#.to_owned());
    assert_eq!(reply.outcome().map(|body| &body[..]), Ok(&b"{\"Number\": \"+61299999999\"}"[..]));
}

#[test]
fn a_status_means_what_the_list_says_of_it_or_what_its_class_does() {
    let unknown = |class| (class, Executed::Unknown, Word::Practice, Advice::ReadBack);
    let refused = |word, advice| (Class::Permanent, Executed::No, word, advice);
    let pause = Advice::Resubmit { after: Duration::from_secs(60) };
    for status in STATUSES {
        let expected = match status {
            // The list has no success.
            200..=202 | 204 | 205 => (Class::Success, Executed::Yes, Word::Inference, Advice::Done),
            400 => refused(Word::Registry, Advice::FixRequest),
            401 => refused(Word::Inference, Advice::StopLoggingIn),
            403 => refused(Word::Registry, Advice::ReadMessage),
            408 | 500..=599 => unknown(Class::Temporary),
            429 => (Class::Temporary, Executed::No, Word::Inference, pause),
            402 | 404..=499 if is_registered(status) => {
                (Class::Permanent, Executed::Unknown, Word::Practice, Advice::ReadMessage)
            }
            _ => unknown(Class::Unclassified),
        };
        assert_eq!(summary(Status::new(status).verdict()), expected, "{status}");
        assert_eq!(summary(with(status, None)), expected, "{status}");
        assert_eq!(Status::new(status).info().is_some(), [400, 401, 403, 500].contains(&status));
        assert_eq!(Status::new(status), status);
        let reply = with(status, None);
        assert_eq!(Status::new(status).is_success(), reply.completed(), "{status}");
    }
}

#[test]
fn code_and_status_make_one_verdict_and_the_safer_one_where_they_differ() {
    for status in STATUSES {
        for code in codes().into_iter().flatten() {
            let (verdict, of_status) = (with(status, Some(code)), Status::new(status).verdict());
            match (status, Code::new(code).info()) {
                (200..=299, _) => {
                    assert_eq!(
                        (verdict.class(), verdict.executed()),
                        (Class::Unclassified, Executed::Unknown)
                    );
                }
                (400 | 403, Some(info)) => assert_eq!(verdict, info.verdict()),
                (400 | 403, None) if code.ends_with("Exception") => {
                    let unknown = (Class::Permanent, Executed::Unknown, Word::Practice, Advice::ReadMessage);
                    assert_eq!(summary(verdict), unknown);
                }
                (401 | 408, _) | (_, None) => assert_eq!(verdict, of_status),
                (400..=499, Some(info)) => {
                    let (class, executed, _, advice) = summary(info.verdict());
                    assert_eq!(summary(verdict), (class, executed, Word::Inference, advice));
                }
                _ => assert_eq!(verdict, of_status),
            }
            assert!(!verdict.completed(), "{status} {code}");
        }
    }
}

#[test]
fn a_success_whose_body_tells_of_a_problem_is_none() {
    let unknown = Verdict::new(Class::Unclassified);
    let odd = [
        // A `ResponseStatus` comes if there is a problem.
        r#"{"ResponseStatus":"broken"}"#,
        r#"{"ResponseStatus":7}"#,
        r#"{"ResponseStatus":[]}"#,
        r#"{"ResponseStatus":{"Errors":[{}]}}"#,
        r#"{"ResponseStatus":{"Errors":7}}"#,
        r#"{"ResponseStatus":{"ErrorCode":""}}"#,
        r#"{"ResponseStatus":{"Message":"An error occurred","Errors":[]}}"#,
        r#"{"responsestatus":{"MESSAGE":" "}}"#,
        r#"{"ResponseStatus":{"Message":{}}}"#,
        r#"{"ResponseStatus":{"error":"x"}}"#,
        // Without one.
        r#"{"ErrorCode":"FORBIDDEN","Message":"no"}"#,
        r#"{"errorcode":""}"#,
        r#"{"Errors":[{"ErrorCode":"FORBIDDEN"}]}"#,
        r#"{"Number":1,"errors":{"Number":["x"]}}"#,
        r#"{"error":"upstream request timeout"}"#,
        r#"{"Error":false}"#,
        r#"{"ERROR":{}}"#,
        r#"{"\u0065rror":1}"#,
        r#"{"Success":false,"Message":"no"}"#,
        r#"{"ResponseStatus":{"success":false}}"#,
        r#"{"success":true,"Success":false}"#,
        // Each counts, if there are several of a name.
        r#"{"error":null,"Error":"x"}"#,
        r#"{"Error":"x","error":null}"#,
        r#"{"ErrorCode":"x","ErrorCode":null,"ResponseStatus":null}"#,
        r#"{"ErrorCode":"x","ResponseStatus":{}}"#,
        // No object, nor list of them.
        "false",
        "\"error\"",
        "\"\"",
        "0",
        "-1",
        " 1e999",
        "[{},{\"ResponseStatus\":{\"ErrorCode\":\"FORBIDDEN\"}}]",
        "[{\"responsestatus\":{\"Message\":\"no\"}},7]",
        "[{\"ResponseStatus\":\"no\"}]",
        "[{\"ResponseStatus\":null,\"responseStatus\":{}}]",
    ];
    let good = [
        "{}",
        "[]",
        "null",
        "true",
        "[null,1,\"text\",[{\"ResponseStatus\":{\"ErrorCode\":\"x\"}}],{\"Error\":\"busy\"}]",
        "[{\"ResponseStatus\":null},{\"ResponseStatus\":{\"Message\":\"\"}}]",
        r#"{"ResponseStatus":{"Message":"","Errors":[],"ErrorCode":null}}"#,
        r#"{"ResponseStatus":{},"Errors":[ ],"error":null,"ErrorCode":null,"Message":"created"}"#,
        r#"{"Success":true,"success":null,"Number":{"Success":false}}"#,
        r#"{"Message":"created","message":1,"ErrorText":"x","Calls":[{"Error":"busy"}]}"#,
    ];
    for status in [200, 201, 202, 204, 205, 203, 206, 207, 226, 299] {
        for body in odd {
            let reply = read(status, body);
            assert_eq!((reply.verdict(), reply.is_pending()), (unknown, false), "{status} {body}");
        }
        for body in good {
            let reply = read(status, body);
            assert_eq!(reply.verdict(), Status::new(status).verdict(), "{status} {body}");
            assert_eq!(reply.verdict().completed(), Status::new(status).is_success(), "{status} {body}");
            // Accepted, and not yet done.
            assert_eq!(reply.is_pending(), status == 202, "{status} {body}");
        }
    }
    // Of what is no success the status says what it is, as ever.
    for body in odd.into_iter().filter(|body| !body.contains("FORBIDDEN")) {
        for status in [400, 404, 500] {
            assert_eq!(read(status, body).verdict(), Status::new(status).verdict(), "{status} {body}");
        }
    }
}

#[test]
fn an_exception_before_or_after_the_order_is_not_called_a_refusal_of_it() {
    let order = Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible);
    for (status, code) in
        [(400, "ArgumentNullException"), (400, "FormatException"), (403, "UnauthorizedAccessException")]
    {
        let answered = Attempt::Answered(with(status, Some(code)));
        assert_eq!(decide(Case::new(order, Safety::ReadBack, answered)), Decision::Doubt, "{status} {code}");
        let read = decide(Case::new(Nature::READ, Safety::ReadBack, answered));
        assert_eq!(read, Decision::Refuse, "{status} {code}");
    }
    // What has a name of the API's own, or none, is what the list says of the status.
    for code in [Some("NUMBER_TAKEN"), Some("TooShort"), Some(""), None] {
        let answered = Attempt::Answered(with(400, code));
        assert_eq!(decide(Case::new(order, Safety::ReadBack, answered)), Decision::Refuse, "{code:?}");
    }
}

/// The natures of the table of commands: creations that cost and are harmful twice, modifications, reads and others.
fn natures() -> Vec<Nature> {
    let all: Vec<Nature> = rows().map(|row| row.nature()).chain([Nature::READ, Nature::UNKNOWN]).collect();
    for (kind, repeat) in [(Kind::Creation, Repeat::Refused), (Kind::Order, Repeat::Harmful)] {
        assert!(all.iter().any(|nature| (nature.kind(), nature.repeat()) == (kind, repeat)));
    }
    let costs_nothing =
        |nature: &Nature| nature.effect() == Effect::Write && nature.billable() == Billable::No;
    assert!(all.iter().any(costs_nothing));
    all
}

#[test]
fn after_a_server_broke_off_no_write_is_called_refused() {
    for (status, code) in [408, 500, 502, 503, 504, 599]
        .into_iter()
        .flat_map(|status| codes().into_iter().map(move |code| (status, code)))
    {
        let verdict = with(status, code);
        let read = decide(Case::new(Nature::READ, Safety::ReadBack, Attempt::Answered(verdict)));
        assert!(matches!(read, Decision::Resend(_)), "{status} {code:?}: {read:?}");
        // Whether they cost anything or not.
        for nature in natures().into_iter().filter(|nature| nature.effect() != Effect::Read) {
            for safety in [Safety::ReadBack, Safety::TrustReply, Safety::Once] {
                let case = Case::new(nature, safety, Attempt::Answered(verdict));
                assert_eq!(decide(case), Decision::Doubt, "{status} {code:?} {nature:?}");
                assert!(
                    matches!(decide(case.readable(true)), Decision::ReadBack(_)),
                    "{status} {code:?} {nature:?}"
                );
            }
        }
    }
}

#[test]
fn the_rule_of_resending_never_does_a_write_twice_on_any_answer() {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for verdict in
        STATUSES.into_iter().flat_map(|status| codes().into_iter().map(move |code| with(status, code)))
    {
        if !verdicts.contains(&verdict) {
            verdicts.push(verdict);
        }
    }
    for (nature, verdict) in
        natures().into_iter().flat_map(|nature| verdicts.iter().map(move |verdict| (nature, *verdict)))
    {
        for safety in Safety::ALL {
            for bits in 0..8 {
                let [readable, resent, may_resend] = [1, 2, 4].map(|bit| bits & bit != 0);
                let case = Case::new(nature, safety, Attempt::Answered(verdict));
                let decision = decide(case.readable(readable).resent(resent).may_resend(may_resend));
                if nature.effect() == Effect::Read {
                    assert_eq!(decision == Decision::Accept, verdict.completed());
                    continue;
                }
                let at = (nature, verdict, safety, bits, decision);
                // Only what failed for now is sent again: 429.
                let for_now = verdict.class() == Class::Temporary && verdict.executed() == Executed::No;
                let refused_twice = nature.kind() == Kind::Creation && nature.repeat() == Repeat::Refused;
                if matches!(decision, Decision::Resend(_)) {
                    let allowed = match safety {
                        Safety::Once => false,
                        Safety::ReadBack => for_now && refused_twice,
                        Safety::TrustReply => for_now,
                        Safety::Repeatable => verdict.executed() != Executed::Yes,
                    };
                    assert!(allowed && may_resend, "{at:?}");
                }
                if verdict.executed() == Executed::Unknown && nature.billable().at_stake() {
                    assert!(!matches!(decision, Decision::Refuse | Decision::RefuseForNow), "{at:?}");
                }
                assert_eq!(decision == Decision::Accept, verdict.completed(), "{at:?}");
                if verdict.class() == Class::Unclassified && safety != Safety::Repeatable {
                    assert!(matches!(decision, Decision::ReadBack(_) | Decision::Doubt), "{at:?}");
                }
            }
        }
    }
}
