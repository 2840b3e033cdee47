//! When what can be done: one place for each decision, asked both for what is due and for when to ask again.

use std::time::Instant;

use super::machine::{Errand, Pool};
use super::place::{Place, State};

impl Pool {
    /// When the pace, and an operator, allow the next command.
    pub(super) fn when_paced(&self) -> Instant {
        self.pacer.next_at().unwrap_or(self.born).max(self.quiet_until())
    }

    /// What a session is to do for itself next, and when; what cannot wait comes first.
    pub(super) fn next_errand(&self) -> Option<(Instant, u64, Errand)> {
        // Whoever has a slot and has not sent yet goes first.
        if self.is_promised() {
            return None;
        }
        let paced = self.when_paced();
        let errands = self.places.iter().filter_map(|(session, place)| {
            let (when, errand) = self.errand(place)?;
            Some((when.max(paced), *session, errand))
        });
        errands.min_by_key(|(when, session, errand)| (*when, errand.rank(), *session))
    }

    fn errand(&self, place: &Place) -> Option<(Instant, Errand)> {
        let held = self.hold.as_ref();
        match place.state {
            State::Idle => match held {
                None => Some((place.keepalive_at, Errand::KeepAlive)),
                // One read proves that it is over.
                Some(hold) if hold.wants_proof() => Some((hold.ends(), Errand::KeepAlive)),
                Some(_) => None,
            },
            State::Greeted(_) if held.is_none_or(|hold| hold.wants_proof()) => {
                Some((held.map_or(self.born, |hold| hold.ends()), Errand::LogIn))
            }
            State::Proving(..) if held.is_none_or(|hold| hold.wants_proof()) => {
                Some((held.map_or(self.born, |hold| hold.ends()), Errand::Proof))
            }
            State::Ending => match held.filter(|_| !self.stopping) {
                None => Some((self.born, Errand::End)),
                // The proof comes first, if there is a session for it.
                Some(_) if self.has_staying() => None,
                Some(hold) => Some((hold.ends(), Errand::End)),
            },
            _ => None,
        }
    }

    /// Whether the pace is promised to somebody who has not sent yet.
    pub(super) fn is_promised(&self) -> bool {
        !self.permits.is_empty() && !self.options.rate.is_unlimited()
    }

    /// Whether anybody waits for a slot, and may have one.
    pub(super) fn is_asked(&self) -> bool {
        !self.paused && (!self.queue.is_empty() || !self.ahead.is_empty() || !self.parked.is_empty())
    }

    /// When the next slot can be given, if there is a session for it.
    pub(super) fn when_slot(&self) -> Option<Instant> {
        if self.paused || self.hold.is_some() || self.is_promised() || !self.finds_session() {
            return None;
        }
        Some(self.when_paced())
    }

    /// Whether somebody who waits could be given one of the sessions that are idle.
    fn finds_session(&self) -> bool {
        // Who is next in line is parked if it does not find one.
        let waits = !self.queue.is_empty() || !self.ahead.is_empty();
        !self.idle.is_empty() && (waits || self.parked.first_for(&self.idle).is_some())
    }

    /// When a session is to be opened, if one is.
    pub(super) fn when_announce(&self) -> Option<Instant> {
        // Of a session that has ended its owner is still to tell how: by 521, perhaps.
        let ends = |place: &Place| place.state == State::Leaving && !place.quit;
        let busy = self.places.values().any(|place| place.state.opens() || ends(place));
        if self.stopping || self.refused.is_some() || busy {
            return None;
        }
        let room = self.when_room()?;
        let wanted = self.when_wanted()?;
        let held = match &self.hold {
            None => self.born,
            // It takes a session to prove that it is over.
            Some(hold) if hold.wants_proof() && self.idle.is_empty() => hold.ends(),
            Some(_) => return None,
        };
        Some(room.max(wanted).max(held).max(self.open_at).max(self.quiet_until()))
    }

    /// Whether there is room for one more session. One login may show that a lost one is gone.
    pub(super) fn has_room(&self) -> bool {
        self.taken() < self.target
    }

    /// When there is room for one more session.
    fn when_room(&self) -> Option<Instant> {
        if self.has_room() {
            return Some(self.born);
        }
        let fades = self.ghosts.iter().filter(|ghost| !ghost.may_be_gone).map(|ghost| ghost.until).min();
        let grows = self.target < self.options.max && self.taken() <= self.target;
        [fades, self.grow_at.filter(|_| grows)].into_iter().flatten().min()
    }

    /// When one more session is wanted.
    fn when_wanted(&self) -> Option<Instant> {
        let live = self.places.values().filter(|place| place.state.is_live());
        let staying = live.clone().filter(|place| !place.old).count();
        let needed = self.rotation.is_some()
            || staying < self.options.min
            || self.in_the_way().is_some()
            || self.lacks_renewed();
        if needed || (staying == 0 && self.is_asked()) {
            return Some(self.born);
        }
        // One that is in use and is to be replaced; all the others may stay.
        let replaced = live.filter(|place| !place.old && place.is_used(self.options.idle_limit));
        let replaced = replaced.map(|place| place.retire_at).min();
        // Nobody who waits finds a session, and the pace would allow it.
        let lacks = self.is_asked() && !self.finds_session() && !self.is_promised() && self.hold.is_none();
        let lacking = lacks.then(|| self.when_paced());
        [replaced, lacking].into_iter().flatten().min()
    }

