//! The daemon: local backends talk to it, and it owns the sessions, the pace and the journals of their accounts.
//!
//! It speaks to local clients as the vendor's `mregd` does (PTF over a unix socket or TCP, with a prompt for user and password), where that is
//! not wrong. `rrp serve` runs it.
//!
//! One thread does it all, beside the journals' own and those that check passwords: [`run()`] wants a current-thread runtime.

mod account;
mod admin;
mod config;
mod descriptors;
mod front;
mod identical;
pub mod log;
mod metrics;
mod names;
mod reload;
mod run;
mod shared;
mod systemd;
mod users;
mod watched;

pub use config::{
    Change, ChangeKind, Config, ConfigError, DENIED_BY_DEFAULT, Environment, FromMregd, Log, LogFormat, Part,
    Surroundings, Unverified, pin_of,
};
pub use run::{Control, Hooks, RunError, run};
pub use users::{HashError, hash_password};
