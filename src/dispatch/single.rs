//! Slots of one session, at a fixed pace.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::slots::{GiveBack, JobId, Slot, Slots, Unavailable, Wish};
use crate::pace::Lane;
use crate::retry::{Backoff, Random};

/// One session, opened when something waits, and a fixed time between commands.
///
/// Whoever owns connections asks [`poll_session`](Self::poll_session) what to do about it and tells what happens. Between
/// two commands, logins included, lies at least the pace, counted from the end of the one before.
#[derive(Debug)]
pub struct SingleSession {
    pace: Duration,
    reopening: Backoff,
    random: Random,
    state: State,
    /// Nothing is sent before.
    free_at: Option<Instant>,
    held_until: Option<Instant>,
    /// By the lane and the order in which they came.
    waiting: BTreeMap<(Lane, u64), Wish>,
    places: HashMap<JobId, (Lane, u64)>,
    asked: u64,
    numbers: u64,
    failures: u32,
    unavailable: Option<Unavailable>,
    trouble: Option<Unavailable>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Opening(u64),
    Idle(u64),
    Busy(u64),
    /// To be ended; the owner has not been told yet.
    Ending(u64),
    /// The owner ends it.
    Leaving(u64),
}

/// What the owner of connections is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever owns connections must do each of these")]
pub enum SessionAction {
    /// Open a session and log in; it has this number.
    Open(u64),
    /// End the session of this number, in order if it can be.
    End(u64),
}

impl SingleSession {
    /// One second: what registries allow.
    pub const PACE: Duration = Duration::from_secs(1);

    /// Slots with this pace. The seed is for the jitter before a session is opened again.
    #[must_use]
    pub fn new(pace: Duration, seed: u64) -> Self {
        Self {
            pace,
            reopening: Backoff::DEFAULT,
            random: Random::new(seed),
            state: State::Closed,
            free_at: None,
            held_until: None,
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            asked: 0,
            numbers: 0,
            failures: 0,
            unavailable: None,
            trouble: None,
        }
    }

    /// With this wait before a session is opened again that could not be opened.
    #[must_use]
    pub const fn reopening(mut self, backoff: Backoff) -> Self {
        self.reopening = backoff;
        self
    }

    /// How many wait for a slot.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn may_send(&self, now: Instant) -> bool {
        [self.free_at, self.held_until].into_iter().flatten().all(|when| now >= when)
    }

    fn paid(&mut self, now: Instant) {
        self.free_at = now.checked_add(self.pace);
    }

    fn first(&self) -> Option<&Wish> {
        self.waiting.first_key_value().map(|(_, wish)| wish)
    }

    /// What to do about the session now.
    pub fn poll_session(&mut self, now: Instant) -> Option<SessionAction> {
        match self.state {
            State::Ending(number) => {
                self.state = State::Leaving(number);
                Some(SessionAction::End(number))
            }
            // The first in line must not have this one.
            State::Idle(number) if self.first().is_some_and(|wish| wish.not_on == Some(number)) => {
                self.state = State::Leaving(number);
                Some(SessionAction::End(number))
            }
            State::Closed if self.first().is_some() && self.unavailable.is_none() && self.may_send(now) => {
                self.numbers = self.numbers.saturating_add(1);
                self.state = State::Opening(self.numbers);
                Some(SessionAction::Open(self.numbers))
            }
            _ => None,
        }
    }

    /// The session of this number is logged in.
    pub fn opened(&mut self, number: u64, now: Instant) {
        if self.state == State::Opening(number) {
            self.state = State::Idle(number);
            self.failures = 0;
            self.trouble = None;
            self.paid(now);
        }
    }

    /// It could not be opened, for a reason that may pass by itself. `least` is the least wait before the next try.
    pub fn failed(&mut self, number: u64, why: Unavailable, least: Duration, now: Instant) {
        if self.state == State::Opening(number) {
            self.state = State::Closed;
            self.failures = self.failures.saturating_add(1);
            self.trouble = Some(why);
            let wait = self.reopening.wait(self.failures, least.max(self.pace), &mut self.random);
            self.free_at = now.checked_add(wait);
        }
    }

    /// Its login was refused: no other is tried until [`retry_login`](Self::retry_login).
    pub fn refused(&mut self, number: u64, why: Unavailable, now: Instant) {
        if self.state == State::Opening(number) {
            self.state = State::Closed;
            self.unavailable = Some(why);
            self.paid(now);
        }
    }

    /// The credentials were corrected.
    pub fn retry_login(&mut self) {
        self.unavailable = None;
    }

    /// The session of this number has ended. If a command is on it, its slot is still to be given back.
    pub fn ended(&mut self, number: u64) {
        let same = matches!(self.state, State::Idle(n) | State::Ending(n) | State::Leaving(n) if n == number);
        if same {
            self.state = State::Closed;
        }
    }
}

impl Slots for SingleSession {
    fn ask(&mut self, wish: Wish, _now: Instant) {
        self.withdraw(wish.job);
        let place = (wish.lane, self.asked);
        self.asked = self.asked.saturating_add(1);
        self.places.insert(wish.job, place);
        self.waiting.insert(place, wish);
    }

    fn withdraw(&mut self, job: JobId) {
        if let Some(place) = self.places.remove(&job) {
            self.waiting.remove(&place);
        }
    }

    fn poll_slot(&mut self, now: Instant) -> Option<Slot> {
        let State::Idle(session) = self.state else { return None };
        if !self.may_send(now) || self.first()?.not_on == Some(session) {
            return None;
        }
        let (_, wish) = self.waiting.pop_first()?;
        self.places.remove(&wish.job);
        self.state = State::Busy(session);
        Some(Slot { job: wish.job, session })
    }

    fn sent(&mut self, _slot: Slot, _now: Instant) {}

    fn give_back(&mut self, slot: Slot, how: GiveBack, now: Instant) {
        if self.state == State::Busy(slot.session) {
            self.state = match how {
                GiveBack::Alive => State::Idle(slot.session),
                GiveBack::Closed | GiveBack::Ended => State::Closed,
                GiveBack::Evict => State::Ending(slot.session),
            };
            self.paid(now);
        }
    }

    fn hold(&mut self, wait: Duration, now: Instant) {
        self.held_until = self.held_until.max(now.checked_add(wait));
    }

    fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    fn unavailable(&self) -> Option<Unavailable> {
        self.unavailable.clone()
    }

    fn trouble(&self) -> Option<Unavailable> {
        self.trouble.clone()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let waits = self.first().is_some() && self.unavailable.is_none();
        let ready = matches!(self.state, State::Idle(_) | State::Closed);
        // Of those past, none.
        if waits && ready { self.free_at.max(self.held_until) } else { None }
    }
}
