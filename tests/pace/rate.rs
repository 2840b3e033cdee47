//! Rates as they are stated.

use core::time::Duration;

use rrp::pace::Rate;

use crate::{MILLI, SECOND};

#[test]
fn the_default_is_one_per_second_and_a_quarter_of_one_on_the_way() {
    let rate = Rate::default();
    assert_eq!((rate.interval(), rate.delay(), rate.is_unlimited()), (SECOND, 250 * MILLI, false));
    assert_eq!([Rate::PER_SECOND, Rate::per_second(1), Rate::every(SECOND)], [rate; 3]);
}

#[test]
fn no_interval_is_shorter_than_the_rate_allows() {
    for commands in [1, 2, 3, 7, 600, 999_999_999, 1_000_000_000, 1_000_000_001, u32::MAX] {
        let interval = Rate::per_second(commands).interval();
        let all = interval.checked_mul(commands).unwrap();
        assert!(all >= SECOND, "{commands}: {interval:?}");
        // Nor longer than by the part of a nanosecond that there is not.
        assert!(interval.is_zero() || (interval - Duration::from_nanos(1)) * commands < SECOND, "{commands}");
        assert!(!Rate::per_second(commands).is_unlimited());
    }
    assert_eq!(Rate::per_second(0), Rate::per_second(1));
}

#[test]
fn only_a_rate_without_interval_is_unlimited() {
    assert!(Rate::UNLIMITED.is_unlimited() && Rate::every(Duration::ZERO).is_unlimited());
    assert!(!Rate::every(Duration::from_nanos(1)).is_unlimited());
    assert!(Rate::UNLIMITED.allowing_delay(SECOND).is_unlimited());
}

#[test]
fn times_end_at_a_day() {
    for (given, kept) in [
        (Rate::LONGEST - Duration::from_nanos(1), Rate::LONGEST - Duration::from_nanos(1)),
        (Rate::LONGEST, Rate::LONGEST),
        (Rate::LONGEST + Duration::from_nanos(1), Rate::LONGEST),
        (Duration::MAX, Rate::LONGEST),
    ] {
        let rate = Rate::every(given).allowing_delay(given);
        assert_eq!((rate.interval(), rate.delay()), (kept, kept));
    }
}
