//! One account, five sessions, one command per second, a thousand callers: its limits are kept whatever happens.
//!
//! The shipped machines (`dispatch`, `pool`, `pace`, `session`, `retry`, `settle`) against the simulated registry, on one
//! virtual clock. What arrives at the registry is seen there; what callers are told is held against its ledger, by the
//! oracle of `never_twice`, from which most of this is borrowed.
//!
//! `RRP_HOURS=200 cargo test --release --no-default-features --features sim --test account -- --nocapture` goes on for so
//! many hours of virtual time; without `RRP_HOURS` it is a short run. `RRP_SEED` runs one storm alone, and `RRP_TRACE`
//! tells what happens in it.
#![cfg(feature = "sim")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/pair.rs"]
mod pair;

#[cfg(feature = "journal")]
#[path = "../support/crashy.rs"]
mod crashy;

#[path = "../never_twice/client.rs"]
#[allow(dead_code, reason = "another simulation uses the rest")]
mod client;
#[path = "../never_twice/faults.rs"]
#[allow(dead_code, reason = "another simulation uses the rest")]
mod faults;
#[path = "../never_twice/keep.rs"]
#[allow(dead_code, unused_imports, reason = "another simulation uses the rest")]
mod keep;
#[path = "../never_twice/line.rs"]
#[allow(dead_code, reason = "another simulation uses the rest")]
mod line;
#[path = "../never_twice/mark.rs"]
#[allow(dead_code, reason = "another simulation uses the rest")]
mod mark;
#[path = "../never_twice/oracle.rs"]
#[allow(dead_code, reason = "another simulation uses the rest")]
mod oracle;
#[path = "../never_twice/sessions.rs"]
mod sessions;
#[path = "../never_twice/watched.rs"]
mod watched;

mod callers;
mod calm;
mod eyes;
mod lost;
mod spent;
mod storm;
mod world;
