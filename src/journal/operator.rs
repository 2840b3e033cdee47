//! A person's word on what became of a write.

use crate::dispatch::Entry;

/// The entry with a person's word that it was applied, or that it was not. `wall` is the time, in milliseconds of Unix time.
///
/// Nothing checks the word: whoever gives it has looked.
#[must_use]
pub fn resolved(entry: &Entry, applied: bool, wall: u64) -> Entry {
    let mut entry = entry.clone();
    entry.resolve(applied, "", wall);
    entry
}
