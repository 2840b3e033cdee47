//! Answers of the reseller platform are read as a naive reader reads them, and nothing about them panics.

use bytes::Bytes;
use rrp::gateway::reseller::{Code, Field, MAX_FIELDS, Reply};
use rrp::gateway::{MAX_BODY, MAX_DEPTH, Sort};
use rrp::verdict::{Class, Executed, Verdict};

use super::json::Json;
use super::{assert_error_printable, assert_hidden, assert_no_assignment, assert_printable};

/// Two bytes of an HTTP status, then a body.
pub fn reseller_body(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk() else { return };
    let status = u16::from_be_bytes(*status);
    let read = || Reply::read(status, Bytes::copy_from_slice(body));
    let json = naive(body);
    let answer = json.as_ref().and_then(Answer::of);
    match read() {
        Ok(reply) => {
            assert_eq!(read().as_ref().ok(), Some(&reply), "read twice, it is another");
            assert_eq!((reply.status(), reply.body().as_ref()), (status, body));
            if json.is_some() {
                agree(&reply, &answer.expect("a naive reader finds no answer"));
            }
            laws(&reply);
            printed(&reply);
        }
        Err(error) => {
            assert!(answer.is_none(), "a naive reader finds an answer: {error}");
            assert_eq!(error.status(), status);
            assert_eq!(read().map_err(|error| error.kind()), Err(error.kind()));
            assert_error_printable(&error);
        }
    }
}

/// The member of this name, if it is an object with at most one; `Err` if there are more.
fn member<'j>(json: &'j Json, name: &str) -> Result<Option<&'j Json>, ()> {
    let Json::Object(members) = json else { return Ok(None) };
    let mut found = members.iter().filter(|(key, _)| key == name);
    let first = found.next().map(|(_, value)| value);
    if found.next().is_some() { Err(()) } else { Ok(first) }
}

/// Whether something stands in a member that is named nearly so.
fn has_near(json: &Json, name: &str, names: &[&str]) -> bool {
    let Json::Object(members) = json else { return false };
    let near = |given: &str| given != name && names.contains(&&*given.to_ascii_lowercase());
    members.iter().any(|(given, value)| near(given) && !value.says_nothing())
}

/// A body within the bounds, if it is JSON and all that is in it can be held: no halves of surrogate pairs, no endless
/// numbers.
fn naive(body: &[u8]) -> Option<Json> {
    if body.len() > MAX_BODY {
        return None;
    }
    Json::of_body(body).filter(|json| json.depth() <= MAX_DEPTH)
}

