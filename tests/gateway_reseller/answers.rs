//! Answers of every shape, and what is none.

use std::error::Error;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use rrp::gateway::reseller::{Code, Field, MAX_FIELDS, Reply};
use rrp::gateway::{BodyErrorKind, MAX_BODY, MAX_DEPTH};
use rrp::verdict::{Advice, Word};

use super::{LIST, read, refusal};

#[track_caller]
fn kind(body: impl AsRef<[u8]>) -> BodyErrorKind {
    read(body).expect_err("it is no answer").kind()
}

#[test]
fn the_composed_bodies_are_read() {
    let bodies = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reference/json-bodies");
    let mut seen = Vec::new();
    for entry in fs::read_dir(bodies).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("reseller-") {
            continue;
        }
        let body = fs::read_to_string(&path).unwrap();
        let reply = read(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(reply.body(), &body);
        let texts = |field: &Field| field.texts().map(str::to_owned).collect::<Vec<_>>();
        match &name[..11] {
            "reseller-01" => {
                assert_eq!(reply.code(), Some(&Code::BILLING_BALANCE_INSUFFICIENT));
                assert_eq!(reply.message(), Some("Insufficient balance."));
                assert_eq!(reply.verdict().advice(), Advice::TopUp);
            }
            "reseller-02" => {
                assert_eq!(reply.code(), Some(&Code::REQUEST_VALIDATION_FAILED));
                let fields: Vec<_> = reply.fields().map(|field| (field.name(), texts(field))).collect();
                let interval = vec!["Not a valid choice".to_owned(), "Required".to_owned()];
                assert_eq!(fields, [("domain", vec!["Required".to_owned()]), ("interval", interval)]);
                assert!(reply.is_whole() && reply.message().unwrap().starts_with("{\"domain\""));
            }
            "reseller-03" => {
                assert_eq!(reply.result(), Some(r#"{"status": "delivered", "deleted": null}"#));
                let result: serde_json::Value = reply.read_result().unwrap();
                assert_eq!(result["status"], "delivered");
            }
            "reseller-04" => assert_eq!(reply.read_result::<&str>().unwrap(), "free"),
            "reseller-05" => assert_eq!((reply.result(), reply.outcome()), (None, Ok(None))),
            _ => panic!("`{name}` is read by no test"),
        }
        assert_eq!(reply.verdict().completed(), reply.code().is_none(), "{name}");
        seen.push(name);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn any_json_is_a_result() {
    let deep = format!("{}0{}", "[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1));
    for result in [
        "null",
        "true",
        "0",
        "-1e400",
        r#""ä\u00e4\ud800""#,
        "[ ]",
        r#"{"success": false, "a": 1, "a": 2}"#,
        &deep,
    ] {
        let reply =
            read(format!(" \u{feff}{{ \"result\" : {result} , \"success\" : true, \"error\": null }} \n"))
                .unwrap();
        assert_eq!(reply.outcome(), Ok(Some(result)));
        assert_eq!((reply.code(), reply.message(), reply.fields().len()), (None, None, 0));
        let verdict = reply.verdict();
        assert!(verdict.completed() && verdict.word() == Word::Registry && verdict.advice() == Advice::Done);
    }
    // Keys are names, however they are escaped; unknown ones stay in the body.
    let body = r#"{"\u0073uccess": true, "\u0072\u0065\u0073\u0075\u006c\u0074": 7, "meta": {"success": false}, "\ud800": 1, "meta": 2}"#;
    let reply = read(body).unwrap();
    assert_eq!((reply.result(), reply.read_result().ok()), (Some("7"), Some(7)));
    assert_eq!(reply.body(), body);
}

#[test]
fn what_says_nothing_beside_a_success_leaves_it_one() {
    for beside in [
        r#""Error":null"#,
        r#""errors":[ ],"ERROR":{},"Errors":"""#,
        r#""error":null,"errors":null"#,
        r#""Success":null,"successes":false,"Result":1"#,
        r#""errorss":["x"],"err":"x","error_code":"x","result":{"errors":["x"],"Error":1}"#,
    ] {
        assert!(read(format!(r#"{{"success":true,{beside}}}"#)).unwrap().verdict().completed(), "{beside}");
    }
    // Of an error they add nothing.
    let both = r#"{"success":false,"error":{"code":"domain_unknown"},"Errors":["x"]}"#;
    assert_eq!(read(both).unwrap().code(), Some(&Code::DOMAIN_UNKNOWN));
}

#[test]
fn results_are_read_into_types() {
    let reply = read(r#"{"success": true, "result": {"id": 5, "auth_code": "hunter2"}}"#).unwrap();
    let map = reply.read_result::<std::collections::BTreeMap<String, serde_json::Value>>().unwrap();
    assert_eq!(map["id"], 5);
    let error = reply.read_result::<std::collections::BTreeMap<String, u8>>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "result not read: not of the form that was asked for at line `1`, column `32` of it"
    );
    assert!(!error.is_not_done() && error.source().is_none(), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"));
    // Half a surrogate pair is JSON, and no text.
    let error =
        read(r#"{"success": true, "result": "\ud800"}"#).unwrap().read_result::<String>().unwrap_err();
    assert!(error.source().unwrap().to_string().contains("line 1"), "{error:?}");
    assert_eq!(read(r#"{"success": true}"#).unwrap().read_result::<Option<u8>>().unwrap(), None);
    assert_eq!(
        read(r#"{"success": true, "result": null}"#).unwrap().read_result::<Option<u8>>().unwrap(),
        None
    );
    // What is not known to be done has no result.
    for (status, body) in
        [(200, refusal("domain_unknown")), (500, r#"{"success":true,"result":1}"#.to_owned())]
    {
        let reply = Reply::read(status, Bytes::from(body)).unwrap();
        let error = reply.read_result::<Option<u8>>().unwrap_err();
        assert_eq!(error.to_string(), "result not read: answer does not say that the request was done");
        assert!(error.is_not_done() && error.source().is_none());
        assert_eq!(reply.outcome(), Err(reply.verdict()));
    }
}

#[test]
fn any_json_is_a_message() {
    let reply = |message: &str| {
        read(format!(
            r#"{{"success":false,"error":{{"code":"request_validation_failed"{message}}},"result":null}}"#
        ))
        .unwrap()
    };
    for none in ["", r#","message":null"#, r#","messages":"x""#] {
        assert_eq!((reply(none).message(), reply(none).is_whole()), (None, true), "{none}");
        assert_eq!(reply(none).message_text(), None, "{none}");
    }
    for (json, text) in [
        (r#""""#, ""),
        (r#""a\n\u00e4""#, "a\nä"),
        ("7", "7"),
        ("[\"a\", 1]", "[\"a\", 1]"),
        (r#""\ud800""#, r#""\ud800""#),
    ] {
        let reply = reply(&format!(",\"message\": {json} , \"more\":1"));
        assert_eq!(
            (reply.message(), reply.fields().len(), reply.is_whole()),
            (Some(text), 0, true),
            "{json}"
        );
        let is_text = json.starts_with('"') && json != text;
        assert_eq!(reply.message_text(), is_text.then_some(text), "{json}");
    }
    let object =
        r#"{"a":"one","b\n":[],"c":["x",{"y": [1]},null],"d":{"e":["f"]},"a":null,"\ud800":["\ud800"]}"#;
    let reply = reply(&format!(",\"message\":{object}"));
    let fields: Vec<(&str, Vec<&str>)> =
        reply.fields().map(|field| (field.name(), field.texts().collect())).collect();
    let expected: [(&str, &[&str]); 6] = [
        ("a", &["one"]),
        ("b\n", &[]),
        ("c", &["x", r#"{"y": [1]}"#, "null"]),
        ("d", &[r#"{"e":["f"]}"#]),
        ("a", &["null"]),
        (r#""\ud800""#, &[r#""\ud800""#]),
    ];
    assert_eq!(fields, expected.map(|(name, texts)| (name, texts.to_vec())));
    assert_eq!((reply.message(), reply.is_whole()), (Some(object), true));
    assert_eq!((reply.message_text(), read(r#"{"success":true}"#).unwrap().message_text()), (None, None));
}

#[test]
fn so_many_fields_are_kept_and_no_more() {
    let read = |message: String| {
        read(format!(r#"{{"success":false,"error":{{"code":"x","message":{{{message}}}}}}}"#)).unwrap()
    };
    let kept = |reply: &Reply| reply.fields().map(|field| 1 + field.texts().len()).sum::<usize>();
    let fields = |count: usize| vec![r#""a":[]"#; count].join(",");
    let texts = |count: usize| format!(r#""a":[{}]"#, vec![r#""""#; count].join(","));
    let singles = |count: usize| vec![r#""a":"""#; count].join(",");
    for (body, whole) in [
        (fields(MAX_FIELDS), true),
        (fields(MAX_FIELDS + 1), false),
        (texts(MAX_FIELDS - 1), true),
        (texts(MAX_FIELDS), false),
        (singles(MAX_FIELDS / 2), true),
        (singles(MAX_FIELDS / 2 + 1), false),
        (format!("{},{}", fields(1), singles(MAX_FIELDS / 2)), false),
        (format!("{},{}", texts(2 * MAX_FIELDS), fields(5)), false),
    ] {
        let reply = read(body);
        assert_eq!((kept(&reply), reply.is_whole()), (MAX_FIELDS, whole));
    }
}

#[test]
fn what_is_no_answer_says_why() {
    use BodyErrorKind::{Empty, NotJson, NotText, Page, Shape, TooDeep, TooLong, Truncated};
    const LIKE: &str = "ambiguous: a success with a member like `error`";
    const LIKE_SUCCESS: &str = "ambiguous: `success` with a member like it";
    let deep =
        |depth: usize| format!(r#"{{"success":true,"result":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(read(deep(MAX_DEPTH - 1)).is_ok());
    let long = |len: usize| {
        let body = r#"{"success":true}"#;
        format!("{body}{}", " ".repeat(len - body.len()))
    };
    assert!(read(long(MAX_BODY)).is_ok());
    // The documentation's own example is no JSON.
    let (_, example) = LIST.split_once("as follows:\n").unwrap();
    let (example, _) = example.split_once("Possible errors").unwrap();
    let error = |error: &str| format!(r#"{{"success":false,"error":{error}}}"#);
    for (body, expected) in [
        (String::new(), Empty),
        (" \r\n".to_owned(), Empty),
        ("<html><body>502 Bad Gateway</body></html>".to_owned(), Page),
        ("\n<?xml version=\"1.0\"?><fault/>".to_owned(), Page),
        ("Bad Gateway".to_owned(), NotJson),
        (example.to_owned(), NotJson),
        (r#"{"success":true} {"success":true}"#.to_owned(), NotJson),
        (r#"{"success":true}]"#.to_owned(), NotJson),
        (r#"{"success":tru"#.to_owned(), Truncated),
        (r#"{"success":true"#.to_owned(), Truncated),
        (deep(MAX_DEPTH), TooDeep),
        ("[".repeat(MAX_BODY), TooDeep),
        (long(MAX_BODY + 1), TooLong),
        ("[]".to_owned(), Shape("answer is not an object")),
        ("null".to_owned(), Shape("answer is not an object")),
        ("\"success\"".to_owned(), Shape("answer is not an object")),
        ("[true, null, null]".to_owned(), Shape("answer is not an object")),
        ("{}".to_owned(), Shape("`success` is missing")),
        (r#"{"Success":true}"#.to_owned(), Shape("`success` is missing")),
        (r#"{"success":null}"#.to_owned(), Shape("`success` is neither `true` nor `false`")),
        (r#"{"success":1}"#.to_owned(), Shape("`success` is neither `true` nor `false`")),
        (r#"{"success":"true"}"#.to_owned(), Shape("`success` is neither `true` nor `false`")),
        (r#"{"success":false}"#.to_owned(), Shape("`error` is missing")),
        (error("null"), Shape("`error` is missing")),
        (error("\"internal_error\""), Shape("`error` is not an object")),
        (error("[\"internal_error\"]"), Shape("`error` is not an object")),
        (error("{}"), Shape("`code` of `error` is missing")),
        (error(r#"{"message":"x"}"#), Shape("`code` of `error` is missing")),
        (error(r#"{"code":500}"#), Shape("`code` of `error` is not a text")),
        (error(r#"{"code":null}"#), Shape("`code` of `error` is not a text")),
        (error(r#"{"code":"\ud800"}"#), Shape("`code` of `error` is not a text")),
        (error(r#"{"code":"a","code":"a"}"#), Shape("ambiguous: `code` of `error` is there twice")),
        (
            error(r#"{"code":"a","message":1,"message":1}"#),
            Shape("ambiguous: `message` of `error` is there twice"),
        ),
        (r#"{"success":true,"success":true}"#.to_owned(), Shape("ambiguous: `success` is there twice")),
        (r#"{"success":true,"\u0073uccess":false}"#.to_owned(), Shape("ambiguous: `success` is there twice")),
        (r#"{"success":true,"result":1,"result":1}"#.to_owned(), Shape("ambiguous: `result` is there twice")),
        (
            r#"{"success":true,"error":null,"error":null}"#.to_owned(),
            Shape("ambiguous: `error` is there twice"),
        ),
        (r#"{"success":true,"Error":{"code":"a"}}"#.to_owned(), Shape(LIKE)),
        (r#"{"success":true,"errors":["a"],"error":null}"#.to_owned(), Shape(LIKE)),
        (r#"{"ERRORS":[null],"success":true,"Error":null}"#.to_owned(), Shape(LIKE)),
        (r#"{"\u0045rror":false,"success":true}"#.to_owned(), Shape(LIKE)),
        (r#"{"success":true,"eRRORs":" ","errors":[]}"#.to_owned(), Shape(LIKE)),
        (
            r#"{"success":true,"error":{"code":"a"}}"#.to_owned(),
            Shape("ambiguous: a success with an `error`"),
        ),
        (r#"{"success":true,"Success":false}"#.to_owned(), Shape(LIKE_SUCCESS)),
        (r#"{"SUCCESS":true,"success":false,"error":{"code":"a"}}"#.to_owned(), Shape(LIKE_SUCCESS)),
        (r#"{"success":true,"\u0053uccess":"no","result":1}"#.to_owned(), Shape(LIKE_SUCCESS)),
        (
            error(r#"{"code":"domain_unknown","Code":"internal_error"}"#),
            Shape("ambiguous: `code` of `error` with a member like it"),
        ),
    ] {
        assert_eq!(kind(&body), expected, "{}", body.get(..60).unwrap_or(&body));
    }
    assert_eq!(kind(b"{\"success\":true,\"result\":\"\xfc\"}"), NotText);
    let error = Reply::read(502, Bytes::from_static(b"<html>")).unwrap_err();
    assert_eq!(error.status(), 502);
    let said = "answer with http status `502` not read: body is a page of html or xml, perhaps of a proxy";
    assert_eq!(error.to_string(), said);
}

#[test]
fn an_answer_cut_anywhere_is_no_answer() {
    let body =
        r#"{"success": false, "error": {"code": "domain_unknown", "message": {"ä": ["\u00e4", -1.5e-3]}}}"#;
    assert!(read(body).is_ok());
    assert_eq!(kind(""), BodyErrorKind::Empty);
    for end in 1..body.len() {
        let cut = &body.as_bytes()[..end];
        assert_eq!(kind(cut), BodyErrorKind::Truncated, "{}", String::from_utf8_lossy(cut));
    }
}

#[test]
fn debug_tells_no_secret() {
    let shown = |status, body: &str| {
        format!("{:?}", Reply::read(status, Bytes::copy_from_slice(body.as_bytes())).unwrap())
    };
    let success = r#"{"success":true,"result":{"auth_code":"hunter2"},"token":"hunter2"}"#;
    assert_eq!(shown(200, success), "Reply { status: 200, .. }");
    let fields = r#"{"success":false,"error":{"code":"request_validation_failed","message":{"auth\n":["`hunter2` is short"]}},"x":"hunter2"}"#;
    let field = r#"Field { name: "auth\n", texts: 1 }"#;
    assert_eq!(
        shown(200, fields),
        format!(r#"Reply {{ status: 200, code: "request_validation_failed", fields: [{field}], .. }}"#)
    );
    let text =
        r#"{"success":false,"error":{"code":"domain_\u001b","message":"Timeout\u001b[31m"},"x":"hunter2"}"#;
    assert_eq!(
        shown(502, text),
        r#"Reply { status: 502, code: "domain_\u{1b}", message: "Timeout\u{1b}[31m", .. }"#
    );
    for secret in [
        r#"{"success":false,"error":{"code":"password=hunter2"}}"#,
        r#"{"success":false,"error":{"code":"x","message":{"auth_code: hunter2":["x"]}}}"#,
    ] {
        assert!(
            shown(200, secret).contains("\"***\"") && !shown(200, secret).contains("hunter2"),
            "{secret}"
        );
    }
    let quoting = r#"{"success":false,"error":{"code":"x","message":"wrong password=hunter2"}}"#;
    assert_eq!(shown(200, quoting), r#"Reply { status: 200, code: "x", message: "***", .. }"#);
    let odd = r#"{"success":false,"error":{"code":"x","message":["hunter2"]}}"#;
    assert_eq!(shown(200, odd), r#"Reply { status: 200, code: "x", fields: [], .. }"#);
    let long =
        serde_json::json!({"success":false,"error":{"code":"ä".repeat(9_999),"message":"ä".repeat(9_999)}});
    assert!(shown(200, &long.to_string()).len() < 2_000);
}
