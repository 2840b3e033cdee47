//! What a look at an object proves: by readings made by hand, and against the simulated registry.

#[path = "../support/mod.rs"]
mod support;

mod laws;
mod samples;
mod table;

#[cfg(feature = "sim")]
mod create;
#[cfg(feature = "sim")]
mod delete;
#[cfg(feature = "sim")]
mod modify;
#[cfg(feature = "sim")]
mod modify_other;
#[cfg(feature = "sim")]
mod renew;
#[cfg(feature = "sim")]
mod story;
#[cfg(feature = "sim")]
mod transfer;
