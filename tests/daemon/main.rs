//! The daemon against clients that mean it harm, or have no luck; with a registry that says what has reached it.
#![cfg(all(feature = "daemon", feature = "sim-server"))]
#![allow(clippy::disallowed_methods, reason = "the registry's calendar begins today")]

#[cfg(feature = "cli")]
#[path = "../support/program.rs"]
mod program;

mod drain;
mod floods;
mod garbage;
mod harness;
mod identical;
mod keys;
#[cfg(feature = "cli")]
mod killed;
mod order;
mod smuggling;
mod times;
mod upstream;
