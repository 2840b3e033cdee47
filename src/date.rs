//! Points in time as a registry writes them: without a time zone.

use core::fmt;

/// A registry's time stamp, `2009-09-22 10:27:00.0` (RFC 2832 §7, `time-stamp`).
///
/// It carries no zone and "SHOULD be interpreted as local registry time" (§9), so it is never compared with a clock of
/// ours: only with another stamp of the same registry. The fraction may have up to nine digits or be missing, and so
/// may the time of day; a date alone is less than its midnight, and not equal to it.
///
/// ```
/// use rrp::RegistryDate;
///
/// let before = RegistryDate::parse("2010-09-22 10:27:00.0").unwrap();
/// let after = RegistryDate::parse("2011-09-22 10:27:00").unwrap();
/// assert!(before < after);
/// assert_eq!(after.year(), 2011);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryDate {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
    timed: bool,
}

impl RegistryDate {
    /// The stamp, if the text is one and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once([' ', 'T']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let (year, month_day) = date.split_once('-')?;
        let (month, day) = month_day.split_once('-')?;
        let mut stamp = Self {
            year: number(year, 4)?,
            month: u8::try_from(number(month, 2)?).ok()?,
            day: u8::try_from(number(day, 2)?).ok()?,
            hour: 0,
            minute: 0,
            second: 0,
            nanos: 0,
            timed: time.is_some(),
        };
        if let Some(time) = time {
            let (hour, minute_second) = time.split_once(':')?;
            let (minute, second) = minute_second.split_once(':')?;
            let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
            stamp.hour = u8::try_from(number(hour, 2)?).ok()?;
            stamp.minute = u8::try_from(number(minute, 2)?).ok()?;
            stamp.second = u8::try_from(number(second, 2)?).ok()?;
            stamp.nanos = nanos(fraction)?;
        }
        let real = (1..=12).contains(&stamp.month)
            && (1..=days_in(stamp.year, stamp.month)).contains(&stamp.day)
            && stamp.hour < 24
            && stamp.minute < 60
            && stamp.second <= 60;
        real.then_some(stamp)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Hour, minute and second; the second may be 60.
    #[must_use]
    pub const fn time(self) -> (u8, u8, u8) {
        (self.hour, self.minute, self.second)
    }

    /// Whether there is a time of day; if not, it reads as midnight.
    #[must_use]
    pub const fn has_time(self) -> bool {
        self.timed
    }

    /// The fraction of the second in nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u32 {
        self.nanos
    }
}

/// Exactly `digits` ASCII digits.
fn number(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// One to nine ASCII digits after the point.
fn nanos(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

const fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for RegistryDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, nanos, timed } = *self;
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        if !timed {
            return Ok(());
        }
        write!(f, " {hour:02}:{minute:02}:{second:02}")?;
        let fraction = format!("{nanos:09}");
        let fraction = fraction.trim_end_matches('0');
        write!(f, ".{}", if fraction.is_empty() { "0" } else { fraction })
    }
}

impl fmt::Debug for RegistryDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
