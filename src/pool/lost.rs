//! Sessions that have ended, and those of which the registry may not know that they have.

use core::fmt;
use core::time::Duration;
use std::time::Instant;

use super::event::Event;
use super::machine::{Pool, Probed};
use super::place::State;
use crate::code::ReturnCode;
use crate::dispatch::{Account, Unavailable};
use crate::session::Remains;

/// A place that is charged for a session that is lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ghost {
    pub(super) until: Instant,
    /// Whether a login may be tried in its place.
    pub(super) may_be_gone: bool,
    pub(super) why: GhostWhy,
}

/// Why a place is charged for which there is no session any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GhostWhy {
    /// The session was broken off, and the registry may not have ended it yet: [`Remains::Perhaps`].
    BrokenOff,
    /// Nothing was heard any more: [`Remains::Silent`].
    Silent,
    /// An earlier process has left it.
    Earlier,
}

impl GhostWhy {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BrokenOff => "broken-off",
            Self::Silent => "silent",
            Self::Earlier => "earlier-process",
        }
    }
}

impl fmt::Display for GhostWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Pool {
    /// The session of this number is over. Told once of each that was [`opened`](Self::opened); a slot that was given
    /// for it is given back all the same.
    pub fn ended(&mut self, session: u64, code: Option<ReturnCode>, remains: Remains, now: Instant) {
        let Some(place) = self.places.remove(&session) else { return };
        self.idle.retain(|idle| *idle != session);
        self.permits.retain(|slot| slot.session != session);
        if let State::Proving(slot, _) | State::Proof(slot, ..) = place.state {
            self.probed.push_back(Probed { slot, holds: false, alive: false });
        }
        self.prove_later(session, now);
        self.remain(remains, now);
        self.tell(Event::Ended { session, code, remains });
        // Whoever closes each session at once is not to be asked for the next one at once. A code may answer the command,
        // whose slot is given back later.
        let answered = code.is_some() && matches!(place.state, State::Busy(..));
        if !place.useful && !answered && !place.quit && !place.killed && !self.stopping {
            let why = match code {
                Some(code) => format!("session: ended before it was of use, with code {code}"),
                None => "session: ended before it was of use".to_owned(),
            };
            self.back_off(Unavailable::new(&why), Duration::ZERO, now);
        }
        if code == Some(ReturnCode::TOO_MANY_SESSIONS) {
            self.full(now);
        }
    }

    /// Charges for what may be left of a session.
    pub(super) fn remain(&mut self, remains: Remains, now: Instant) {
        let until = now.checked_add(self.options.idle_limit).unwrap_or(now);
        self.unwritten = true;
        if remains != Remains::Nothing {
            if self.ghosts.len() >= Account::MAX_GHOSTS
                && let Some(at) = self.ghosts.iter().position(|ghost| ghost.may_be_gone)
            {
                self.ghosts.swap_remove(at);
            }
            let may_be_gone = remains == Remains::Perhaps;
            let why = if may_be_gone { GhostWhy::BrokenOff } else { GhostWhy::Silent };
            self.ghosts.push(Ghost { until, may_be_gone, why });
        }
    }

    /// Those that the registry must have ended by now are gone.
    pub(super) fn lay_ghosts(&mut self, now: Instant) {
        self.ghosts.retain(|ghost| ghost.until > now);
    }

    /// Places that are charged.
    pub(super) fn charged(&self) -> usize {
        self.places.len().saturating_add(self.ghosts.len())
    }

    /// Places that are charged, without those that a login may be tried in.
    pub(super) fn taken(&self) -> usize {
        let taken = self.ghosts.iter().filter(|ghost| !ghost.may_be_gone).count();
        self.places.len().saturating_add(taken)
    }

    /// A login was accepted in the place of one that may have been gone: it was.
    pub(super) fn lay_one(&mut self) {
        if self.charged() > self.target
            && let Some(at) = self.ghosts.iter().position(|ghost| ghost.may_be_gone)
        {
            self.ghosts.swap_remove(at);
        }
    }
}
