//! Whatever the network, the API and the process do: nothing is done twice, and nothing is told wrongly.

use rrp::dispatch::{NoReads, Reads};

use crate::toy::{Audit, Changed};
use crate::world::{Tally, World};

/// Says how to replay the seed in which a test failed.
struct Replay(u64, &'static str);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, test) = self;
            eprintln!("replay with: RRP_SEED={seed} cargo test --no-default-features --test opaque {test}");
        }
    }
}

fn world(seed: u64, reads: impl Reads, readable: bool, test: &'static str) -> Tally {
    let _replay = Replay(seed, test);
    let mut world = World::new(seed, reads);
    for _ in 0..40 {
        world.stir();
    }
    world.calm(readable);
    world.tally
}

/// A thousand worlds, as many as `RRP_WORLDS` says, or the one that was asked for.
fn worlds(reads: &impl Reads, readable: bool, test: &'static str) -> Tally {
    if let Ok(seed) = std::env::var("RRP_SEED") {
        return world(seed.parse().expect("RRP_SEED is a number"), reads.clone(), readable, test);
    }
    let mut all = Tally::default();
    let many = std::env::var("RRP_WORLDS").ok().map(|many| many.parse().expect("RRP_WORLDS is a number"));
    for seed in 0..many.unwrap_or(1_000) {
        all.add(&world(seed, reads.clone(), readable, test));
    }
    println!("{all:?}");
    // A world in which nothing happens proves nothing.
    assert!(all.faults > 5_000 && all.crashes > 200 && all.executed > 5_000, "{all:?}");
    assert!(all.accepted > 5_000 && all.refused > 2_000 && all.resent > 1_000, "{all:?}");
    assert!(all.doubts > 1_000 && all.unsent > 1_000, "{all:?}");
    all
}

#[test]
fn with_reads_nothing_is_done_twice_and_nothing_told_wrongly() {
    let tally = worlds(&Audit, true, "with_reads");
    assert!(tally.proven > 500 || std::env::var_os("RRP_SEED").is_some(), "{tally:?}");
}

#[test]
fn without_reads_nothing_is_done_twice_and_nothing_told_wrongly() {
    let tally = worlds(&NoReads, false, "without_reads");
    assert_eq!(tally.proven, 0);
}

#[test]
fn with_reads_that_only_compare_nothing_is_done_twice_and_nothing_told_wrongly() {
    let tally = worlds(&Changed, true, "with_reads_that_only_compare");
    assert!(tally.proven > 500 || std::env::var_os("RRP_SEED").is_some(), "{tally:?}");
}
