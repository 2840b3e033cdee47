//! What the journal is asked to write, and what if it fails.

use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use super::super::config::Moment;
use super::super::entry::{Put, Ticket};
use super::super::slots::{GiveBack, JobId, Slots};
use super::super::told::Refused;
use super::super::upstream::Upstream;
use super::{Action, Dispatch, RecordId};
use crate::dispatch::job::{Job, State};

/// A journal that has failed is tried again so much later.
const RETRY: Duration = Duration::from_secs(1);

/// A journal that says nothing about an intent for so long is taken for one that fails: the intent's slot holds the pace of
/// the whole account, and reads need no journal.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Arc<dyn Error + Send + Sync>;

/// What follows once something is written.
#[derive(Debug)]
enum After {
    /// The write of this job goes out.
    Intent(JobId),
    /// The callers of this job are told; it is written again if it fails.
    Outcome(JobId, Box<Put>),
    /// A person's word on the doubt of this job holds; if it fails, it does not.
    Resolution(JobId, Box<Put>),
    /// Nothing; it is written again if it fails.
    Nothing(Box<Put>),
    /// Nothing, whatever comes of it: a newer word about the same intent is on its way behind it.
    Older,
    /// What could not be written before is, and writes go on if that was all.
    Thaw(Vec<Put>),
}

/// What is being written.
#[derive(Debug, Default)]
pub(super) struct Records {
    under_way: BTreeMap<RecordId, After>,
    /// What could not be written.
    missing: VecDeque<Put>,
    retrying: bool,
    retry_at: Option<Instant>,
    frozen: Option<Failure>,
    /// Until when intents are waited for, the oldest first.
    intents: VecDeque<(Instant, RecordId)>,
    /// It was waited for in vain, and nothing has come since.
    silence: Option<Failure>,
}

impl Records {
    pub(super) fn frozen(&self) -> Option<&Failure> {
        self.frozen.as_ref().or(self.silence.as_ref())
    }

    /// How much is not known to be written.
    pub(super) fn waiting(&self) -> usize {
        self.under_way.len().saturating_add(self.missing.len())
    }

    /// When to write again what is missing; not while that is under way.
    fn retry_at(&self) -> Option<Instant> {
        self.retry_at.filter(|_| !self.retrying)
    }

    /// When to write something again, or to wait no longer.
    pub(super) fn due(&self) -> Option<Instant> {
        let patience = self.intents.front().map(|(until, _)| *until);
        [self.retry_at(), patience].into_iter().flatten().min()
    }
}

impl Records {
    /// Whether the newest word about an intent is not known to be written.
    pub(super) fn lack(&self, ticket: Ticket) -> bool {
        let under_way = self.under_way.values().flat_map(|after| match after {
            After::Intent(_) | After::Older => &[],
            After::Outcome(_, put) | After::Resolution(_, put) | After::Nothing(put) => {
                core::slice::from_ref(&**put)
            }
            After::Thaw(puts) => puts.as_slice(),
        });
        self.missing.iter().chain(under_way).any(|put| put.ticket() == Some(ticket))
    }

    /// What was said of this intent before is not to be written behind what is said now.
    fn supersede(&mut self, ticket: Option<Ticket>) {
        for after in self.under_way.values_mut() {
            if matches!(after, After::Nothing(put) if put.ticket() == ticket) {
                *after = After::Older;
            }
        }
    }

