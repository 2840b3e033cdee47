//! What an operator may do to an account that is in use.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::event::Event;
use super::machine::{Pool, Probed};
use super::place::State;
use crate::dispatch::OperatorHold;

/// What whoever runs out of time is told.
pub(super) const PAUSED: &str = "paused by an operator";

/// An operator holds the account: nothing at all is sent until then.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    pub(super) ends: Instant,
    pub(super) reason: Arc<str>,
}

/// Why an account is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldError {
    /// It would last longer than [`Pool::MAX_OPERATOR_HOLD`].
    TooLong,
    /// The reason is empty, longer than [`OperatorHold::MAX_REASON`] bytes, or has control characters.
    Reason,
    /// Nobody is there any more to hold it: the client has ended.
    Stopped,
}

impl fmt::Display for HoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => {
                write!(f, "hold: longer than `{}` hours", Pool::MAX_OPERATOR_HOLD.as_secs() / 3_600)
            }
            Self::Reason => {
                let most = OperatorHold::MAX_REASON;
                write!(f, "hold: reason must have 1 to `{most}` bytes and no control characters")
            }
            Self::Stopped => f.write_str("hold: client has stopped"),
        }
    }
}

impl Error for HoldError {}

impl Pool {
    /// The longest hold of an operator's: a day. Whoever needs longer says so again.
    pub const MAX_OPERATOR_HOLD: Duration = Duration::from_secs(24 * 60 * 60);

    /// Nobody gets a slot any more, reads that settle included, until [`resume`](Self::resume). Whoever has one sends;
    /// sessions stay open and are kept alive. Nobody is refused for it. It does not outlast the process.
    pub fn pause(&mut self) {
        if !self.paused {
            self.paused = true;
            self.tell(Event::Paused);
        }
    }

    /// Slots are given again.
    pub fn resume(&mut self) {
        if self.paused {
            self.paused = false;
            self.tell(Event::Resumed);
        }
    }

    /// Nothing at all is sent for so long: no command, keepalive, login or QUIT. It takes the place of an earlier hold of an
    /// operator's, outlasts a restart, and when it is over nothing has to be proven. A lock by the registry is another thing,
    /// and both are kept.
    ///
    /// # Errors
    /// [`HoldError`] if it is too long or says no proper reason. Nothing is held by it then.
    pub fn hold_by_operator(&mut self, wait: Duration, reason: &str, now: Instant) -> Result<(), HoldError> {
        if reason.is_empty() || reason.len() > OperatorHold::MAX_REASON || reason.contains(char::is_control) {
            return Err(HoldError::Reason);
        }
        let ends = now.checked_add(wait).filter(|_| wait <= Self::MAX_OPERATOR_HOLD);
        let ends = ends.ok_or(HoldError::TooLong)?;
        let reason: Arc<str> = reason.into();
        self.hand = Some(Hand { ends, reason: Arc::clone(&reason) });
        self.unwritten = true;
        self.tell(Event::HeldByOperator { wait, reason });
        Ok(())
    }

    /// Ends an operator's hold, and the waiting for the end of a registry's lock: one read is to prove next that it is over.
    /// Whether there was any of the two.
    pub fn release(&mut self, now: Instant) -> bool {
        let held = self.hand.take().is_some();
        if held {
            self.tell(Event::Released);
        }
        let waits = self.hold.as_mut().filter(|hold| hold.ends() > now);
        let waited = waits.is_some();
        if let Some(hold) = waits {
            hold.end_now(now);
        }
        self.unwritten |= held || waited;
        held || waited
    }

    /// Every session that there is now is replaced, one at a time, once nobody uses it; another one opens before, where there
    /// is room for it. Nothing ends while no login can be had.
    pub fn reconnect(&mut self) {
        self.epoch = self.epoch.saturating_add(1);
        self.tell(Event::Reconnects);
    }

    /// The connection of this session is to be closed at once, whatever is on it ([`Action::Reset`](super::Action::Reset), or
    /// [`Action::Close`](super::Action::Close) before its login). Its place stays charged as after any other loss. Whether
    /// there is such a session, and it was not done before.
    pub fn kill(&mut self, session: u64, now: Instant) -> bool {
        let Some(place) = self.places.get_mut(&session).filter(|place| !place.killed) else { return false };
        match place.state {
            State::Announced(_)
            | State::Recording(_)
            | State::Recorded(_)
            | State::Connecting(_)
            | State::Greeted(_) => self.grow_old(session, now),
            _ => self.reset(session, now),
        }
        self.tell(Event::Killed { session });
        true
    }

    fn reset(&mut self, session: u64, now: Instant) {
        let Some(place) = self.places.get_mut(&session) else { return };
        (place.killed, place.old) = (true, true);
        match place.state {
            State::Idle | State::Ending => place.enter(State::Leaving, now),
            State::Proving(slot, _) => {
                place.enter(State::Proven(slot), now);
                self.probed.push_back(Probed { slot, holds: false, alive: false });
            }
            // What is on it comes back first.
            _ => {}
        }
        self.idle.retain(|idle| *idle != session);
        self.resets.push_back(session);
    }

    /// Logins have other credentials from now on, of this keyed hash, that are to hold at the registry already. Sessions that
    /// are logged in stay; one that is about to log in with the earlier ones does not. A login that was refused is tried
    /// again, unless these are the ones that were refused. Whether it is so: not while the password is being changed.
    #[must_use]
    pub fn correct_credential(&mut self, credential: [u8; 16], now: Instant) -> bool {
        if self.rotation.is_some() || self.stopping {
            return false;
        }
        if credential == self.credential {
            return true;
        }
        self.login = self.login.saturating_add(1);
        let opens = |state: State| state.opens() && !matches!(state, State::LoggingIn(..));
        let opening = self.places.iter().filter(|(_, place)| opens(place.state));
        for session in opening.map(|(session, _)| *session).collect::<Vec<_>>() {
            self.grow_old(session, now);
        }
        self.set_credential(credential);
        true
    }

    /// Until when an operator wants nothing sent; past all waiting if none does.
    pub(super) fn quiet_until(&self) -> Instant {
        self.hand.as_ref().map_or(self.born, |hand| hand.ends)
    }

    /// An operator's hold whose end has come is over.
    pub(super) fn let_hand_go(&mut self, now: Instant) {
        if self.hand.take_if(|hand| hand.ends <= now).is_some() {
            self.unwritten = true;
            self.tell(Event::Released);
        }
    }

    /// Where nothing may be sent, not even QUIT, whoever stops closes its sessions.
    pub(super) fn end_in_silence(&mut self, now: Instant) {
        if !self.stopping || self.hand.is_none() {
            return;
        }
        let ending = self.places.iter().filter(|(_, place)| place.state == State::Ending);
        for session in ending.map(|(session, _)| *session).collect::<Vec<_>>() {
            self.reset(session, now);
        }
    }
}
