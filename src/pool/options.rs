//! The numbers that a pool goes by.

use core::ops::RangeInclusive;
use core::time::Duration;

use crate::pace::{Rate, Shares};
use crate::retry::Backoff;

/// What a registry allows an account, and how it is used.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) rate: Rate,
    pub(super) shares: Shares,
    pub(super) keepalive_after: Duration,
    pub(super) idle_limit: Duration,
    pub(super) surplus_after: Duration,
    pub(super) rotate_after: Duration,
    pub(super) lifetime: Duration,
    pub(super) reopening: Backoff,
    pub(super) hold_off: Duration,
    pub(super) most_hold_off: Duration,
    pub(super) seed: u64,
}

impl Options {
    /// No more sessions than this, 256, whatever is asked for.
    pub const MAX_SESSIONS: usize = 256;
    /// What CNR allows an account: none to five.
    pub const SESSIONS: RangeInclusive<usize> = 0..=5;
    /// An idle session is kept alive after so long, nine minutes …
    pub const KEEPALIVE_AFTER: Duration = Duration::from_secs(9 * 60);
    /// … for the registry ends it after so long, ten minutes. A session that was lost in silence counts for so long.
    pub const IDLE_LIMIT: Duration = Duration::from_secs(10 * 60);
    /// A session beyond the least number that has carried nothing for so long, an hour, is ended.
    pub const SURPLUS_AFTER: Duration = Duration::from_secs(60 * 60);
    /// A session is replaced after so long, 23 hours …
    pub const ROTATE_AFTER: Duration = Duration::from_secs(23 * 60 * 60);
    /// … for the registry ends it after so long, a day.
    pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
    /// After 521 no session is opened for so long at first, 30 s.
    pub const HOLD_OFF: Duration = Duration::from_secs(30);
    /// And at most for so long, ten minutes.
    pub const MOST_HOLD_OFF: Duration = Duration::from_secs(10 * 60);

    /// The numbers above, one command per second, one second to one minute of backoff; a seed for jitter.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            min: *Self::SESSIONS.start(),
            max: *Self::SESSIONS.end(),
            rate: Rate::PER_SECOND,
            shares: Shares::default(),
            keepalive_after: Self::KEEPALIVE_AFTER,
            idle_limit: Self::IDLE_LIMIT,
            surplus_after: Self::SURPLUS_AFTER,
            rotate_after: Self::ROTATE_AFTER,
            lifetime: Self::LIFETIME,
            reopening: Backoff::DEFAULT,
            hold_off: Self::HOLD_OFF,
            most_hold_off: Self::MOST_HOLD_OFF,
            seed,
        }
    }

    /// With so many sessions: as many as the range begins with are kept open even if nothing waits, and never more than it
    /// ends with, connecting and ending ones and those that the registry may still count included. At least 1 and at most
    /// [`MAX_SESSIONS`](Self::MAX_SESSIONS) are taken for the end, and no more than that for the beginning.
    #[must_use]
    pub fn sessions(mut self, sessions: RangeInclusive<usize>) -> Self {
        self.max = (*sessions.end()).clamp(1, Self::MAX_SESSIONS);
        self.min = (*sessions.start()).min(self.max);
        self
    }

    /// At this rate.
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// With these shares of the lanes.
    #[must_use]
    pub const fn shares(mut self, shares: Shares) -> Self {
        self.shares = shares;
        self
    }

    /// With idle sessions kept alive after `after`, up to a tenth of it earlier by chance, where the registry ends them
    /// after `limit`.
    #[must_use]
    pub fn idle(mut self, after: Duration, limit: Duration) -> Self {
        self.keepalive_after = after.min(limit);
        self.idle_limit = limit;
        self
    }

    /// With sessions beyond the least number ended that have carried nothing for so long.
    #[must_use]
    pub const fn surplus_after(mut self, after: Duration) -> Self {
        self.surplus_after = after;
        self
    }

    /// With sessions replaced after `after`, up to a fortieth of it earlier by chance, where the registry ends them after
    /// `limit`.
    #[must_use]
    pub fn lifetime(mut self, after: Duration, limit: Duration) -> Self {
        self.rotate_after = after.min(limit);
        self.lifetime = limit;
        self
    }

    /// With this wait before a session is opened again that could not be opened.
    #[must_use]
    pub const fn reopening(mut self, backoff: Backoff) -> Self {
        self.reopening = backoff;
        self
    }

    /// With no session opened after 521, and none after a login that was refused for another reason than its credentials (any
    /// other 5xx), for `first`, twice as long after each further one, and at most for `most`.
    #[must_use]
    pub fn hold_off(mut self, first: Duration, most: Duration) -> Self {
        self.hold_off = first.min(most);
        self.most_hold_off = most;
        self
    }
}
