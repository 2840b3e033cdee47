//! The client against the simulated registry, in memory and on a clock that stands still while anybody has something to do.
#![cfg(feature = "sim-server")]

mod account;
mod calls;
mod drops;
mod ends;
mod hub;
mod journals;
mod keys;
mod lanes;
mod lists;
mod live;
mod openings;
mod operator;
mod orders;
mod password;
mod places;
mod quits;
mod script;
mod sessions;
mod typed;
mod watch;
