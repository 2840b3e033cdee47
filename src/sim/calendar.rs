//! The registry's calendar: its clock is the caller's, counted from a date of the configuration.

use core::fmt;
use core::time::Duration;

use crate::date::RegistryDate;

const DAY: i64 = 86_400;

/// A second of the registry's local time (RFC 2832 §9: stamps carry no zone).
///
/// Years 1 to 9999; what would lie beyond stops there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Seconds since 1970-01-01.
    seconds: i64,
}

impl Stamp {
    const MIN: i64 = days_before(1, 1, 1) * DAY;
    const MAX: i64 = days_before(10_000, 1, 1) * DAY - 1;

    /// Midnight of a day; a month or day that does not exist is moved to the nearest that does.
    #[must_use]
    pub fn midnight(year: i32, month: u8, day: u8) -> Self {
        let year = i64::from(year).clamp(1, 9999);
        let month = i64::from(month).clamp(1, 12);
        let day = i64::from(day).clamp(1, days_in(year, month));
        Self::from_seconds(days_before(year, month, day).saturating_mul(DAY))
    }

    /// The same day at this time of day; what is out of range is moved to the nearest that is in it.
    #[must_use]
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Self {
        let time = i64::from(hour.min(23))
            .saturating_mul(3_600)
            .saturating_add(i64::from(minute.min(59)).saturating_mul(60))
            .saturating_add(i64::from(second.min(59)));
        Self::from_seconds(self.days().saturating_mul(DAY).saturating_add(time))
    }

    /// The stamp of `2009-09-22 10:27:00.0`, with or without the fraction; the time may be missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date = RegistryDate::parse(text)?;
        let (hour, minute, second) = date.time();
        Some(Self::midnight(i32::from(date.year()), date.month(), date.day()).at(hour, minute, second))
    }

    const fn from_seconds(seconds: i64) -> Self {
        let seconds = if seconds < Self::MIN {
            Self::MIN
        } else if seconds > Self::MAX {
            Self::MAX
        } else {
            seconds
        };
        Self { seconds }
    }

    /// This much later, in whole seconds.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self::from_seconds(self.seconds.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
    }

    /// This many years later (earlier, if negative); 29 February becomes 28 where there is none.
    #[must_use]
    pub fn years_later(self, years: i32) -> Self {
        let (year, month, day) = self.civil();
        let year = year.saturating_add(i64::from(years)).clamp(1, 9999);
        let day = day.min(days_in(year, month));
        let time = self.seconds.rem_euclid(DAY);
        Self::from_seconds(days_before(year, month, day).saturating_mul(DAY).saturating_add(time))
    }

    /// How much later this is than `earlier`; nothing if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.seconds.saturating_sub(earlier.seconds)).unwrap_or(0))
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i64 {
        self.civil().0
    }

    /// As RRP writes it: `2009-09-22 10:27:00.0` (RFC 2832 §7, `time-stamp`).
    #[must_use]
    pub fn rrp(self) -> String {
        format!("{self}.0")
    }

    /// As a greeting writes it (RFC 2832 §3): `Mon Oct 25 20:20:34 UTC 1999`.
    #[must_use]
    pub fn banner(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (year, month, day) = self.civil();
        let nth =
            |names: &[&'static str], at: i64| usize::try_from(at).ok().and_then(|at| names.get(at).copied());
        let weekday = nth(&DAYS, self.days().rem_euclid(7)).unwrap_or_default();
        let month = nth(&MONTHS, month.saturating_sub(1)).unwrap_or_default();
        let stamp = self.to_string();
        let time = stamp.split(' ').next_back().unwrap_or_default();
        format!("{weekday} {month} {day:02} {time} UTC {year:04}")
    }

    fn days(self) -> i64 {
        self.seconds.div_euclid(DAY)
    }

    /// Year, month and day.
    fn civil(self) -> (i64, i64, i64) {
        // A guess from the mean length of a year is at most one off; then months are few.
        let days = self.days();
        let mut year = days.saturating_mul(400).div_euclid(146_097).saturating_add(1970);
        while days_before(year, 1, 1) > days {
            year = year.saturating_sub(1);
        }
        while days_before(year.saturating_add(1), 1, 1) <= days {
            year = year.saturating_add(1);
        }
        let month = (2..=12).rev().find(|month| days_before(year, *month, 1) <= days).unwrap_or(1);
        (year, month, days.saturating_sub(days_before(year, month, 1)).saturating_add(1))
    }
}

impl fmt::Display for Stamp {
    /// As PTF writes it: `2009-09-22 10:27:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        let time = self.seconds.rem_euclid(DAY);
        let (hour, minute, second) =
            (time.div_euclid(3_600), time.div_euclid(60).rem_euclid(60), time.rem_euclid(60));
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a day of the Gregorian calendar.
#[expect(clippy::arithmetic_side_effects, reason = "years are at most five digits long")]
const fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let years = year - 1;
    let mut days = years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    let mut past = 1;
    while past < month {
        days += days_in(year, past);
        past += 1;
    }
    days + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_agrees_with_known_days() {
        assert_eq!(Stamp::midnight(1970, 1, 1).seconds, 0);
        assert_eq!(Stamp::midnight(2000, 3, 1).seconds, 951_868_800);
        assert_eq!(Stamp::parse("2009-02-13 23:31:30.0").unwrap().seconds, 1_234_567_890);
        for (year, month, day) in [(1, 1, 1), (1999, 12, 31), (2000, 2, 29), (2100, 2, 28), (9999, 12, 31)] {
            let stamp = Stamp::midnight(year, month, day).at(10, 27, 5);
            assert_eq!(stamp.to_string(), format!("{year:04}-{month:02}-{day:02} 10:27:05"));
        }
    }

    #[test]
    fn banner_is_as_in_the_example() {
        let stamp = Stamp::parse("1999-10-25 20:20:34").unwrap();
        assert_eq!(stamp.banner(), "Mon Oct 25 20:20:34 UTC 1999");
        assert_eq!(Stamp::midnight(1969, 12, 31).banner(), "Wed Dec 31 00:00:00 UTC 1969");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = Stamp::midnight(1890, 1, 1);
        for _ in 0..100_000 {
            let next = last.after(Duration::from_secs(86_400));
            assert!(next.civil() > last.civil());
            let (year, month, day) = next.civil();
            assert_eq!(days_before(year, month, day), next.days());
            last = next;
        }
    }

    #[test]
    fn years_keep_the_day_where_it_exists() {
        let leap = Stamp::parse("2000-02-29 01:02:03").unwrap();
        assert_eq!(leap.years_later(1).rrp(), "2001-02-28 01:02:03.0");
        assert_eq!(leap.years_later(4).rrp(), "2004-02-29 01:02:03.0");
        assert_eq!(leap.years_later(i32::MAX).year(), 9999);
        assert_eq!(leap.years_later(i32::MIN).year(), 1);
    }
}
