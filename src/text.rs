//! Validated text: what may stand on one line of a command.
//!
//! A line that a caller's value could end early would become a second command (and a second bill). So the types here
//! refuse, when they are made, every byte that a reader anywhere could take for the end of a line. The error names the
//! character and where it stands.

use core::fmt;
use core::str::FromStr;

/// Why a text was refused.
///
/// Never shows the text itself, which may be secret; only the offending character and its byte position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextError {
    what: &'static str,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    TooShort { min: usize },
    TooLong { max: usize },
    Forbidden { found: char, at: usize },
    Reserved { name: &'static str },
}

impl TextError {
    pub(crate) const fn empty(what: &'static str) -> Self {
        Self { what, problem: Problem::Empty }
    }

    pub(crate) const fn too_short(what: &'static str, min: usize) -> Self {
        Self { what, problem: Problem::TooShort { min } }
    }

    pub(crate) const fn too_long(what: &'static str, max: usize) -> Self {
        Self { what, problem: Problem::TooLong { max } }
    }

    pub(crate) const fn forbidden(what: &'static str, found: char, at: usize) -> Self {
        Self { what, problem: Problem::Forbidden { found, at } }
    }

    pub(crate) const fn reserved(what: &'static str, name: &'static str) -> Self {
        Self { what, problem: Problem::Reserved { name } }
    }

    /// The byte position of the character that was refused, counted from 0; `None` if it is not about a character.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self.problem {
            Problem::Forbidden { at, .. } => Some(at),
            _ => None,
        }
    }

    /// The character that was refused; `None` if it is not about a character.
    #[must_use]
    pub const fn character(&self) -> Option<char> {
        match self.problem {
            Problem::Forbidden { found, .. } => Some(found),
            _ => None,
        }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match self.problem {
            Problem::Empty => write!(f, "{what} is empty"),
            Problem::TooShort { min } => write!(f, "{what} is shorter than {min} bytes"),
            Problem::TooLong { max } => write!(f, "{what} is longer than {max} bytes"),
            Problem::Forbidden { found, at } => {
                write!(f, "{what} has `{}` at byte {at}, which it may not have there", found.escape_default())
            }
            Problem::Reserved { name } => write!(f, "{what} may not be `{name}`"),
        }
    }
}

impl core::error::Error for TextError {}

/// Whether some reader of lines could take this character for the end of one, or a terminal for an order.
///
/// All control characters (CR, LF, NUL, NEL and ESC among them) and the two separators of Unicode.
pub(crate) fn ends_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Refuses what may not stand in a value: see [`Value`].
pub(crate) fn check_line(what: &'static str, text: &str, max: usize) -> Result<(), TextError> {
    if text.len() > max {
        return Err(TextError::too_long(what, max));
    }
    // Most are nothing else.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| ends_line(*c)) {
        Some((at, found)) => Err(TextError::forbidden(what, found, at)),
        None => Ok(()),
    }
}

/// Whether two names are the same to a reader of replies: without case, and without blanks.
///
/// `registration expiration date`, `RegistrationExpirationDate` and `REGISTRATION EXPIRATION DATE` are one name.
/// Underscores and dashes count.
///
/// ```
/// assert!(rrp::text::same_name(b"registration expiration date", b"RegistrationExpirationDate"));
/// assert!(!rrp::text::same_name(b"created date", b"created by"));
/// ```
#[must_use]
pub fn same_name(a: &[u8], b: &[u8]) -> bool {
    if a.len() == b.len() && a.eq_ignore_ascii_case(b) {
        return true;
    }
    letters(a).eq(letters(b))
}

fn letters(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    name.iter().filter(|byte| !matches!(byte, b' ' | b'\t')).map(u8::to_ascii_lowercase)
}

/// A word: the name of a command, an attribute or an option (`id-word` of RFC 2832 §7).
///
/// 1 to 128 ASCII letters, digits, `_` and `-`, the first a letter or digit; never `EOF`, which ends a block. Keeps its
/// case; compare with [`same_name`] or [`str::eq_ignore_ascii_case`] where the protocol does.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(Box<str>);

impl Token {
    /// The longest word, in bytes (RFC 2832 §7).
    pub const MAX_LEN: usize = 128;

    /// The word, if it is one.
    ///
    /// # Errors
    /// [`TextError`] if it is empty, too long, `EOF`, or has a character that it may not have.
    pub fn new(word: &str) -> Result<Self, TextError> {
        const WHAT: &str = "word";
        if word.is_empty() {
            return Err(TextError::empty(WHAT));
        }
        if word.len() > Self::MAX_LEN {
            return Err(TextError::too_long(WHAT, Self::MAX_LEN));
        }
        let allowed =
            |(at, c): (usize, char)| c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '_' | '-'));
        if let Some((at, found)) = word.char_indices().find(|pair| !allowed(*pair)) {
            return Err(TextError::forbidden(WHAT, found, at));
        }
        if word.eq_ignore_ascii_case("EOF") {
            return Err(TextError::reserved(WHAT, "EOF"));
        }
        Ok(Self(word.into()))
    }

    /// A word of this crate's own.
    pub(crate) fn trusted(word: &'static str) -> Self {
        debug_assert!(Self::new(word).is_ok(), "`{word}` is no word");
        Self(word.into())
    }

    /// The word.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a PTF parameter, such as `domain`, `nameserver0` or `X-FEE-AMOUNT`.
