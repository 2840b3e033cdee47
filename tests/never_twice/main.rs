//! Whatever the network, the registry and the process do: nothing is done twice, and nothing is told wrongly.
//!
//! The shipped machines (`dispatch`, `pool`, `session`, `retry`, `settle`, the journal) against the simulated registry, on one
//! virtual clock. What callers were told is held against the registry's ledger.
#![cfg(feature = "sim")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/pair.rs"]
mod pair;

#[cfg(feature = "journal")]
#[path = "../support/crashy.rs"]
mod crashy;

#[allow(dead_code, reason = "another simulation uses the rest")]
mod client;
#[cfg(feature = "journal")]
mod crash;
mod cuts;
mod faults;
mod keep;
mod lies;
#[allow(dead_code, reason = "another simulation uses the rest")]
mod line;
mod mark;
mod million;
mod operations;
mod oracle;
mod others;
mod sessions;
mod storm;
#[allow(dead_code, reason = "another simulation uses the rest")]
mod watched;
mod world;
