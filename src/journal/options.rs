//! Whose journal it is, and how much it keeps.

use core::fmt;
use core::time::Duration;

use crate::secret::REDACTED;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose journal it is. One of another account, or of another host, is refused: its doubts are not this one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    host: Box<str>,
    account: Box<str>,
}

impl Scope {
    /// The host that is connected to, in any case, with its port if that matters; and the user name at it. A client on such
    /// a journal must have this host as its endpoint, and this user name, in the same case, as the id of its login.
    #[must_use]
    pub fn new(host: &str, account: &str) -> Self {
        Self { host: host.to_ascii_lowercase().into(), account: account.into() }
    }

    /// The host, in lowercase.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The user name at it.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account `{}` at `{}`", self.account.escape_debug(), self.host.escape_debug())
    }
}

/// How much a journal keeps, and how long.
#[derive(Clone)]
pub struct Options {
    pub(super) max_entries: usize,
    pub(super) max_file: u64,
    pub(super) keep: Duration,
    pub(super) keep_keyed: Duration,
    pub(super) queue: usize,
    pub(super) key: Option<[u8; 32]>,
}

impl Options {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_entries: 2_000_000,
            max_file: 1 << 32,
            keep: DAY.saturating_mul(7),
            keep_keyed: DAY.saturating_mul(30),
            queue: 1_024,
            key: None,
        }
    }

    /// The most entries; 2,000,000 by default: 40,000 keyed writes a day, each kept for 30 days, and a reserve. When there are so many, new tickets are refused, and what becomes of known
    /// ones is still written.
    #[must_use]
    pub const fn max_entries(mut self, entries: usize) -> Self {
        self.max_entries = entries;
        self
    }

    /// The largest file, in bytes; 4 GiB by default, which hold 1.9 million entries of 500 bytes. New tickets are refused when the entries fill a quarter of it: a page
    /// may be half empty, nothing is overwritten in place, and the file grows by doubling. What is left is for the
    /// outcomes of known tickets.
    #[must_use]
    pub const fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file = bytes;
        self
    }

    /// How long finished entries without a key are kept; 7 days by default.
    #[must_use]
    pub const fn keep(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// How long finished entries with a key are kept, and a key protects from a second attempt; 30 days by default.
    #[must_use]
    pub const fn keep_keyed(mut self, time: Duration) -> Self {
        self.keep_keyed = time;
        self
    }

    /// How many writes may wait for the journal's thread, 1 at least; 1,024 by default. Another one is refused at once.
    #[must_use]
    pub const fn queue(mut self, writes: usize) -> Self {
        self.queue = if writes == 0 { 1 } else { writes };
        self
    }

    /// The key of a new journal's hashes, for tests that are to be repeatable. By default it comes from the operating
    /// system. A journal that exists has its own.
    #[must_use]
    pub const fn key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("max_entries", &self.max_entries)
            .field("max_file", &self.max_file)
            .field("keep", &self.keep)
            .field("keep_keyed", &self.keep_keyed)
            .field("queue", &self.queue)
            .field("key", &self.key.map(|_| REDACTED))
            .finish()
    }
}
