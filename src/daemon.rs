//! The daemon: local backends talk to it, and it owns the sessions, the pace and the journals of their accounts.
//!
//! It speaks to local clients as the vendor's `mregd` does (PTF over a unix socket or TCP, with a prompt for user and password), where that is
//! not wrong. `rrp serve` runs it.
//!
//! One thread does it all, beside the journals' own and those that check passwords: [`run`] wants a current-thread runtime.

mod account;
mod config;
mod front;
mod run;
mod shared;
mod users;

pub use config::{
    Change, ChangeKind, Config, ConfigError, DENIED_BY_DEFAULT, Environment, FromMregd, Log, LogFormat, Part,
    Surroundings, Unverified, pin_of,
};
pub use run::{Control, RunError, run};
pub use users::{HashError, hash_password};
