//! What is remembered of a value: in clear, or only what tells whether another one is the same.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::name::HostName;
use crate::secret::REDACTED;

/// The longest value that is kept in clear, in bytes.
const MAX_CLEAR: usize = 255;

/// What is kept in clear: names, dates, states and the guards of commands, also behind the `add` and `del` of PTF. All
/// else, contact data and codes for transfers above all, is kept as a keyed hash.
const CLEAR: [&str; 47] = [
    "accountingdate",
    "action",
    "admincontact",
    "approve",
    "billingcontact",
    "contact",
    "count",
    "createdby",
    "createddate",
    "currentexpirationyear",
    "dnszone",
    "domain",
    "domainname",
    "entityname",
    "expiration",
    "first",
    "ipaddress",
    "job",
    "job_id",
    "jobid",
    "jobqueue",
    "last",
    "limit",
    "nameserver",
    "newnameserver",
    "newregistrar",
    "oldregistrar",
    "ownercontact",
    "pending",
    "period",
    "registrar",
    "registrartransferdate",
    "registrationexpirationdate",
    "renewalmode",
    "rgpstatus",
    "roid",
    "rrstotal",
    "status",
    "techcontact",
    "total",
    "transferdate",
    "transfermode",
    "transferstatus",
    "transfertype",
    "updatedby",
    "updateddate",
    "years",
];

fn is_clear(name: &str) -> bool {
    let changed = ["add", "del"].into_iter().find_map(|prefix| name.strip_prefix(prefix));
    CLEAR.contains(&name) || changed.is_some_and(|name| CLEAR.contains(&name))
}

/// A name as it is compared: lowercase, without blanks, underscores' and digits' meaning kept but for an index at its end.
pub(super) fn plain_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let end = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if end.is_empty() { name } else { end.to_owned() }
}

/// A value, or what is left of it.
#[derive(Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a journal writes both")]
pub enum Kept {
    /// The value, in the form in which it is compared: names of hosts canonical, all else as it came.
    Clear(Box<str>),
    /// A keyed hash of the value.
    Hash([u8; 16]),
}

impl Kept {
    /// The value, if it was kept in clear.
    #[must_use]
    pub fn as_clear(&self) -> Option<&str> {
        match self {
            Self::Clear(value) => Some(value),
            Self::Hash(_) => None,
        }
    }

    /// Whether it is this value or one that differs in case alone; never of a hash.
    #[must_use]
    pub fn is(&self, value: &str) -> bool {
        self.as_clear().is_some_and(|clear| clear.eq_ignore_ascii_case(value))
    }

    /// Whether the two are of one value. Values in clear compare without case.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Clear(one), Self::Clear(other)) => one.eq_ignore_ascii_case(other),
            (Self::Hash(one), Self::Hash(other)) => one == other,
            _ => false,
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear(value) => write!(f, "`{}`", value.escape_debug()),
            Self::Hash(_) => f.write_str(REDACTED),
        }
    }
}

/// Makes hashes by a secret key, so that nobody else can try values against them.
#[derive(Clone)]
pub struct Keyed(Hmac<Sha256>);

impl Keyed {
    /// Hashes by this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        // HMAC fills a key up to a block with zeros; so does this.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        Self(Hmac::new(&block.into()))
    }

    /// The first 128 bits of HMAC-SHA-256 over these parts, each with its length before it.
    #[must_use]
    pub fn hash<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 16] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        let whole = mac.finalize().into_bytes();
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(whole) {
            *to = from;
        }
        short
    }

    /// What is kept of the value of an attribute, option, parameter or property of this name. That nothing was said is
    /// no secret of any name.
    #[must_use]
    pub fn keep(&self, name: &str, value: &str) -> Kept {
        let (name, value) = (plain_name(name), value.trim());
        if value.is_empty() || is_clear(&name) && value.len() <= MAX_CLEAR {
            let is_host =
                name.ends_with("nameserver") || matches!(name.as_str(), "domain" | "domainname" | "dnszone");
            let host = if is_host { HostName::new(value).ok() } else { None };
            return Kept::Clear(host.map_or_else(|| value.into(), |host| host.as_str().into()));
        }
        self.keep_hidden(value)
    }

    /// What is kept of a value that is nobody's business, whatever its name: a hash. That nothing was said is no secret.
    #[must_use]
    pub fn keep_hidden(&self, value: &str) -> Kept {
        match value.trim() {
            "" => Kept::Clear("".into()),
            value => Kept::Hash(self.hash([value.as_bytes()])),
        }
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyed").field(&REDACTED).finish()
    }
}
