//! JSON values where they lie, and what an entry of `Errors` says.

use core::fmt;
use std::borrow::Cow;

use bytes::Bytes;

use super::members::{Member, Members};
use super::reply::MAX_CODE;
use super::table::Code;
use crate::gateway::BodyError;
use crate::gateway::code::{MAX_SEARCHED, beginning, shown};
use crate::secret::{REDACTED, assigns_secret, is_secret_name};

/// A JSON value, as it stands in the body.
#[derive(Clone)]
pub(super) struct Raw(Bytes);

impl Raw {
    /// A part of this body.
    pub(super) fn part(body: &Bytes, text: &str) -> Self {
        Self(body.slice_ref(text.as_bytes()))
    }

    pub(super) fn json(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What a text says; of any other value, and of a text that is none (half a surrogate pair), the JSON.
    pub(super) fn text(&self) -> Cow<'_, str> {
        self.as_text().unwrap_or_else(|| Cow::Borrowed(self.json()))
    }

    /// What a text says, if it is one.
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        as_text(self.json())
    }

    /// The beginning of [`text`](Self::text), made of no more of the JSON than is searched for a secret.
    fn begins(&self) -> Cow<'_, str> {
        /// The longest escaped character: two halves of a pair, each `\u0041`.
        const LONGEST: usize = 12;
        let json = self.json();
        let cut = beginning(json, MAX_SEARCHED);
        if cut.len() == json.len() {
            return self.text();
        }
        // Somewhere before the cut a character ends.
        let text = (0..LONGEST).filter(|_| json.starts_with('"')).find_map(|less| {
            let cut = beginning(cut, cut.len().saturating_sub(less));
            as_text(&format!("{cut}\"")).map(|text| Cow::Owned(text.into_owned()))
        });
        text.unwrap_or(Cow::Borrowed(cut))
    }

    /// Whether it names something that is secret, as far as it is printed.
    fn names_secret(&self) -> bool {
        is_secret_name(&self.begins())
    }

    /// As a code.
    pub(super) fn code(&self) -> Code {
        let json = self.json();
        match json.get(..json.floor_char_boundary(MAX_CODE)) {
            Some(cut) if cut.len() < json.len() => Code::new(cut),
            _ => Code::new(&self.text()),
        }
    }
}

fn as_text(json: &str) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    serde_json::from_str(json).ok().map(|Text(text)| text)
}

/// Cut and escaped; `***` if it assigns a secret. However long it is, no more than a beginning of it is read.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.begins();
        if assigns_secret(&text) {
            return f.write_str(REDACTED);
        }
        match shown(&text) {
            cut if cut.len() < text.len() => write!(f, "{cut:?}…"),
            whole => fmt::Debug::fmt(whole, f),
        }
    }
}

/// What an entry of `Errors` says. Each part of it may be missing.
///
/// A part that is no text but some other JSON is given as that JSON. An entry that is no object is its own
/// [`message`](Self::message).
#[derive(Clone, Default)]
pub struct FieldError {
    code: Option<Raw>,
    field: Option<Raw>,
    message: Option<Raw>,
    meta: Option<Raw>,
}

impl FieldError {
    pub(super) fn read(status: u16, body: &Bytes, entry: &str) -> Result<Self, BodyError> {
        let part = |text| Raw::part(body, text);
        let Some(members) = Members::of(status, entry)? else {
            return Ok(Self { message: Some(part(entry)), ..Self::default() });
        };
        Ok(Self {
            code: members.get(status, Member::ErrorCode)?.map(part),
            field: members.get(status, Member::FieldName)?.map(part),
            message: members.get(status, Member::Message)?.map(part),
            meta: members.get(status, Member::Meta)?.map(part),
        })
    }

    /// The code: mostly that of the whole answer. One of more than [`MAX_CODE`] bytes of JSON is cut.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.code.as_ref().map(Raw::code)
    }

    /// `FieldName` as given: the name of a parameter, or several joined to one text. See [`fields`](Self::fields).
    #[must_use]
    pub fn field(&self) -> Option<Cow<'_, str>> {
        self.field.as_ref().map(Raw::text)
    }

    /// The names of parameters that `FieldName` joins, without blanks around them.
    ///
    /// The list says "concatenated", and not by what: names are split at `,`, `;` and `|`, which no name of a parameter
    /// has. Joined without one of these, they are one name.
    pub fn fields(&self) -> impl Iterator<Item = String> + '_ {
        let joined = self.field().unwrap_or_default();
        let mut at = 0_usize;
        core::iter::from_fn(move || {
            loop {
                let rest = joined.get(at..).filter(|rest| !rest.is_empty())?;
                let (name, rest) = rest.split_once([',', ';', '|']).unwrap_or((rest, ""));
                at = joined.len().saturating_sub(rest.len());
                if !name.trim().is_empty() {
                    return Some(name.trim().to_owned());
                }
            }
        })
    }

    /// Whether it is about a parameter whose value is secret, and may quote it.
    pub(super) fn is_about_secret(&self) -> bool {
        self.field.as_ref().is_some_and(Raw::names_secret)
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Option<Cow<'_, str>> {
        self.message.as_ref().map(Raw::text)
    }

    /// `Meta` as JSON. It may quote the value that was sent.
    #[must_use]
    pub fn meta(&self) -> Option<&str> {
        self.meta.as_ref().map(Raw::json)
    }
}

/// Without `Meta`, which may have values in it, and without the message about a parameter whose name is that of a secret.
impl fmt::Debug for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("FieldError");
        out.field("code", &self.code).field("field", &self.field);
        if self.is_about_secret() && self.message.is_some() {
            out.field("message", &REDACTED);
        } else {
            out.field("message", &self.message);
        }
        out.finish_non_exhaustive()
    }
}
