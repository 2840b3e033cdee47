//! Printing replies: escaped, cut, and without secrets.

use core::fmt;
use std::borrow::Cow;

use super::{DomainCheck, Head, Item, Reply, Row};
use crate::secret::{REDACTED, assigns_secret, is_secret_name};

/// How many lines of a reply are printed.
const MAX_PRINTED: usize = 32;
/// How many characters of a name, a value or a text are printed.
const MAX_VALUE: usize = 256;

impl Item<'_> {
    /// Whether the value is one that no log may show: by its name, or because it quotes the assignment of a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        is_secret_name(&self.name()) || assigns_secret(&self.value()) || self.is_torn()
    }

    /// Whether name and value are one text, torn at a separator within it, that assigns a secret before that:
    /// `user PASSWORD=x at 10:00` on a line of RRP.
    fn is_torn(&self) -> bool {
        let name = self.name();
        name.contains(['=', ':']) && assigns_secret(&format!("{name}:"))
    }

    /// The name, or `***` if it is no name but a text that assigns a secret. Not escaped.
    #[must_use]
    pub fn redacted_name(&self) -> String {
        if self.is_torn() { REDACTED.to_owned() } else { self.name().into_owned() }
    }

    /// The value, or `***` if it is secret. Not escaped.
    #[must_use]
    pub fn redacted(&self) -> String {
        if self.is_secret() { REDACTED.to_owned() } else { self.value().into_owned() }
    }
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.redacted_name();
        match self.index {
            Some(index) => write!(f, "{}[{index}]", cut(&name).escape_debug())?,
            None => write!(f, "{}", cut(&name).escape_debug())?,
        }
        if self.is_secret() {
            return write!(f, ": {REDACTED}");
        }
        write!(f, ": {:?}", cut(&self.value()))
    }
}

impl Reply {
    /// The text up to its first part, between `;`, that assigns a secret; `***` if the reply came over a session and
    /// quotes a secret of its command. Not escaped.
    #[must_use]
    pub fn redacted_text(&self) -> String {
        if self.concealed { REDACTED.to_owned() } else { redact(&self.text()) }
    }
}

/// At most 256 characters.
fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

/// A secret may have a `;` of its own, so nothing behind the first is shown.
fn redact(text: &str) -> String {
    let mut shown = String::new();
    for part in text.split_inclusive(';') {
        if assigns_secret(part) {
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(REDACTED);
            break;
        }
        shown.push_str(part);
    }
    shown
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("code", &self.code).field("text", &cut(&redact(&self.text()))).finish()
    }
}

impl fmt::Debug for Row<'_> {
    /// The index and how many cells there are: the names that tell which of them is secret are the caller's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("index", &self.index()).field("cells", &self.cells().len()).finish()
    }
}

impl fmt::Debug for DomainCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainCheck")
            .field("index", &self.index())
            .field("domain", &self.domain().map(|domain| cut(&redact(domain)).into_owned()))
            .field("code", &self.code())
            .field("text", &cut(&redact(self.text())))
            .finish()
    }
}

impl fmt::Debug for Reply {
    /// Code, text and the first 32 lines, of each name and value 256 characters; secrets are redacted, control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Reply");
        if self.concealed {
            return out.field("code", &self.code).field("text", &REDACTED).finish_non_exhaustive();
        }
        let lines: Vec<Item<'_>> = self.lines().take(MAX_PRINTED).collect();
        out.field("code", &self.code).field("text", &cut(&self.redacted_text())).field("lines", &lines);
        match self.index.lines.len().saturating_sub(MAX_PRINTED) {
            0 => out.finish(),
            more => out.field("more", &more).finish(),
        }
    }
}
