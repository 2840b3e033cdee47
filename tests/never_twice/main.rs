//! Whatever the network, the registry and the process do: nothing is done twice, and nothing is told wrongly.
//!
//! The shipped machines (`dispatch`, `session`, `retry`, `settle`, the journal) against the simulated registry, on one
//! virtual clock. What callers were told is held against the registry's ledger.
#![cfg(feature = "sim")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/pair.rs"]
mod pair;

#[cfg(feature = "journal")]
#[path = "../support/crashy.rs"]
mod crashy;

mod client;
#[cfg(feature = "journal")]
mod crash;
mod cuts;
mod faults;
mod keep;
mod lies;
mod line;
mod mark;
mod million;
mod operations;
mod oracle;
mod others;
mod storm;
mod world;