    /// One word for each intent, the newest.
    fn miss(&mut self, put: Put) {
        match self.missing.iter_mut().find(|older| older.ticket() == put.ticket()) {
            Some(older) => *older = put,
            None => self.missing.push_back(put),
        }
    }
}

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    fn record(&mut self, after: After, puts: Vec<Put>) -> RecordId {
        let id = RecordId(self.number().get());
        self.records.under_way.insert(id, after);
        self.actions.push_back(Action::Record { id, puts });
        id
    }

    /// Records an intent.
    pub(super) fn record_intent(&mut self, job: JobId, put: Put, at: Moment) {
        let id = self.record(After::Intent(job), vec![put]);
        self.records.intents.extend(at.now.checked_add(PATIENCE).map(|until| (until, id)));
    }

    /// Gives slots back on which an intent has waited too long: the write goes out on another one, once its intent is
    /// durable. Until the journal says something, writes freeze.
    fn lose_patience(&mut self, at: Moment) {
        while let Some((_, id)) = self.records.intents.pop_front_if(|(until, _)| *until <= at.now) {
            let Some(After::Intent(job)) = self.records.under_way.get(&id) else { continue };
            let id = *job;
            if let Some(State::Recording(slot)) = self.jobs.get(&id).map(Job::state) {
                let slot = *slot;
                self.jobs.set(id, State::Late);
                self.slots.give_back(slot, GiveBack::Alive, at.now);
            }
            self.records.silence = Some(Arc::new(Silent));
        }
    }

    /// Records an outcome; the callers are told once it is, or when it turns out that it cannot be.
    pub(super) fn record_outcome(&mut self, job: JobId, put: Put, at: Moment) {
        if self.records.frozen.is_some() {
            self.records.miss(put);
            self.conclude(job, false, at);
        } else {
            self.records.supersede(put.ticket());
            self.record(After::Outcome(job, Box::new(put.clone())), vec![put]);
        }
    }

    /// Records a person's word.
    pub(super) fn record_resolution(&mut self, job: JobId, put: Put) -> RecordId {
        self.record(After::Resolution(job, Box::new(put.clone())), vec![put])
    }

    /// Records something that nobody waits for.
    pub(super) fn record_quietly(&mut self, put: Put) {
        if self.records.frozen.is_some() {
            self.records.miss(put);
        } else {
            self.records.supersede(put.ticket());
            self.record(After::Nothing(Box::new(put.clone())), vec![put]);
        }
    }

    pub(super) fn recorded(&mut self, id: RecordId, result: Result<(), Failure>, at: Moment) {
        let Some(after) = self.records.under_way.remove(&id) else { return };
        self.records.intents.retain(|(_, waiting)| *waiting != id);
        self.records.silence = None;
        match (after, result) {
            (After::Intent(job), Ok(())) => self.intent_recorded(job, at),
            (After::Intent(job), Err(failure)) => self.intent_not_recorded(job, failure, at),
            (After::Outcome(job, _), Ok(())) => self.conclude(job, true, at),
            (After::Outcome(job, put), Err(failure)) => {
                self.freeze(vec![*put], failure, at);
                self.conclude(job, false, at);
            }
            (After::Resolution(job, put), Ok(())) => self.resolved(job, &put, at),
            (After::Resolution(job, put), Err(_)) => self.not_resolved(job, put.ticket(), at),
            (After::Nothing(_), Ok(())) | (After::Older, _) => {}
            (After::Nothing(put), Err(failure)) => self.freeze(vec![*put], failure, at),
            (After::Thaw(_), Ok(())) => self.thaw(),
            (After::Thaw(puts), Err(failure)) => {
                self.records.retrying = false;
                self.freeze(puts, failure, at);
            }
        }
    }

    fn intent_not_recorded(&mut self, id: JobId, failure: Failure, at: Moment) {
        let Some(job) = self.jobs.get(&id) else { return };
        if let State::Recording(slot) = *job.state() {
            self.slots.give_back(slot, GiveBack::Alive, at.now);
        }
        self.unsay_intent(id, at);
        self.refuse(id, &Refused::Journal(failure), at);
    }

    /// Writes freeze until the journal works.
    fn freeze(&mut self, puts: Vec<Put>, failure: Failure, at: Moment) {
        // What was tried again stands first.
        for put in puts.into_iter().rev() {
            // There may be a newer word by now.
            if !self.records.missing.iter().any(|newer| newer.ticket() == put.ticket()) {
                self.records.missing.push_front(put);
            }
        }
        self.records.frozen = Some(failure);
        self.records.retry_at = at.now.checked_add(RETRY);
    }

    fn thaw(&mut self) {
        self.records.retrying = false;
        if self.records.missing.is_empty() {
            self.records.frozen = None;
            self.records.retry_at = None;
        } else {
            self.record_missing();
        }
    }

    fn record_missing(&mut self) {
        let puts: Vec<Put> = self.records.missing.drain(..).collect();
        for put in &puts {
            self.records.supersede(put.ticket());
        }
        self.records.retrying = true;
        self.record(After::Thaw(puts.clone()), puts);
    }

    pub(super) fn retry_records(&mut self, at: Moment) {
        self.lose_patience(at);
        if self.records.retry_at().is_some_and(|when| when <= at.now) {
            self.records.retry_at = None;
            self.record_missing();
        }
    }
}

/// The journal says nothing.
#[derive(Debug)]
struct Silent;

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "journal: says nothing about an intent since {} s", PATIENCE.as_secs())
    }
}

impl Error for Silent {}
