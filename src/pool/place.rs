//! One session, as far as a pool needs to know it.

use core::time::Duration;
use std::time::Instant;

use super::opening::Credential;
use super::snapshot::SessionState;
use crate::dispatch::Slot;
use crate::pace::Sending;

/// A place that is charged: a session on its way from before its first SYN to the end of its QUIT.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) state: State,
    /// When it came into what an operator is told of its state.
    pub(super) since: Instant,
    /// When it was logged in.
    pub(super) opened_at: Option<Instant>,
    /// How many commands were sent on it.
    pub(super) commands: u64,
    /// Which login it has; the first one is 0.
    pub(super) epoch: u64,
    /// When it is to be kept alive, if nothing is sent until then.
    pub(super) keepalive_at: Instant,
    /// When it is to be replaced, and when it is to end whether it was or not.
    pub(super) retire_at: Instant,
    pub(super) end_at: Instant,
    /// When it carried a command for somebody, the last time.
    pub(super) used_at: Instant,
    /// Whether anything but the login was answered on it.
    pub(super) useful: bool,
    /// It is to end once it is idle.
    pub(super) old: bool,
    /// It was asked to end.
    pub(super) quit: bool,
    /// An operator had it closed, whatever is on it.
    pub(super) killed: bool,
    /// With which credentials it logs in, counted by how often they were corrected.
    pub(super) login: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The journal is to know of it before the registry does.
    Announced(Credential),
    /// It is being written.
    Recording(Credential),
    Recorded(Credential),
    Connecting(Credential),
    /// It waits for its pace.
    Greeted(Credential),
    LoggingIn(Credential, Sending),
    Idle,
    /// Somebody has the slot and has not sent yet.
    Granted(Slot),
    Busy(Slot, Sending),
    /// The login is to be proven, so many times.
    Proving(Slot, u8),
    /// A proof is on the wire.
    Proof(Slot, u8, Sending),
    /// What the proofs have shown was told; the slot is to be given back.
    Proven(Slot),
    KeepingAlive(Sending),
    /// It is to be ended; it waits for its pace.
    Ending,
    /// Whoever owns it ends it, or knows that it has ended.
    Leaving,
}

impl Place {
    /// Comes into this state.
    pub(super) fn enter(&mut self, state: State, now: Instant) {
        if self.state.shown() != state.shown() {
            self.since = now;
        }
        self.state = state;
    }

    /// Whether it carries commands: so shortly before it is to be replaced that another one will be needed.
    pub(super) fn is_used(&self, within: Duration) -> bool {
        self.used_at.checked_add(within).is_none_or(|until| until >= self.retire_at)
    }
}

impl State {
    /// Whether it is on its way to a login.
    pub(super) const fn opens(self) -> bool {
        self.credential().is_some()
    }

    pub(super) const fn credential(self) -> Option<Credential> {
        match self {
            Self::Announced(credential)
            | Self::Recording(credential)
            | Self::Recorded(credential)
            | Self::Connecting(credential)
            | Self::Greeted(credential)
            | Self::LoggingIn(credential, _) => Some(credential),
            _ => None,
        }
    }

    /// What an operator is told of it.
    pub(super) const fn shown(self) -> SessionState {
        match self {
            Self::Announced(_) | Self::Recording(_) | Self::Recorded(_) | Self::Connecting(_) => {
                SessionState::Connecting
            }
            Self::Greeted(_) => SessionState::Greeted,
            Self::LoggingIn(..) => SessionState::LoggingIn,
            Self::Idle => SessionState::Idle,
            Self::Granted(_) | Self::Busy(..) => SessionState::Busy,
            Self::Proving(..) | Self::Proof(..) | Self::Proven(_) => SessionState::Proving,
            Self::KeepingAlive(_) => SessionState::KeepingAlive,
            Self::Ending | Self::Leaving => SessionState::Ending,
        }
    }

    /// Whether it is logged in and stays so for now.
    pub(super) const fn is_live(self) -> bool {
        !self.opens() && !matches!(self, Self::Ending | Self::Leaving)
    }
}
