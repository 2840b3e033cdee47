//! How much a user has sent.

use core::time::Duration;

use tokio::time::Instant;

/// Milliseconds.
const DAY: u64 = 86_400_000;
const SECOND: Duration = Duration::from_secs(1);

/// What one user has sent.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// When all that was let through would have gone, one after the other (GCRA's theoretical arrival time).
    paid_until: Option<Instant>,
    /// Days since 1970, by UTC.
    day: u64,
    billed: u32,
}

impl Usage {
    /// How long the next command waits. Within a second, `per_second` commands may go together.
    pub(super) fn pace(&mut self, per_second: u32, now: Instant) -> Duration {
        let interval = SECOND.checked_div(per_second).unwrap_or(SECOND);
        let begun = self.paid_until.map_or(now, |until| until.max(now));
        self.paid_until = begun.checked_add(interval);
        let ahead = begun.saturating_duration_since(now);
        ahead.saturating_sub(SECOND.saturating_sub(interval))
    }

    /// Takes the last one back: it does not go.
    pub(super) fn unpace(&mut self, per_second: u32) {
        let interval = SECOND.checked_div(per_second).unwrap_or(SECOND);
        self.paid_until = self.paid_until.and_then(|until| until.checked_sub(interval));
    }

    /// Counts one more, at this time; `false` if there were `most` on this day already. A clock that is put back stays on
    /// the later day.
    pub(super) fn bill(&mut self, most: u32, wall: u64) -> bool {
        let day = wall / DAY;
        if day > self.day {
            self.day = day;
            self.billed = 0;
        }
        if self.billed >= most {
            return false;
        }
        self.billed = self.billed.saturating_add(1);
        true
    }

    pub(super) fn refund(&mut self) {
        self.billed = self.billed.saturating_sub(1);
    }

    #[cfg(test)]
    pub(super) const fn billed(&self) -> u32 {
        self.billed
    }
}