/// What a well-formed answer says.
enum Answer<'j> {
    Success { result: Option<&'j Json> },
    Error { code: &'j str, message: Option<&'j Json>, result: Option<&'j Json> },
}

impl<'j> Answer<'j> {
    fn of(json: &'j Json) -> Option<Self> {
        let (success, result) = (member(json, "success").ok()??, member(json, "result").ok()?);
        let error = member(json, "error").ok()?.filter(|error| **error != Json::Null);
        let Json::Scalar(success) = success else { return None };
        if has_near(json, "success", &["success"]) {
            return None;
        }
        match (success.as_str(), error) {
            ("true", None) if has_near(json, "error", &["error", "errors"]) => None,
            ("false", Some(error)) if has_near(error, "code", &["code"]) => None,
            ("true", None) => Some(Self::Success { result }),
            ("false", Some(error)) => {
                let message = member(error, "message").ok()?.filter(|message| **message != Json::Null);
                let Some(Json::Text(code)) = member(error, "code").ok()? else { return None };
                Some(Self::Error { code, message, result })
            }
            _ => None,
        }
    }
}

/// JSON as it was kept: parsed again, it is the same.
fn same(kept: &str, json: &Json) -> bool {
    serde_json::from_str::<Json>(kept).is_ok_and(|kept| kept == *json)
}

/// A text as it was kept, or JSON.
fn said(kept: &str, json: &Json) -> bool {
    if let Json::Text(text) = json { kept == text } else { same(kept, json) }
}

fn agree(reply: &Reply, answer: &Answer<'_>) {
    let (code, message, result) = match answer {
        Answer::Success { result } => (None, None, result),
        Answer::Error { code, message, result } => (Some(*code), *message, result),
    };
    assert_eq!(reply.code().map(Code::as_str), code);
    assert_eq!(reply.result().is_some(), result.is_some());
    assert!(result.iter().all(|result| same(reply.result().unwrap(), result)));
    assert_eq!(reply.message().is_some(), message.is_some());
    assert!(message.iter().all(|message| said(reply.message().unwrap(), message)));
    let text = if let Some(Json::Text(text)) = message { Some(&**text) } else { None };
    assert_eq!(reply.message_text(), text);
    fields(reply, message);
}

/// The texts of a field: those of a list, or the one that it is.
fn texts(value: &Json) -> &[Json] {
    if let Json::List(list) = value { list } else { std::slice::from_ref(value) }
}

fn fields(reply: &Reply, message: Option<&Json>) {
    let members = if let Some(Json::Object(members)) = message { &members[..] } else { &[] };
    let all: usize = members.iter().map(|(_, value)| 1 + texts(value).len()).sum();
    let kept: usize = reply.fields().map(|field| 1 + field.texts().len()).sum();
    assert_eq!((kept, reply.is_whole()), (all.min(MAX_FIELDS), all <= MAX_FIELDS));
    for (field, (name, value)) in reply.fields().zip(members) {
        assert_eq!(field.name(), name);
        assert!(field.texts().zip(texts(value)).all(|(kept, text)| said(kept, text)));
    }
}

fn laws(reply: &Reply) {
    let verdict = reply.verdict();
    let at = (reply, verdict);
    let done = reply.code().is_none() && (200..=202).contains(&reply.status());
    assert_eq!(verdict.completed(), done, "{at:?}");
    assert_eq!(verdict.executed() == Executed::Yes, done, "{at:?}");
    assert_eq!(verdict.class() == Class::Success, done, "{at:?}");
    assert_eq!(reply.outcome().is_ok(), done, "{at:?}");
    assert_eq!(reply.is_pending(), done && reply.status() == 202, "{at:?}");
    assert!(verdict.fits() && !verdict.closes_connection() && verdict.answer().is_none(), "{at:?}");
    assert!(verdict.executed() == Executed::Unknown || reply.status() < 500, "{at:?}");
    let unknown = Verdict::new(Class::Unclassified);
    let has_result = reply.result().is_some_and(|result| {
        result != "false" && !serde_json::from_str::<Json>(result).is_ok_and(|json| json.says_nothing())
    });
    let expected = match (reply.code(), reply.status()) {
        (None, _) if done => return,
        (Some(_), 408 | 500..=599) => Sort::TemporaryUncertain.verdict(),
        (Some(_), _) if has_result => unknown,
        (Some(code), 200..=299 | 400..=499) => code.info().map_or(unknown, |info| info.verdict()),
        (_, _) => unknown,
    };
    assert_eq!(verdict, expected, "{at:?}");
}

fn printed(reply: &Reply) {
    let printed = format!("{reply:?}");
    assert_printable(&printed);
    if let Some(code) = reply.code() {
        assert_printable(&format!("{code} {code:?}"));
        assert!(code.to_string().chars().count() <= 256);
        assert_eq!(Code::new(code.as_str()), *code);
    }
    if let Some(message) = reply.message_text() {
        assert_no_assignment(&printed, message, reply.body());
    }
    let result = reply.read_result::<String>();
    for secret in result.iter().map(String::as_str).chain(reply.fields().flat_map(Field::texts)) {
        assert_hidden(&printed, secret.as_bytes(), reply.body());
    }
    if let Err(error) = reply.read_result::<u8>() {
        assert_error_printable(&error);
    }
}
