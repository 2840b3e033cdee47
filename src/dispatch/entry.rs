//! What a journal keeps of each write.

use core::fmt;
use core::num::ParseIntError;
use core::str::FromStr;
use std::sync::Arc;

use super::account::Account;
use crate::code::ReturnCode;
use crate::command::{Billable, Safety};
use crate::reply::Reply;
use crate::settle::{Proof, Reading, Resolver, Sent};

/// The name of one intent, in this journal for ever: a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// The ticket of this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Ticket {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// A write about to be sent, without contact data and secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its name.
    pub(crate) ticket: Ticket,
    /// What is sent.
    pub(crate) sent: Sent,
    /// How it is settled, if it can be.
    pub(crate) resolver: Option<Resolver>,
    /// Whether money is at stake.
    pub(crate) billable: Billable,
    /// What its caller allows.
    pub(crate) safety: Safety,
    /// Whose it is.
    pub(crate) user: Box<str>,
    /// The caller's key for it.
    pub(crate) key: Option<Box<str>>,
    /// The keyed hash of all that is sent.
    pub(crate) payload: [u8; 16],
    /// When it was begun, in milliseconds of Unix time.
    pub(crate) begun_at: u64,
    /// What the object was like before, one reading for each read that settles it; empty if nobody looked.
    pub(crate) before: Vec<Reading>,
}

impl Intent {
    /// The longest name of a user, in bytes.
    pub const MAX_USER: usize = 128;
    /// The longest key, in bytes.
    pub const MAX_KEY: usize = 255;

    /// Its name.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// What is sent, as far as it may be remembered.
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// How it is settled; `None` if no read can.
    #[must_use]
    pub const fn resolver(&self) -> Option<Resolver> {
        self.resolver
    }

    /// Whether money is at stake.
    #[must_use]
    pub const fn billable(&self) -> Billable {
        self.billable
    }

    /// What its caller allows.
    #[must_use]
    pub const fn safety(&self) -> Safety {
        self.safety
    }

    /// Whose it is: a name that the embedder gives, empty by default.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The caller's key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The keyed hash of all that is sent.
    #[must_use]
    pub const fn payload(&self) -> &[u8; 16] {
        &self.payload
    }

    /// When it was begun, in milliseconds of Unix time.
    #[must_use]
    pub const fn begun_at(&self) -> u64 {
        self.begun_at
    }

    /// What the object was like before, one reading for each read that settles it; empty if nobody looked.
    #[must_use]
    pub fn before(&self) -> &[Reading] {
        &self.before
    }
}

/// What is kept of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// On what it rests.
    pub(crate) proof: Proof,
    /// The code of the reply to the command, or of the read that settled it.
    pub(crate) code: Option<ReturnCode>,
    /// The code of another API's reply.
    pub(crate) word: Option<Box<str>>,
    /// Its text, without secrets.
    pub(crate) text: Box<str>,
    /// Whether it is only accepted, and done later.
    pub(crate) pending: bool,
    /// The name of the job that does it.
    pub(crate) job: Option<Box<str>>,
    /// The expiration date that the registry told, as it told it.
    pub(crate) expires: Option<Box<str>>,
}

impl Summary {
    /// What is kept of this reply, with this text of it.
    pub(crate) fn of(reply: &Reply, text: &str, proof: Proof) -> Self {
        Self {
            proof,
            code: Some(reply.code()),
            word: None,
            text: cut(text),
            pending: reply.is_pending(),
            job: reply.job().map(|job| cut(&job)),
            expires: reply.first("registrationexpirationdate").map(|date| cut(&date)),
        }
    }

    /// What is kept of a reply of another API, whose code is a word: that, and this text of it. Both are cut to
    /// [`MAX_TEXT`](Self::MAX_TEXT).
    #[must_use]
    pub fn of_word(proof: Proof, word: &str, text: &str) -> Self {
        Self { word: Some(cut(word)), text: cut(text), ..Self::plain(proof) }
    }

    /// As of a write that is only accepted, and done later, if it is; with the name of the job, if it has one.
    #[must_use]
    pub fn pending(mut self, pending: bool, job: Option<&str>) -> Self {
        self.pending = pending;
        self.job = job.map(cut);
        self
    }

    /// Of no reply at all.
    pub(crate) fn plain(proof: Proof) -> Self {
        Self { proof, code: None, word: None, text: "".into(), pending: false, job: None, expires: None }
    }

    /// What is kept of a read that proved it.
    pub(crate) fn of_reading(reading: Option<&Reading>, proof: Proof) -> Self {
        let expires = reading.and_then(|reading| reading.first("registrationexpirationdate"));
        Self {
            code: reading.map(Reading::code),
            expires: expires.and_then(|date| date.as_clear()).map(Into::into),
            ..Self::plain(proof)
        }
    }

    /// The longest text that is kept, in bytes.
    pub const MAX_TEXT: usize = 512;

    /// On what it rests.
    #[must_use]
    pub const fn proof(&self) -> Proof {
        self.proof
    }

