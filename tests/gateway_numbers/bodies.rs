//! Bodies: what is read, what is refused, and how much memory that takes.

use std::collections::BTreeMap;
use std::fs;

use bytes::Bytes;
use rrp::gateway::numbers::{Code, MAX_CODE, MAX_ERRORS, Reply, Status};
use rrp::gateway::{BodyErrorKind, MAX_BODY, MAX_DEPTH};
use serde_json::{Value, json};

use super::{fixture, read, reference};

fn kind(status: u16, body: impl Into<Bytes>) -> BodyErrorKind {
    Reply::read(status, body.into()).unwrap_err().kind()
}

#[test]
fn every_composed_body_is_read() {
    let mut seen = 0;
    for entry in fs::read_dir(reference().join("json-bodies")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(which) = name.strip_prefix("number-") else { continue };
        seen += 1;
        let body = fixture(&format!("json-bodies/{name}"));
        let reply = read(if which.starts_with("06") { 200 } else { 400 }, body.clone());
        assert_eq!(reply.body(), body.as_bytes());
        let errors: Vec<_> = reply.errors().collect();
        let code = reply.code().map(Code::as_str);
        match &which[..2] {
            "01" => assert_eq!(
                (code, reply.message().as_deref(), errors.len()),
                (Some("FORBIDDEN"), Some("Forbidden"), 0)
            ),
            "02" => {
                assert_eq!((code, errors.len()), (Some("PARAMETER_REQUIRED"), 1));
                assert_eq!(errors[0].code().as_ref(), reply.code());
                assert_eq!(errors[0].field().as_deref(), Some("CountryCode"));
                assert_eq!(errors[0].message().as_deref(), Some("Missing required parameter: CountryCode."));
                assert_eq!(errors[0].meta(), None);
            }
            "03" => {
                assert_eq!((code, reply.message().as_deref()), (Some("PARAMETER_INVALID"), Some("x")));
                assert_eq!(
                    (errors[0].field().as_deref(), errors[0].meta()),
                    (Some("Limit"), Some(r#"{"k":"v"}"#))
                );
            }
            "04" => {
                assert_eq!(errors[0].fields().collect::<Vec<_>>(), ["City", "Region"]);
                assert_eq!((errors[0].code(), errors[0].message(), errors[0].meta()), (None, None, None));
            }
            "05" => assert_eq!((code, errors.len(), reply.is_whole()), (Some("NUMBER_NOT_FOUND"), 0, true)),
            "06" => {
                assert_eq!((code, reply.message(), errors.len()), (None, None, 0));
                assert!(reply.verdict().completed());
            }
            _ => panic!("`{name}` is tested nowhere"),
        }
    }
    assert_eq!(seen, 6);
}

#[test]
fn what_is_absent_or_null_is_none() {
    for body in [
        "{}",
        r#"{"ResponseStatus":null}"#,
        r#"{"ResponseStatus":{}}"#,
        "[]",
        "null",
        "true",
        "[{}]",
        r#"{"ResponseStatus":{"ErrorCode":null,"Message":null,"Errors":null}}"#,
        "\u{feff} \r\n{}",
        // Only at the top level it is what it seems to be.
        r#"{"Number":{"ResponseStatus":{"ErrorCode":"FORBIDDEN"}}}"#,
        r#"[[{"ResponseStatus":{"ErrorCode":"FORBIDDEN"}}]]"#,
    ] {
        for status in [200, 400] {
            let reply = read(status, body);
            assert_eq!((reply.code(), reply.message(), reply.errors().len()), (None, None, 0), "{body}");
            assert!(reply.is_whole() && reply.message_text().is_none());
            assert_eq!(reply.verdict(), Status::new(status).verdict(), "{body}");
        }
    }
}

#[test]
fn values_of_another_type_are_kept_as_the_json_they_are() {
    let body = r#"{"ResponseStatus":{"ErrorCode":42,"Message":{"a": [1]},"Errors":[7,null,"text",[],{},{"FieldName":["a"],"Message":1}]}}"#;
    let reply = read(400, body);
    assert_eq!(
        (reply.code().map(Code::as_str), reply.message().as_deref()),
        (Some("42"), Some(r#"{"a": [1]}"#))
    );
    let errors: Vec<_> = reply.errors().map(|error| (error.field(), error.message())).collect();
    let some = |text: &'static str| Some(text.into());
    let expected = [
        (None, some("7")),
        (None, some("text")),
        (None, some("[]")),
        (None, None),
        (some(r#"["a"]"#), some("1")),
    ];
    assert_eq!(errors, expected);
    // One error that is no list, and a text that is no text: half of a surrogate pair.
    let reply = read(400, r#"{"ResponseStatus":{"Message":"\ud800","Errors":{"FieldName":"Limit"}}}"#);
    assert_eq!(reply.message().as_deref(), Some(r#""\ud800""#));
    assert_eq!(
        reply.errors().map(|error| error.field().unwrap().into_owned()).collect::<Vec<_>>(),
        ["Limit"]
    );
    // No object at all.
    let reply = read(400, r#"{"ResponseStatus":"broken"}"#);
    assert_eq!((reply.code(), reply.message().as_deref()), (None, Some("broken")));
    assert_eq!(reply.message_text(), None);
}

#[test]
fn the_text_of_a_message_is_one_that_is_a_text() {
    let text = |message: &str| {
        let reply = read(400, format!(r#"{{"ResponseStatus":{{"Message":{message}}}}}"#));
        reply.message_text().map(std::borrow::Cow::into_owned)
    };
    for (message, expected) in [("\"\"", ""), (r#""a\n\u00e4""#, "a\nä"), ("\"no\"", "no")] {
        assert_eq!(text(message).as_deref(), Some(expected), "{message}");
    }
    for none in ["null", "7", "{\"a\":\"b\"}", "[\"a\"]", r#""\ud800""#] {
        assert_eq!(text(none), None, "{none}");
    }
}

#[test]
fn joined_names_are_taken_apart() {
    for (joined, names) in [
        ("City,Region", vec!["City", "Region"]),
        (" City ; Region|Postcode ", vec!["City", "Region", "Postcode"]),
        (",,City,, ;|", vec!["City"]),
        ("Adresse.Straße,ÄÖ", vec!["Adresse.Straße", "ÄÖ"]),
        ("CityRegion", vec!["CityRegion"]),
        (" , ", vec![]),
        ("", vec![]),
    ] {
        let reply = read(400, json!({"ResponseStatus": {"Errors": [{"FieldName": joined}]}}).to_string());
        let error = reply.errors().next().unwrap();
        assert_eq!(error.field().as_deref(), Some(joined));
        assert_eq!(error.fields().collect::<Vec<_>>(), names, "{joined}");
    }
}

#[test]
fn an_ambiguous_answer_is_refused() {
    for body in [
        r#"{"ResponseStatus":null,"responseStatus":{}}"#,
        r#"{"ResponseStatus":{},"ResponseStatus":{}}"#,
        r#"{"ResponseStatus":{"ErrorCode":"FORBIDDEN","errorcode":"NUMBER_NOT_FOUND"}}"#,
        r#"{"ResponseStatus":{"Message":"","\u006dessage":"","x":1}}"#,
        r#"{"ResponseStatus":{"Errors":[],"a":1,"ERRORS":[]}}"#,
        r#"{"ResponseStatus":{"Errors":[{"FieldName":"a","fieldName":"b"}]}}"#,
    ] {
        let error = Reply::read(400, Bytes::from(body)).unwrap_err();
        assert!(matches!(error.kind(), BodyErrorKind::Shape(_)), "{body}");
        assert!(error.to_string().contains("not read: body has two members `"), "{error}");
    }
    // Of other members it does not matter.
    assert!(read(200, r#"{"Message":"","message":"","Errors":[],"errors":null}"#).verdict().completed());
}

#[test]
fn an_empty_body_is_an_answer_unless_a_success_should_have_one() {
    for blank in ["", " \r\n", "\u{feff}"] {
        for status in [100, 204, 205, 302, 400, 401, 403, 404, 500, 502, 999] {
            let reply = read(status, blank);
            assert_eq!((reply.code(), reply.verdict()), (None, Status::new(status).verdict()));
            assert_eq!(reply.read_body::<Value>().unwrap_err().kind(), BodyErrorKind::Empty);
        }
        for status in [200, 201, 202, 206, 299] {
            assert_eq!(kind(status, blank), BodyErrorKind::Empty);
        }
    }
}

#[test]
fn what_is_no_answer_is_refused_and_said() {
    let page = "\n<!DOCTYPE html><html><body>502 Bad Gateway</body></html>";
    for status in [200, 400, 502, 503] {
        assert_eq!(kind(status, page), BodyErrorKind::Page);
        assert_eq!(kind(status, r#"{"ResponseStatus":{"ErrorCode":"FORB"#), BodyErrorKind::Truncated);
        assert_eq!(kind(status, r#"{"ResponseStatus":{}} {}"#), BodyErrorKind::NotJson);
        assert_eq!(kind(status, r#"{"ResponseStatus":{},}"#), BodyErrorKind::NotJson);
        assert_eq!(kind(status, "upstream timed out"), BodyErrorKind::NotJson);
        assert_eq!(kind(status, &b"{\"a\":\"\xff\"}"[..]), BodyErrorKind::NotText);
        assert_eq!(kind(status, vec![b' '; MAX_BODY + 1]), BodyErrorKind::TooLong);
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(kind(status, nested(MAX_DEPTH + 1)), BodyErrorKind::TooDeep);
        assert_eq!(kind(status, "[{\"a\":".repeat(MAX_BODY / 6)), BodyErrorKind::TooDeep);
        assert!(read(status, nested(MAX_DEPTH)).code().is_none());
    }
}

#[test]
fn of_many_errors_the_first_are_kept_and_of_a_long_code_its_beginning() {
    for (count, kept) in
        [(MAX_ERRORS - 1, MAX_ERRORS - 1), (MAX_ERRORS, MAX_ERRORS), (MAX_ERRORS + 1, MAX_ERRORS)]
    {
        let mut errors: Vec<Value> = (0..count).map(|at| json!({"FieldName": at.to_string()})).collect();
        errors.push(Value::Null);
        let reply = read(400, json!({"ResponseStatus": {"Errors": errors}}).to_string());
        assert_eq!((reply.errors().len(), reply.is_whole()), (kept, kept == count));
        let last = reply.errors().last().unwrap();
        assert_eq!(last.field().unwrap(), (kept - 1).to_string());
    }
    for length in [MAX_CODE - 2, MAX_CODE - 1, MAX_CODE * 3] {
        let code = "é".repeat(length / 2);
        let reply = read(400, json!({"ResponseStatus": {"ErrorCode": code}}).to_string());
        let given = reply.code().unwrap();
        assert!(given.as_str().len() <= MAX_CODE && given.info().is_none());
        assert_eq!(given.as_str() == code, code.len() + 2 <= MAX_CODE);
    }
}

#[test]
fn a_success_is_read_as_the_caller_asks() {
    #[derive(serde::Deserialize)]
    struct Number<'a> {
        #[serde(rename = "PhoneNumber")]
        number: &'a str,
    }
    let reply = read(200, r#"{"PhoneNumber": "+61299999999"}"#);
    assert_eq!(reply.read_body::<Number<'_>>().unwrap().number, "+61299999999");
    assert_eq!(reply.read_body::<Value>().unwrap()["PhoneNumber"], "+61299999999");
    // What stands there may be personal: an error tells only the place.
    let error = reply.read_body::<BTreeMap<String, bool>>().unwrap_err();
    assert!(matches!(error.kind(), BodyErrorKind::Shape(_)));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("line 1 column "), "{cause}");
    assert!(!format!("{error} {error:?} {cause}").contains("9999"));
}

#[test]
fn debug_shows_no_body_and_no_raw_text() {
    let body = json!({
        "Number": "+61299999999",
        "ResponseStatus": {
            "ErrorCode": "X\u{1b}[2J", "Message": "line\nnext\u{2028}",
            "Errors": [{"FieldName": "City\r", "Message": "password=hunter22", "Meta": {"Value": "+61288888888"}}],
        },
    });
    let printed = format!("{:?}", read(400, body.to_string()));
    for shown in ["400", "`X\\u{1b}[2J`", "line\\nnext\\u{2028}", "City\\r"] {
        assert!(printed.contains(shown), "{printed}");
    }
    for hidden in ["9999", "8888", "hunter22", "\u{1b}", "\n", "\r", "\u{2028}"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    let long = "a".repeat(1000);
    let many: Vec<Value> = (0..1000).map(|_| json!({"FieldName": long})).collect();
    let printed =
        format!("{:?}", read(400, json!({"ResponseStatus": {"Message": long, "Errors": many}}).to_string()));
    assert!(printed.len() < 20_000 && printed.contains("more: 968"), "{}", printed.len());
}

#[test]
fn debug_quotes_nothing_that_is_said_of_a_secret() {
    // What the framework does: the message of the whole is that of the first error.
    for field in ["Password", "ApiKey", "Account.AuthToken", "Name,Pin"] {
        let said = "'hunter22' is too short";
        let errors =
            json!([{"FieldName": "City", "Message": "no city"}, {"FieldName": field, "Message": said}]);
        let body = json!({"ResponseStatus": {"ErrorCode": "TooShort", "Message": said, "Errors": errors}});
        let reply = read(400, body.to_string());
        let printed = format!("{reply:?}");
        assert!(printed.contains("no city") && !printed.contains("hunter22"), "{printed}");
        assert_eq!(reply.message().unwrap(), said);
    }
    for code in [json!("password=hunter22"), json!({"Password": "hunter22"})] {
        let reply = read(400, json!({"ResponseStatus": {"ErrorCode": code}}).to_string());
        let code = reply.code().unwrap();
        assert!(code.as_str().contains("hunter22") && !format!("{reply:?} {code}").contains("hunter22"));
    }
}

#[test]
fn reading_takes_little_memory_whatever_the_body_is() {
    let fill = |unit: &str, head: &str, tail: &str| {
        let room = (MAX_BODY - head.len() - tail.len()) / unit.len();
        format!("{head}{}{tail}", unit.repeat(room))
    };
    let escaped = "\\u0041";
    let bodies = [
        fill("0,", "[", "0]"),
        fill("[],", "[", "0]"),
        fill("\"a\":0,", "{", "\"b\":0}"),
        fill("\"message\":0,", "{", "\"b\":0}"),
        fill("a", "\"", "\""),
        fill(escaped, "\"", "\""),
        fill(escaped, "{\"", "\":0}"),
        fill("1", "", ""),
        fill(escaped, r#"{"ResponseStatus":{"ErrorCode":""#, "\"}}"),
        fill(escaped, r#"{"ResponseStatus":{"Message":""#, "\"}}"),
        fill(escaped, r#"{"ResponseStatus":{"Errors":[{"FieldName":""#, "\"}]}}"),
        fill("{},", r#"{"ResponseStatus":{"Errors":["#, "0]}}"),
        fill(
            r#"{"ErrorCode":"a","FieldName":"b","Message":"c","Meta":{}},"#,
            r#"{"ResponseStatus":{"Errors":["#,
            "0]}}",
        ),
        fill(escaped, r#"{"ResponseStatus":{""#, "\":0}}"),
        fill("\"a\":[{}],", r#"{"ResponseStatus":{"#, "\"b\":0}}"),
        // Refused.
        fill("{\"Errors\":[", "", ""),
        fill("\"", "", ""),
        fill(escaped, "{\"", ""),
        fill("\\", "\"", ""),
    ];
    for body in bodies {
        let begin = body[..60.min(body.len())].to_owned();
        let body = Bytes::from(body);
        let used = allocation_counter::measure(|| {
            let _ = std::hint::black_box(Reply::read(400, body.clone()));
        });
        assert!(used.bytes_max < 256 * 1024, "{} bytes: {begin}", used.bytes_max);
    }
}

#[test]
fn printing_takes_little_memory_however_long_a_message_is() {
    for piece in ["a ", "a", "a=", "=", "ä", "\\n", "\\u00e4 ", "\\\\", "\\ud83d\\ude00", "x\\ud83d\\ude00"]
    {
        for before in ["", "1", "12", "password=hunter2 "] {
            let body = format!(
                r#"{{"ResponseStatus":{{"Message":"{before}{}=x"}}}}"#,
                piece.repeat(8_000_000 / piece.len())
            );
            let reply = read(400, body);
            let mut printed = String::new();
            let used = allocation_counter::measure(|| printed = format!("{reply:?}"));
            assert!(used.bytes_max < 64 * 1024, "{piece}: {} bytes", used.bytes_max);
            let message = reply.message_text().unwrap();
            let begin = format!("{:?}…", message.chars().take(256).collect::<String>());
            let expected = if before.len() > 2 { "***" } else { &begin };
            assert!(printed.contains(&format!("message: Some({expected})")), "{piece}: {printed}");
        }
    }
    // What is no text is as long.
    let list = format!(
        r#"{{"ResponseStatus":{{"Message":[{}0],"Errors":"\ud800{}"}}}}"#,
        "0,".repeat(1 << 20),
        "a ".repeat(1 << 20)
    );
    let reply = read(400, list);
    let used = allocation_counter::measure(|| assert!(format!("{reply:?}").len() < 2_000));
    assert!(used.bytes_max < 64 * 1024, "{} bytes", used.bytes_max);
}

#[test]
fn an_error_chain_names_status_and_cause() {
    let error = Reply::read(502, Bytes::from("<html>")).unwrap_err();
    let message = "answer with http status `502` not read: body is a page of html or xml, perhaps of a proxy";
    assert_eq!((error.status(), error.to_string().as_str()), (502, message));
}

#[test]
fn a_name_is_found_though_each_letter_of_it_is_escaped() {
    let escape = |name: &str| name.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
    let (status, code) = (escape("ResponseStatus"), escape("ErrorCode"));
    let reply = read(400, format!(r#"{{"{status}": {{"{code}": "PARAMETER_INVALID"}}}}"#));
    assert_eq!(reply.code().map(Code::as_str), Some("PARAMETER_INVALID"));
}
