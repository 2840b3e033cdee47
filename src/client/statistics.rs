//! What a client has counted since it began.

use core::time::Duration;

use crate::code::ReturnCode;
use crate::command::Effect;
use crate::dispatch::{self, Answered, Answers, Histogram, Sort};
use crate::pool;
use crate::session::{End, Why};

/// What a client has counted since it began. See [`Client::statistics`](super::Client::statistics).
///
/// Everything is bounded: codes, causes and buckets are few, and what is too much is counted together.
#[derive(Clone, Debug)]
pub struct Statistics {
    pub(super) own: Tally,
    pub(super) work: dispatch::Statistics,
}

/// Sessions that ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    cause: &'static str,
    code: Option<ReturnCode>,
    count: u64,
}

impl Ended {
    /// One word: `quit`, `abandoned` (we gave it up), `closing` (by the reply to a command), `login-refused`, `login-lost`, `unsolicited`
    /// (by a reply to nothing), `out-of-step`, `malformed`, `closed`, `broken`, `timeout` or `other`.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        self.cause
    }

    /// The code of the reply that ended it, if one did.
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        self.code
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl Statistics {
    /// What the order of events around each command has counted: answers, resends, reads that settle, doubts.
    #[must_use]
    pub const fn work(&self) -> &dispatch::Statistics {
        &self.work
    }

    /// Whole replies, by what they answered, class and code; those to keepalives and to logins that were refused, too.
    pub fn answers(&self) -> impl Iterator<Item = Answered> {
        self.work.answers().chain(self.own.session.iter())
    }

    /// How long reads or writes waited before they were the next in line. `None` of what is neither.
    #[must_use]
    pub fn queue(&self, sort: Sort) -> Option<&Histogram> {
        self.work.queue(sort)
    }

    /// How long they then waited as the next.
    #[must_use]
    pub fn pace(&self, sort: Sort) -> Option<&Histogram> {
        self.work.pace(sort)
    }

    /// How long writes waited from their slot until the journal had their intents.
    #[must_use]
    pub const fn journal(&self) -> &Histogram {
        &self.own.intents
    }

    /// How long reads (those for a change, too) or writes took from being handed to their session to their fate. `None` of what is neither.
    #[must_use]
    pub const fn wire(&self, sort: Sort) -> Option<&Histogram> {
        match sort {
            Sort::Read => Some(&self.own.reads),
            Sort::Write => Some(&self.own.writes),
            _ => None,
        }
    }

    /// How long all writes of the journal took, those that failed included.
    #[must_use]
    pub const fn journal_writes(&self) -> &Histogram {
        &self.own.records
    }

    /// How many of them failed.
    #[must_use]
    pub const fn journal_failures(&self) -> u64 {
        self.own.record_failures
    }

    /// Sessions that were opened.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.own.opened
    }

    /// Sessions that could not be opened, for whatever reason.
    #[must_use]
    pub const fn not_opened(&self) -> u64 {
        self.own.not_opened
    }

    /// Logins that were refused for their credentials: none was tried after each of them until somebody said so.
    #[must_use]
    pub const fn logins_refused(&self) -> u64 {
        self.own.logins_refused
    }

    /// How often the registry has locked the account (422).
    #[must_use]
    pub const fn locks(&self) -> u64 {
        self.own.locks
    }

    /// How often the registry took no more sessions (521).
    #[must_use]
    pub const fn full(&self) -> u64 {
        self.own.full
    }

    /// And how often ours did not explain that.
    #[must_use]
    pub const fn foreign_use(&self) -> u64 {
        self.own.foreign_use
    }

    /// Sessions that have ended, by why.
    pub fn ended(&self) -> impl Iterator<Item = Ended> {
        self.own.ended.iter().copied()
    }
}

/// What the task counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    session: Answers,
    reads: Histogram,
    writes: Histogram,
    intents: Histogram,
    records: Histogram,
    record_failures: u64,
    opened: u64,
    not_opened: u64,
    logins_refused: u64,
    locks: u64,
    full: u64,
    foreign_use: u64,
    ended: Vec<Ended>,
}

/// Causes are a dozen, and those with a code have one of a few.
const MAX_ENDED: usize = 128;

const fn increase(count: &mut u64) {
    *count = count.saturating_add(1);
}

impl Tally {
    /// A command has come back that was handed to its session so long ago.
    pub(super) fn fate(&mut self, took: Duration, effect: Effect) {
        if effect == Effect::Write { self.writes.add(took) } else { self.reads.add(took) }
    }

    /// The journal has written, or failed to.
    pub(super) fn recorded(&mut self, took: Duration, intent: bool, ok: bool) {
        self.records.add(took);
        if !ok {
            increase(&mut self.record_failures);
        } else if intent {
            self.intents.add(took);
        }
    }

    /// A login has come back: its code, if it was refused by one.
    pub(super) fn login(&mut self, code: Option<ReturnCode>) {
        if let Some(code) = code {
            self.session.add(Sort::Session, code.class(), Some(code));
        }
    }

    pub(super) fn kept_alive(&mut self, code: Option<ReturnCode>) {
        if let Some(code) = code {
            self.session.add(Sort::Session, code.class(), Some(code));
        }
    }

    /// Something happened to the sessions.
    pub(super) fn happened(&mut self, event: &pool::Event) {
        match event {
            pool::Event::Opened { .. } => increase(&mut self.opened),
            pool::Event::NotOpened { .. } => increase(&mut self.not_opened),
            pool::Event::LoginRefused { .. } => increase(&mut self.logins_refused),
            pool::Event::Held { .. } => increase(&mut self.locks),
            pool::Event::Full { .. } => increase(&mut self.full),
            pool::Event::ForeignUse { .. } => increase(&mut self.foreign_use),
            _ => {}
        }
    }

    pub(super) fn ended(&mut self, end: &End) {
        let (mut cause, mut code) = (cause(end.why()), end.code());
        let same = |known: &Ended| known.cause == cause && known.code == code;
        if self.ended.len() >= MAX_ENDED && !self.ended.iter().any(same) {
            (cause, code) = ("other", None);
        }
        match self.ended.iter_mut().find(|known| known.cause == cause && known.code == code) {
            Some(known) => increase(&mut known.count),
            None => self.ended.push(Ended { cause, code, count: 1 }),
        }
    }
}

const fn cause(why: &Why) -> &'static str {
    match why {
        Why::Quit => "quit",
        Why::Abandoned => "abandoned",
        Why::Closing(_) => "closing",
        Why::LoginRefused(_) | Why::InsteadOfGreeting(_) => "login-refused",
        Why::LoginLost(_) => "login-lost",
        Why::Unsolicited(_) => "unsolicited",
        Why::Early(_) | Why::Surplus(_) | Why::OutOfStep(_) | Why::Noise => "out-of-step",
        Why::Malformed(_) | Why::Frame(_) => "malformed",
        Why::Eof | Why::Incomplete { .. } => "closed",
        Why::Transport(_) => "broken",
        Why::Timeout => "timeout",
    }
}
