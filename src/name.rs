//! Names of domains and hosts in one canonical form.
//!
//! Two spellings of one name must be one object to whatever guards against doing a thing twice. So a name is lowered,
//! loses its trailing dot, and carries its ASCII form (UTS 46); comparing, hashing and sending go by the ASCII form
//! alone. Beyond letter case nothing is mapped, as RFC 5891 §4.2 wants it of registrations: `exam²ple.com` is refused,
//! and not bought as `exam2ple.com`.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The most bytes of a name in ASCII form (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
/// The most bytes of one label.
const MAX_LABEL: usize = 63;
/// The most bytes read as a name at all, in whatever form it is given.
const MAX_GIVEN: usize = 1_024;

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    what: &'static str,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    TooLong { max: usize },
    EmptyLabel { at: usize },
    LongLabel { at: usize },
    Forbidden { found: char, at: usize },
    DashAtEnd { at: usize },
    OneLabel,
    Numeric,
    Mapped { to: Box<str> },
    Idna,
}

impl NameError {
    /// The byte position of what was refused, counted from 0 in the name as given (in its ASCII form if it was given
    /// in another script); `None` if it is about the whole name.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self.problem {
            Problem::Forbidden { at, .. }
            | Problem::EmptyLabel { at }
            | Problem::LongLabel { at }
            | Problem::DashAtEnd { at } => Some(at),
            _ => None,
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match &self.problem {
            Problem::Empty => write!(f, "{what} is empty"),
            Problem::TooLong { max } => write!(f, "{what} is longer than {max} bytes"),
            Problem::EmptyLabel { at } => write!(f, "{what} has an empty label at byte {at}"),
            Problem::LongLabel { at } => write!(f, "{what} has a label of over 63 bytes at byte {at}"),
            Problem::Forbidden { found, at } => {
                write!(f, "{what} has `{}` at byte {at}, which no label may have", found.escape_default())
            }
            Problem::DashAtEnd { at } => {
                write!(f, "{what} has `-` at byte {at}, where a label begins or ends")
            }
            Problem::OneLabel => write!(f, "{what} has one label only"),
            Problem::Numeric => write!(f, "{what} ends in a number, as an address does"),
            Problem::Mapped { to } => {
                write!(
                    f,
                    "{what} would become another one, `{}`; give that if it is meant",
                    to.escape_debug()
                )
            }
            Problem::Idna => write!(f, "{what} has no ASCII form"),
        }
    }
}

impl core::error::Error for NameError {}

/// What both kinds of names keep.
#[derive(Clone)]
struct Name {
    /// As given, but lowered and without its trailing dot; `None` if that is the ASCII form.
    given: Option<Box<str>>,
    ascii: Box<str>,
}

impl Name {
    fn new(what: &'static str, text: &str) -> Result<Self, NameError> {
        let error = |problem| NameError { what, problem };
        if text.is_empty() {
            return Err(error(Problem::Empty));
        }
        if text.len() > MAX_GIVEN {
            return Err(error(Problem::TooLong { max: MAX_GIVEN }));
        }
        if text.is_ascii() {
            let name = text.strip_suffix('.').unwrap_or(text);
            check_ascii(name).map_err(error)?;
            return Ok(Self { given: None, ascii: name.to_ascii_lowercase().into() });
        }
        // A control character is refused under its own name before UTS 46 could map or drop it.
        if let Some((at, found)) = text.char_indices().find(|(_, c)| crate::text::ends_line(*c) || *c == ' ')
        {
            return Err(error(Problem::Forbidden { found, at }));
        }
        let ascii = Uts46::new()
            .to_ascii(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::CheckFirstLast, DnsLength::Ignore)
            .map_err(|_| error(Problem::Idna))?;
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        check_ascii(ascii).map_err(error)?;
        let (given, _) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
        if !lowered(text).eq(given.chars()) {
            return Err(error(Problem::Mapped { to: given.into() }));
        }
        Ok(Self { given: Some(given.into()), ascii: ascii.into() })
    }
}

/// Lowered letter by letter (no final sigma, which would be another name), with `.` for every full stop of IDNA2003 and
/// without a trailing one.
fn lowered(name: &str) -> impl Iterator<Item = char> + '_ {
    const STOPS: [char; 3] = ['。', '．', '｡'];
    let name = name.strip_suffix('.').or_else(|| name.strip_suffix(STOPS)).unwrap_or(name);
    name.chars().flat_map(char::to_lowercase).map(|c| if STOPS.contains(&c) { '.' } else { c })
}

/// Letters, digits and inner dashes in two or more labels (RFC 1123 §2.1).
fn check_ascii(name: &str) -> Result<(), Problem> {
    if name.len() > MAX_NAME {
        return Err(Problem::TooLong { max: MAX_NAME });
    }
    let mut at = 0_usize;
    let mut labels = 0_usize;
    for label in name.split('.') {
        let end = at.saturating_add(label.len());
        if let Some((offset, found)) =
            label.char_indices().find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '-')
        {
            return Err(Problem::Forbidden { found, at: at.saturating_add(offset) });
        }
        if label.is_empty() {
            return Err(Problem::EmptyLabel { at });
        }
        if label.len() > MAX_LABEL {
            return Err(Problem::LongLabel { at });
        }
        if label.starts_with('-') {
            return Err(Problem::DashAtEnd { at });
        }
        if label.ends_with('-') {
            return Err(Problem::DashAtEnd { at: end.saturating_sub(1) });
        }
        labels = labels.saturating_add(1);
        at = end.saturating_add(1);
    }
    if labels < 2 {
        return Err(Problem::OneLabel);
    }
    match name.rsplit('.').next() {
        Some(top) if top.bytes().all(|b| b.is_ascii_digit()) => Err(Problem::Numeric),
        _ => Ok(()),
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Name);

        impl $name {
            /// The name, if it is one.
            ///
            /// # Errors
            /// [`NameError`] if it is empty, longer than 253 bytes, has one label only, a label that is empty, over 63
            /// bytes or not of letters, digits and inner dashes, no ASCII form, one that means another
            /// name, or a number as the last label.
            pub fn new(name: &str) -> Result<Self, NameError> {
                Name::new($what, name).map(Self)
            }

            /// The canonical ASCII form: lowered, without trailing dot, `xn--` for other scripts.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0.ascii
            }

            /// As it was given, lowered and without trailing dot; for a name in ASCII the canonical form.
            #[must_use]
            pub fn as_given(&self) -> &str {
                self.0.given.as_deref().unwrap_or(&self.0.ascii)
            }

            /// The labels of the canonical form, from left to right.
            pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
                self.0.ascii.split('.')
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;

            fn try_from(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ascii == other.0.ascii
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                self.0.ascii.cmp(&other.0.ascii)
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.ascii.hash(state);
            }
        }
    };
}

name_type!(
    /// The name of a domain: two or more labels.
    ///
    /// RFC 2832 §7 knows second-level names alone; the strict dialect refuses others when it encodes.
    ///
    /// ```
    /// use rrp::DomainName;
    ///
    /// let name: DomainName = "MÜLLER.example.".parse()?;
    /// assert_eq!(name.as_str(), "xn--mller-kva.example");
    /// assert_eq!(name.as_given(), "müller.example");
    /// assert_eq!(name, "xn--mller-kva.EXAMPLE".parse()?);
    /// # Ok::<(), rrp::name::NameError>(())
    /// ```
    DomainName,
    "domain name"
);

name_type!(
    /// The fully qualified name of a name server: two or more labels.
    HostName,
    "host name"
);
