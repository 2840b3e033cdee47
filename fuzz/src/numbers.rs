//! The answers of the API for telephone numbers, against a tree of the whole body; and its values on any text.

use bytes::Bytes;
use rrp::gateway::numbers::{Code, CountryCode, FieldError, MAX_CODE, MAX_ERRORS, PhoneNumber, Reply};
use rrp::gateway::{BodyErrorKind, MAX_DEPTH};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};

use super::json::Json;
use super::{assert_error_printable, assert_hidden, assert_no_assignment, assert_printable};

/// Two bytes of a status, then a body.
pub fn number_body(data: &[u8]) {
    let Some(([a, b], body)) = data.split_first_chunk() else { return };
    let body = Bytes::copy_from_slice(body);
    let naive = Json::of_body(&body);
    // What a body says depends on the status: each is read with those of each sort too.
    for status in [u16::from_be_bytes([*a, *b]), 200, 202, 207, 400, 401, 499, 500] {
        match Reply::read(status, body.clone()) {
            Ok(reply) => {
                assert_eq!((reply.status().as_u16(), reply.body()), (status, &body));
                printed(&reply, naive.as_ref());
                match &naive {
                    Some(naive) => read(&reply, naive),
                    None => assert!(reply.read_body::<Json>().is_err()),
                }
                verdict(&reply, naive.as_ref());
            }
            Err(error) => {
                assert_error_printable(&error);
                assert_eq!(error.status(), status);
                refused(error.kind(), naive.as_ref());
            }
        }
    }
    values(&String::from_utf8_lossy(&body));
}

/// The members of this name, in any case.
fn members<'a>(object: &'a Json, name: &str) -> Vec<&'a Json> {
    let Json::Object(members) = object else { return Vec::new() };
    members.iter().filter(|(given, _)| given.to_ascii_lowercase() == name).map(|(_, value)| value).collect()
}

/// The one member of this name that is not null.
fn member<'a>(object: &'a Json, name: &str) -> Option<&'a Json> {
    let found = members(object, name);
    assert!(found.len() < 2, "an ambiguous answer is read");
    found.into_iter().find(|value| **value != Json::Null)
}

/// The entries of `Errors`.
fn entries(errors: Option<&Json>) -> Vec<&Json> {
    match errors {
        None => Vec::new(),
        Some(Json::List(entries)) => entries.iter().filter(|entry| **entry != Json::Null).collect(),
        Some(one) => vec![one],
    }
}

fn is_ambiguous(naive: &Json) -> bool {
    let statuses = members(naive, "responsestatus");
    let [status] = statuses[..] else { return !statuses.is_empty() };
    let twice = |object: &Json, names: &[&str]| names.iter().any(|name| members(object, name).len() > 1);
    twice(status, &["errorcode", "message", "errors"]) || {
        let errors = members(status, "errors").first().copied().filter(|errors| **errors != Json::Null);
        let names = ["errorcode", "fieldname", "message", "meta"];
        entries(errors).iter().take(MAX_ERRORS).any(|entry| twice(entry, &names))
    }
}

/// What is refused is not JSON, nested too deep, or ambiguous.
fn refused(kind: BodyErrorKind, naive: Option<&Json>) {
    if let Some(naive) = naive {
        let expected = match kind {
            BodyErrorKind::TooDeep => naive.depth() > MAX_DEPTH,
            BodyErrorKind::Shape(_) => is_ambiguous(naive),
            _ => false,
        };
        assert!(expected, "refused as {kind:?}");
    }
}

/// A text is given as it is; of any other value the JSON.
fn same(given: Option<&str>, naive: Option<&Json>) {
    match (given, naive) {
        (None, None) => {}
        (Some(given), Some(Json::Text(text))) => assert_eq!(given, text),
        (Some(given), Some(other)) => {
            assert_eq!(serde_json::from_str::<Json>(given).ok().as_ref(), Some(other))
        }
        (given, naive) => panic!("{given:?} for {naive:?}"),
    }
}

fn same_code(given: Option<&Code>, naive: Option<&Json>) {
    // A long one may be cut.
    if given.is_none_or(|code| code.as_str().len() < MAX_CODE / 6) {
        same(given.map(Code::as_str), naive);
    }
}

