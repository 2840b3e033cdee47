//! How long to wait before another attempt.

use core::time::Duration;

use super::random::Random;

/// Full jitter under a cap that doubles with each attempt, above what the answer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// From one second to one minute.
    pub const DEFAULT: Self = Self::new(Duration::from_secs(1), Duration::from_secs(60));

    /// With jitter of up to `base` before the second attempt, twice as much before each further one, and never more
    /// than `cap`.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The wait before the attempt after the `attempt`th, counted from 1: `least` and a random part.
    #[must_use]
    pub fn wait(&self, attempt: u32, least: Duration, random: &mut Random) -> Duration {
        let doublings = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let range = self.base.saturating_mul(doublings).min(self.cap);
        let millis = u64::try_from(range.as_millis()).unwrap_or(u64::MAX);
        least.saturating_add(Duration::from_millis(random.below(millis.saturating_add(1))))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}
