//! Values that can be written in more than one way: times, rates, numbers of sessions.

use core::fmt;
use core::fmt::Write as _;
use core::ops::RangeInclusive;
use core::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::pace::{Lane, Rate};

/// A number or a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Integer(i64),
    Float(f64),
    Text(String),
}

struct Scalars;

impl Visitor<'_> for Scalars {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
        i64::try_from(value).map(Scalar::Integer).map_err(|_| E::custom("this number is too large"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalars)
    }
}

/// A number, or an array of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Most(u64),
    Range(u64, u64),
}

struct Counts;

impl<'de> Visitor<'de> for Counts {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or an array of two")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Count, E> {
        u64::try_from(value).map(Count::Most).map_err(|_| E::custom("this number is less than 0"))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Count, E> {
        Ok(Count::Most(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Count, A::Error> {
        let (first, second) = (sequence.next_element()?, sequence.next_element()?);
        match (first, second, sequence.next_element::<u64>()?) {
            (Some(least), Some(most), None) => Ok(Count::Range(least, most)),
            _ => Err(A::Error::custom("this is not an array of two numbers")),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counts)
    }
}

/// The units of times, the longest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("ms", 1), ("m", 60_000), ("s", 1_000)];

/// What is wrong with a value, to stand behind it.
pub(super) type Wrong = String;

/// A time within these bounds: `"90s"`, `"5m"`, `"1h30m"`, `"250ms"`, or a number of seconds.
pub(super) fn duration(value: &Scalar, bounds: &RangeInclusive<Duration>) -> Result<Duration, Wrong> {
    let found = match value {
        Scalar::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Scalar::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        Scalar::Text(text) => from_text(text),
    };
    let found = found.ok_or_else(|| {
        "is not a time: write `\"90s\"`, `\"5m\"`, `\"1h30m\"` or a number of seconds".to_owned()
    })?;
    if bounds.contains(&found) {
        return Ok(found);
    }
    Err(format!("is not from {} to {}", shown(*bounds.start()), shown(*bounds.end())))
}

fn from_text(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return rest.parse().ok().map(Duration::from_secs);
    }
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        let (_, millis) = UNITS.iter().find(|(known, _)| *known == unit.trim())?;
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = behind;
    }
    Some(Duration::from_millis(sum))
}

/// A time as [`duration`] reads it.
pub(super) fn shown(time: Duration) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 || millis % 1_000 != 0 {
        return if millis == 0 { "0s".to_owned() } else { format!("{millis}ms") };
    }
    let (mut rest, mut text) = (millis, String::new());
    // Nobody thinks of ninety seconds as a minute and a half.
    let units = if millis < 120_000 { UNITS.get(4..) } else { UNITS.get(..) };
    for (unit, size) in units.unwrap_or_default().iter().filter(|(unit, _)| *unit != "ms") {
        let count = rest.checked_div(*size).unwrap_or_default();
        if count > 0 {
            let _ = write!(text, "{count}{unit}");
            rest = rest.checked_rem(*size).unwrap_or_default();
        }
    }
    text
}

/// Commands per second, a fraction of one too, or `unlimited`.
pub(super) fn rate(value: &Scalar) -> Result<Rate, Wrong> {
    let wrong = || "is not a number of commands per second, from 0.0001 to 100000, or `unlimited`".to_owned();
    match value {
        Scalar::Text(text) if text == "unlimited" => Ok(Rate::UNLIMITED),
        Scalar::Integer(number) => match u32::try_from(*number) {
            Ok(number @ 1..=100_000) => Ok(Rate::per_second(number)),
            _ => Err(wrong()),
        },
        Scalar::Float(number) if (0.0001..=100_000.0).contains(number) => {
            // Rounded up, as `per_second` does.
            let interval = Duration::try_from_secs_f64(number.recip()).map_err(|_| wrong())?;
            Ok(Rate::every(interval.saturating_add(Duration::from_nanos(1))))
        }
        Scalar::Text(_) | Scalar::Float(_) => Err(wrong()),
    }
}

