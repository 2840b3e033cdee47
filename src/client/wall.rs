//! The clock on the wall, and a random number to begin with: the two things that a client takes from its surroundings.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a client reads the time of day from.
pub(super) type Wall = Box<dyn Fn() -> u64 + Send + Sync>;

/// Milliseconds of Unix time, by the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "what is written down carries a date, and an embedder may give another clock"
)]
pub(super) fn system() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A number that differs from process to process. It is for jitter, and for hashes that do not leave the process.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A key made of such numbers.
pub(super) fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    for part in key.chunks_mut(8) {
        part.copy_from_slice(&random().to_le_bytes());
    }
    key
}
