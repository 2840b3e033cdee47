//! The pace at the registry and whose turn it is: cases by hand, models written another way, and what is promised as laws.

mod bound;
mod cases;
mod memory;
mod model;
mod pacer;
mod rate;

use core::time::Duration;
use std::time::Instant;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLI: Duration = Duration::from_millis(1);

/// Some time; which one does not matter.
pub(crate) fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other beginning")]
    Instant::now()
}

/// Says how to replay the seed in which a test failed.
struct Replay(u64, &'static str);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, test) = self;
            eprintln!("replay with: RRP_SEED={seed} cargo test --no-default-features --test pace {test}");
        }
    }
}

/// Plays a law with many seeds, or with the one in `RRP_SEED`.
pub(crate) fn seeds(test: &'static str, seeds: u64, law: impl Fn(u64)) {
    let given = std::env::var("RRP_SEED").ok().map(|seed| seed.parse().expect("RRP_SEED is a number"));
    for seed in given.map_or(0..seeds, |seed: u64| seed..seed + 1) {
        let _replay = Replay(seed, test);
        law(seed);
    }
}