    /// The code of the reply to the command, or of the read that settled it; `None` on an operator's word.
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        self.code
    }

    /// The code of that reply, if it is of another API, whose codes are words.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        self.word.as_deref()
    }

    /// The text of that reply, without secrets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is only accepted, and done later.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.pending
    }

    /// The name of the job that does it.
    #[must_use]
    pub fn job(&self) -> Option<&str> {
        self.job.as_deref()
    }

    /// The expiration date that the registry told, as it told it.
    #[must_use]
    pub fn expires(&self) -> Option<&str> {
        self.expires.as_deref()
    }
}

/// The beginning of a text, of no more than the longest that is kept.
fn cut(text: &str) -> Box<str> {
    text.get(..text.floor_char_boundary(Summary::MAX_TEXT)).unwrap_or_default().into()
}

/// How things stand with an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a journal writes each")]
pub enum Standing {
    /// It is being sent, waits to be sent again, or is being read back. After a crash it is in doubt.
    Open,
    /// Nobody knows.
    InDoubt,
    /// It was done, or accepted to be done.
    Accepted(Summary),
    /// It was refused, for good or for now.
    Refused {
        /// What the registry said.
        summary: Summary,
        /// Whether it was refused for now only.
        for_now: bool,
    },
    /// It was proven not to be applied, and is not sent again.
    NotApplied,
}

impl Standing {
    /// `open`, `in-doubt`, `accepted`, `refused` or `not-applied`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InDoubt => "in-doubt",
            Self::Accepted(_) => "accepted",
            Self::Refused { .. } => "refused",
            Self::NotApplied => "not-applied",
        }
    }

    /// Whether it is known what became of it.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        !matches!(self, Self::Open | Self::InDoubt)
    }
}

/// Something that happened to an intent, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub(crate) at: u64,
    pub(crate) text: Box<str>,
}

/// The note of a write whose caller was told that it is in doubt, by the end of the caller's time.
pub const TOLD_IN_DOUBT: &str = "caller told: in doubt";

/// How the note of a write begins that was left in doubt.
pub const LEFT_IN_DOUBT: &str = "left in doubt: ";

/// The note of a write to another API whose answer says that it is done later, and not that it was accepted.
pub(crate) const ANSWERED_PENDING: &str = "the answer says that it is done later";

/// The note of a write to another API whose answer says that another operation is in progress, and that this did nothing.
pub(crate) const ANOTHER_NAMED: &str = "the answer names another operation";

impl Note {
    /// The longest text, in bytes; a longer one is cut.
    pub const MAX_TEXT: usize = 512;

    /// A note.
    #[must_use]
    pub fn new(at: u64, text: &str) -> Self {
        let end = text.floor_char_boundary(Self::MAX_TEXT);
        Self { at, text: text.get(..end).unwrap_or_default().into() }
    }

    /// When, in milliseconds of Unix time.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// What: attempts, replies, what reads showed. Without secrets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// All that a journal keeps of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(crate) intent: Arc<Intent>,
    pub(crate) standing: Standing,
    /// How often at least a byte of it was handed over.
    pub(crate) attempts: u32,
    pub(crate) changed_at: u64,
    pub(crate) notes: Vec<Note>,
}

impl Entry {
    /// So many notes are kept: the first half and the last.
    pub const MAX_NOTES: usize = 32;

    /// What was about to be sent.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Its name.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.intent.ticket
    }

    /// How things stand with it.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How often it was handed over, as far as is recorded.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When this was written, in milliseconds of Unix time.
    #[must_use]
    pub const fn changed_at(&self) -> u64 {
        self.changed_at
    }

    /// What happened to it, oldest first.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Once it is known what became of it, nothing is compared any more.
    pub(crate) fn strip(&mut self) {
        if self.standing.is_finished() {
            Arc::make_mut(&mut self.intent).before = Vec::new();
        }
    }

    pub(crate) fn has_note(&self, text: &str) -> bool {
        self.notes.iter().any(|note| &*note.text == text)
    }

    /// Adds a note; when there are too many, one from the middle goes, but none by which something is known later.
    pub(crate) fn note(&mut self, at: u64, text: &str) {
        if self.notes.len() >= Self::MAX_NOTES {
            let stays = |note: &Note| matches!(&*note.text, TOLD_IN_DOUBT | ANSWERED_PENDING | ANOTHER_NAMED);
            let mut middle = self.notes.iter().enumerate().skip(Self::MAX_NOTES / 2);
            let goes = middle.find(|(_, note)| !stays(note)).map_or(Self::MAX_NOTES / 2, |(at, _)| at);
            self.notes.remove(goes);
        }
        self.notes.push(Note::new(at, text));
    }
}

impl Put {
    /// Of which intent it is; `None` if it is of the account.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Entry(entry) => Some(entry.ticket()),
            Self::Remove(ticket) => Some(*ticket),
            Self::Account(_) => None,
        }
    }
}

/// One thing that a journal is to write. Those of one ticket are written in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a journal writes each of these")]
pub enum Put {
    /// This is how things stand with its ticket.
    Entry(Entry),
    /// No byte of it was handed over, and it goes back to its queue: nothing is to be remembered.
    Remove(Ticket),
    /// This is what is known of the account itself. It replaces what was known before.
    Account(Account),
}