/// Sessions: the most, or the least and the most.
pub(super) fn sessions(value: &Count) -> Result<RangeInclusive<usize>, Wrong> {
    let (least, most) = match value {
        Count::Most(most) => (0, *most),
        Count::Range(least, most) => (*least, *most),
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    if most == 0 || least > most || most > 256 {
        return Err("is not a number of sessions from 1 to 256, or the least and the most of them".to_owned());
    }
    Ok(size(least)..=size(most))
}

/// The lanes that callers may choose.
const LANES: [Lane; 3] = [Lane::Interactive, Lane::Normal, Lane::Bulk];

pub(super) fn lane(text: &str) -> Result<Lane, Wrong> {
    LANES
        .into_iter()
        .find(|lane| lane.as_str() == text)
        .ok_or_else(|| "is not `interactive`, `normal` or `bulk`".to_owned())
}

/// This lane and those after it.
pub(super) fn lanes_from(first: Lane) -> Vec<Lane> {
    LANES.into_iter().filter(|lane| *lane >= first).collect()
}

/// The mode of a file: `"0660"`, or `0o660`.
pub(super) fn mode(value: &Scalar) -> Result<u32, Wrong> {
    let found = match value {
        Scalar::Integer(number) => u32::try_from(*number).ok(),
        Scalar::Text(text) if (3..=4).contains(&text.len()) => u32::from_str_radix(text, 8).ok(),
        Scalar::Text(_) | Scalar::Float(_) => None,
    };
    found
        .filter(|mode| *mode <= 0o777 && mode & 0o600 == 0o600)
        .ok_or_else(|| "is not the mode of a socket: write `\"0660\"` or `0o660`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(1_000_000);

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    #[test]
    fn a_time_is_read_as_it_is_shown() {
        for (written, seconds) in
            [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("2d", 172_800), ("7", 7), ("0s", 0)]
        {
            let read = duration(&text(written), &ANY).unwrap();
            assert_eq!(read, Duration::from_secs(seconds), "{written}");
            assert_eq!(duration(&text(&shown(read)), &ANY).unwrap(), read);
        }
        assert_eq!(duration(&text("250ms"), &ANY).unwrap(), Duration::from_millis(250));
        assert_eq!(duration(&Scalar::Float(0.5), &ANY).unwrap(), Duration::from_millis(500));
        assert_eq!(
            (shown(Duration::from_secs(90)), shown(Duration::from_secs(300))),
            ("90s".into(), "5m".into())
        );
        for wrong in ["", "s", "5 weeks", "-1s", "99999999999999999999s", "5m5"] {
            assert!(duration(&text(wrong), &ANY).is_err(), "{wrong}");
        }
        let short = Duration::from_secs(1)..=Duration::from_secs(60);
        assert_eq!(duration(&Scalar::Integer(90), &short).unwrap_err(), "is not from 1s to 60s");
    }

    #[test]
    fn a_rate_is_never_faster_than_it_says() {
        assert_eq!(rate(&Scalar::Integer(1)).unwrap(), Rate::PER_SECOND);
        assert!(rate(&Scalar::Float(0.5)).unwrap().interval() >= Duration::from_secs(2));
        assert!(rate(&Scalar::Float(3.0)).unwrap().interval() * 3 >= Duration::from_secs(1));
        assert!(rate(&text("unlimited")).unwrap().is_unlimited());
        for wrong in [Scalar::Integer(0), Scalar::Integer(-1), Scalar::Float(f64::NAN), text("1/s")] {
            rate(&wrong).unwrap_err();
        }
    }

    #[test]
    fn a_mode_in_decimal_is_not_believed() {
        assert_eq!((mode(&text("0660")).unwrap(), mode(&Scalar::Integer(0o600)).unwrap()), (0o660, 0o600));
        for wrong in [Scalar::Integer(660), text("rw"), text("0060"), text("66")] {
            mode(&wrong).unwrap_err();
        }
    }
}
