//! The clock on the wall, and a random number to begin with: the two things that a client takes from its surroundings.
//! And how a time of that clock is shown.

use core::fmt;
use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a client reads the time of day from.
pub(super) type Wall = Box<dyn Fn() -> u64 + Send + Sync>;

/// Milliseconds of Unix time, by the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "what is written down carries a date, and an embedder may give another clock"
)]
pub(crate) fn system() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A number that differs from process to process. It is for jitter, and for hashes that do not leave the process.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A key made of such numbers.
pub(crate) fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    for part in key.chunks_mut(8) {
        part.copy_from_slice(&random().to_le_bytes());
    }
    key
}

/// Seconds of Unix time, shown as `2026-01-31 23:59:59 UTC`.
pub(super) struct Utc(pub(super) u64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: u64 = 24 * 60 * 60;
        let (days, second) = (self.0 / DAY, self.0 % DAY);
        // Counted from the first of March of a year that 400 divides: the day that may be missing is a year's last.
        let days = days.saturating_add(719_468);
        let (era, day) = (days / 146_097, days % 146_097);
        let leap_days = (day / 1_460).saturating_add(day / 146_096).saturating_sub(day / 36_524);
        let year = day.saturating_sub(leap_days) / 365;
        let leap_days = (year / 4).saturating_sub(year / 100);
        let day = day.saturating_sub(year.saturating_mul(365)).saturating_sub(leap_days);
        let month = day.saturating_mul(5).saturating_add(2) / 153;
        let day = day.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
        let (next_year, month) = match month {
            0..10 => (0, month.saturating_add(3)),
            _ => (1, month.saturating_sub(9)),
        };
        let year = era.saturating_mul(400).saturating_add(year).saturating_add(next_year);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_by_the_calendar() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_767_225_599, "2025-12-31 23:59:59 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(Utc(seconds).to_string(), shown);
        }
        // Whatever a file says.
        assert!(Utc(u64::MAX).to_string().ends_with(" UTC"));
    }
}
