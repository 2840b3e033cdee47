//! When, and how often: jitter, the budget, and the dice.

use core::time::Duration;

use rrp::retry::{Backoff, Budget, Random};

const SECOND: Duration = Duration::from_secs(1);

/// The range of the jitter after an attempt, computed another way.
fn range(base: Duration, cap: Duration, attempt: u32) -> Duration {
    let mut range = base;
    for _ in 1..attempt {
        range = range.saturating_mul(2).min(cap);
    }
    range.min(cap)
}

#[test]
fn the_dice_are_splitmix64() {
    // The first numbers of the reference implementation (Vigna, prng.di.unimi.it/splitmix64.c).
    let known: [(u64, [u64; 5]); 2] = [
        (
            0,
            [
                0xE220_A839_7B1D_CDAF,
                0x6E78_9E6A_A1B9_65F4,
                0x06C4_5D18_8009_454F,
                0xF88B_B8A8_724C_81EC,
                0x1B39_896A_51A8_749B,
            ],
        ),
        (
            1_234_567,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ],
        ),
    ];
    for (seed, numbers) in known {
        let mut random = Random::new(seed);
        assert_eq!(numbers.map(|_| random.next()), numbers, "{seed}");
    }
}

#[test]
fn a_number_is_below_its_end() {
    let mut random = Random::new(1);
    assert_eq!([0, 1].map(|end| random.below(end)), [0, 0]);
    let mut met = [0_u32; 6];
    for _ in 0..6_000 {
        met[usize::try_from(random.below(6)).unwrap()] += 1;
    }
    assert!(met.iter().all(|count| (850..1_150).contains(count)), "{met:?}");
    assert!((0..100).any(|_| random.below(u64::MAX) > u64::MAX / 2));
}

#[test]
fn the_wait_lies_between_its_least_and_the_range_above_it() {
    let hour = Duration::from_secs(3_600);
    let backoffs = [
        (SECOND, Duration::from_secs(60)),
        (Duration::from_millis(250), Duration::from_secs(5)),
        (Duration::from_secs(10), SECOND),
        (SECOND, hour * 24 * 365 * 1_000),
    ];
    for (base, cap) in backoffs {
        let backoff = Backoff::new(base, cap);
        for attempt in 1..=40 {
            for least in [Duration::ZERO, SECOND, Duration::from_secs(300)] {
                let range = range(base, cap, attempt);
                for seed in 0..50 {
                    let wait = backoff.wait(attempt, least, &mut Random::new(seed));
                    assert!(wait >= least && wait <= least + range, "{attempt} {least:?} {wait:?} {range:?}");
                }
            }
        }
    }
}

#[test]
fn the_range_doubles_until_its_cap() {
    let longest = |attempt| {
        let mut random = Random::new(7);
        (0..5_000).map(|_| Backoff::DEFAULT.wait(attempt, Duration::ZERO, &mut random)).max().unwrap()
    };
    for (attempt, seconds) in
        [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (33, 60), (u32::MAX, 60)]
    {
        let (longest, range) = (longest(attempt), Duration::from_secs(seconds));
        assert!(longest <= range && longest > range.mul_f64(0.99), "{attempt}: {longest:?}");
    }
    assert_eq!(Backoff::default(), Backoff::new(SECOND, Duration::from_secs(60)));
}

#[test]
fn the_whole_range_is_met_its_ends_too() {
    let backoff = Backoff::new(Duration::from_millis(3), SECOND);
    let mut random = Random::new(3);
    let mut met = [false; 4];
    for _ in 0..200 {
        met[usize::try_from(backoff.wait(1, Duration::ZERO, &mut random).as_millis()).unwrap()] = true;
    }
    assert_eq!(met, [true; 4]);
}

#[test]
fn the_jitter_is_spread_evenly_over_many_clients() {
    // Each client starts with a seed of its own, and all fail at once.
    let mut met = [0_u32; 10];
    for seed in 0..10_000 {
        let wait = Backoff::DEFAULT.wait(4, Duration::ZERO, &mut Random::new(seed));
        met[usize::try_from(wait.as_millis() / 801).unwrap()] += 1;
    }
    assert!(met.iter().all(|count| (880..1_120).contains(count)), "{met:?}");
}

#[test]
fn the_same_seed_waits_alike_and_another_does_not() {
    let waits = |seed| {
        let mut random = Random::new(seed);
        [1, 2, 3, 4, 5].map(|attempt| Backoff::DEFAULT.wait(attempt, SECOND, &mut random))
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}

#[test]
fn no_extreme_overflows() {
    let mut random = Random::new(0);
    for base in [Duration::ZERO, Duration::from_nanos(1), SECOND, Duration::MAX] {
        for cap in [Duration::ZERO, Duration::from_nanos(1), SECOND, Duration::MAX] {
            for attempt in [0, 1, 31, 32, 33, 64, u32::MAX] {
                for least in [Duration::ZERO, SECOND, Duration::MAX] {
                    let wait = Backoff::new(base, cap).wait(attempt, least, &mut random);
                    assert!(wait >= least && wait <= least.saturating_add(cap), "{base:?} {cap:?} {attempt}");
                }
            }
        }
    }
}

#[test]
fn a_wait_of_minutes_is_not_shortened_by_the_cap() {
    let wait = Backoff::DEFAULT.wait(1, Duration::from_secs(300), &mut Random::new(0));
    assert!(wait >= Duration::from_secs(300) && wait <= Duration::from_secs(301), "{wait:?}");
}

/// How often something is repeated before no more is; at most 1,000 times.
fn repeats(budget: &mut Budget) -> usize {
    (0..1_000)
        .take_while(|_| {
            let allows = budget.allows();
            if allows {
                budget.spend();
            }
            allows
        })
        .count()
}

#[test]
fn a_budget_stops_at_its_half() {
    for (tokens, times) in [(0, 0), (1, 1), (2, 1), (3, 2), (10, 5), (100, 50)] {
        assert_eq!(repeats(&mut Budget::new(tokens)), times, "{tokens}");
    }
    assert_eq!(Budget::default(), Budget::new(100));
}

#[test]
fn a_budget_recovers_by_tenths() {
    let mut budget = Budget::new(10);
    assert_eq!(repeats(&mut budget), 5);
    budget.earn();
    assert!(budget.allows(), "half and a tenth is more than half");
    budget.spend();
    for success in 1..=9 {
        budget.earn();
        assert!(!budget.allows(), "{success}");
    }
    budget.earn();
    assert!(budget.allows(), "ten successes bring one token back");
}

#[test]
fn a_budget_holds_no_more_than_it_had() {
    let mut budget = Budget::new(4);
    for _ in 0..100 {
        budget.earn();
    }
    assert_eq!(budget, Budget::new(4));
    assert_eq!(repeats(&mut budget), 2);
}

#[test]
fn a_budget_is_never_in_debt() {
    let mut budget = Budget::new(2);
    for _ in 0..1_000 {
        budget.spend();
    }
    for _ in 0..11 {
        budget.earn();
    }
    assert!(budget.allows(), "more than half of two tokens, after eleven successes");
}

#[test]
fn a_budget_of_extremes_does_not_overflow() {
    let mut budget = Budget::new(u32::MAX);
    budget.earn();
    assert!(budget.allows());
    budget.spend();
    assert!(budget.allows());
    assert_eq!(repeats(&mut Budget::new(0)), 0);
}
