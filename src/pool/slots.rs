//! Slots: who may send now, on which session.

use core::time::Duration;
use std::time::Instant;

use super::machine::Pool;
use super::operator::PAUSED;
use super::place::State;
use crate::dispatch::{GiveBack, JobId, Slot, Slots, Unavailable, Wish};

impl Pool {
    /// Who is next and finds a session, and which: the one that was used last, so that others can go.
    fn next_match(&mut self) -> Option<(JobId, u64)> {
        let fits = |idle: &[u64], not_on: Option<u64>| {
            idle.iter().rev().find(|session| not_on != Some(**session)).copied()
        };
        if let (Some(session), false) = (self.idle.last().copied(), self.ahead.is_empty()) {
            return Some((self.ahead.pop_front()?, session));
        }
        if let Some(job) = self.parked.first_for(&self.idle) {
            let not_on = self.parked.remove(job)?;
            let session = fits(&self.idle, Some(not_on))?;
            return Some((job, session));
        }
        while !self.idle.is_empty() {
            let (job, not_on) = self.queue.pop()?;
            let (job, not_on) = (JobId::new(job), not_on.map(|session| *session));
            if let Some(session) = fits(&self.idle, not_on) {
                return Some((job, session));
            }
            // It keeps its turn.
            if let Some(session) = not_on {
                self.parked.push(job, session);
            }
        }
        None
    }
}

impl Slots for Pool {
    fn ask(&mut self, wish: Wish, now: Instant) {
        let Wish { job, lane, caller, again, not_on } = wish;
        // Out of the queue it is taken by what is put there.
        self.ahead.retain(|ahead| *ahead != job);
        self.parked.remove(job);
        let (id, not_on) = (job.get(), not_on.map(Box::new));
        if again {
            self.queue.push_again(id, lane, &caller, not_on, now);
        } else {
            self.queue.push(id, lane, &caller, not_on, now);
        }
    }

    fn ask_next(&mut self, wish: Wish, _now: Instant) {
        self.withdraw(wish.job);
        match wish.not_on {
            Some(session) => self.parked.push(wish.job, session),
            None => self.ahead.push_back(wish.job),
        }
    }

    fn withdraw(&mut self, job: JobId) {
        self.ahead.retain(|ahead| *ahead != job);
        self.queue.remove(job.get());
        self.parked.remove(job);
    }

    fn poll_slot(&mut self, now: Instant) -> Option<Slot> {
        if self.when_slot()? > now {
            return None;
        }
        // What a session is to do for itself cannot wait, where each command has to be waited for.
        if !self.options.rate.is_unlimited() && self.next_errand().is_some_and(|(when, ..)| when <= now) {
            return None;
        }
        let (job, session) = self.next_match()?;
        let slot = Slot { job, session };
        self.idle.retain(|idle| *idle != session);
        self.places.get_mut(&session)?.enter(State::Granted(slot), now);
        self.permits.push(slot);
        Some(slot)
    }

    fn sent(&mut self, slot: Slot, now: Instant) {
        let Some(at) = self.permits.iter().position(|permit| *permit == slot) else { return };
        self.permits.swap_remove(at);
        let sending = self.pacer.sent(now);
        if let Some(place) = self.places.get_mut(&slot.session) {
            place.commands = place.commands.saturating_add(1);
            place.enter(State::Busy(slot, sending), now);
        }
    }

    fn give_back(&mut self, slot: Slot, how: GiveBack, now: Instant) {
        self.permits.retain(|permit| *permit != slot);
        let Some(place) = self.places.get_mut(&slot.session) else { return };
        let sending = match place.state {
            State::Granted(granted) | State::Proven(granted) if granted == slot => None,
            State::Busy(used, sending) if used == slot => Some(sending),
            _ => return,
        };
        if let (Some(sending), GiveBack::Alive | GiveBack::Closed) = (sending, how) {
            // A reply that closes may have been sent before the command arrived: it proves nothing.
            if how == GiveBack::Alive {
                self.pacer.answered(sending, now);
            }
            place.used_at = now;
            place.useful = true;
            self.failures = 0;
        }
        match how {
            GiveBack::Alive => self.take_back(slot.session, now),
            GiveBack::Evict => {
                place.old = true;
                self.take_back(slot.session, now);
            }
            GiveBack::Closed | GiveBack::Ended => place.enter(State::Leaving, now),
        }
    }

    fn hold(&mut self, wait: Duration, now: Instant) {
        self.lock(wait, now);
    }

    fn held_until(&self) -> Option<Instant> {
        let hand = self.hand.as_ref().map(|hand| hand.ends);
        self.hold.as_ref().map(|hold| hold.ends()).max(hand)
    }

    fn unavailable(&self) -> Option<Unavailable> {
        let served = self.places.values().any(|place| place.state.is_live());
        self.refused.as_ref().filter(|_| !served).map(|refused| refused.why.clone())
    }

    fn trouble(&self) -> Option<Unavailable> {
        if self.paused {
            return Some(Unavailable::new(PAUSED));
        }
        let served = self.places.values().any(|place| place.state.is_live());
        self.trouble.clone().filter(|_| !served)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next_timeout()
    }
}
