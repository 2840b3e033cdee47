//! How fast an account may send.

use core::time::Duration;

/// The least time between two commands at the registry, and how long one may take to get there.
///
/// The default is one command per second that takes up to 250 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Zero: unlimited.
    interval: Duration,
    delay: Duration,
}

impl Rate {
    /// One command per second: what CNR allows an account.
    pub const PER_SECOND: Self = Self::per_second(1);

    /// As fast as the sessions answer, for registries without a limit.
    pub const UNLIMITED: Self = Self::every(Duration::ZERO);

    /// How long a command may be on its way, unless [another](Self::allowing_delay) is given: 250 ms.
    pub const ALLOWED_DELAY: Duration = Duration::from_millis(250);

    /// The longest interval and the longest delay: a day.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// So many commands per second, in intervals of one length: never a burst. 0 is taken for 1.
    #[must_use]
    pub const fn per_second(commands: u32) -> Self {
        let commands = if commands == 0 { 1 } else { commands };
        // Rounded up: a nanosecond too long keeps the limit, one too short does not.
        Self::every(Duration::from_nanos(1_000_000_000_u64.div_ceil(commands as u64)))
    }

    /// One command in each such time; zero is [unlimited](Self::UNLIMITED), more than [a day](Self::LONGEST) is a day.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self { interval: at_most_longest(interval), delay: Self::ALLOWED_DELAY }
    }

    /// The rate is kept at the registry while commands take up to so long to get there; more than
    /// [a day](Self::LONGEST) is a day. A longer one costs pace only where replies take longer than it.
    #[must_use]
    pub const fn allowing_delay(self, delay: Duration) -> Self {
        Self { interval: self.interval, delay: at_most_longest(delay) }
    }

    /// The least time between two commands; zero if it is unlimited.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How long a command may be on its way.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// Whether commands need not wait at all.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.interval.is_zero()
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::PER_SECOND
    }
}

const fn at_most_longest(given: Duration) -> Duration {
    if given.as_nanos() > Rate::LONGEST.as_nanos() { Rate::LONGEST } else { given }
}
