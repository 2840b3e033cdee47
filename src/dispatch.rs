//! The order of events around each command, as a machine without I/O.
//!
//! One write goes: slot (pace and session) → intent durable → connection checked → first byte → whole reply → outcome
//! durable → caller told. What comes between, resending and reading back, is decided by [`retry`](crate::retry) and
//! [`settle`](crate::settle).

mod entry;

pub use entry::{Entry, Intent, Note, Put, Standing, Summary, Ticket};
