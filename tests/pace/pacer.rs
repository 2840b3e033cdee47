//! The pace, at the sender against a model and at the registry against its limit.

use core::time::Duration;
use std::time::Instant;

use rrp::pace::{Pacer, Rate, Sending};
use rrp::retry::Random;

use crate::{MILLI, SECOND, seeds, start};

const DELAY: Duration = Rate::ALLOWED_DELAY;

/// Up to so long, to the nanosecond.
fn up_to(random: &mut Random, longest: Duration) -> Duration {
    Duration::from_nanos(random.below(u64::try_from(longest.as_nanos()).unwrap() + 1))
}

#[test]
fn the_first_command_leaves_one_interval_after_the_start() {
    let start = start();
    let pacer = Pacer::new(Rate::PER_SECOND, start);
    assert_eq!(pacer.next_at(), Some(start + SECOND));
    assert!(!pacer.is_ready(start) && !pacer.is_ready(start + SECOND - Duration::from_nanos(1)));
    assert!(pacer.is_ready(start + SECOND) && pacer.is_ready(start + 2 * SECOND));
}

#[test]
fn without_limit_nothing_waits() {
    let start = start();
    let mut pacer = Pacer::new(Rate::UNLIMITED, start);
    for _ in 0..3 {
        assert!(pacer.next_at().is_none() && pacer.is_ready(start));
        let _ = pacer.sent(start);
    }
}

#[test]
fn a_reply_within_the_delay_brings_the_next_forward_once() {
    let start = start();
    let mut pacer = Pacer::new(Rate::PER_SECOND, start);
    let sent = start + SECOND;
    let sending = pacer.sent(sent);
    assert_eq!(pacer.next_at(), Some(sent + DELAY + SECOND));
    pacer.answered(sending, sent + 40 * MILLI);
    assert_eq!(pacer.next_at(), Some(sent + 40 * MILLI + SECOND));
    for again in [10, 40, 100, 2_000] {
        pacer.answered(sending, sent + again * MILLI);
        assert_eq!(pacer.next_at(), Some(sent + 40 * MILLI + SECOND), "{again}");
    }
}

#[test]
fn a_reply_after_the_delay_changes_nothing() {
    let start = start();
    for late in [DELAY, DELAY + Duration::from_nanos(1), 100 * SECOND] {
        let mut pacer = Pacer::new(Rate::PER_SECOND, start);
        let sending = pacer.sent(start + SECOND);
        pacer.answered(sending, start + SECOND + late);
        assert_eq!(pacer.next_at(), Some(start + SECOND + DELAY + SECOND), "{late:?}");
    }
}

#[test]
fn a_reply_to_an_earlier_command_changes_nothing() {
    let start = start();
    let mut pacer = Pacer::new(Rate::PER_SECOND, start);
    let earlier = pacer.sent(start + SECOND);
    let _ = pacer.sent(start + 3 * SECOND);
    pacer.answered(earlier, start + 3 * SECOND + MILLI);
    assert_eq!(pacer.next_at(), Some(start + 4 * SECOND + DELAY));
}

#[test]
fn a_command_sent_too_early_brings_nothing_forward() {
    let start = start();
    let mut pacer = Pacer::new(Rate::PER_SECOND, start);
    let _ = pacer.sent(start + SECOND);
    let next = pacer.next_at();
    // This one may overtake that before it.
    let early = pacer.sent(start + SECOND + MILLI);
    pacer.answered(early, start + SECOND + 2 * MILLI);
    assert_eq!(pacer.next_at(), next);
}

#[test]
fn time_that_goes_backwards_stands_still() {
    let start = start();
    let mut pacer = Pacer::new(Rate::PER_SECOND, start + 10 * SECOND);
    let sending = pacer.sent(start);
    assert_eq!(pacer.next_at(), Some(start + 11 * SECOND + DELAY));
    pacer.answered(sending, start + SECOND);
    assert_eq!(pacer.next_at(), Some(start + 11 * SECOND));
}

#[test]
fn another_rate_counts_from_the_last_command() {
    let start = start();
    let mut pacer = Pacer::new(Rate::PER_SECOND, start);
    let sending = pacer.sent(start + SECOND);
    pacer.answered(sending, start + SECOND + 50 * MILLI);
    pacer.set_rate(Rate::every(10 * SECOND), start + SECOND + 60 * MILLI);
    assert_eq!(pacer.next_at(), Some(start + 11 * SECOND + 50 * MILLI));
    pacer.set_rate(Rate::per_second(2), start + 2 * SECOND);
    assert_eq!(pacer.next_at(), Some(start + SECOND + 550 * MILLI));
    pacer.set_rate(Rate::UNLIMITED, start + 2 * SECOND);
    assert_eq!(pacer.next_at(), None);
    assert_eq!(pacer.rate(), Rate::UNLIMITED);
}

#[test]
fn a_limit_that_begins_leaves_an_interval_first() {
    let start = start();
    let mut pacer = Pacer::new(Rate::UNLIMITED, start);
    pacer.set_rate(Rate::PER_SECOND, start + 5 * SECOND);
    assert_eq!(pacer.next_at(), Some(start + 6 * SECOND));

    // What is still on its way may take as long as any.
    let mut pacer = Pacer::new(Rate::UNLIMITED, start);
    let _ = pacer.sent(start + 5 * SECOND);
    pacer.set_rate(Rate::PER_SECOND, start + 5 * SECOND + 10 * MILLI);
    assert_eq!(pacer.next_at(), Some(start + 6 * SECOND + DELAY));
}

