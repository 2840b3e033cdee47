//! What is known of each command on its way.

use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::config::Options;
use super::entry::{Entry, Summary, Ticket};
use super::slots::Slot;
use super::told::DoubtReason;
use crate::command::{Command, Nature, Safety};
use crate::pace::Lane;
use crate::reply::Reply;
use crate::retry::{Case, NotApplied};
use crate::settle::{Reading, Resolver, Sent};
use crate::verdict::Verdict;

/// One call of somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(super) u64);

impl CallId {
    /// Its number; later ones are greater.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a call wants to be told.
#[derive(Debug)]
pub(super) enum Asked {
    Query,
    Change { command: Box<Command>, safety: Safety },
    Settle(Ticket),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) asked: Asked,
    pub(super) options: Options,
    pub(super) job: Option<super::slots::JobId>,
    /// Whether the job was begun by an earlier call.
    pub(super) joined: bool,
}

impl Call {
    /// Whether it waits for a command to be sent, and not only for a read that settles one.
    pub(super) const fn wants_attempts(&self) -> bool {
        !matches!(self.asked, Asked::Settle(_))
    }
}

/// One command on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) lane: Lane,
    pub(super) caller: Arc<str>,
    pub(super) calls: Vec<CallId>,
    pub(super) state: State,
    pub(super) due: Option<Instant>,
    pub(super) not_on: Option<u64>,
    /// The session on which something was sent last.
    pub(super) session: Option<u64>,
    /// Attempts that counted, of the command in hand.
    pub(super) attempts: u32,
    pub(super) unsent: u32,
    /// Why it ends in doubt, if it does.
    pub(super) reason: DoubtReason,
}

#[derive(Debug)]
pub(super) enum Work {
    Query {
        command: Command,
        writes: u64,
    },
    Change(Box<Write>),
    /// A doubt that somebody wants to be settled.
    Settle(Box<Doubtful>),
}

/// A write on its way.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) command: Command,
    pub(super) nature: Nature,
    pub(super) safety: Safety,
    pub(super) sent: Sent,
    pub(super) resolver: Option<Resolver>,
    pub(super) user: Box<str>,
    pub(super) key: Option<Box<str>>,
    pub(super) payload: [u8; 16],
    pub(super) before: Vec<Reading>,
    /// When the oldest of these was read.
    pub(super) before_at: Option<Instant>,
    /// Since its intent was to be recorded.
    pub(super) entry: Option<Entry>,
    /// Whether somebody has been told the ticket of an attempt that nobody had heard of yet.
    pub(super) told: bool,
    /// How often at least a byte of it was handed over.
    pub(super) handed_over: u32,
    /// When an attempt was lost, the last time.
    pub(super) lost_at: Option<Instant>,
    pub(super) last: Option<Last>,
    /// What to do if it is not sent again after all.
    pub(super) fallback: Option<Fallback>,
    pub(super) looking: Option<Looking>,
}

/// What to do about a write that was to be sent again, and is not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// To be decided again, without a try.
    Decide(Case),
    /// It was proven not to be applied, at that time.
    NotApplied(Instant),
}

/// The last whole reply to a write.
#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) reply: Reply,
    /// Its text, as far as it may be remembered.
    pub(super) text: String,
    pub(super) verdict: Verdict,
}

/// A doubt that is known, and perhaps a refusal that came before it.
#[derive(Clone, Debug)]
pub(super) struct Doubtful {
    pub(super) entry: Entry,
    pub(super) refusal: Option<Summary>,
    pub(super) reason: DoubtReason,
    /// Since when it is over at the wire, as far as we know.
    pub(super) since: Instant,
    pub(super) looking: Option<Looking>,
}

/// How far reading back has come.
#[derive(Clone, Debug)]
pub(super) struct Looking {
    pub(super) reads: Vec<Command>,
    pub(super) seen: Vec<Reading>,
    /// Before this, what is not found does not count.
    pub(super) counts_from: Instant,
    /// What was seen last that counts twice, and when.
    pub(super) once: Option<(bool, Instant)>,
    pub(super) not_applied: NotApplied,
    /// Looks that showed nothing.
    pub(super) vain: u32,
}

impl Looking {
    pub(super) fn new(reads: Vec<Command>, counts_from: Instant, not_applied: NotApplied) -> Self {
        Self { reads, seen: Vec::new(), counts_from, once: None, not_applied, vain: 0 }
    }
}

/// What a slot is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The command itself.
    Command,
    /// The nth read before an intent.
    Before,
    /// A read that settles.
    Look,
}

#[derive(Debug)]
pub(super) enum State {
    /// Another write to one of its objects is under way.
    Behind,
    /// It waits for a slot.
    Waiting(Purpose),
    /// It waits for its time, and then for a slot.
    Pausing(Purpose),
    /// The intent is being recorded.
    Recording(Slot),
    Sending(Slot, Purpose),
    /// The login is being probed, after this reply.
    Probing(Slot, Purpose, Reply),
    /// The outcome is being recorded.
    Closing,
}

impl State {
    /// Whether it waits to read what became of a write.
    pub(super) const fn looks(&self) -> bool {
        matches!(self, Self::Waiting(Purpose::Look) | Self::Pausing(Purpose::Look))
    }
}

impl Job {
    pub(super) const fn command(&self) -> Option<&Command> {
        match &self.work {
            Work::Query { command, .. } => Some(command),
            Work::Change(write) => Some(&write.command),
            Work::Settle(_) => None,
        }
    }

    pub(super) fn looking(&mut self) -> Option<&mut Looking> {
        match &mut self.work {
            Work::Query { .. } => None,
            Work::Change(write) => write.looking.as_mut(),
            Work::Settle(doubt) => doubt.looking.as_mut(),
        }
    }
}

/// Jobs that wait for others, in order.
pub(super) type Line = VecDeque<super::slots::JobId>;