///
/// 1 to 128 visible ASCII characters without `=`, not beginning with `[` or `.`; not `EOF`. Never `command`, in any case and with any
/// punctuation, nor `command` with an index: the name of the command is given once, and no parameter can replace it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterName(Box<str>);

impl ParameterName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The name, if it is one.
    ///
    /// # Errors
    /// [`TextError`] if it is empty, too long, some spelling of `command`, or has a character that it may not have.
    pub fn new(name: &str) -> Result<Self, TextError> {
        const WHAT: &str = "parameter name";
        if name.is_empty() {
            return Err(TextError::empty(WHAT));
        }
        if name.len() > Self::MAX_LEN {
            return Err(TextError::too_long(WHAT, Self::MAX_LEN));
        }
        let allowed = |(at, c): (usize, char)| c.is_ascii_graphic() && c != '=' && (at > 0 || c != '[');
        if let Some((at, found)) = name.char_indices().find(|pair| !allowed(*pair)) {
            return Err(TextError::forbidden(WHAT, found, at));
        }
        let mut letters =
            name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
        if name.starts_with('.') || name.eq_ignore_ascii_case("EOF") {
            return Err(TextError::reserved(WHAT, "the end of a frame"));
        }
        if b"command".iter().all(|letter| letters.next() == Some(*letter))
            && letters.all(|byte| byte.is_ascii_digit())
        {
            return Err(TextError::reserved(WHAT, "command"));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value: anything that fits on one line.
///
/// At most 32,768 bytes of UTF-8; may be empty. Refused are control characters (CR, LF, NUL, tab, ESC …), U+2028,
/// U+2029, and white space at either end, which readers drop. A value always stands behind its name on the line, so a lone
/// `.` or `EOF` in it ends nothing.
///
/// ```
/// use rrp::Value;
///
/// let smuggled = Value::new("example.com\r\nEOF\r\n[COMMAND]").unwrap_err();
/// assert_eq!(smuggled.position(), Some(11));
/// assert_eq!(smuggled.to_string(), "value has `\\r` at byte 11, which it may not have there");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(Box<str>);

impl Value {
    /// The longest value, in bytes. A limit of this crate.
    pub const MAX_LEN: usize = 32_768;

    /// The value, if it is one.
    ///
    /// # Errors
    /// [`TextError`] if it is too long, has a control character or a line separator, or white space at an end.
    pub fn new(value: &str) -> Result<Self, TextError> {
        Self::check("value", value)?;
        Ok(Self(value.into()))
    }

    /// Checks without keeping a copy, which of a secret nobody would wipe.
    pub(crate) fn check(what: &'static str, value: &str) -> Result<(), TextError> {
        check_line(what, value, Self::MAX_LEN)?;
        let ends = [value.char_indices().next(), value.char_indices().next_back()];
        match ends.into_iter().flatten().find(|(_, c)| c.is_whitespace()) {
            Some((at, found)) => Err(TextError::forbidden(what, found, at)),
            None => Ok(()),
        }
    }

    /// A value that another validated type holds.
    pub(crate) fn trusted(value: &str) -> Self {
        debug_assert!(Self::new(value).is_ok(), "a validated type holds an invalid value");
        Self(value.into())
    }

    /// The value.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value of a MOD command (RFC 2832 §4.3.5): a [`Value`] that is not empty and has no `=`.
///
/// On such a line `=` is an operator: `ns1.example.com=` *removes* the name server. Adding, removing and replacing are
/// different calls; a value cannot turn one into another.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModValue(Value);

impl ModValue {
    /// The value, if it is one.
    ///
    /// # Errors
    /// [`TextError`] as for [`Value::new`], and if it is empty or has a `=`.
    pub fn new(value: &str) -> Result<Self, TextError> {
        Self::check(value)?;
        Ok(Self(Value(value.into())))
    }

    pub(crate) fn check(value: &str) -> Result<(), TextError> {
        const WHAT: &str = "value of a modification";
        if value.is_empty() {
            return Err(TextError::empty(WHAT));
        }
        Value::check(WHAT, value)?;
        match value.find('=') {
            Some(at) => Err(TextError::forbidden(WHAT, '=', at)),
            None => Ok(()),
        }
    }

    /// The value.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

macro_rules! text_traits {
    ($($name:ident),+) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = TextError;

            fn try_from(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::new(&text)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }
    )+ };
}

text_traits!(Token, ParameterName, Value, ModValue);
