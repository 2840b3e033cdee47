//! A person's word on what became of a write.

use super::entry::{Entry, Standing, Summary};
use crate::settle::Proof;

/// What a person says became of a write that is in doubt. Nothing checks the word: whoever gives it has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else to be said")]
pub enum Resolution {
    /// It was executed. Its key, if it has one, stands for that.
    Applied,
    /// It was not executed, and will not be. Its key begins anew.
    NotApplied,
    /// Nothing of it is to be remembered, nor its key. That it may have been done is known until the process ends: the next write
    /// of its sort to its objects is read before. After that what it has left may be taken for that of a later one.
    Forgotten,
}

impl Entry {
    /// Takes a person's word that it was applied, or that it was not, at this time of the wall.
    pub(crate) fn resolve(&mut self, applied: bool, note: &str, wall: u64) {
        let (standing, word) = if applied {
            (Standing::Accepted(Summary::plain(Proof::Operator)), "resolved by an operator: applied")
        } else {
            (Standing::NotApplied, "resolved by an operator: not applied")
        };
        self.standing = standing;
        self.changed_at = wall;
        if note.is_empty() {
            self.note(wall, word);
        } else {
            self.note(wall, &format!("{word}: {note}"));
        }
    }
}
