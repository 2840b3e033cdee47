//! The simulated registry, driven by virtual time.
#![cfg(feature = "sim")]

mod drive;
mod smoke;
