//! What an error says beside its code: a text, or fields with their texts.

use core::fmt;

use bytes::Bytes;
use serde::Deserializer as _;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::code::redacted;

/// So many fields and texts of a message are taken out, all together.
pub const MAX_FIELDS: usize = 1_024;

/// A field of the request, and what is wrong with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    name: String,
    texts: Vec<String>,
}

impl Field {
    /// Its name, as the API writes it. Not escaped.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with it, in the order of the answer; what is no text stands here as JSON. A text may quote what was
    /// sent, secrets too. Not escaped.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }
}

impl fmt::Debug for Field {
    /// The name and how many texts there are: they may quote what was sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = redacted(&self.name);
        f.debug_struct("Field").field("name", &name).field("texts", &self.texts.len()).finish()
    }
}

/// A message that is not `null`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// As JSON: a part of the body.
    raw: Bytes,
    /// If it is a text.
    text: Option<String>,
    /// If it is an object.
    kept: Kept,
}

impl Message {
    /// The message in a body, of which `raw` is a part.
    pub(super) fn read(body: &Bytes, raw: &RawValue) -> Self {
        let raw = raw.get();
        let mut kept = Kept { fields: Vec::new(), left: MAX_FIELDS, whole: true };
        if raw.starts_with('{') {
            // It has been read once as JSON, so this cannot fail.
            kept.whole &= serde_json::Deserializer::from_str(raw).deserialize_map(Fields(&mut kept)).is_ok();
        }
        Self { raw: body.slice_ref(raw.as_bytes()), text: serde_json::from_str(raw).ok(), kept }
    }

    /// The text, or the JSON that it is instead.
    pub(super) fn as_str(&self) -> Option<&str> {
        self.text.as_deref().or_else(|| core::str::from_utf8(&self.raw).ok())
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn fields(&self) -> &[Field] {
        &self.kept.fields
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.kept.whole
    }
}

/// What was taken out of an object.
#[derive(Clone, PartialEq, Eq)]
struct Kept {
    fields: Vec<Field>,
    left: usize,
    whole: bool,
}

impl Kept {
    /// Whether one more may be kept.
    fn one_more(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.whole &= left.is_some();
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    fn texts(&mut self, raw: &str) -> Vec<String> {
        let mut texts = Vec::new();
        if raw.starts_with('[') {
            let list = Texts { kept: self, texts: &mut texts };
            let read = serde_json::Deserializer::from_str(raw).deserialize_seq(list).is_ok();
            self.whole &= read;
        } else if self.one_more() {
            texts.push(text(raw));
        }
        texts
    }
}

/// A text, or the JSON of what is none; half a surrogate pair is none.
fn text(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
}

struct Fields<'k>(&'k mut Kept);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            if self.0.one_more() {
                let texts = self.0.texts(value.get());
                self.0.fields.push(Field { name: text(name.get()), texts });
            }
        }
        Ok(())
    }
}

struct Texts<'k> {
    kept: &'k mut Kept,
    texts: &'k mut Vec<String>,
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<&RawValue>()? {
            if self.kept.one_more() {
                self.texts.push(text(value.get()));
            }
        }
        Ok(())
    }
}