    /// When the journal is to be told something.
    pub(super) fn when_remember(&self) -> Option<Instant> {
        (self.unwritten && !self.writing).then(|| self.write_at.unwrap_or(self.born))
    }

    /// Which session goes next, and when: it ends as soon as nobody uses it.
    pub(super) fn when_goes(&self) -> Option<(Instant, u64)> {
        // After a lock, a session has to prove first that it is over; and whoever stops ends all of them.
        if self.hold.is_some() || self.stopping {
            return None;
        }
        let idle = self.idle.iter().filter_map(|session| Some((*session, self.places.get(session)?)));
        let (comes, surplus) = (self.has_next(), self.has_surplus());
        let aged = idle.map(|(session, place)| (self.ends_at(place, comes, surplus), session)).min();
        let replaced = self.next_replaced().map(|session| (self.open_at, session));
        let (when, session) = [aged, replaced].into_iter().flatten().min()?;
        Some((when.max(self.quiet_until()), session))
    }

    /// Which session goes for another one: one at a time, and only if that one can log in.
    fn next_replaced(&self) -> Option<u64> {
        // This is asked several times for each command, and mostly there is no reason to replace any.
        if self.rotation.is_none() && self.parked.is_empty() && self.epoch == 0 {
            return None;
        }
        let changes = |place: &Place| place.old || !place.state.is_live();
        // Who has logged in since it failed shows that it can be done.
        let fails = self.failures > 0 && self.trouble.is_some();
        if self.refused.is_some() || fails || self.places.values().any(changes) {
            return None;
        }
        let makes_room = !self.has_room() && self.taken() <= self.target;
        if self.rotation.is_some() {
            // A password is changed by a login of its own.
            let any = self.idle.first().or_else(|| self.places.keys().next());
            return any.copied().filter(|_| makes_room);
        }
        let earlier = || self.places.iter().find(|(_, place)| place.epoch < self.epoch);
        // Work goes on, on one that was opened since.
        let renewed = || makes_room || self.places.values().any(|place| place.epoch >= self.epoch);
        let of_earlier = || earlier().filter(|_| renewed()).map(|(session, _)| *session);
        self.in_the_way().filter(|_| makes_room).or_else(of_earlier)
    }

    /// Whether sessions are to be replaced, and none that is open replaces them.
    fn lacks_renewed(&self) -> bool {
        let mut staying = self.places.values().filter(|place| place.state.is_live() && !place.old).peekable();
        staying.peek().is_some() && staying.all(|place| place.epoch < self.epoch)
    }

    /// The only session, if whoever has waited longest must not have it.
    fn in_the_way(&self) -> Option<u64> {
        let not_on = self.parked.first_not_on().filter(|_| !self.paused)?;
        let mut staying = self.places.iter().filter(|(_, place)| place.state.is_live() && !place.old);
        let (only, _) = staying.next()?;
        (*only == not_on && staying.next().is_none()).then_some(not_on)
    }

    /// Whether a session is logged in, or about to be, and stays so.
    fn has_staying(&self) -> bool {
        self.places.values().any(|place| place.state.opens() || place.state.is_live() && !place.old)
    }

    /// Whether something waits for nothing but to be asked for.
    pub(super) fn is_pending(&self) -> bool {
        let gives_up = self.stopping && (self.hold.is_some() || self.hand.is_some());
        let silent = self.stopping && self.hand.is_some();
        !self.closing.is_empty()
            || !self.resets.is_empty()
            || self.places.values().any(|place| match place.state {
                State::Recorded(_) => self.hand.is_none(),
                State::Proving(..) => gives_up,
                State::Ending => silent,
                _ => false,
            })
    }

    /// Whether another session is on its way, or there is room for it.
    fn has_next(&self) -> bool {
        self.refused.is_none() && (self.has_room() || self.places.values().any(|place| place.state.opens()))
    }

    /// Whether there are more sessions than there are to be at least.
    fn has_surplus(&self) -> bool {
        let live = self.places.values().filter(|place| place.state.is_live() && !place.old).count();
        live > self.options.min.max(1)
    }

    /// When a session is to be ended if it is idle.
    fn ends_at(&self, place: &Place, comes: bool, surplus: bool) -> Instant {
        // What is in use is replaced first, if there is room.
        let replaced = comes && place.is_used(self.options.idle_limit);
        let aged = if replaced { place.end_at } else { place.retire_at };
        match place.used_at.checked_add(self.options.surplus_after).filter(|_| surplus) {
            Some(unused) => aged.min(unused),
            None => aged,
        }
    }
}

impl Errand {
    const fn rank(self) -> u8 {
        match self {
            Self::KeepAlive => 0,
            Self::LogIn => 1,
            Self::Proof => 2,
            Self::End => 3,
        }
    }
}
