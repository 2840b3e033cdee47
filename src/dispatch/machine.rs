//! The machine: what it knows, what happens to it, what it wants done.

mod ask;
mod attempt;
mod end;
mod hold;
mod learn;
mod line;
mod look;
mod object;
mod owner;
mod record;
mod resolve;
mod share;

use core::fmt;
use core::num::NonZeroU64;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use self::object::Objects;
use self::record::Records;
use self::share::Shared;
use super::calls::{Call, CallId, Callers};
use super::config::{Config, Moment};
use super::entry::{Entry, Intent, Put, Ticket};
use super::job::{Fallback, Job, Jobs, Looking, Purpose, State, Work};
use super::memory::{Memory, Named, Queued, Recent, Restless, Written};
use super::slots::{GiveBack, JobId, Slot, Slots};
use super::statistics::{Sort, Statistics};
use super::told::{Refused, Told};
use super::upstream::{Rrp, Upstream};
use crate::retry::{Budget, NotApplied, Random};
use crate::settle::{Keyed, Resolver};

/// The name of something that a journal is to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u64);

/// What the owner of a dispatcher is to do. In the order in which it is given.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives it must do each of these")]
pub enum Action<U: Upstream = Rrp> {
    /// Have these written durably, all or none, and tell [`handle_recorded`](Dispatch::handle_recorded).
    Record {
        /// Their name.
        id: RecordId,
        /// What is to be written, in order.
        puts: Vec<Put>,
    },
    /// Send this on the session of this slot, and tell its fate to [`handle_fate`](Dispatch::handle_fate).
    Send {
        /// The right to do so.
        slot: Slot,
        /// What.
        command: U::Command,
    },
    /// Prove the login of the slot's session, twice, for a late reply is seen before the second proof, and tell
    /// [`handle_probed`](Dispatch::handle_probed).
    Probe {
        /// The right to do so.
        slot: Slot,
    },
    /// Tell the caller.
    Tell {
        /// Whose call it was. It is over.
        call: CallId,
        /// What came of it.
        told: Told<U>,
    },
}

/// The order of events around each command. See the [module](super).
pub struct Dispatch<S, U: Upstream = Rrp> {
    config: Config,
    upstream: U,
    slots: S,
    keyed: Keyed,
    random: Random,
    budget: Budget,
    calls: BTreeMap<CallId, Box<Call<U>>>,
    callers: Callers,
    jobs: Jobs<U>,
    shared: Shared,
    /// By a keyed hash of user and key.
    by_key: HashMap<[u8; 16], JobId>,
    by_ticket: HashMap<Ticket, JobId>,
    actions: VecDeque<Action<U>>,
    records: Records,
    objects: Objects,
    memory: Memory<U>,
    recent: Recent<U>,
    written: Written,
    restless: Restless,
    named: Named,
    queued: Queued,
    deadlines: BTreeSet<(Instant, CallId)>,
    /// What the deadlines were of calls that wait for what is being read back.
    hurried: BTreeMap<CallId, Option<Instant>>,
    timers: BTreeSet<(Instant, JobId)>,
    /// Until when the account was locked, at the last look.
    held: Option<Instant>,
    statistics: Statistics,
    numbers: NonZeroU64,
    begun: Instant,
    next_ticket: u64,
    /// Writes handed over so far.
    writes: u64,
    /// Nothing new is begun.
    stopping: bool,
}

impl<S: fmt::Debug, U: Upstream> fmt::Debug for Dispatch<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("slots", &self.slots)
            .field("calls", &self.calls.len())
            .field("jobs", &self.jobs)
            .field("doubts", &self.memory.doubts.len())
            .finish_non_exhaustive()
    }
}

