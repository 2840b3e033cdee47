//! The session machine against the simulated registry: what the client believes, held against what was executed.
#![cfg(feature = "sim")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/pair.rs"]
mod pair;

mod commands;
mod cuts;
mod faults;
mod life;
mod limits;
mod login;
mod storm;
