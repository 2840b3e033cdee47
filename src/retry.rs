//! Whether a command is sent again: the rule, and how long to wait.
//!
//! [`decide`] is a pure function of a [`Case`]: what the command does, what its caller allows, what became of the attempt.
//! It takes a [`Verdict`](crate::verdict::Verdict) and never a code, so that answers of other APIs pass through it too.
//! [`Backoff`] and [`Budget`] say when, and how often.

mod backoff;
mod budget;
mod random;
mod rule;

pub use backoff::Backoff;
pub use budget::Budget;
pub use random::Random;
pub use rule::{Attempt, Case, Decision, Login, NotApplied, ReadBack, Resend, Trust, decide};
