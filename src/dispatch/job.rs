//! What is known of each command on its way.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::calls::{Calls, Owner};
use super::entry::{Entry, Summary};
use super::slots::{JobId, Slot};
use super::snapshot::Counts;
use super::told::DoubtReason;
use super::upstream::Upstream;
use crate::command::{Nature, Safety};
use crate::pace::Lane;
use crate::retry::{Case, NotApplied};
use crate::settle::{Keyed, Reading, Resolver, Sent};
use crate::verdict::Verdict;

/// One command on its way.
#[derive(Debug)]
pub(super) struct Job<U: Upstream> {
    pub(super) work: Work<U>,
    pub(super) lane: Lane,
    /// In whose turn it is sent.
    pub(super) caller: Arc<str>,
    pub(super) calls: Calls,
    state: State<U>,
    /// In which lane it stands in line.
    pub(super) in_line: Option<Lane>,
    /// Whether it stood first in its caller's line in that lane when it came, and so does ever since.
    pub(super) first: bool,
    /// Whether the next slot must be on another session than the last.
    pub(super) another_session: bool,
    /// The session on which something was sent last.
    pub(super) session: Option<u64>,
    /// Attempts that counted, of the command in hand.
    pub(super) attempts: u32,
    pub(super) unsent: u32,
    /// When it was asked, in milliseconds since the dispatcher began, modulo 49 days.
    pub(super) asked: u32,
    /// Why it ends in doubt, if it does.
    pub(super) reason: Option<Box<DoubtReason>>,
}

#[derive(Debug)]
pub(super) enum Work<U: Upstream> {
    Query(Box<Question<U>>),
    Change(Box<Write<U>>),
    /// A doubt that somebody wants to be settled.
    Settle(Box<Doubtful<U>>),
}

/// A query on its way.
#[derive(Debug)]
pub(super) struct Question<U: Upstream> {
    pub(super) command: U::Command,
    /// How many writes had been handed over when it was sent.
    pub(super) writes: u64,
    /// By what others find it that ask the same, until it is sent.
    pub(super) shared: Option<u64>,
}

/// A write on its way. Many may wait of which nothing is known yet: what is learnt later lies apart.
#[derive(Debug)]
pub(super) struct Write<U: Upstream> {
    pub(super) command: U::Command,
    pub(super) safety: Safety,
    pub(super) resolver: Option<Resolver>,
    pub(super) owner: Arc<Owner>,
    pub(super) before: Option<Box<Before>>,
    /// Since its intent was to be recorded.
    pub(super) entry: Option<Box<Entry>>,
    /// Whether somebody has been told the ticket of an attempt that nobody had heard of yet.
    pub(super) told: bool,
    /// How often at least a byte of it was handed over.
    pub(super) handed_over: u32,
    /// When an attempt was lost, or answered by something that leaves open what became of it, the last time.
    pub(super) lost_at: Option<Instant>,
    pub(super) last: Option<Box<Last<U>>>,
    /// What to do if it is not sent again after all.
    pub(super) fallback: Option<Box<Fallback>>,
    pub(super) looking: Option<Box<Looking<U>>>,
}

/// What an object was like before a write.
#[derive(Debug)]
pub(super) struct Before {
    /// One for each read that settles it.
    pub(super) readings: Vec<Reading>,
    /// When the oldest of these was read.
    pub(super) since: Instant,
}

impl<U: Upstream> Write<U> {
    pub(super) fn before(&self) -> &[Reading] {
        self.before.as_ref().map(|before| &*before.readings).unwrap_or_default()
    }

    pub(super) fn nature(&self) -> &Nature {
        U::nature(&self.command)
    }

    /// Whether what was read for it must be read again if it waits long for its slot.
    pub(super) fn grows_old(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Command if self.entry.is_some() => {
                matches!(self.fallback.as_deref(), Some(Fallback::NotApplied(_)))
            }
            Purpose::Command | Purpose::Before => self.before.is_some(),
            Purpose::Look => false,
        }
    }

    /// What may be remembered of it.
    pub(super) fn sent(&self, keyed: &Keyed) -> Sent {
        match &self.entry {
            Some(entry) => entry.intent.sent.clone(),
            None => U::sent(&self.command, keyed),
        }
    }
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
pub(super) struct Last<U: Upstream> {
    pub(super) reply: U::Reply,
    /// Its text, as far as it may be remembered.
    pub(super) text: String,
    pub(super) verdict: Verdict,
    /// Before this it asks not to be sent again; `None`: it is a wait without an end.
    pub(super) again_from: Option<Instant>,
}

/// A doubt that is known, and perhaps a refusal that came before it.
#[derive(Clone, Debug)]
pub(super) struct Doubtful<U: Upstream> {
    pub(super) entry: Entry,
    pub(super) refusal: Option<Summary>,
    pub(super) reason: DoubtReason,
    /// Since when it is over at the wire, as far as we know.
    pub(super) since: Instant,
    pub(super) looking: Option<Box<Looking<U>>>,
}

/// How far reading back has come.
#[derive(Clone, Debug)]
pub(super) struct Looking<U: Upstream> {
    pub(super) reads: Vec<U::Command>,
    pub(super) seen: Vec<Reading>,
    /// Before this, what is not found does not count.
    pub(super) counts_from: Instant,
    /// What was seen last that counts twice, and when.
    pub(super) once: Option<(bool, Instant)>,
    pub(super) not_applied: NotApplied,
    /// Looks that showed nothing.
    pub(super) vain: u32,
}

