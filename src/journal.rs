//! What is known of each write, kept where a crash does not lose it.
//!
//! A journal is a map from [`Ticket`](crate::dispatch::Ticket) to the newest [`Entry`]: an entry is written before the first byte of a write is
//! handed over and again when its outcome is known, and whoever asks is told after that. What a crash leaves open is in
//! doubt. [`Memory`] keeps no more than the process lives; `Embedded` (feature `journal`) keeps a file. Whoever has a store
//! of their own implements [`Journal`] for it; `encode` and `decode` (feature `journal`) turn entries into bytes, and
//! `encode_account` and `decode_account` what is known of the account, but for an operator's hold, which has a record of its own
//! (`encode_operator_hold`, `decode_operator_hold`).
//!
//! # Time
//!
//! A clock that is set must not make a journal forget. Its time, [`Restored::wall`], only goes forward, and between two
//! looks at the clock by at most [`MAX_STEP_MS`], whatever the clock says; what it said at the last look is kept with it, so
//! that a clock that stays wrong is believed once, and not at every start. It decides what is forgotten, and nothing else:
//! after a long rest it is behind. When something was sent is for the clock to say.
//!
//! # What is forgotten
//!
//! Finished entries after 7 days, those with a key after 30 ([`Options`]). What is in doubt stays until somebody settles it;
//! the one exception is an AddContact that costs nothing and that no read can settle: its doubt expires after 30 days.
//!
//! # The account
//!
//! Beside the entries one [`Account`] is kept, so that its limits outlive the process: the last one that was put, in the same
//! commits and the same order. It is no entry: it always has room. When it is restored, a lock lasts [`MAX_HOLD_MS`] at the
//! most, an operator's hold [`MAX_OPERATOR_HOLD_MS`], and the place of a lost session stays charged for [`MAX_GHOST_MS`], whatever a clock said that was wrong. Where it
//! cannot be read, the entries still can, and no client begins until somebody has forgotten it
//! ([`JournalErrorKind::AccountDamaged`]).

#[cfg(feature = "journal")]
mod account;
#[cfg(feature = "journal")]
mod database;
mod error;
#[cfg(feature = "journal")]
mod file;
#[cfg(feature = "journal")]
mod held;
mod index;
mod lease;
mod memory;
mod operator;
mod options;
#[cfg(feature = "journal")]
mod record;
#[cfg(feature = "journal")]
mod storage;
#[cfg(feature = "journal")]
mod store;
#[cfg(feature = "journal")]
mod thread;
#[cfg(feature = "journal")]
mod upkeep;
mod wall;

use core::fmt;
use core::pin::Pin;
use std::sync::Arc;

use crate::dispatch::{Account, Entry, Put};
use crate::secret::REDACTED;

pub use error::{JournalError, JournalErrorKind, JournalStage};
pub use lease::{Claim, Lease};
pub use memory::Memory;
pub use operator::resolved;
pub use options::{Options, Scope};
pub use wall::{MAX_GHOST_MS, MAX_HOLD_MS, MAX_OPERATOR_HOLD_MS, MAX_STEP_MS};
#[cfg(feature = "journal")]
#[cfg_attr(docsrs, doc(cfg(feature = "journal")))]
pub use {
    account::{MAX_ACCOUNT_RECORD, account_to_json, decode_account, encode_account},
    database::FORMAT,
    held::{decode_operator_hold, encode_operator_hold},
    record::{InvalidRecord, MAX_RECORD, decode, encode, to_json},
    store::Store,
    thread::Embedded,
    upkeep::{Report, put_back},
};

