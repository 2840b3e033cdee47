//! A person's word on what became of a write.

use crate::dispatch::{Entry, Standing, Summary};
use crate::settle::Proof;

/// The entry with a person's word that it was applied, or that it was not. `wall` is the time, in milliseconds of Unix time.
///
/// Nothing checks the word: whoever gives it has looked.
#[must_use]
pub fn resolved(entry: &Entry, applied: bool, wall: u64) -> Entry {
    let mut entry = entry.clone();
    let (standing, note) = if applied {
        let summary = Summary {
            proof: Proof::Operator,
            code: None,
            text: "".into(),
            pending: false,
            job: None,
            expires: None,
        };
        (Standing::Accepted(summary), "resolved by an operator: applied")
    } else {
        (Standing::NotApplied, "resolved by an operator: not applied")
    };
    entry.standing = standing;
    entry.changed_at = wall;
    entry.note(wall, note);
    entry
}
