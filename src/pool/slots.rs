//! Slots: who may send now, on which session.

use core::time::Duration;
use std::time::Instant;

use super::machine::Pool;
use super::place::State;
use crate::dispatch::{GiveBack, JobId, Slot, Slots, Unavailable, Wish};

impl Pool {
    /// Who is next and finds a session, and which: the one that was used last, so that others can go.
    fn next_match(&mut self) -> Option<(Wish, u64)> {
        let fits = |idle: &[u64], wish: &Wish| {
            idle.iter().rev().find(|session| wish.not_on != Some(**session)).copied()
        };
        if let (Some(session), false) = (self.idle.last().copied(), self.ahead.is_empty()) {
            return Some((self.ahead.pop_front()?, session));
        }
        if let Some(job) = self.parked.first_for(&self.idle) {
            let wish = self.parked.remove(job)?;
            let session = fits(&self.idle, &wish)?;
            return Some((wish, session));
        }
        while !self.idle.is_empty() {
            let (_, wish) = self.queue.pop()?;
            if let Some(session) = fits(&self.idle, &wish) {
                return Some((wish, session));
            }
            // It keeps its turn.
            self.parked.push(wish);
        }
        None
    }
}

impl Slots for Pool {
    fn ask(&mut self, wish: Wish, now: Instant) {
        self.withdraw(wish.job);
        let (id, lane, caller) = (wish.job.get(), wish.lane, wish.caller.clone());
        if wish.again {
            self.queue.push_again(id, lane, &caller, wish, now);
        } else {
            self.queue.push(id, lane, &caller, wish, now);
        }
    }

    fn ask_next(&mut self, wish: Wish, _now: Instant) {
        self.withdraw(wish.job);
        if wish.not_on.is_some() {
            self.parked.push(wish);
        } else {
            self.ahead.push_back(wish);
        }
    }

    fn withdraw(&mut self, job: JobId) {
        self.ahead.retain(|wish| wish.job != job);
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
        let (wish, session) = self.next_match()?;
        let slot = Slot { job: wish.job, session };
        self.idle.retain(|idle| *idle != session);
        self.places.get_mut(&session)?.state = State::Granted(slot);
        self.permits.push(slot);
        Some(slot)
    }

    fn sent(&mut self, slot: Slot, now: Instant) {
        let Some(at) = self.permits.iter().position(|permit| *permit == slot) else { return };
        self.permits.swap_remove(at);
        let sending = self.pacer.sent(now);
        if let Some(place) = self.places.get_mut(&slot.session) {
            place.state = State::Busy(slot, sending);
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
            GiveBack::Closed | GiveBack::Ended => place.state = State::Leaving,
        }
    }

    fn hold(&mut self, wait: Duration, now: Instant) {
        self.lock(wait, now);
    }

    fn held_until(&self) -> Option<Instant> {
        self.hold.as_ref().map(|hold| hold.ends())
    }

    fn unavailable(&self) -> Option<Unavailable> {
        let served = self.places.values().any(|place| place.state.is_live());
        self.refused.as_ref().filter(|_| !served).map(|refused| refused.why.clone())
    }

    fn trouble(&self) -> Option<Unavailable> {
        let served = self.places.values().any(|place| place.state.is_live());
        self.trouble.clone().filter(|_| !served)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next_timeout()
    }
}
