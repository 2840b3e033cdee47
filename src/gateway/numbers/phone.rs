//! Phone numbers (ITU-T E.164).

use core::fmt;
use core::str::FromStr;

/// A phone number as the API takes it: `+` and 2 to 15 digits, the first of them 1 to 9 (ITU-T E.164 §6: a country code of
/// one to three digits, 15 digits in all; no country code begins with 0).
///
/// It is taken as it is given: blanks, dashes and brackets are refused, for whoever writes them may mean a national number.
/// Whether there is such a number is the API's to say. A phone number is personal data: `Debug` shows its last two digits.
///
/// ```
/// use rrp::gateway::numbers::PhoneNumber;
///
/// let number: PhoneNumber = "+61299999999".parse()?;
/// assert_eq!(number.as_str(), "+61299999999");
/// assert_eq!(format!("{number:?}"), "+…99");
/// let error = "+61 2 9999 9999".parse::<PhoneNumber>().unwrap_err();
/// assert_eq!(error.to_string(), "phone number has ` ` at byte 3, where a digit must be");
/// # Ok::<(), rrp::gateway::numbers::InvalidPhoneNumber>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(Box<str>);

/// Why a text is no phone number. It never shows the number, which is personal data; only where it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPhoneNumber(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    NoPlus,
    Zero,
    NoDigit { found: char, at: usize },
    TooShort,
    TooLong,
}

impl PhoneNumber {
    /// The fewest digits: a country code and one more.
    pub const MIN_DIGITS: usize = 2;
    /// The most digits (ITU-T E.164 §6).
    pub const MAX_DIGITS: usize = 15;

    /// The number, if it is one.
    ///
    /// # Errors
    /// [`InvalidPhoneNumber`], which names the place.
    pub fn new(text: &str) -> Result<Self, InvalidPhoneNumber> {
        let wrong = |problem| Err(InvalidPhoneNumber(problem));
        if text.is_empty() {
            return wrong(Problem::Empty);
        }
        let Some(digits) = text.strip_prefix('+') else { return wrong(Problem::NoPlus) };
        // One more than may be: a long text is not read to its end.
        let looked_at = digits.char_indices().take(Self::MAX_DIGITS.saturating_add(1));
        if let Some((at, found)) = looked_at.into_iter().find(|(_, c)| !c.is_ascii_digit()) {
            return wrong(Problem::NoDigit { found, at: at.saturating_add(1) });
        }
        match digits.len() {
            _ if digits.starts_with('0') => wrong(Problem::Zero),
            ..Self::MIN_DIGITS => wrong(Problem::TooShort),
            Self::MIN_DIGITS..=Self::MAX_DIGITS => Ok(Self(text.into())),
            _ => wrong(Problem::TooLong),
        }
    }

    /// The number, with its `+`.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<&str> for PhoneNumber {
    type Error = InvalidPhoneNumber;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl AsRef<str> for PhoneNumber {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The last two digits of one that has more than four.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(2);
        write!(f, "+…{}", self.0.get(last..).filter(|_| last > 3).unwrap_or_default())
    }
}

impl InvalidPhoneNumber {
    /// The byte position of what is wrong, counted from 0; `None` if it is not about a place.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self.0 {
            Problem::NoPlus => Some(0),
            Problem::Zero => Some(1),
            Problem::NoDigit { at, .. } => Some(at),
            Problem::TooLong => Some(PhoneNumber::MAX_DIGITS + 1),
            Problem::Empty | Problem::TooShort => None,
        }
    }
}

impl fmt::Display for InvalidPhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Problem::Empty => f.write_str("phone number is empty"),
            Problem::NoPlus => f.write_str("phone number does not begin with `+` and its country code"),
            Problem::Zero => f.write_str("phone number has `0` at byte 1, with which no country code begins"),
            Problem::NoDigit { found, at } => {
                write!(f, "phone number has `{}` at byte {at}, where a digit must be", found.escape_default())
            }
            Problem::TooShort => {
                write!(f, "phone number has fewer than {} digits", PhoneNumber::MIN_DIGITS)
            }
            Problem::TooLong => write!(f, "phone number has more than {} digits", PhoneNumber::MAX_DIGITS),
        }
    }
}

impl core::error::Error for InvalidPhoneNumber {}