impl<U: Upstream> Looking<U> {
    pub(super) fn new(reads: Vec<U::Command>, counts_from: Instant, not_applied: NotApplied) -> Self {
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
pub(super) enum State<U: Upstream> {
    /// Another write to one of its objects is under way.
    Behind,
    /// It waits for a slot.
    Waiting(Purpose),
    /// It waits for its time, and then for a slot.
    Pausing(Purpose, Option<Instant>),
    /// The intent is being recorded.
    Recording(Slot),
    /// The same, but the journal says nothing, and the slot was given back.
    Late,
    Sending(Slot, Purpose),
    /// The login is being probed, after this reply.
    Probing(Slot, Purpose, Box<U::Reply>),
    /// The outcome is being recorded.
    Closing,
}

impl<U: Upstream> State<U> {
    /// Whether it waits for a slot, a time or another write.
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Pausing(..) | Self::Behind)
    }

    /// Whether it waits to read what became of a write.
    pub(super) const fn looks(&self) -> bool {
        matches!(self, Self::Waiting(Purpose::Look) | Self::Pausing(Purpose::Look, _))
    }
}

impl<U: Upstream> Job<U> {
    pub(super) fn new(work: Work<U>, lane: Lane, caller: Arc<str>, asked: u32) -> Self {
        Self {
            work,
            lane,
            caller,
            calls: Calls::default(),
            state: State::Behind,
            in_line: None,
            first: false,
            another_session: false,
            session: None,
            attempts: 0,
            unsent: 0,
            asked,
            reason: None,
        }
    }

    pub(super) const fn state(&self) -> &State<U> {
        &self.state
    }

    /// So long the last answer to a write asks to be waited still.
    pub(super) fn wait_asked(&self, now: Instant) -> Duration {
        let Work::Change(write) = &self.work else { return Duration::ZERO };
        let Some(last) = &write.last else { return Duration::ZERO };
        last.again_from.map_or(Duration::MAX, |from| from.saturating_duration_since(now))
    }

    /// Whether not a byte of its command was handed over, and none is about to be.
    pub(super) const fn is_unsent(&self) -> bool {
        let under_way = matches!(
            self.state,
            State::Sending(_, Purpose::Command) | State::Probing(_, Purpose::Command, _)
        );
        match &self.work {
            Work::Query(_) => self.attempts == 0 && !under_way,
            Work::Change(write) => write.handed_over == 0 && !under_way,
            Work::Settle(_) => false,
        }
    }

    pub(super) fn command(&self) -> Option<&U::Command> {
        match &self.work {
            Work::Query(query) => Some(&query.command),
            Work::Change(write) => Some(&write.command),
            Work::Settle(_) => None,
        }
    }

    pub(super) fn looking(&mut self) -> Option<&mut Looking<U>> {
        match &mut self.work {
            Work::Query(_) => None,
            Work::Change(write) => write.looking.as_deref_mut(),
            Work::Settle(doubt) => doubt.looking.as_deref_mut(),
        }
    }
}

/// All commands on their way.
#[derive(Debug)]
pub(super) struct Jobs<U: Upstream> {
    all: BTreeMap<JobId, Box<Job<U>>>,
    /// Those that wait for a slot, a time or another write.
    idle: BTreeSet<JobId>,
    counts: Counts,
}

impl<U: Upstream> Default for Jobs<U> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), idle: BTreeSet::new(), counts: Counts::default() }
    }
}

impl<U: Upstream> Jobs<U> {
    pub(super) fn get(&self, id: &JobId) -> Option<&Job<U>> {
        self.all.get(id).map(|job| &**job)
    }

    pub(super) fn get_mut(&mut self, id: &JobId) -> Option<&mut Job<U>> {
        self.all.get_mut(id).map(|job| &mut **job)
    }

    pub(super) fn insert(&mut self, id: JobId, job: Job<U>) {
        self.counts.enter(&job.state);
        if job.state.is_idle() {
            self.idle.insert(id);
        }
        self.all.insert(id, Box::new(job));
    }

    pub(super) fn remove(&mut self, id: &JobId) -> Option<Box<Job<U>>> {
        let job = self.all.remove(id)?;
        self.counts.leave(&job.state);
        self.idle.remove(id);
        Some(job)
    }

    /// Brings a job into this state.
    pub(super) fn set(&mut self, id: JobId, state: State<U>) {
        let Some(job) = self.all.get_mut(&id) else { return };
        self.counts.leave(&job.state);
        self.counts.enter(&state);
        match (job.state.is_idle(), state.is_idle()) {
            (false, true) => {
                self.idle.insert(id);
            }
            (true, false) => {
                self.idle.remove(&id);
            }
            _ => {}
        }
        job.state = state;
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (JobId, &Job<U>)> {
        self.all.iter().map(|(id, job)| (*id, &**job))
    }

    /// Those that wait for a slot, a time or another write, oldest first.
    pub(super) fn idle(&self) -> Vec<JobId> {
        self.idle.iter().copied().collect()
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }
}
