//! Who waits for what.

use core::time::Duration;
use std::sync::Arc;

use super::entry::Ticket;
use super::job::{Purpose, State};
use super::slots::JobId;
use super::upstream::Upstream;
use crate::pace::Lane;

/// One command on its way or in line, for people.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub(super) job: JobId,
    pub(super) name: Box<str>,
    pub(super) object: Option<Box<str>>,
    pub(super) state: &'static str,
    pub(super) purpose: &'static str,
    pub(super) lane: Lane,
    pub(super) user: Box<str>,
    pub(super) caller: Arc<str>,
    pub(super) calls: usize,
    pub(super) ticket: Option<Ticket>,
    pub(super) attempts: u32,
    pub(super) age: Duration,
}

impl Waiting {
    /// Its number; later ones are greater.
    #[must_use]
    pub const fn job(&self) -> JobId {
        self.job
    }

    /// The name of the command.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is about, if that is known: the first of its objects.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }

    /// `queued`, `pausing`, `behind` (another write to its object), `recording`, `sending`, `probing` or `closing`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.state
    }

    /// What it waits for or sends: `command` itself, a `read-before` it, or a `read-back`.
    #[must_use]
    pub const fn purpose(&self) -> &'static str {
        self.purpose
    }

    /// The lane that its caller chose.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// Whose it is.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Who of the user's takes turns with others.
    #[must_use]
    pub fn caller(&self) -> &str {
        let caller = self.caller.strip_prefix(&*self.user).and_then(|rest| rest.strip_prefix('\0'));
        caller.unwrap_or_default()
    }

    /// How many calls wait for it: none, if its caller has left or was told that it is in doubt.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// The ticket of its intent, once there is one.
    #[must_use]
    pub const fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    /// How often it was sent, so far.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Since when it is there.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }
}

impl<U: Upstream> State<U> {
    /// What it waits for or sends.
    pub(super) const fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Waiting(purpose)
            | Self::Pausing(purpose, _)
            | Self::Sending(_, purpose)
            | Self::Probing(_, purpose, _) => Some(*purpose),
            Self::Behind | Self::Recording(_) | Self::Late | Self::Closing => None,
        }
    }

    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Waiting(_) => "queued",
            Self::Pausing(..) => "pausing",
            Self::Recording(_) | Self::Late => "recording",
            Self::Sending(..) => "sending",
            Self::Probing(..) => "probing",
            Self::Closing => "closing",
        }
    }
}

impl Purpose {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Before => "read-before",
            Self::Look => "read-back",
        }
    }
}
