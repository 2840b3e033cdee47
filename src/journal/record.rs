//! Entries as bytes: JSON, of the format that [`FORMAT`](super::FORMAT) numbers.

use core::error::Error;
use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::code::ReturnCode;
use crate::command::{Billable, Object, ObjectKind, Safety};
use crate::dispatch::{Entry, Intent, Note, Standing, Summary, Ticket};
use crate::settle::{Form, Kept, LineKind, Proof, Reading, Resolver, Sent, SentLine};

/// The longest record, in bytes: beyond what the bounds of an [`Entry`] allow.
pub const MAX_RECORD: usize = 8 << 20;

/// Why bytes are no entry, or not what is known of an account.
#[derive(Debug)]
pub struct InvalidRecord {
    /// What they should be.
    of: &'static str,
    what: &'static str,
    /// The version that they are of, if that is newer than the newest that is known here, and that.
    pub(super) newer: Option<(u64, u64)>,
    source: Option<serde_json::Error>,
}

impl InvalidRecord {
    const fn new(what: &'static str) -> Self {
        Self::of("entry", what)
    }

    pub(super) const fn of(of: &'static str, what: &'static str) -> Self {
        Self { of, what, newer: None, source: None }
    }

    pub(super) fn because(mut self, source: serde_json::Error) -> Self {
        self.source = Some(source);
        self
    }

    pub(super) const fn newer(mut self, found: u64, known: u64) -> Self {
        self.newer = Some((found, known));
        self
    }
}

impl fmt::Display for InvalidRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} of a journal: {}", self.of, self.what)
    }
}

