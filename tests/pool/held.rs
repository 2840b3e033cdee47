//! What a pool's owner has in hand.

use rrp::dispatch::Slot;
use rrp::pool::Credential;

/// A session as its owner sees it, and the number of what is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Connecting(Credential),
    Greeted(Credential),
    LoggingIn(Credential, usize),
    Idle,
    Granted(Slot),
    Busy(Slot, usize),
    /// With the slot whose login is proven, if it is a proof.
    KeepingAlive(usize, Option<Slot>),
    Proving(Slot),
    Ending,
}

impl Held {
    pub(crate) fn opens(&self) -> bool {
        matches!(self, Self::Connecting(_) | Self::Greeted(_) | Self::LoggingIn(..))
    }
}

/// What the journal does with what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Journal {
    Writes,
    Fails,
    /// Says nothing.
    Hangs,
}
