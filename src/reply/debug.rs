//! Printing replies: escaped, cut, and without secrets.

use core::fmt;

use super::{Item, Reply};
use crate::secret::{REDACTED, assigns_secret, is_secret_name};

/// How many lines of a reply are printed.
const MAX_PRINTED: usize = 32;

impl Item<'_> {
    /// Whether the value is one that no log may show: by its name, or because it quotes the assignment of a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        is_secret_name(&self.name()) || assigns_secret(&self.value())
    }

    /// The value, or `***` if it is secret. Not escaped.
    #[must_use]
    pub fn redacted(&self) -> String {
        if self.is_secret() { REDACTED.to_owned() } else { self.value().into_owned() }
    }
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self.index {
            Some(index) => write!(f, "{}[{index}]", name.escape_debug())?,
            None => write!(f, "{}", name.escape_debug())?,
        }
        if self.is_secret() { write!(f, ": {REDACTED}") } else { write!(f, ": {:?}", self.value()) }
    }
}

impl Reply {
    /// The text with those of its parts, between `;`, redacted that assign a secret. Not escaped.
    #[must_use]
    pub fn redacted_text(&self) -> String {
        let text = self.text();
        let mut shown = String::new();
        for part in text.split_inclusive(';') {
            if assigns_secret(part) {
                // A secret may have a `;` of its own: nothing behind it is shown.
                shown.push(' ');
                shown.push_str(REDACTED);
                break;
            }
            shown.push_str(part);
        }
        shown
    }
}

impl fmt::Debug for Reply {
    /// Code, text and the first 32 lines; secrets are redacted, control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<Item<'_>> = self.lines().take(MAX_PRINTED).collect();
        let mut out = f.debug_struct("Reply");
        out.field("code", &self.code).field("text", &self.redacted_text()).field("lines", &lines);
        match self.index.lines.len().saturating_sub(MAX_PRINTED) {
            0 => out.finish(),
            more => out.field("more", &more).finish(),
        }
    }
}
