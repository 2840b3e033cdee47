//! How a dispatcher stands, for operators.

use core::time::Duration;
use std::error::Error;
use std::sync::Arc;

use super::job::State;
use super::upstream::Upstream;

/// How many commands are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    queued: usize,
    pausing: usize,
    behind: usize,
    recording: usize,
    on_the_wire: usize,
    probing: usize,
    closing: usize,
}

impl Counts {
    const fn of<U: Upstream>(&mut self, state: &State<U>) -> &mut usize {
        match state {
            State::Waiting(_) => &mut self.queued,
            State::Pausing(..) => &mut self.pausing,
            State::Behind => &mut self.behind,
            State::Recording(_) | State::Late => &mut self.recording,
            State::Sending(..) => &mut self.on_the_wire,
            State::Probing(..) => &mut self.probing,
            State::Closing => &mut self.closing,
        }
    }

    pub(super) const fn enter<U: Upstream>(&mut self, state: &State<U>) {
        let count = self.of(state);
        *count = count.saturating_add(1);
    }

    pub(super) const fn leave<U: Upstream>(&mut self, state: &State<U>) {
        let count = self.of(state);
        *count = count.saturating_sub(1);
    }
}

/// How a dispatcher stands at one moment. It is made of counters: its cost does not depend on how much waits.
///
/// How long the lines of each lane are, and how sessions stand, is told by whoever gives the slots.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) counts: Counts,
    pub(super) calls: usize,
    pub(super) callers: usize,
    pub(super) doubts: usize,
    pub(super) unrecorded: usize,
    pub(super) frozen: Option<Arc<dyn Error + Send + Sync>>,
    pub(super) held: Option<Duration>,
    pub(super) stopping: bool,
}

impl Snapshot {
    /// Commands that wait for a slot, reads that settle included.
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.counts.queued
    }

    /// Commands that wait for a time: before they are sent again, or read back once more.
    #[must_use]
    pub const fn pausing(&self) -> usize {
        self.counts.pausing
    }

    /// Writes that wait for another one to the same object.
    #[must_use]
    pub const fn behind(&self) -> usize {
        self.counts.behind
    }

    /// Writes whose intent is being recorded.
    #[must_use]
    pub const fn recording(&self) -> usize {
        self.counts.recording
    }

    /// Commands and reads on the wire.
    #[must_use]
    pub const fn on_the_wire(&self) -> usize {
        self.counts.on_the_wire
    }

    /// Commands whose reply may mean a lost login, which is being proven.
    #[must_use]
    pub const fn probing(&self) -> usize {
        self.counts.probing
    }

    /// Writes whose outcome is being recorded.
    #[must_use]
    pub const fn closing(&self) -> usize {
        self.counts.closing
    }

    /// Calls that have not been told yet. Several may wait for one command.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Callers that wait for something, or have left something that still waits.
    #[must_use]
    pub const fn callers(&self) -> usize {
        self.callers
    }

    /// Writes in doubt.
    #[must_use]
    pub const fn doubts(&self) -> usize {
        self.doubts
    }

    /// Records that the journal has not confirmed yet, those that it failed to write included.
    #[must_use]
    pub const fn unrecorded(&self) -> usize {
        self.unrecorded
    }

    /// Why writes are refused: what the journal failed with. `None` if it records.
    #[must_use]
    pub fn frozen(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.frozen.as_deref()
    }

    /// How long the registry's lock of the account still lasts; `None` if there is none.
    #[must_use]
    pub const fn held(&self) -> Option<Duration> {
        self.held
    }

    /// Whether nothing new is begun any more.
    #[must_use]
    pub const fn is_stopping(&self) -> bool {
        self.stopping
    }
}
