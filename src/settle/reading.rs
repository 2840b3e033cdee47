//! What a look at an object showed.

use super::keyed::{Kept, Keyed, plain_name};
use crate::code::ReturnCode;
use crate::date::RegistryDate;
use crate::reply::Reply;

/// The reply to one read, as far as it matters: its code, and its values, those that are nobody's business as hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    code: ReturnCode,
    fields: Vec<(Box<str>, Kept)>,
    whole: bool,
}

impl Reading {
    /// So many values are kept. What was not kept proves nothing.
    pub const MAX_FIELDS: usize = 2_048;
    /// The longest name, and the longest value in clear, that [`from_parts`](Self::from_parts) takes, in bytes.
    pub const MAX_TEXT: usize = 1_024;

    /// What this reply showed.
    #[must_use]
    pub fn of(reply: &Reply, keyed: &Keyed) -> Self {
        let fields = reply.lines().take(Self::MAX_FIELDS).map(|item| {
            let name = plain_name(&item.name());
            let kept = keyed.keep(&name, &item.value());
            (name.into(), kept)
        });
        Self { code: reply.code(), fields: fields.collect(), whole: reply.lines().len() <= Self::MAX_FIELDS }
    }

    /// A reading out of its parts, as a journal keeps them. Names are taken as they are. Of more than [`MAX_FIELDS`](Self::MAX_FIELDS) the first are kept, of a name or a value in clear of more than
    /// [`MAX_TEXT`](Self::MAX_TEXT) bytes the beginning, and then it is not whole.
    #[must_use]
    pub fn from_parts(code: ReturnCode, mut fields: Vec<(Box<str>, Kept)>, whole: bool) -> Self {
        let mut whole = whole && fields.len() <= Self::MAX_FIELDS;
        fields.truncate(Self::MAX_FIELDS);
        let mut cut = |text: &mut Box<str>| {
            if text.len() > Self::MAX_TEXT {
                whole = false;
                *text = text.get(..text.floor_char_boundary(Self::MAX_TEXT)).unwrap_or_default().into();
            }
        };
        for (name, kept) in &mut fields {
            cut(name);
            if let Kept::Clear(value) = kept {
                cut(value);
            }
        }
        Self { code, fields, whole }
    }

    /// The code of the reply.
    #[must_use]
    pub const fn code(&self) -> ReturnCode {
        self.code
    }

    /// Whether all values of the reply were kept.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether it shows how things stand: the object, that there is none (545), or that it is somebody else's (531). What
    /// was answered otherwise, or kept in part, is as good as not read.
    #[must_use]
    pub fn shows_something(&self) -> bool {
        self.whole && matches!(self.code.as_u16(), 200 | 531 | 545)
    }

    /// Whether the reading of this reply would [show something](Self::shows_something).
    pub(crate) fn is_one(reply: &Reply) -> bool {
        reply.lines().len() <= Self::MAX_FIELDS && matches!(reply.code().as_u16(), 200 | 531 | 545)
    }

    /// The values, by their names: those of RRP in lowercase, without blanks and index.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &Kept)> {
        self.fields.iter().map(|(name, value)| (&**name, value))
    }

    /// So many bytes it takes in a journal's record at the most: what JSON makes of its names and of its values, and a hash or the
    /// like around each.
    pub(crate) fn size(&self) -> usize {
        const AROUND: usize = 64;
        let escaped = |text: &str| {
            let bytes = text.bytes().map(|byte| match byte {
                ..0x20 => 6,
                b'"' | b'\\' => 2,
                _ => 1_usize,
            });
            bytes.sum::<usize>()
        };
        let fields = self.fields().map(|(name, value)| {
            let value = value.as_clear().map_or(0, escaped);
            escaped(name).saturating_add(value).saturating_add(AROUND)
        });
        fields.fold(AROUND, usize::saturating_add)
    }

    /// The values of this name, as [`fields`](Self::fields) gives it, in order.
    pub fn values<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r Kept> {
        self.fields.iter().filter(move |(given, _)| **given == *name).map(|(_, value)| value)
    }

    /// The first value of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Kept> {
        self.values(name).next()
    }

    /// The first value of this name as a date.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<RegistryDate> {
        RegistryDate::parse(self.first(name)?.as_clear()?)
    }
}
