//! The simulated registry, driven by virtual time.
#![cfg(feature = "sim")]
#![expect(unreachable_pub, reason = "the modules are this test's own")]

mod agree;
mod chance;
mod drive;
mod faults;
mod limits;
mod ptf;
mod refusals;
mod rfc;
mod wire;
