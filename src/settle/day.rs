//! A registry's date beside a moment of our clock, with a day to spare.

use crate::date::RegistryDate;

const SECONDS: i64 = 86_400;

/// Whether a registry's date, of whatever zone, is at most a day from a moment, given in milliseconds of Unix time. Of a
/// date without a time of day, the day is.
pub(super) fn is_within_a_day(date: RegistryDate, moment: u64) -> bool {
    let moment = i64::try_from(moment.div_euclid(1_000)).unwrap_or(i64::MAX);
    if !date.has_time() {
        return days(date).abs_diff(moment.div_euclid(SECONDS)) <= 1;
    }
    let (hour, minute, second) = date.time();
    let time = i64::from(hour)
        .saturating_mul(3_600)
        .saturating_add(i64::from(minute).saturating_mul(60))
        .saturating_add(i64::from(second));
    let seconds = days(date).saturating_mul(SECONDS).saturating_add(time);
    seconds.abs_diff(moment) <= SECONDS.unsigned_abs()
}

/// Days since 1970-01-01, counted in years that begin in March.
fn days(date: RegistryDate) -> i64 {
    let month = i64::from(date.month());
    let (year, month) = if month > 2 {
        (i64::from(date.year()), month.saturating_sub(3))
    } else {
        (i64::from(date.year()).saturating_sub(1), month.saturating_add(9))
    };
    let leaps = year.div_euclid(4).saturating_sub(year.div_euclid(100)).saturating_add(year.div_euclid(400));
    let before_month = month.saturating_mul(153).saturating_add(2).div_euclid(5);
    year.saturating_mul(365)
        .saturating_add(leaps)
        .saturating_add(before_month)
        .saturating_add(i64::from(date.day()))
        .saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> RegistryDate {
        RegistryDate::parse(text).unwrap()
    }

    #[test]
    fn days_are_counted() {
        let cases = [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("1970-03-01", 59),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2026-01-01", 20_454),
            ("2100-03-01", 47_541),
        ];
        for (text, wanted) in cases {
            assert_eq!(days(date(text)), wanted, "{text}");
        }
    }

    #[test]
    fn a_day_is_to_spare_in_both_directions() {
        // 2026-01-01 12:00:00
        let noon = 1_767_268_800_000;
        for text in ["2025-12-31 12:00:00.0", "2026-01-02 12:00:00", "2025-12-31", "2026-01-02"] {
            assert!(is_within_a_day(date(text), noon), "{text}");
        }
        for text in ["2025-12-31 11:59:59", "2026-01-02 12:00:01", "2025-12-30", "2026-01-03"] {
            assert!(!is_within_a_day(date(text), noon), "{text}");
        }
        assert!(!is_within_a_day(date("9999-12-31 23:59:60"), u64::MAX));
        assert!(!is_within_a_day(date("0000-01-01"), u64::MAX));
    }
}
