//! The members of an object that matter here, where they lie.

use core::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::gateway::body::{is_nothing, read, visit};
use crate::gateway::{BodyError, BodyErrorKind};

/// A member of the answers, whose name may come in any letter case.
#[derive(Clone, Copy)]
pub(super) enum Member {
    ResponseStatus,
    ErrorCode,
    Message,
    Errors,
    FieldName,
    Meta,
    Error,
    Success,
}

const NAMES: [(Member, &str); 8] = [
    (Member::ResponseStatus, "ResponseStatus"),
    (Member::ErrorCode, "ErrorCode"),
    (Member::Message, "Message"),
    (Member::Errors, "Errors"),
    (Member::FieldName, "FieldName"),
    (Member::Meta, "Meta"),
    (Member::Error, "Error"),
    (Member::Success, "Success"),
];

/// A name in quotes is no longer than this, even if each letter of the longest is written as `\u0041`.
const MAX_NAME: usize = 2 + 14 * 6;

/// The members of one object, as JSON text.
#[derive(Default)]
pub(super) struct Members<'b> {
    found: [Option<&'b RawValue>; NAMES.len()],
    twice: [bool; NAMES.len()],
    tells: bool,
}

impl<'b> Members<'b> {
    /// The members of this JSON text; `None` if it is JSON, but no object.
    pub(super) fn of(status: u16, text: &'b str) -> Result<Option<Self>, BodyError> {
        if text.starts_with('{') {
            return visit(status, text, Object).map(Some);
        }
        // Only read over: of a number or a text no value is made.
        read::<IgnoredAny>(status, text, "body has a value of another form").map(|_| None)
    }

    /// The JSON text of a member; `None` if it is absent or null.
    ///
    /// # Errors
    /// [`BodyErrorKind::Shape`] if there are two of this name, for nobody knows which of them counts.
    pub(super) fn get(&self, status: u16, member: Member) -> Result<Option<&'b str>, BodyError> {
        let ambiguous = match member {
            Member::ResponseStatus => "body has two members `ResponseStatus`",
            Member::ErrorCode => "body has two members `ErrorCode` in one object",
            Member::Message => "body has two members `Message` in one object",
            Member::Errors => "body has two members `Errors` in one object",
            Member::FieldName => "body has two members `FieldName` in one object",
            Member::Meta => "body has two members `Meta` in one object",
            Member::Error => "body has two members `Error` in one object",
            Member::Success => "body has two members `Success` in one object",
        };
        let at = member as usize;
        if self.twice.get(at).is_some_and(|twice| *twice) {
            return Err(BodyError::new(status, BodyErrorKind::Shape(ambiguous)));
        }
        Ok(self.found.get(at).copied().flatten().map(RawValue::get).filter(|raw| *raw != "null"))
    }
}

impl Members<'_> {
    /// Whether any member tells of an error: a code or an `error` that is not null, `Errors` that are not empty, or a
    /// `success` that is false.
    pub(super) const fn tell_of_error(&self) -> bool {
        self.tells
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        // Names are compared as they stand: one of a million letters is not read into memory first.
        while let Some(name) = map.next_key::<&'de RawValue>()? {
            let Some(member) = member(name.get()) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&'de RawValue>()?;
            members.tells |= match member {
                Member::ErrorCode | Member::Error => value.get() != "null",
                Member::Errors => !is_nothing(value.get()),
                Member::Success => value.get() == "false",
                Member::ResponseStatus | Member::Message | Member::FieldName | Member::Meta => false,
            };
            if let (Some(found), Some(twice)) =
                (members.found.get_mut(member as usize), members.twice.get_mut(member as usize))
            {
                *twice = found.replace(value).is_some();
            }
        }
        Ok(members)
    }
}

/// Which member has this name, which stands in quotes.
fn member(name: &str) -> Option<Member> {
    if name.len() > MAX_NAME {
        return None;
    }
    let decoded: String;
    let name = if name.contains('\\') {
        decoded = serde_json::from_str(name).ok()?;
        &decoded
    } else {
        name.strip_prefix('"')?.strip_suffix('"')?
    };
    NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(member, _)| *member)
}

/// The entries of a list as JSON text, without those that are null: the first so many, and whether these are all.
pub(super) struct Entries<'b, const MAX: usize> {
    pub(super) kept: Vec<&'b str>,
    pub(super) whole: bool,
}

impl<'de, const MAX: usize> Deserialize<'de> for Entries<'de, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List::<MAX>)
    }
}

struct List<const MAX: usize>;

impl<'de, const MAX: usize> Visitor<'de> for List<MAX> {
    type Value = Entries<'de, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Entries { kept: Vec::new(), whole: true };
        while let Some(entry) = list.next_element::<&'de RawValue>()? {
            match entry.get() {
                "null" => {}
                entry if entries.kept.len() < MAX => entries.kept.push(entry),
                _ => entries.whole = false,
            }
        }
        Ok(entries)
    }
}

/// Whether an object of a list has a `ResponseStatus` that tells of a problem. Read to its end, keeping nothing.
#[derive(Default)]
pub(super) struct AnyProblem(pub(super) bool);

impl<'de> Deserialize<'de> for AnyProblem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self::default())
    }
}

impl<'de> Visitor<'de> for AnyProblem {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(entry) = list.next_element::<&'de RawValue>()? {
            self.0 = self.0 || has_problem(entry.get());
        }
        Ok(self)
    }
}

/// Two `ResponseStatus` are one too many, and a problem too.
fn has_problem(entry: &str) -> bool {
    let given =
        |entry: &Members<'_>| entry.get(0, Member::ResponseStatus).map(|given| given.is_some_and(is_problem));
    let object = entry.starts_with('{').then(|| Members::of(0, entry).ok().flatten()).flatten();
    object.is_some_and(|entry| given(&entry).unwrap_or(true))
}

/// Whether a `ResponseStatus` tells of a problem: it is no object, or there is a code, a message or an error in it.
pub(super) fn is_problem(given: &str) -> bool {
    match Members::of(0, given) {
        Ok(Some(members)) => {
            let message = members.get(0, Member::Message);
            members.tell_of_error() || !matches!(message, Ok(None | Some("\"\"")))
        }
        Ok(None) | Err(_) => true,
    }
}
