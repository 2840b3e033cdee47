//! Country codes (ISO 3166-1 alpha-2).

use core::fmt;
use core::str::FromStr;

/// A country code as the API takes it: one of the 249 two-letter codes that ISO 3166-1 has officially assigned.
///
/// Reserved codes (`UK`, `EU`), those left to users (`AA`, `QM` to `QZ`, `XA` to `XZ`, `ZZ`) and withdrawn ones (`AN`) are
/// none.
/// A code in lower case is refused, and the error names the one that is meant: what is sent is what was given.
///
/// ```
/// use rrp::gateway::numbers::CountryCode;
///
/// assert_eq!("AU".parse::<CountryCode>()?.as_str(), "AU");
/// let error = "au".parse::<CountryCode>().unwrap_err();
/// assert_eq!(error.to_string(), "country code has `a` at byte 0, which is not upper case: `AU` is one");
/// # Ok::<(), rrp::gateway::numbers::InvalidCountryCode>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

/// Why a text is no country code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCountryCode(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Length,
    NoLetter { found: char, at: usize },
    LowerCase { found: char, at: usize, meant: CountryCode },
    Unassigned([u8; 2]),
}

impl CountryCode {
    /// The code, if it is one.
    ///
    /// # Errors
    /// [`InvalidCountryCode`], which says what is wrong, and where.
    pub fn new(text: &str) -> Result<Self, InvalidCountryCode> {
        let wrong = |problem| Err(InvalidCountryCode(problem));
        let mut characters = text.char_indices();
        if let Some((at, found)) = characters.by_ref().take(2).find(|(_, c)| !c.is_ascii_alphabetic()) {
            return wrong(Problem::NoLetter { found, at });
        }
        let Ok(letters) = <[u8; 2]>::try_from(text.as_bytes()) else { return wrong(Problem::Length) };
        let code = Self(letters.map(|letter| letter.to_ascii_uppercase()));
        if ASSIGNED.binary_search(&&code.0).is_err() {
            return wrong(Problem::Unassigned(letters));
        }
        match text.char_indices().find(|(_, c)| c.is_ascii_lowercase()) {
            Some((at, found)) => wrong(Problem::LowerCase { found, at, meant: code }),
            None => Ok(code),
        }
    }

    /// The code: two upper-case letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Every assigned code, in the order of the alphabet.
    pub fn known() -> impl ExactSizeIterator<Item = Self> {
        ASSIGNED.iter().map(|letters| Self(**letters))
    }
}

impl FromStr for CountryCode {
    type Err = InvalidCountryCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<&str> for CountryCode {
    type Error = InvalidCountryCode;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl AsRef<str> for CountryCode {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl InvalidCountryCode {
    /// The byte position of the character that was refused, counted from 0; `None` if it is not about a character.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self.0 {
            Problem::NoLetter { at, .. } | Problem::LowerCase { at, .. } => Some(at),
            Problem::Length | Problem::Unassigned(_) => None,
        }
    }

    /// The code that differs in case alone.
    #[must_use]
    pub const fn meant(&self) -> Option<CountryCode> {
        match self.0 {
            Problem::LowerCase { meant, .. } => Some(meant),
            _ => None,
        }
    }
}

impl fmt::Display for InvalidCountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Problem::Length => f.write_str("country code is not of two letters"),
            Problem::NoLetter { found, at } => {
                write!(
                    f,
                    "country code has `{}` at byte {at}, where a letter must be",
                    found.escape_default()
                )
            }
            Problem::LowerCase { found, at, meant } => {
                write!(
                    f,
                    "country code has `{found}` at byte {at}, which is not upper case: `{meant}` is one"
                )
            }
            Problem::Unassigned([a, b]) => {
                let (a, b) = (char::from(a), char::from(b));
                write!(f, "country code `{a}{b}` is not one that iso 3166-1 has assigned")
            }
        }
    }
}

impl core::error::Error for InvalidCountryCode {}

// As they stand in 2025; the list of countries of the time zone database (`iso3166.tab`) has the same.
/// In order: it is searched by halves.
static ASSIGNED: [&[u8; 2]; 249] = [
    b"AD", b"AE", b"AF", b"AG", b"AI", b"AL", b"AM", b"AO", b"AQ", b"AR", b"AS", b"AT", b"AU", b"AW", b"AX",
    b"AZ", b"BA", b"BB", b"BD", b"BE", b"BF", b"BG", b"BH", b"BI", b"BJ", b"BL", b"BM", b"BN", b"BO", b"BQ",
    b"BR", b"BS", b"BT", b"BV", b"BW", b"BY", b"BZ", b"CA", b"CC", b"CD", b"CF", b"CG", b"CH", b"CI", b"CK",
    b"CL", b"CM", b"CN", b"CO", b"CR", b"CU", b"CV", b"CW", b"CX", b"CY", b"CZ", b"DE", b"DJ", b"DK", b"DM",
    b"DO", b"DZ", b"EC", b"EE", b"EG", b"EH", b"ER", b"ES", b"ET", b"FI", b"FJ", b"FK", b"FM", b"FO", b"FR",
    b"GA", b"GB", b"GD", b"GE", b"GF", b"GG", b"GH", b"GI", b"GL", b"GM", b"GN", b"GP", b"GQ", b"GR", b"GS",
    b"GT", b"GU", b"GW", b"GY", b"HK", b"HM", b"HN", b"HR", b"HT", b"HU", b"ID", b"IE", b"IL", b"IM", b"IN",
    b"IO", b"IQ", b"IR", b"IS", b"IT", b"JE", b"JM", b"JO", b"JP", b"KE", b"KG", b"KH", b"KI", b"KM", b"KN",
    b"KP", b"KR", b"KW", b"KY", b"KZ", b"LA", b"LB", b"LC", b"LI", b"LK", b"LR", b"LS", b"LT", b"LU", b"LV",
    b"LY", b"MA", b"MC", b"MD", b"ME", b"MF", b"MG", b"MH", b"MK", b"ML", b"MM", b"MN", b"MO", b"MP", b"MQ",
    b"MR", b"MS", b"MT", b"MU", b"MV", b"MW", b"MX", b"MY", b"MZ", b"NA", b"NC", b"NE", b"NF", b"NG", b"NI",
    b"NL", b"NO", b"NP", b"NR", b"NU", b"NZ", b"OM", b"PA", b"PE", b"PF", b"PG", b"PH", b"PK", b"PL", b"PM",
    b"PN", b"PR", b"PS", b"PT", b"PW", b"PY", b"QA", b"RE", b"RO", b"RS", b"RU", b"RW", b"SA", b"SB", b"SC",
    b"SD", b"SE", b"SG", b"SH", b"SI", b"SJ", b"SK", b"SL", b"SM", b"SN", b"SO", b"SR", b"SS", b"ST", b"SV",
    b"SX", b"SY", b"SZ", b"TC", b"TD", b"TF", b"TG", b"TH", b"TJ", b"TK", b"TL", b"TM", b"TN", b"TO", b"TR",
    b"TT", b"TV", b"TW", b"TZ", b"UA", b"UG", b"UM", b"US", b"UY", b"UZ", b"VA", b"VC", b"VE", b"VG", b"VI",
    b"VN", b"VU", b"WF", b"WS", b"YE", b"YT", b"ZA", b"ZM", b"ZW",
];
