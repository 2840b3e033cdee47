//! Times as an operator says and reads them.

use std::fmt;

use crate::journal::wall;

/// The longest hold, in seconds.
const LONGEST: u64 = rrp::pool::Pool::MAX_OPERATOR_HOLD.as_secs();

/// Until when something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// So many seconds from now.
    In(u64),
    /// Seconds of Unix time.
    At(u64),
}

/// It is over already, or too far away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed;

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`--until` is not in the next 24 hours")
    }
}

impl Until {
    /// Seconds from now.
    pub(crate) fn seconds(self) -> Result<u64, Passed> {
        let seconds = match self {
            Self::In(seconds) => seconds,
            Self::At(then) => then.saturating_sub(wall() / 1_000),
        };
        if (1..=LONGEST).contains(&seconds) { Ok(seconds) } else { Err(Passed) }
    }
}

/// `90s`, `30m`, `2h`, `1d`, or a time in UTC: `2026-07-01T06:00Z`.
pub(crate) fn until(text: &str) -> Result<Until, String> {
    let wrong = || "it is a time from now (90s, 30m, 2h, 1d) or in UTC (2026-07-01T06:00Z)".to_owned();
    let units = [('s', 1_u64), ('m', 60), ('h', 3_600), ('d', 86_400)];
    for (unit, seconds) in units {
        if let Some(number) = text.strip_suffix(unit) {
            let number: u64 = digits(number).ok_or_else(wrong)?;
            return number.checked_mul(seconds).map(Until::In).ok_or_else(wrong);
        }
    }
    utc(text).map(Until::At).ok_or_else(wrong)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Seconds of Unix time, of years that a person may mean.
fn utc(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers =
        |text: &str, separator: char| -> Option<Vec<u64>> { text.split(separator).map(digits).collect() };
    let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
    let [year @ 2000..=2999, month @ 1..=12, day] = *date else { return None };
    let (hour, minute, second) = match *time {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let long = |month: u64, year: u64| match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day == 0 || day > long(month, year) {
        return None;
    }
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let months: u64 = (1..month).map(|month| long(month, year)).sum();
    let days = years.checked_add(months)?.checked_add(day)?.checked_sub(1)?;
    let minutes = hour.checked_mul(60)?.checked_add(minute)?;
    days.checked_mul(86_400)?.checked_add(minutes.checked_mul(60)?)?.checked_add(second)
}

/// Seconds in one unit, short.
pub(crate) fn shown(seconds: f64) -> String {
    match seconds {
        0.0..1.0 => format!("{:.0} ms", seconds * 1_000.0),
        1.0..120.0 => format!("{seconds:.1} s"),
        120.0..7_200.0 => format!("{:.0} min", seconds / 60.0),
        7_200.0..172_800.0 => format!("{:.0} h", seconds / 3_600.0),
        _ => format!("{:.0} d", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_from_now_or_in_utc() {
        for (text, expected) in [
            ("90s", Some(Until::In(90))),
            ("30m", Some(Until::In(1_800))),
            ("1d", Some(Until::In(86_400))),
            ("2026-01-01T00:00Z", Some(Until::At(1_767_225_600))),
            ("2024-02-29T23:59:59Z", Some(Until::At(1_709_251_199))),
            ("2026-02-29T00:00Z", None),
            ("2026-01-01T24:00Z", None),
            ("2026-01-01T00:00", None),
            ("-1s", None),
            ("+1s", None),
            ("", None),
            ("s", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(until(text).ok(), expected, "{text}");
        }
        assert!(Until::At(1_767_225_600).seconds().is_err() && Until::In(0).seconds().is_err());
    }

    #[test]
    fn a_wait_is_shown_in_one_unit() {
        for (seconds, expected) in
            [(0.0, "0 ms"), (0.25, "250 ms"), (3.2, "3.2 s"), (600.0, "10 min"), (1e6, "12 d")]
        {
            assert_eq!(shown(seconds), expected);
        }
    }
}