/// A future that is sent where it is awaited.
pub type BoxFuture<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// Where the newest entry of each ticket is kept.
///
/// Both methods take the wall time, in milliseconds of Unix time: a journal has no clock of its own. What they do is
/// asked of it when they are called, in the order of the calls, whether or not the futures are polled.
pub trait Journal: Send + Sync + 'static {
    /// Everything that is remembered. A client asks once, at its start.
    ///
    /// Two clients on one journal would give the same tickets and not see each other's keys, and pay twice. A journal that
    /// has more than one handle keeps a [`Claim`] with them, and puts a [`Lease`] of it into what it gives
    /// ([`Restored::leased`]): the client drops that when nothing more comes from it, and until then this fails with
    /// [`JournalErrorKind::Locked`].
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>>;

    /// Writes these, in order, all or none. It is `Ok` when they are durable. After an `Err` nobody knows whether they are,
    /// unless its kind says that they were refused.
    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>>;
}

impl<J: Journal + ?Sized> Journal for Arc<J> {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        (**self).restore(wall)
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        (**self).write(puts, wall)
    }
}

/// What a journal remembers.
pub struct Restored {
    entries: Vec<Entry>,
    next_ticket: u64,
    key: [u8; 32],
    wall: u64,
    /// What the clock says.
    clock: u64,
    lease: Option<Lease>,
    scope: Option<Scope>,
    account: Account,
}

impl Restored {
    /// These entries, in the order of their tickets; the least ticket that was never given; the key of the hashes in the
    /// entries; and the time, in milliseconds of Unix time. Times of entries that lie behind it are taken for now, for a
    /// clock was wrong.
    #[must_use]
    pub fn new(entries: Vec<Entry>, next_ticket: u64, key: [u8; 32], wall: u64) -> Self {
        Self::until(wall, entries, next_ticket, key, wall)
    }

    /// The same, but only times behind the clock's, too, are taken for that. It may be ahead of a journal's time, and right.
    fn until(clock: u64, mut entries: Vec<Entry>, next_ticket: u64, key: [u8; 32], wall: u64) -> Self {
        let latest = wall.max(clock);
        for entry in &mut entries {
            wall::clamp(entry, latest);
        }
        entries.sort_unstable_by_key(Entry::ticket);
        let beyond = entries.last().map_or(0, |last| last.ticket().get().saturating_add(1));
        Self {
            entries,
            next_ticket: next_ticket.max(beyond),
            key,
            wall,
            clock,
            lease: None,
            scope: None,
            account: Account::default(),
        }
    }

    /// The same, for whoever holds this lease, which stays in it until it is dropped or [taken](Self::take_lease).
    #[must_use]
    pub fn leased(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }

    /// The same, of a journal that is this one's.
    #[must_use]
    pub fn of(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The same, with what is known of the account itself. A lock or a ghost that lasts longer than any can, by the time that
    /// it is, is taken for the longest.
    #[must_use]
    pub fn with_account(mut self, account: Account) -> Self {
        self.account = account;
        wall::clamp_account(&mut self.account, self.clock, self.wall.max(self.clock));
        self
    }

    /// What is known of the account itself; nothing by default.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Whose journal it is; `None` if it does not know. A client begins on no other's.
    #[must_use]
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// What keeps others from the journal, to be held until the last write is done. `None` if the journal gave none.
    #[must_use = "dropping it gives the journal free"]
    pub const fn take_lease(&mut self) -> Option<Lease> {
        self.lease.take()
    }

    /// The entries, in the order of their tickets.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, in the order of their tickets. A lease that was not taken is dropped.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The least number that was never that of a [`Ticket`](crate::dispatch::Ticket) here.
    #[must_use]
    pub const fn next_ticket(&self) -> u64 {
        self.next_ticket
    }

    /// The key of the hashes, for [`Keyed`](crate::settle::Keyed).
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The time, in milliseconds of Unix time. It never goes back, and does not follow a clock that jumps: see the
    /// [module](self).
    #[must_use]
    pub const fn wall(&self) -> u64 {
        self.wall
    }
}

impl fmt::Debug for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restored")
            .field("entries", &self.entries.len())
            .field("next_ticket", &self.next_ticket)
            .field("key", &REDACTED)
            .field("wall", &self.wall)
            .field("scope", &self.scope)
            .field("account", &self.account)
            .field("leased", &self.lease.is_some())
            .finish()
    }
}