impl Error for InvalidRecord {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

type Text<'e> = Cow<'e, str>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'e> {
    ticket: u64,
    standing: Text<'e>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<SummaryRecord<'e>>,
    attempts: u32,
    begun: u64,
    changed: u64,
    dialect: Text<'e>,
    command: Text<'e>,
    objects: Vec<(Text<'e>, Text<'e>)>,
    lines: Vec<LineRecord<'e>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Text<'e>>,
    billable: Text<'e>,
    safety: Text<'e>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    user: Text<'e>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Text<'e>>,
    payload: Text<'e>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<ReadingRecord<'e>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<(u64, Text<'e>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryRecord<'e> {
    proof: Text<'e>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    word: Option<Text<'e>>,
    text: Text<'e>,
    #[serde(default, skip_serializing_if = "is_false")]
    pending: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    for_now: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<Text<'e>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Text<'e>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineRecord<'e> {
    name: Text<'e>,
    does: Text<'e>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old: Option<KeptRecord<'e>>,
    value: KeptRecord<'e>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeptRecord<'e> {
    Clear(Text<'e>),
    Hash(Text<'e>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingRecord<'e> {
    code: u16,
    whole: bool,
    fields: Vec<(Text<'e>, KeptRecord<'e>)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(yes: &bool) -> bool {
    !*yes
}

/// An entry as bytes.
///
/// # Errors
///
/// If they are more than [`MAX_RECORD`].
pub fn encode(entry: &Entry) -> Result<Vec<u8>, InvalidRecord> {
    let record = Record::of(entry);
    let bytes = serde_json::to_vec(&record)
        .map_err(|error| InvalidRecord::new("it cannot be written").because(error))?;
    if bytes.len() > MAX_RECORD {
        return Err(InvalidRecord::new("it is too long"));
    }
    Ok(bytes)
}

/// The entry in these bytes.
///
/// # Errors
///
/// If they are not what [`encode`] makes.
pub fn decode(bytes: &[u8]) -> Result<Entry, InvalidRecord> {
    if bytes.len() > MAX_RECORD {
        return Err(InvalidRecord::new("it is too long"));
    }
    let record: Record<'static> = serde_json::from_slice(bytes)
        .map_err(|error| InvalidRecord::new("it cannot be read").because(error))?;
    record.into_entry()
}

/// What bytes of this version say, at most so many: a record whose member `version` every version has.
pub(super) fn versioned<T: DeserializeOwned>(
    bytes: &[u8],
    most: usize,
    known: u64,
    of: &'static str,
) -> Result<T, InvalidRecord> {
    #[derive(Deserialize)]
    struct Head {
        version: u64,
    }

    let wrong = |what| InvalidRecord::of(of, what);
    if bytes.len() > most {
        return Err(wrong("it is too long"));
    }
    let unreadable = |error| wrong("it cannot be read").because(error);
    let Head { version } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if version > known {
        return Err(wrong("a newer version of this program has written it").newer(version, known));
    }
    if version != known {
        return Err(wrong("an unknown version"));
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

impl<'e> Record<'e> {
    fn of(entry: &'e Entry) -> Self {
        let intent = &*entry.intent;
        let (summary, for_now) = match &entry.standing {
            Standing::Accepted(summary) => (Some(summary), false),
            Standing::Refused { summary, for_now } => (Some(summary), *for_now),
            Standing::Open | Standing::InDoubt | Standing::NotApplied => (None, false),
        };
        let summary = summary.map(|summary| SummaryRecord {
            proof: summary.proof.as_str().into(),
            code: summary.code.map(ReturnCode::as_u16),
            word: summary.word.as_deref().map(Into::into),
            text: (&*summary.text).into(),
            pending: summary.pending,
            for_now,
            job: summary.job.as_deref().map(Into::into),
            expires: summary.expires.as_deref().map(Into::into),
        });
        let object = |object: &'e Object| (object.kind().as_str().into(), object.name().into());
        let line = |line: &'e SentLine| LineRecord {
            name: line.name().into(),
            does: does(line.kind()).into(),
            old: match line.kind() {
                LineKind::Replace(old) => Some(KeptRecord::of(old)),
                LineKind::Set | LineKind::Option | LineKind::Remove => None,
            },
            value: KeptRecord::of(line.value()),
        };
        let reading = |reading: &'e Reading| ReadingRecord {
            code: reading.code().as_u16(),
            whole: reading.is_whole(),
            fields: reading.fields().map(|(name, kept)| (name.into(), KeptRecord::of(kept))).collect(),
        };
        Self {
            ticket: intent.ticket.get(),
            standing: entry.standing.as_str().into(),
            summary,
            attempts: entry.attempts,
            begun: intent.begun_at,
            changed: entry.changed_at,
            dialect: intent.sent.form().as_str().into(),
            command: intent.sent.name().into(),
            objects: intent.sent.objects().iter().map(object).collect(),
            lines: intent.sent.lines().iter().map(line).collect(),
            resolver: intent.resolver.map(|resolver| resolver.as_str().into()),
            billable: intent.billable.as_str().into(),
            safety: intent.safety.as_str().into(),
            user: (&*intent.user).into(),
            key: intent.key.as_deref().map(Into::into),
            payload: hex(&intent.payload).into(),
            before: intent.before.iter().map(reading).collect(),
            notes: entry.notes.iter().map(|note| (note.at, (&*note.text).into())).collect(),
        }
    }

    fn into_entry(self) -> Result<Entry, InvalidRecord> {
        let wrong = InvalidRecord::new;
        let form = Form::from_name(&self.dialect).ok_or_else(|| wrong("an unknown dialect"))?;
        let object = |(kind, name): (Text<'_>, Text<'_>)| {
            let kind = ObjectKind::from_name(&kind).ok_or_else(|| wrong("an unknown sort of object"))?;
            Ok(Object::new(kind, &name))
        };
        let objects = self.objects.into_iter().map(object).collect::<Result<_, _>>()?;
        let lines = self.lines.into_iter().map(LineRecord::into_line).collect::<Result<_, _>>()?;
        let before = self.before.into_iter().map(ReadingRecord::into_reading).collect::<Result<_, _>>()?;
        let resolver = match self.resolver {
            Some(word) => Some(Resolver::from_name(&word).ok_or_else(|| wrong("an unknown resolver"))?),
            None => None,
        };
        let billable = [Billable::No, Billable::Maybe, Billable::Yes]
            .into_iter()
            .find(|billable| billable.as_str() == self.billable)
            .ok_or_else(|| wrong("it does not say whether it costs"))?;
        let safety = Safety::ALL
            .into_iter()
            .find(|safety| safety.as_str() == self.safety)
            .ok_or_else(|| wrong("an unknown safety"))?;
        if self.user.len() > Intent::MAX_USER
            || self.key.as_ref().is_some_and(|key| key.len() > Intent::MAX_KEY)
            || self.notes.len() > Entry::MAX_NOTES
        {
            return Err(wrong("beyond the bounds of an entry"));
        }
        let intent = Intent {
            ticket: Ticket::new(self.ticket),
            sent: Sent::from_parts(form, &self.command, objects, lines),
            resolver,
            billable,
            safety,
            user: self.user.into(),
            key: self.key.map(Into::into),
            payload: unhex(&self.payload).ok_or_else(|| wrong("a hash that is none"))?,
            begun_at: self.begun,
            before,
        };
        let standing = match (&*self.standing, self.summary) {
            ("open", None) => Standing::Open,
            ("in-doubt", None) => Standing::InDoubt,
            ("not-applied", None) => Standing::NotApplied,
            ("accepted", Some(summary)) if !summary.for_now => Standing::Accepted(summary.into_summary()?),
            ("refused", Some(summary)) => {
                Standing::Refused { for_now: summary.for_now, summary: summary.into_summary()? }
            }
            _ => return Err(wrong("an unknown standing")),
        };
        Ok(Entry {
            intent: Arc::new(intent),
            standing,
            attempts: self.attempts,
            changed_at: self.changed,
            notes: self.notes.into_iter().map(|(at, text)| Note::new(at, &text)).collect(),
        })
    }
}

impl SummaryRecord<'_> {
    fn into_summary(self) -> Result<Summary, InvalidRecord> {
        let proof = [Proof::Reply, Proof::ReadBack, Proof::Guard, Proof::CreatedWithinADay, Proof::Operator]
            .into_iter()
            .find(|proof| proof.as_str() == self.proof)
            .ok_or_else(|| InvalidRecord::new("an unknown proof"))?;
        let code = match self.code {
            Some(number) => Some(code_of(number)?),
            None => None,
        };
        Ok(Summary {
            proof,
            code,
            word: self.word.map(Into::into),
            text: self.text.into(),
            pending: self.pending,
            job: self.job.map(Into::into),
            expires: self.expires.map(Into::into),
        })
    }
}

impl LineRecord<'_> {
    fn into_line(self) -> Result<SentLine, InvalidRecord> {
        let old = self.old.map(KeptRecord::into_kept).transpose()?;
        let kind = match (&*self.does, old) {
            ("set", None) => LineKind::Set,
            ("option", None) => LineKind::Option,
            ("remove", None) => LineKind::Remove,
            ("replace", Some(old)) => LineKind::Replace(old),
            _ => return Err(InvalidRecord::new("an unknown sort of line")),
        };
        Ok(SentLine::new(&self.name, kind, self.value.into_kept()?))
    }
}

impl<'e> KeptRecord<'e> {
    fn of(kept: &'e Kept) -> Self {
        match kept {
            Kept::Clear(value) => Self::Clear((&**value).into()),
            Kept::Hash(hash) => Self::Hash(hex(hash).into()),
        }
    }

    fn into_kept(self) -> Result<Kept, InvalidRecord> {
        match self {
            Self::Clear(value) => Ok(Kept::Clear(value.into())),
            Self::Hash(digits) => {
                unhex(&digits).map(Kept::Hash).ok_or_else(|| InvalidRecord::new("a hash that is none"))
            }
        }
    }
}

impl ReadingRecord<'_> {
    fn into_reading(self) -> Result<Reading, InvalidRecord> {
        if self.fields.len() > Reading::MAX_FIELDS {
            return Err(InvalidRecord::new("beyond the bounds of a reading"));
        }
        let field = |(name, kept): (Text<'_>, KeptRecord<'_>)| Ok((name.into(), kept.into_kept()?));
        let fields = self.fields.into_iter().map(field).collect::<Result<_, InvalidRecord>>()?;
        Ok(Reading::from_parts(code_of(self.code)?, fields, self.whole))
    }
}

fn code_of(number: u16) -> Result<ReturnCode, InvalidRecord> {
    ReturnCode::from_u16(number).map_err(|_| InvalidRecord::new("a return code that is none"))
}

/// A number; of another API a word.
fn code(summary: &Summary) -> Option<Value> {
    let number = summary.code.map(|code| json!(code.as_u16()));
    number.or_else(|| summary.word.as_deref().map(Value::from))
}

const fn does(kind: &LineKind) -> &'static str {
    match kind {
        LineKind::Set => "set",
        LineKind::Option => "option",
        LineKind::Remove => "remove",
        LineKind::Replace(_) => "replace",
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn unhex(digits: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(digits, 16).ok()?;
    let bytes = number.to_be_bytes();
    // Only what `hex` makes: no sign, no missing zeros.
    (hex(&bytes) == digits).then_some(bytes)
}

/// An entry as one line of JSON for people and programs: without hashes, which mean nothing to others. Values that are not
/// kept in clear are `null`. It cannot be read back: that is what a backup is for.
#[must_use]
pub fn to_json(entry: &Entry) -> String {
    let intent = &*entry.intent;
    let clear = |kept: &Kept| kept.as_clear().map(str::to_owned);
    let line = |line: &SentLine| {
        let mut value = json!({"name": line.name(), "does": does(line.kind()), "value": clear(line.value())});
        if let (LineKind::Replace(old), Some(map)) = (line.kind(), value.as_object_mut()) {
            map.insert("old".to_owned(), clear(old).into());
        }
        value
    };
    let reading = |reading: &Reading| {
        let fields: Vec<Value> = reading.fields().map(|(name, kept)| json!([name, clear(kept)])).collect();
        json!({"code": reading.code().as_u16(), "whole": reading.is_whole(), "fields": fields})
    };
    let (summary, for_now) = match &entry.standing {
        Standing::Accepted(summary) => (Some(summary), None),
        Standing::Refused { summary, for_now } => (Some(summary), Some(*for_now)),
        Standing::Open | Standing::InDoubt | Standing::NotApplied => (None, None),
    };
    let objects: Vec<Value> = intent
        .sent
        .objects()
        .iter()
        .map(|object| json!({"kind": object.kind().as_str(), "name": object.name()}))
        .collect();
    json!({
        "ticket": intent.ticket.get(),
        "standing": entry.standing.as_str(),
        "command": intent.sent.name(),
        "dialect": intent.sent.form().as_str(),
        "objects": objects,
        "lines": intent.sent.lines().iter().map(line).collect::<Vec<_>>(),
        "billable": intent.billable.as_str(),
        "safety": intent.safety.as_str(),
        "settled_by": intent.resolver.map(Resolver::as_str),
        "user": &*intent.user,
        "key": intent.key.as_deref(),
        "attempts": entry.attempts,
        "begun_ms": intent.begun_at,
        "changed_ms": entry.changed_at,
        "proof": summary.map(|summary| summary.proof.as_str()),
        "code": summary.and_then(code),
        "text": summary.map(|summary| &*summary.text),
        "pending": summary.map(|summary| summary.pending),
        "for_now": for_now,
        "job": summary.and_then(|summary| summary.job.as_deref()),
        "expires": summary.and_then(|summary| summary.expires.as_deref()),
        "before": intent.before.iter().map(reading).collect::<Vec<_>>(),
        "notes": entry.notes.iter().map(|note| json!({"at_ms": note.at, "text": &*note.text})).collect::<Vec<_>>(),
    })
    .to_string()
}