impl<S: Slots> Dispatch<S> {
    /// A dispatcher of RRP in the configured dialect: see [`with_upstream`](Self::with_upstream).
    pub fn new(
        config: Config,
        slots: S,
        keyed: Keyed,
        entries: impl IntoIterator<Item = Entry>,
        next_ticket: u64,
        at: Moment,
    ) -> Self {
        let upstream = Rrp::new(config.dialect);
        Self::with_upstream(upstream, config, slots, keyed, entries, next_ticket, at)
    }
}

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// A dispatcher with what a journal has kept: its entries, the number of its next ticket, and its key for hashes.
    /// What was on its way is in doubt.
    pub fn with_upstream(
        upstream: U,
        config: Config,
        slots: S,
        keyed: Keyed,
        entries: impl IntoIterator<Item = Entry>,
        next_ticket: u64,
        at: Moment,
    ) -> Self {
        let mut dispatch = Self {
            random: Random::new(config.seed),
            budget: config.budget,
            queued: Queued::new(&config.queues),
            config,
            upstream,
            slots,
            keyed,
            calls: BTreeMap::new(),
            callers: Callers::default(),
            jobs: Jobs::default(),
            shared: Shared::default(),
            by_key: HashMap::new(),
            by_ticket: HashMap::new(),
            actions: VecDeque::new(),
            records: Records::default(),
            objects: Objects::default(),
            memory: Memory::default(),
            recent: Recent::default(),
            written: Written::default(),
            restless: Restless::default(),
            named: Named::default(),
            deadlines: BTreeSet::new(),
            hurried: BTreeMap::new(),
            timers: BTreeSet::new(),
            held: None,
            statistics: Statistics::default(),
            numbers: NonZeroU64::MIN,
            begun: at.now,
            next_ticket,
            writes: 0,
            stopping: false,
        };
        for entry in entries {
            let ticket = entry.ticket();
            dispatch.next_ticket = dispatch.next_ticket.max(ticket.get().saturating_add(1));
            let known = dispatch.resolver_of(&entry.intent);
            dispatch.written.remember(&entry, known);
            dispatch.queued.restore(&entry);
            dispatch.named.learn(&entry);
            if !entry.standing.is_finished() {
                dispatch.objects.doubt(ticket, entry.intent.sent.objects());
            }
            dispatch.restless.restore(&entry, dispatch.config.first_negative, at);
            dispatch.memory.restore(entry, at.now);
        }
        dispatch
    }

    /// How a write is settled: as was known when it was sent, or as is known now.
    fn resolver_of(&self, intent: &Intent) -> Option<Resolver> {
        intent.resolver.or_else(|| self.upstream.resolver_of(&intent.sent))
    }

    /// The sessions and the pace.
    pub const fn slots(&self) -> &S {
        &self.slots
    }

    /// The sessions and the pace, to be told what happens to them; [`handle_timeout`](Self::handle_timeout) is due
    /// afterwards.
    pub const fn slots_mut(&mut self) -> &mut S {
        &mut self.slots
    }

    /// What is in doubt and not under way, oldest first.
    pub fn doubts(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.memory.doubts.values().map(|doubt| &doubt.entry)
    }

    /// How many commands wait or are under way.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// How many calls have not been told yet.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether writes are refused because the journal does not record.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.records.frozen().is_some()
    }

    /// Time has passed, or something was told to the [slots](Self::slots_mut).
    pub fn handle_timeout(&mut self, at: Moment) {
        while let Some((when, call)) = self.deadlines.first().copied() {
            if when > at.now {
                break;
            }
            self.deadlines.pop_first();
            self.expire(call, at);
        }
        while let Some((when, id)) = self.timers.first().copied() {
            if when > at.now {
                break;
            }
            self.timers.pop_first();
            let Some(job) = self.jobs.get(&id) else { continue };
            if let State::Pausing(purpose, _) = *job.state() {
                self.want(id, purpose, at);
            }
        }
        self.retry_records(at);
        self.pump(at);
    }

    /// What is to be done now.
    pub fn poll_action(&mut self) -> Option<Action<U>> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. A time that has passed is due now.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadline = self.deadlines.first().map(|(when, _)| *when);
        let timer = self.timers.first().map(|(when, _)| *when);
        [deadline, timer, self.records.due(), self.slots.poll_timeout()].into_iter().flatten().min()
    }

    /// The journal has written, or failed to.
    pub fn handle_recorded(
        &mut self,
        id: RecordId,
        result: Result<(), Arc<dyn Error + Send + Sync>>,
        at: Moment,
    ) {
        self.recorded(id, result, at);
        self.pump(at);
    }

    /// Hands out what slots there are.
    fn pump(&mut self, at: Moment) {
        self.check_available(at);
        self.check_hold(at);
        while let Some(slot) = self.slots.poll_slot(at.now) {
            self.granted(slot, at);
        }
    }

    fn number(&mut self) -> NonZeroU64 {
        self.numbers = self.numbers.saturating_add(1);
        self.numbers
    }

    /// Milliseconds since it began, modulo 49 days: what is small enough to be kept with each command.
    fn clock(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.begun).as_millis() & u128::from(u32::MAX);
        u32::try_from(passed).unwrap_or_default()
    }

    /// A job has got its slot.
    fn granted(&mut self, slot: Slot, at: Moment) {
        let Some(job) = self.jobs.get(&slot.job) else {
            return self.slots.give_back(slot, GiveBack::Alive, at.now);
        };
        let State::Waiting(purpose) = *job.state() else {
            return self.slots.give_back(slot, GiveBack::Alive, at.now);
        };
        self.out_of_line(slot.job);
        if purpose != Purpose::Look && !self.time_lasts(slot.job, at.now) {
            self.slots.give_back(slot, GiveBack::Alive, at.now);
            let why = Refused::Deadline(self.slots.trouble());
            return self.give_up(slot.job, &why, at);
        }
        self.count_slot(slot.job, purpose, at.now);
        let purpose = self.unless_old(slot.job, purpose, at.now);
        match purpose {
            Purpose::Command => self.begin(slot, at),
            Purpose::Before | Purpose::Look => {
                let Some(command) = self.next_read(slot.job, purpose) else {
                    self.slots.give_back(slot, GiveBack::Alive, at.now);
                    return self.unreadable(slot.job, purpose, at);
                };
                self.send(slot, purpose, command, at.now);
            }
        }
    }

    fn count_slot(&mut self, id: JobId, purpose: Purpose, now: Instant) {
        let now = self.clock(now);
        // Whatever comes first of a command, its own time begins with that.
        let first = self.jobs.get(&id).filter(|job| job.session.is_none() && purpose != Purpose::Look);
        let first = first.map(|job| (Sort::of(&job.work, Purpose::Command), job.asked));
        self.statistics.slot(now, first);
    }

    /// An earlier reading that has become old while its write waited is read again.
    fn unless_old(&mut self, id: JobId, purpose: Purpose, now: Instant) -> Purpose {
        let Some(Job { work: Work::Change(write), attempts, .. }) = self.jobs.get_mut(&id) else {
            return purpose;
        };
        let old = |since: Instant| now.saturating_duration_since(since) >= self.config.recent;
        let read = write.before.as_ref().map(|before| before.since);
        if purpose == Purpose::Command && write.entry.is_none() && read.is_some_and(old) {
            write.before = None;
            return Purpose::Before;
        }
        // Nor is it sent again by a proof that has become old: somebody else may have changed the object since, or the registry has
        // said since that it queues.
        if let (Purpose::Command, Some(Fallback::NotApplied(since)), Some(resolver)) =
            (purpose, write.fallback.as_deref(), write.resolver)
            && (old(*since) || self.queued.may_queue_for(resolver, write.entry.as_deref()))
        {
            // What was waited because an answer asked for it costs no try, once for each answer.
            let asked = write.last.as_mut().and_then(|last| last.again_from.replace(now));
            if asked.is_some_and(|from| from > *since) {
                *attempts = attempts.saturating_sub(1);
            }
            let looks = self.upstream.reads(resolver, &write.sent(&self.keyed));
            write.looking = Some(Box::new(Looking::new(looks, now, NotApplied::Again)));
            self.statistics.read_backs.begin();
            return Purpose::Look;
        }
        purpose
    }

    fn send(&mut self, slot: Slot, purpose: Purpose, command: U::Command, now: Instant) {
        self.unshare(slot.job);
        self.jobs.set(slot.job, State::Sending(slot, purpose));
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        job.session = Some(slot.session);
        let so_far = self.writes;
        match &mut job.work {
            Work::Query(query) => query.writes = so_far,
            Work::Change(write) if purpose == Purpose::Command => {
                self.writes = self.writes.saturating_add(1);
                self.recent.spoil(&U::objects(&write.command), self.writes);
            }
            Work::Change(_) | Work::Settle(_) => {}
        }
        self.slots.sent(slot, now);
        self.actions.push_back(Action::Send { slot, command });
    }
}
