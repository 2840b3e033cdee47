//! What was executed, and what it cost.

use core::fmt;
use std::time::Instant;

use super::ConnectionId;

/// What a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// Nothing: it asked, or was refused.
    None,
    /// A session began or ended.
    Session,
    /// An order waits in the queue; its execution is an entry of its own.
    Queued,
    /// An object was created: a domain registered, a name server, contact or zone added.
    Created,
    /// A domain was renewed.
    Renewed,
    /// An object was changed.
    Modified,
    /// An object was deleted, or a domain's deletion began.
    Deleted,
    /// A deleted domain was restored.
    Restored,
    /// A transfer was requested.
    TransferRequested,
    /// A transfer was approved: the domain has another registrar.
    Transferred,
    /// A transfer was rejected or cancelled.
    TransferEnded,
    /// Money went back to a registrar for what another one did: it rejected its transfer.
    Refunded,
    /// A service was used that leaves no object: a message or a token was sent.
    Served,
}

/// A command that reached its execution, or a job.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) transaction: u64,
    pub(super) when: Instant,
    pub(super) connection: Option<ConnectionId>,
    pub(super) registrar: String,
    pub(super) command: String,
    pub(super) object: String,
    pub(super) code: u16,
    pub(super) change: Change,
    pub(super) price: i64,
}

impl Entry {
    /// The line about money that another registrar got back by this command.
    pub(super) fn refund(&self, registrar: String, cents: i64) -> Self {
        let change = Change::Refunded;
        let (command, price) = ("refund".to_owned(), cents.saturating_neg());
        Self { registrar, command, change, price, connection: None, ..self.clone() }
    }

    /// The registry's own transaction id, counted from 1; `svtrid` of a PTF answer.
    #[must_use]
    pub const fn transaction(&self) -> u64 {
        self.transaction
    }

    /// When it was executed.
    #[must_use]
    pub const fn when(&self) -> Instant {
        self.when
    }

    /// The connection that it came by; `None` for what the registry does of itself: jobs, implicit approvals.
    #[must_use]
    pub const fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    /// Who sent it, or for whom the job was; empty before login.
    #[must_use]
    pub fn registrar(&self) -> &str {
        &self.registrar
    }

    /// The name of the command, as it was sent.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// What it was about: the canonical name of a domain, host or zone, the handle of a contact; or empty.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The code that execution gave, whatever a fault made of the answer.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// What it did.
    #[must_use]
    pub const fn change(&self) -> Change {
        self.change
    }

    /// What it cost in cents; negative if money was returned.
    #[must_use]
    pub const fn price(&self) -> i64 {
        self.price
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transaction, registrar, command, object, code, change, price, .. } = self;
        write!(f, "{transaction} {registrar} {command} {object} {code} {change:?} {price}")
    }
}

/// Everything that was executed and billed, in order.
///
/// Changes are always kept; what changed no object only up to a million entries. Of an object's name 256 bytes are kept.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    transactions: u64,
}

impl Ledger {
    const QUIET_LIMIT: usize = 1_000_000;
    /// The most bytes that are kept of the name of an object.
    const MAX_OBJECT: usize = 256;

    pub(super) const fn transaction(&mut self) -> u64 {
        self.transactions = self.transactions.saturating_add(1);
        self.transactions
    }

    /// A ledger that continues this one's transaction ids and is thrown away.
    pub(super) const fn scratch(&self) -> Self {
        Self { entries: Vec::new(), transactions: self.transactions }
    }

    pub(super) fn record(&mut self, mut entry: Entry) {
        let end = entry.object.floor_char_boundary(Self::MAX_OBJECT);
        entry.object.truncate(end);
        let quiet = matches!(entry.change, Change::None | Change::Session);
        if !quiet || self.entries.len() < Self::QUIET_LIMIT {
            self.entries.push(entry);
        }
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How often a command succeeded on an object; both names without case. A command that was queued counts when its
    /// job has been executed.
    #[must_use]
    pub fn executed(&self, command: &str, object: &str) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.command.eq_ignore_ascii_case(command))
            .filter(|entry| entry.object.eq_ignore_ascii_case(object))
            .filter(|entry| matches!(entry.code, 200..=299) && entry.change != Change::Queued)
            .count()
    }

    /// How often something was done to an object, by whatever command.
    #[must_use]
    pub fn changes(&self, change: Change, object: &str) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.change == change && entry.object.eq_ignore_ascii_case(object))
            .count()
    }

    /// What a registrar was billed altogether, less what was returned; in cents.
    #[must_use]
    pub fn billed(&self, registrar: &str) -> i64 {
        self.entries
            .iter()
            .filter(|entry| entry.registrar == registrar)
            .fold(0, |sum, entry| sum.saturating_add(entry.price))
    }

    /// What was billed for an object altogether, less what was returned; in cents.
    #[must_use]
    pub fn billed_for(&self, object: &str) -> i64 {
        self.entries
            .iter()
            .filter(|entry| entry.object.eq_ignore_ascii_case(object))
            .fold(0, |sum, entry| sum.saturating_add(entry.price))
    }
}
