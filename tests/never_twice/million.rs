//! A million writes that go wrong.
//!
//! `RRP_WRITES=1000000 cargo test --release --no-default-features --features sim,journal --test never_twice million --
//! --nocapture` takes some minutes on two cores; without `RRP_WRITES` it is a short run. `RRP_SEED` runs one storm alone.

use crate::faults::{KINDS, Kind};
use crate::oracle::Tally;
use crate::storm::{asked_seed, storm, storms};

/// So many without `RRP_WRITES`.
const SHORT: usize = if cfg!(debug_assertions) { 5_000 } else { 20_000 };

/// The seeds of the two halves are far apart.
const HALF: u64 = 1 << 32;

fn writes() -> usize {
    std::env::var("RRP_WRITES").map_or(SHORT, |writes| writes.parse().expect("RRP_WRITES is a number"))
}

#[test]
fn a_million_writes_that_go_wrong_are_never_done_twice() {
    if let Some(seed) = asked_seed() {
        println!("{}", storm(seed, 1));
        return;
    }
    let half = writes().div_ceil(2);
    let halves = [0, HALF].map(|first| std::thread::spawn(move || storms(first, 1, half)));
    let mut tally = Tally::default();
    for one in halves {
        tally.add(&one.join().expect("a storm failed: its seed stands above"));
    }
    println!("seeds from 0 and from {HALF}\n{tally}");
    println!("doubles 0, wrongly told 0");
    // The faults came as often as they should, or the run says little.
    let faults = tally.faults.iter().filter(|(kind, _)| **kind != Kind::None);
    let all: usize = faults.map(|(_, times)| times).sum();
    for (kind, _) in KINDS {
        let times = tally.faults.get(&kind).copied().unwrap_or_default();
        assert!(times * 50 >= all, "{kind:?} came {times} times of {all}");
    }
    assert!(tally.executed_and_lost * 4 >= tally.writes, "too few were executed and lost");
    assert!(tally.faulted * 2 >= writes(), "too few writes");
    assert!(tally.attributed * 10 >= tally.writes, "too few replies bore a mark");
    // One that is recorded now, and one of which a journal that failed could not be told that it was not sent.
    assert!(tally.most_unsent <= 2, "a queued command was durable");
}
