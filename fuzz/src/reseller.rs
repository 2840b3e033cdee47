//! Answers of the reseller platform are read as a naive reader reads them, and nothing about them panics.

use std::fmt;

use bytes::Bytes;
use rrp::gateway::reseller::{Code, Field, MAX_FIELDS, Reply};
use rrp::gateway::{MAX_BODY, MAX_DEPTH};
use rrp::verdict::{Class, Executed};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{assert_error_printable, assert_hidden, assert_printable};

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

/// JSON with every member of its objects, also those that come twice.
#[derive(Debug, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    fn depth(&self) -> usize {
        match self {
            Self::List(list) => 1 + list.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The member of this name, if it is an object with at most one; `Err` if there are more.
    fn get(&self, name: &str) -> Result<Option<&Self>, ()> {
        let Self::Object(members) = self else { return Ok(None) };
        let mut found = members.iter().filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value);
        if found.next().is_some() { Err(()) } else { Ok(first) }
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut found = Vec::new();
        while let Some(value) = list.next_element()? {
            found.push(value);
        }
        Ok(Json::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut found = Vec::new();
        while let Some(member) = map.next_entry()? {
            found.push(member);
        }
        Ok(Json::Object(found))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyJson)
    }
}

/// A body within the bounds, if it is JSON and all that is in it can be held: no halves of surrogate pairs, no endless
/// numbers.
fn naive(body: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_BODY)?;
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    serde_json::from_str(text).ok().filter(|json: &Json| json.depth() <= MAX_DEPTH)
}

/// What a well-formed answer says.
enum Answer<'j> {
    Success { result: Option<&'j Json> },
    Error { code: &'j str, message: Option<&'j Json>, result: Option<&'j Json> },
}

impl<'j> Answer<'j> {
    fn of(json: &'j Json) -> Option<Self> {
        let (success, result) = (json.get("success").ok()??, json.get("result").ok()?);
        let error = json.get("error").ok()?.filter(|error| **error != Json::Null);
        match (success, error) {
            (Json::Bool(true), None) => Some(Self::Success { result }),
            (Json::Bool(false), Some(error)) => {
                let message = error.get("message").ok()?.filter(|message| **message != Json::Null);
                let Some(Json::Text(code)) = error.get("code").ok()? else { return None };
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
    let done = reply.code().is_none() && (200..300).contains(&reply.status());
    assert_eq!(verdict.completed(), done, "{at:?}");
    assert_eq!(verdict.executed() == Executed::Yes, done, "{at:?}");
    assert_eq!(verdict.class() == Class::Success, done, "{at:?}");
    assert_eq!(reply.outcome().is_ok(), done, "{at:?}");
    assert!(verdict.fits() && !verdict.closes_connection() && verdict.answer().is_none(), "{at:?}");
    assert!(verdict.executed() == Executed::Unknown || reply.status() < 500, "{at:?}");
    match reply.code().map(|code| code.info()) {
        None => {}
        Some(None) => assert_eq!(verdict.class(), Class::Unclassified, "{at:?}"),
        Some(Some(info)) => assert!(verdict == info.verdict() || reply.status() >= 500, "{at:?}"),
    }
}

fn printed(reply: &Reply) {
    let printed = format!("{reply:?}");
    assert_printable(&printed);
    if let Some(code) = reply.code() {
        assert_printable(&format!("{code} {code:?}"));
        assert_eq!(Code::new(code.as_str()), *code);
    }
    let result = reply.read_result::<String>();
    for secret in result.iter().map(String::as_str).chain(reply.fields().flat_map(Field::texts)) {
        assert_hidden(&printed, secret.as_bytes(), reply.body());
    }
    if let Err(error) = reply.read_result::<u8>() {
        assert_error_printable(&error);
    }
}
