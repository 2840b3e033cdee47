//! An account that the registry has locked.

use core::time::Duration;
use std::time::Instant;

use super::event::Event;
use super::machine::{Pool, Probed};
use super::place::State;
use crate::code::Context;
use crate::dispatch::Slot;
use crate::reply::Reply;
use crate::verb::Verb;
use crate::verdict::Advice;

/// A proof that proved nothing is repeated so much later.
const PROVE_AGAIN: Duration = Duration::from_secs(10);

/// So many answers that prove nothing, and are no lock, prove that there is none.
const OPEN_ANSWERS: u8 = 3;

/// A login is proven by so many keepalives.
const PROOFS: u8 = 2;

/// The account is locked: nothing is sent until the end, and then one read has to prove that it is over.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    ends: Instant,
    /// On which session the proof is on the wire, or the login before it.
    proving: Option<u64>,
    /// How often something was answered that is neither a proof nor a lock.
    open: u8,
}

impl Hold {
    pub(super) const fn until(ends: Instant) -> Self {
        Self { ends, proving: None, open: 0 }
    }

    pub(super) const fn ends(&self) -> Instant {
        self.ends
    }

    /// Its end is now, and it is to be proven.
    pub(super) fn end_now(&mut self, now: Instant) {
        self.ends = self.ends.min(now);
    }

    pub(super) const fn proven_by(&mut self, session: u64) {
        self.proving = Some(session);
    }

    /// Whether nobody proves it yet.
    pub(super) const fn wants_proof(&self) -> bool {
        self.proving.is_none()
    }
}

/// What a keepalive was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever sends keepalives must tell these apart")]
pub enum Kept {
    /// A success: the login holds.
    Holds,
    /// The account is locked for so long (422).
    Locked(Duration),
    /// Something else, or nothing was sent: it is open.
    Open,
}

impl Kept {
    /// What this reply to a keepalive says; `holds` if the session has taken it for a proof.
    #[must_use]
    pub fn of(reply: Option<&Reply>, holds: bool) -> Self {
        let advice = reply.map(|reply| reply.verdict(Context::Rrp(Verb::Describe)).advice());
        match advice {
            Some(Advice::HoldAccount { after }) => Self::Locked(after),
            _ if holds => Self::Holds,
            _ => Self::Open,
        }
    }
}

impl Pool {
    /// The registry has locked the account for so long.
    pub(super) fn lock(&mut self, wait: Duration, now: Instant) {
        let ends = now.checked_add(wait).unwrap_or(now);
        let ends = self.hold.as_ref().map_or(ends, |hold| hold.ends.max(ends));
        self.hold = Some(Hold::until(ends));
        self.unwritten = true;
        self.tell(Event::Held { wait });
    }

    /// The login of a slot's session is to be proven, twice, for a late reply is seen before the second proof:
    /// [`KeepAlive`](super::Action::KeepAlive) says when, and [`poll_probed`](Self::poll_probed) what came of it.
    pub fn prove_login(&mut self, slot: Slot, now: Instant) {
        if let Some(place) = self.places.get_mut(&slot.session)
            && let State::Busy(used, sending) = place.state
            && used == slot
            && !place.killed
        {
            place.enter(State::Proving(slot, PROOFS), now);
            place.used_at = now;
            self.pacer.answered(sending, now);
        } else {
            self.probed.push_back(Probed { slot, holds: false, alive: false });
        }
    }

    /// What the [keepalive](super::Action::KeepAlive) of a session was answered. The end of the session is told besides.
    pub fn kept_alive(&mut self, session: u64, kept: Kept, now: Instant) {
        let Some(place) = self.places.get_mut(&session) else { return };
        let (sending, slot) = match place.state {
            State::KeepingAlive(sending) => (sending, None),
            State::Proof(slot, left, sending) => (sending, Some((slot, left))),
            _ => return,
        };
        place.useful = true;
        let killed = place.killed;
        self.failures = 0;
        self.pacer.answered(sending, now);
        match kept {
            Kept::Holds => self.prove(session),
            Kept::Locked(wait) => self.lock(wait, now),
            Kept::Open => {
                let proves = self.hold.as_mut().filter(|hold| hold.proving == Some(session));
                let open = proves.map_or(0, |hold| {
                    hold.open = hold.open.saturating_add(1);
                    hold.open
                });
                if open >= OPEN_ANSWERS {
                    self.prove(session);
                } else {
                    self.prove_later(session, now);
                }
            }
        }
        match slot {
            Some((slot, left))
                if !killed && (matches!(kept, Kept::Locked(_)) || kept == Kept::Holds && left > 1) =>
            {
                // That the account is locked says nothing about the login.
                let left = left.saturating_sub(u8::from(kept == Kept::Holds));
                if let Some(place) = self.places.get_mut(&session) {
                    place.enter(State::Proving(slot, left), now);
                }
            }
            Some((slot, _)) => {
                let holds = kept == Kept::Holds && !killed;
                // Until it is given back.
                if let Some(place) = self.places.get_mut(&session) {
                    place.enter(State::Proven(slot), now);
                }
                self.probed.push_back(Probed { slot, holds, alive: !killed });
            }
            None => self.take_back(session, now),
        }
    }

    /// The account is not locked any more, if this is the session that was to prove it.
    fn prove(&mut self, session: u64) {
        if self.hold.as_ref().is_some_and(|hold| hold.proving == Some(session)) {
            self.hold = None;
            self.unwritten = true;
            self.tell(Event::HoldOver);
        }
    }

    /// The login before the proof was accepted.
    pub(super) fn prove_next(&mut self, session: u64) {
        if let Some(hold) = self.hold.as_mut().filter(|hold| hold.proving == Some(session)) {
            hold.proving = None;
        }
    }

    /// Whoever stops does not wait for the end of a lock to prove a login.
    pub(super) fn give_up_proofs(&mut self, now: Instant) {
        if !self.stopping || self.hold.is_none() && self.hand.is_none() {
            return;
        }
        for place in self.places.values_mut() {
            if let State::Proving(slot, _) = place.state {
                place.enter(State::Proven(slot), now);
                self.probed.push_back(Probed { slot, holds: false, alive: true });
            }
        }
    }

    /// It has proven nothing: another proof is needed.
    pub(super) fn prove_later(&mut self, session: u64, now: Instant) {
        if let Some(hold) = self.hold.as_mut().filter(|hold| hold.proving == Some(session)) {
            hold.proving = None;
            hold.ends = now.checked_add(PROVE_AGAIN).unwrap_or(now);
        }
    }
}