#[test]
fn the_longest_times_do_not_overflow() {
    let start = start();
    let mut pacer = Pacer::new(Rate::every(Duration::MAX).allowing_delay(Duration::MAX), start);
    assert_eq!(pacer.next_at(), Some(start + Rate::LONGEST));
    let _ = pacer.sent(start + Rate::LONGEST);
    assert_eq!(pacer.next_at(), Some(start + 3 * Rate::LONGEST));
}

/// What the rule says, out of the whole history.
struct Model {
    start: Instant,
    /// When it left, and when its reply came if that was before the next left.
    history: Vec<(Instant, Option<Instant>)>,
}

impl Model {
    fn next_at(&self, rate: Rate) -> Instant {
        let arrived = |&(left, reply): &(Instant, Option<Instant>)| {
            let latest = left + rate.delay();
            reply.map_or(latest, |reply| reply.min(latest))
        };
        self.history.iter().map(arrived).fold(self.start, Instant::max) + rate.interval()
    }
}

#[test]
fn any_history_of_commands_and_replies_gives_what_the_rule_says() {
    seeds("any_history", 300, |seed| {
        let mut random = Random::new(seed);
        let rate =
            Rate::every(up_to(&mut random, 2 * SECOND) + MILLI).allowing_delay(up_to(&mut random, SECOND));
        let mut now = start();
        let mut pacer = Pacer::new(rate, now);
        let mut model = Model { start: now, history: Vec::new() };
        let mut sendings: Vec<Sending> = Vec::new();
        for _ in 0..200 {
            now += up_to(&mut random, 400 * MILLI);
            if random.below(3) == 0 {
                // In time or not.
                sendings.push(pacer.sent(now));
                model.history.push((now, None));
            } else if let Some(newest) = sendings.len().checked_sub(1) {
                let which = newest - usize::try_from(random.below(3)).unwrap().min(newest);
                pacer.answered(sendings[which], now);
                if which == newest {
                    model.history[which].1.get_or_insert(now);
                }
            }
            let next = model.next_at(rate);
            assert_eq!(pacer.next_at(), Some(next));
            assert_eq!(pacer.is_ready(now), next <= now);
        }
    });
}

/// Sends over some sessions as early as the pacer lets it, or later, to a registry that is `delay` away, another one each
/// time; gives the least time between two arrivals.
fn least_gap(seed: u64, rate: Rate, longest_delay: Duration) -> Duration {
    let mut random = Random::new(seed);
    let mut now = start();
    let mut pacer = Pacer::new(rate, now);
    let mut replies: Vec<(Instant, Sending)> = Vec::new();
    let mut arrivals = Vec::new();
    let lazy = random.below(2) == 0;
    for _ in 0..500 {
        // The replies that come before the next may leave, each of which can make that earlier.
        loop {
            let next = pacer.next_at().unwrap().max(now);
            let first = replies.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(index, _)| index);
            let Some(first) = first.filter(|first| replies[*first].0 <= next) else {
                now = next;
                break;
            };
            let (at, sending) = replies.swap_remove(first);
            now = now.max(at);
            pacer.answered(sending, now);
        }
        if lazy && random.below(3) == 0 {
            now += up_to(&mut random, 2 * rate.interval());
        }
        assert!(pacer.is_ready(now));
        let sending = pacer.sent(now);
        // Often nothing at all or all that may be: the extremes are what could break it.
        let delay = match random.below(4) {
            0 => Duration::ZERO,
            1 => longest_delay,
            _ => up_to(&mut random, longest_delay),
        };
        arrivals.push(now + delay);
        if random.below(8) > 0 {
            let work_and_back = if random.below(4) == 0 { 30 * SECOND } else { DELAY };
            replies.push((now + delay + up_to(&mut random, work_and_back), sending));
        }
    }
    arrivals.sort();
    arrivals.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap()
}

fn any_rate(seed: u64) -> Rate {
    let mut random = Random::new(!seed);
    let rate = Rate::per_second(1 + u32::try_from(random.below(20)).unwrap());
    rate.allowing_delay(up_to(&mut random, SECOND))
}

#[test]
fn at_the_registry_commands_never_come_closer_than_the_interval() {
    seeds("at_the_registry", 300, |seed| {
        let rate = any_rate(seed);
        let gap = least_gap(seed, rate, rate.delay());
        assert!(gap >= rate.interval(), "{gap:?} of {:?}", rate.interval());
    });
}

#[test]
fn what_takes_longer_than_it_may_costs_only_the_excess() {
    let mut too_close = 0;
    for seed in 0..100 {
        let rate = Rate::PER_SECOND;
        let excess = 100 * MILLI;
        let gap = least_gap(seed, rate, rate.delay() + excess);
        assert!(gap + excess >= rate.interval(), "{seed}: {gap:?}");
        too_close += u32::from(gap < rate.interval());
    }
    // The simulation does see what is too close.
    assert!(too_close > 50, "{too_close}");
}

#[test]
fn the_pace_is_the_interval_and_the_round_trip_up_to_the_delay() {
    for round_trip in [0, 1, 40, 249, 250, 251, 1_000, 20_000] {
        let round_trip = round_trip * MILLI;
        let start = start();
        let mut pacer = Pacer::new(Rate::PER_SECOND, start);
        let mut replies: Vec<(Instant, Sending)> = Vec::new();
        let mut last = None;
        for _ in 0..1_000 {
            let due = pacer.next_at().unwrap();
            for (at, sending) in replies.extract_if(.., |(at, _)| *at < due) {
                pacer.answered(sending, at);
            }
            let now = pacer.next_at().unwrap();
            if let Some(last) = last.replace(now) {
                assert_eq!(now - last, SECOND + round_trip.min(DELAY), "{round_trip:?}");
            }
            let sending = pacer.sent(now);
            replies.push((now + round_trip, sending));
        }
    }
}
