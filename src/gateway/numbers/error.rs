//! JSON values where they lie, and what an entry of `Errors` says.

use core::fmt;
use std::borrow::Cow;

use bytes::Bytes;

use super::members::{Member, Members};
use super::reply::MAX_CODE;
use super::table::Code;
use crate::gateway::BodyError;
use crate::secret::{REDACTED, assigns_secret};

/// So many characters of a text are printed.
const MAX_PRINTED: usize = 256;

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
        #[derive(serde::Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        let json = self.json();
        serde_json::from_str(json).map_or(Cow::Borrowed(json), |Text(text)| text)
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

/// Cut and escaped; `***` if it assigns a secret.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        if assigns_secret(&text) {
            return f.write_str(REDACTED);
        }
        match text.char_indices().nth(MAX_PRINTED) {
            Some((end, _)) => write!(f, "{:?}…", text.get(..end).unwrap_or_default()),
            None => fmt::Debug::fmt(&text, f),
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

/// Without `Meta`, which may have values in it.
impl fmt::Debug for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("FieldError");
        out.field("code", &self.code).field("field", &self.field).field("message", &self.message);
        out.finish_non_exhaustive()
    }
}