fn read(reply: &Reply, naive: &Json) {
    assert!(naive.depth() <= MAX_DEPTH && !is_ambiguous(naive));
    assert_eq!(reply.read_body::<Json>().ok().as_ref(), Some(naive));
    let Some(status) = member(naive, "responsestatus") else {
        assert!(reply.code().is_none() && reply.message().is_none() && reply.errors().len() == 0);
        return;
    };
    let Json::Object(_) = status else {
        assert!(reply.code().is_none() && reply.errors().len() == 0 && reply.message_text().is_none());
        return same(reply.message().as_deref(), Some(status));
    };
    same_code(reply.code(), member(status, "errorcode"));
    same(reply.message().as_deref(), member(status, "message"));
    same(reply.message_text().as_deref(), member(status, "message").filter(|it| matches!(it, Json::Text(_))));
    let entries = entries(member(status, "errors"));
    assert_eq!(reply.errors().len(), entries.len().min(MAX_ERRORS));
    assert_eq!(reply.is_whole(), entries.len() <= MAX_ERRORS);
    for (error, entry) in reply.errors().zip(entries) {
        let Json::Object(_) = entry else {
            same(error.message().as_deref(), Some(entry));
            assert!(error.code().is_none() && error.field().is_none() && error.meta().is_none());
            continue;
        };
        same_code(error.code().as_ref(), member(entry, "errorcode"));
        same(error.field().as_deref(), member(entry, "fieldname"));
        same(error.message().as_deref(), member(entry, "message"));
        let meta = error.meta().map(|meta| serde_json::from_str::<Json>(meta).expect("it is JSON"));
        assert_eq!(meta.as_ref(), member(entry, "meta"));
        fields(error);
    }
}

fn fields(error: &FieldError) {
    let joined = error.field().unwrap_or_default();
    let names = joined.split([',', ';', '|']).map(str::trim).filter(|name| !name.is_empty());
    assert!(error.fields().eq(names), "`{joined}`");
}

/// The texts of those members of an object that have none of these names.
fn beside<'a>(object: &'a Json, names: &[&str]) -> Vec<&'a str> {
    let Json::Object(members) = object else { return Vec::new() };
    let others = members.iter().filter(|(name, _)| !names.contains(&&*name.to_ascii_lowercase()));
    others.flat_map(|(_, value)| value.texts()).collect()
}

/// What may be personal, and is not printed: all but code, message and errors, and of these `Meta`.
fn hidden(naive: &Json) -> Vec<&str> {
    let mut hidden =
        if let Json::Object(_) = naive { beside(naive, &["responsestatus"]) } else { naive.texts() };
    if let Some(status) = member(naive, "responsestatus") {
        hidden.extend(beside(status, &["errorcode", "message", "errors"]));
        for entry in entries(member(status, "errors")) {
            hidden.extend(beside(entry, &["errorcode", "fieldname", "message"]));
        }
    }
    hidden
}

fn printed(reply: &Reply, naive: Option<&Json>) {
    let printed = format!("{reply:?}");
    assert_printable(&printed);
    assert_printable(&format!("{:?}", reply.verdict()));
    for error in reply.errors() {
        assert_printable(&format!("{error:?}"));
    }
    if let Some(code) = reply.code() {
        assert!(code.as_str().len() <= MAX_CODE && code.to_string().chars().count() <= 256);
        assert_printable(&code.to_string());
    }
    let messages: Vec<_> =
        reply.message().into_iter().chain(reply.errors().filter_map(FieldError::message)).collect();
    for message in &messages {
        assert_no_assignment(&printed, message, reply.body());
    }
    // The same may stand, escaped, in what is printed.
    let fields = reply.errors().filter_map(FieldError::field);
    let shown: Vec<_> = messages.iter().cloned().chain(fields).collect();
    let shows = |secret: &str| {
        shown.iter().any(|text| text.contains(secret))
            || reply.code().is_some_and(|code| code.as_str().contains(secret))
            || reply.errors().filter_map(FieldError::code).any(|code| code.as_str().contains(secret))
    };
    for secret in naive.map(hidden).unwrap_or_default() {
        if !shows(secret) {
            assert_hidden(&printed, secret.as_bytes(), reply.body());
        }
    }
}

/// Whether an object has members that tell of an error.
fn tells_of_error(object: &Json) -> bool {
    let given = |name| members(object, name).into_iter().any(|value| *value != Json::Null);
    given("errorcode")
        || given("error")
        || members(object, "success").iter().any(|said| matches!(said, Json::Scalar(it) if it == "false"))
        || members(object, "errors").iter().any(|errors| !errors.says_nothing())
}

