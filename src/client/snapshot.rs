//! What a client looks like at one moment.

use std::time::Instant;

use crate::{dispatch, pool};

/// Everything that an operator wants to know of an account at one moment. See [`Client::snapshot`](super::Client::snapshot).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken: the times below are on the same clock.
    pub at: Instant,
    /// Sessions by state, who waits in each lane and how long, the pace, and what holds the account up.
    pub sessions: pool::Snapshot,
    /// What is under way, how many writes are in doubt, and whether the journal records.
    pub work: dispatch::Snapshot,
}
