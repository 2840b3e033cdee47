//! The gateways' answers as replies of a dispatcher: what is kept of them, and what of them is nobody's business.
#![cfg(feature = "gateway")]

use bytes::Bytes;
use rrp::command::{Billable, Kind, Nature, Repeat, Safety, Settle};
use rrp::dispatch::OpaqueReply;
use rrp::gateway::{numbers, reseller};
use rrp::retry::{Attempt, Case, Decision, decide};
use rrp::settle::Proof;
use rrp::verdict::{Advice, Executed};

fn of_reseller(status: u16, body: &str) -> OpaqueReply {
    let body = Bytes::copy_from_slice(body.as_bytes());
    reseller::Reply::read(status, body).map_or_else(OpaqueReply::from, OpaqueReply::from)
}

fn of_numbers(status: u16, body: &str) -> OpaqueReply {
    let body = Bytes::copy_from_slice(body.as_bytes());
    numbers::Reply::read(status, body).map_or_else(OpaqueReply::from, OpaqueReply::from)
}

fn error(code: &str, message: &str) -> String {
    format!(r#"{{"success": false, "error": {{"code": "{code}", "message": {message}}}}}"#)
}

fn problem(rest: &str) -> String {
    format!(r#"{{"ResponseStatus": {{"ErrorCode": "PARAMETER_INVALID", {rest}}}}}"#)
}

/// Whether it is one that is accepted, and done later.
fn is_pending(reply: &OpaqueReply) -> bool {
    use rrp::dispatch::{NoReads, Opaque, Upstream};
    Opaque::<NoReads>::summary(reply, "", Proof::Reply).is_pending()
}

#[test]
fn code_text_and_status_are_those_of_the_answer() {
    for (reply, code, text, status) in [
        (of_reseller(200, r#"{"success": true, "result": "free"}"#), "success", "", 200),
        (of_reseller(200, &error("domain_unknown", "\"No domain.\"")), "domain_unknown", "No domain.", 200),
        (of_reseller(502, &error("domain_unknown", "\"m\"")), "domain_unknown", "http 502: m", 502),
        (of_reseller(500, &error("domain_unknown", "null")), "domain_unknown", "http 500:", 500),
        (of_numbers(200, "{}"), "200", "", 200),
        (of_numbers(401, ""), "401", "", 401),
        (of_numbers(400, &problem(r#""Message": "bad""#)), "PARAMETER_INVALID", "http 400: bad", 400),
        (of_numbers(500, &problem(r#""Message": "bad""#)), "PARAMETER_INVALID", "http 500: bad", 500),
        (of_numbers(400, r#"{"ResponseStatus": {"ErrorCode": "", "Message": "bad"}}"#), "400", "bad", 400),
        (of_numbers(418, r#"{"responsestatus": {"message": "tea"}}"#), "418", "tea", 418),
    ] {
        assert_eq!((reply.code(), reply.text(), reply.status()), (code, text, Some(status)));
    }
}

#[test]
fn the_verdict_and_the_body_are_those_of_the_answer() {
    let body = error("billing_balance_insufficient", "\"m\"");
    let read = reseller::Reply::read(200, Bytes::from(body.clone())).unwrap();
    let reply = of_reseller(200, &body);
    assert_eq!((reply.verdict(), &reply.body()[..]), (read.verdict(), body.as_bytes()));
    let body = problem(r#""Errors": []"#);
    let read = numbers::Reply::read(403, Bytes::from(body.clone())).unwrap();
    let reply = of_numbers(403, &body);
    assert_eq!((reply.verdict(), &reply.body()[..]), (read.verdict(), body.as_bytes()));
}

#[test]
fn of_fields_that_are_wrong_the_names_are_kept_and_nothing_that_quotes_a_value() {
    let secret = "hunter2";
    let fields = r#"{"domain": ["hunter2 is no domain"], "auth": ["hunter2 is wrong", "Required"]}"#;
    let all = [
        (of_reseller(200, &error("request_validation_failed", fields)), "fields: domain, auth"),
        // Forms that the API does not document.
        (of_reseller(200, &error("request_validation_failed", r#"["hunter2 is wrong"]"#)), ""),
        (of_reseller(200, &error("request_validation_failed", r#"[{"auth": ["hunter2"]}]"#)), ""),
        (of_reseller(200, &error("request_validation_failed", "{}")), ""),
        (
            of_numbers(400, &problem(r#""Message": "hunter2", "Errors": [{"FieldName": "City,Region"}]"#)),
            "http 400: fields: City, Region",
        ),
        (of_numbers(400, &problem(r#""Message": ["hunter2"]"#)), "http 400:"),
        (of_numbers(400, r#"{"ResponseStatus": "auth=hunter2"}"#), ""),
    ];
    for (reply, text) in all {
        assert_eq!(reply.text(), text);
        assert!(!format!("{reply:?}").contains(secret), "{reply:?}");
        // The caller has it all the same.
        assert!(reply.text().is_empty() || reply.body().len() > reply.text().len());
    }
}

#[test]
fn few_names_are_kept_and_that_there_are_more_is_said() {
    let list = |count: usize| -> String {
        let fields: Vec<String> = (0..count).map(|at| format!("\"f{at}\": [\"x\"]")).collect();
        of_reseller(200, &error("request_validation_failed", &format!("{{{}}}", fields.join(", "))))
            .text()
            .to_owned()
    };
    assert!(list(16).ends_with("f14, f15"), "{}", list(16));
    assert!(list(17).ends_with("f15, …"), "{}", list(17));
    let long = format!("{{\"{}\": []}}", "n".repeat(1 << 20));
    let reply = of_reseller(200, &error("request_validation_failed", &long));
    assert_eq!(reply.text().len(), OpaqueReply::MAX_TEXT);
}

#[test]
fn what_is_only_accepted_is_pending() {
    for (reply, pending) in [
        (of_reseller(200, r#"{"success": true}"#), false),
        (of_reseller(202, r#"{"success": true}"#), true),
        (of_reseller(202, &error("domain_unknown", "null")), false),
        (of_reseller(202, &error("of_no_list", "null")), true),
        (of_reseller(202, &error("internal_error", "null")), true),
        (of_numbers(200, "{}"), false),
        (of_numbers(202, "{}"), true),
        (of_numbers(202, &problem(r#""Message": "bad""#)), true),
        (of_numbers(400, &problem(r#""Message": "bad""#)), false),
    ] {
        assert_eq!(is_pending(&reply), pending, "{reply:?}");
        // What is refused is not still to come.
        assert!(!pending || reply.verdict().executed() != Executed::No, "{reply:?}");
    }
}

#[test]
fn what_may_only_be_accepted_is_pending_though_its_body_cannot_be_read() {
    // The status says that it is still to come: what is not found meanwhile is not taken for not done.
    for body in ["<html>Accepted</html>", "", "{\"success\": tr", "OK"] {
        for (status, pending) in [(200, false), (202, true), (502, false)] {
            for reply in [of_reseller(status, body), of_numbers(status, body)] {
                let open = reply.verdict().executed() == Executed::Unknown;
                assert_eq!(is_pending(&reply), pending, "{reply:?}");
                assert!(open || reply.verdict().completed(), "{reply:?}");
            }
        }
    }
}

#[test]
fn what_is_no_answer_leaves_everything_open_and_says_what_came() {
    let order = Nature::write(Kind::Order, Billable::No, Repeat::Harmful, Settle::Impossible);
    for (body, why) in [
        ("<html><h1>502</h1></html>", "body is a page of html or xml, perhaps of a proxy"),
        ("", "body is empty"),
        ("{\"success\": tr", "body ends in the middle"),
        ("OK", "body is not json"),
        ("{}", "`success` is missing"),
    ] {
        for status in [200, 401, 502] {
            let reply = of_reseller(status, body);
            assert_eq!(reply.code(), status.to_string());
            assert_eq!(reply.text(), format!("answer with http status `{status}` not read: {why}"));
            assert_eq!((reply.verdict().executed(), reply.body().len()), (Executed::Unknown, 0));
            // Wrong credentials are wrong, whatever page says so.
            assert_eq!(reply.verdict().advice() == Advice::StopLoggingIn, status == 401);
            // As if none had come: a read is asked again, a write in doubt, whether it costs or not.
            let attempts = [Attempt::Answered(reply.verdict()), Attempt::Unanswered];
            for safety in [Safety::ReadBack, Safety::TrustReply, Safety::Once] {
                for readable in [true, false] {
                    let [answered, lost] =
                        attempts.map(|attempt| decide(Case::new(order, safety, attempt).readable(readable)));
                    assert_eq!(answered, lost, "{safety} {readable}");
                }
            }
            let [answered, lost] =
                attempts.map(|attempt| decide(Case::new(Nature::READ, Safety::Once, attempt)));
            assert_eq!(answered, lost);
            assert!(matches!(lost, Decision::Resend(_)));
        }
    }
}
