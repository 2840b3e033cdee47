//! What a list says about a code, the type of a code, and how much of a text is printed.

use core::fmt::{self, Write as _};

use super::sort::Sort;
use crate::secret::{REDACTED, assigns_secret};
use crate::verdict::Verdict;

/// What the list of an API says about one code.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    pub(super) name: &'static str,
    pub(super) text: Option<&'static str>,
    pub(super) sort: Sort,
    pub(super) verdict: Verdict,
    pub(super) note: &'static str,
}

impl CodeInfo {
    /// The code, as the API writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The listed text, to the letter; `None` if the list has the code alone.
    #[must_use]
    pub const fn text(&self) -> Option<&'static str> {
        self.text
    }

    /// What sort of refusal it is.
    #[must_use]
    pub const fn sort(&self) -> Sort {
        self.sort
    }

    /// What it means.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What else is known of it, in a sentence of our own without full stop; may be empty.
    #[must_use]
    pub const fn note(&self) -> &'static str {
        self.note
    }
}

/// The type `Code` of an API, with a named constant for each row of its list: name, code, text, sort, verdict, note.
macro_rules! codes {
    ($($name:ident $code:literal $text:expr, $sort:ident, $verdict:expr, $note:literal;)+) => {
        /// A code of this API. The named constants are those of its list; every other text is as valid a code, without
        /// [`info`](Self::info).
        ///
        /// Codes compare to the letter.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct Code(std::borrow::Cow<'static, str>);

        impl Code {
            $(
                #[doc = concat!("`", $code, "`")]
                pub const $name: Self = Self(std::borrow::Cow::Borrowed($code));
            )+

            /// The code of this text. An unlisted one survives as it is.
            #[must_use]
            pub fn new(text: &str) -> Self {
                match info(text) {
                    Some(info) => Self(std::borrow::Cow::Borrowed(info.name())),
                    None => Self(std::borrow::Cow::Owned(text.to_owned())),
                }
            }

            /// The code, as the API writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What the list says about it; `None` for one that is not on it.
            #[must_use]
            pub fn info(&self) -> Option<&'static $crate::gateway::CodeInfo> {
                info(&self.0)
            }

            /// Every listed code, in the order of the list.
            pub fn known() -> impl ExactSizeIterator<Item = &'static $crate::gateway::CodeInfo> {
                CODES.iter()
            }
        }

        impl core::fmt::Debug for Code {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "`{self}`")
            }
        }

        /// Escaped, and no more than 256 characters; `***` if it assigns a secret. [`as_str`](Self::as_str) has it as it came,
        /// the whole of it.
        impl core::fmt::Display for Code {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::gateway::code::write_shown(f, &self.0)
            }
        }

        fn info(text: &str) -> Option<&'static $crate::gateway::CodeInfo> {
            CODES.iter().find(|info| info.name() == text)
        }

        static CODES: &[$crate::gateway::CodeInfo] = &[
            $($crate::gateway::CodeInfo {
                name: $code,
                text: $text,
                sort: $crate::gateway::Sort::$sort,
                verdict: $verdict,
                note: $note,
            },)+
        ];
    };
}

pub(super) use codes;

/// So many characters of a text are printed.
const MAX_SHOWN: usize = 256;

/// So much of a text is searched for a secret that it assigns, in bytes: what is printed of it, and a margin for a name
/// that says so only behind its end.
pub(super) const MAX_SEARCHED: usize = 4096;

const _: () = assert!(MAX_SEARCHED > MAX_SHOWN * 4, "a character may take four bytes");

/// As much of a text as is printed.
pub(super) fn shown(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_SHOWN).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}

/// As much of a text as is printed; `***` if it assigns a secret.
pub(super) fn redacted(text: &str) -> &str {
    if assigns_secret(beginning(text, MAX_SEARCHED)) { REDACTED } else { shown(text) }
}

/// The beginning of a text: no more bytes than these.
pub(super) fn beginning(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

/// Writes a text escaped, [`MAX_SHOWN`] characters at most, the last of them `…` if there are more; `***` if it assigns a
/// secret.
pub(super) fn write_shown(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if assigns_secret(beginning(text, MAX_SEARCHED)) {
        return f.write_str(REDACTED);
    }
    let mut escaped = text.escape_debug();
    escaped.by_ref().take(MAX_SHOWN - 1).try_for_each(|c| f.write_char(c))?;
    match (escaped.next(), escaped.next()) {
        (None, _) => Ok(()),
        (Some(last), None) => f.write_char(last),
        (Some(_), Some(_)) => f.write_char('…'),
    }
}