/// Whether the `ResponseStatus` of an object tells of a problem.
fn tells_by_status(object: &Json) -> bool {
    let statuses = members(object, "responsestatus");
    statuses.len() > 1
        || statuses.into_iter().any(|status| match status {
            Json::Null => false,
            Json::Object(_) => {
                let messages = members(status, "message");
                let quiet =
                    |message: &&Json| matches!(message, Json::Null) || **message == Json::Text(String::new());
                tells_of_error(status) || messages.len() > 1 || !messages.iter().all(quiet)
            }
            _ => true,
        })
}

/// Whether a body tells of a problem.
fn tells(body: &Json) -> bool {
    match body {
        Json::Null => false,
        Json::Scalar(scalar) => scalar != "true",
        Json::Text(_) => true,
        Json::List(entries) => entries.iter().any(tells_by_status),
        Json::Object(_) => tells_of_error(body) || tells_by_status(body),
    }
}

fn verdict(reply: &Reply, naive: Option<&Json>) {
    let (status, verdict) = (reply.status().as_u16(), reply.verdict());
    let code = reply.code().and_then(Code::info);
    let succeeded = matches!(status, 200 | 201 | 202 | 204 | 205);
    // Where the tree says nothing (half a surrogate pair, a number out of range), the reply may know of an error.
    assert!(naive.is_none_or(|naive| verdict.completed() == (succeeded && !tells(naive))), "{reply:?}");
    assert!(!verdict.completed() || succeeded && reply.code().is_none() && reply.errors().len() == 0);
    assert!(!verdict.completed() || reply.message().is_none_or(|message| message.is_empty()));
    assert!(!verdict.completed() || verdict.word() == Word::Inference);
    assert_eq!(verdict.class() == Class::Success, verdict.completed());
    assert_eq!(reply.is_pending(), verdict.completed() && status == 202);
    assert!(verdict.executed() != Executed::No || (400..500).contains(&status));
    assert!(verdict.class() != Class::Permanent || (400..500).contains(&status));
    assert!(verdict.class() != Class::Unclassified || verdict.executed() == Executed::Unknown);
    if (500..600).contains(&status) || status == 408 {
        let unknown = (Class::Temporary, Executed::Unknown, Advice::ReadBack);
        assert_eq!((verdict.class(), verdict.executed(), verdict.advice()), unknown);
    }
    let is_registered = matches!(status, 400..=417 | 421..=426 | 428 | 429 | 431 | 451);
    match code {
        Some(info) if matches!(status, 400 | 403) => assert_eq!(verdict, info.verdict()),
        Some(_) if (400..600).contains(&status) => {}
        None if matches!(status, 400 | 403)
            && reply.code().is_some_and(|code| code.as_str().trim().ends_with("Exception")) =>
        {
            let doubt = (Class::Permanent, Executed::Unknown, Advice::ReadMessage);
            assert_eq!((verdict.class(), verdict.executed(), verdict.advice()), doubt);
        }
        None if is_registered || (500..600).contains(&status) => {
            assert_eq!(verdict, reply.status().verdict());
        }
        _ => assert!(verdict.completed() || verdict == Verdict::new(Class::Unclassified)),
    }
}

fn values(text: &str) {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let is_number = (2..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    match text.parse::<PhoneNumber>() {
        Ok(number) => {
            assert!(is_number, "`{text}`");
            assert_eq!((number.as_str(), number.to_string().as_str()), (text, text));
            assert!(format!("{number:?}").len() < "+…99".len() + 1);
        }
        Err(error) => {
            assert!(!is_number, "`{text}`");
            assert!(error.position().is_none_or(|at| at < text.len()));
            assert_error_printable(&error);
        }
    }
    let known = CountryCode::known().find(|code| code.as_str() == text);
    match text.parse::<CountryCode>() {
        Ok(code) => assert_eq!(Some(code), known),
        Err(error) => {
            assert_eq!(known, None);
            assert!(error.position().is_none_or(|at| at < text.len()));
            let meant = CountryCode::known().find(|code| code.as_str().eq_ignore_ascii_case(text));
            assert_eq!(error.meant(), meant);
            assert_error_printable(&error);
        }
    }
}
