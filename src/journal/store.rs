//! A journal in a database: the code that the thread runs, without the thread.

use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, StorageBackend};

use super::account::{bounded, encode_account};
use super::database::{
    ENTRIES, META, META_CLOCK, META_NEXT, META_WALL, Meta, checked, damaged, database, each, from_redb,
    initialize, one, put_account, read,
};
use super::held::encode_operator_hold;
use super::index::{Held, Index, Plan, Step};
use super::record::{InvalidRecord, encode};
use super::storage::Storage;
use super::wall::{Wall, kept};
use super::{JournalError, JournalErrorKind, JournalStage, Options, Restored, Scope, file};
use crate::dispatch::{Account, Entry, Put, Ticket};

/// A journal in a [redb](https://docs.rs/redb) database, used by one thread at a time.
///
/// Its methods block. `Embedded` runs it on a thread of its own; a simulation drives it on storage of its own, and tools
/// use it on a file that nobody else has open.
///
/// One dispatcher writes to it, and begins with all that [`restore`](Self::restore) gives: the entries, the next ticket, and the
/// key. Two would give the same tickets and not see each other's keys; several APIs have a file each.
pub struct Store {
    storage: Arc<Storage>,
    /// None after a failure, until it has been opened again.
    database: Option<Database>,
    path: Option<PathBuf>,
    options: Options,
    meta: Meta,
    index: Index,
    wall: Wall,
    /// Why nothing more is written.
    ended: Option<JournalError>,
}

impl Store {
    /// Opens the journal in this storage, or makes one if it is empty. `wall` is the time, in milliseconds of Unix time.
    ///
    /// All that it holds is read and checked, which takes about a second for a few 100 MB.
    ///
    /// # Errors
    ///
    /// If the storage fails, somebody else has it, what is in it is damaged or no journal, is of a newer format, or is
    /// somebody else's journal.
    pub fn open(
        backend: impl StorageBackend,
        scope: &Scope,
        options: &Options,
        wall: u64,
    ) -> Result<Self, JournalError> {
        Self::on(Storage::new(backend), Some(scope), options, wall)
    }

    /// Opens the journal in this file, or makes it. A new file is readable for its owner alone.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and if others than its owner may read or write the file.
    pub fn create_file(
        path: impl AsRef<Path>,
        scope: &Scope,
        options: &Options,
        wall: u64,
    ) -> Result<Self, JournalError> {
        Self::at_path(path.as_ref(), true, Some(scope), options, wall)
    }

    /// Opens the journal in this file, whosever it is.
    ///
    /// # Errors
    ///
    /// As [`create_file`](Self::create_file), and if there is none.
    pub fn open_any(path: impl AsRef<Path>, options: &Options, wall: u64) -> Result<Self, JournalError> {
        Self::at_path(path.as_ref(), false, None, options, wall)
    }

    fn at_path(
        path: &Path,
        create: bool,
        scope: Option<&Scope>,
        options: &Options,
        wall: u64,
    ) -> Result<Self, JournalError> {
        let backend = file::backend(file::open(path, create)?, path)?;
        let mut store =
            Self::on(Storage::new(backend), scope, options, wall).map_err(|error| error.at(Some(path)))?;
        file::sync_directory(path)
            .map_err(|error| JournalError::io(JournalStage::Open, error).at(Some(path)))?;
        store.path = Some(path.to_owned());
        Ok(store)
    }

    fn on(
        storage: Arc<Storage>,
        scope: Option<&Scope>,
        options: &Options,
        wall: u64,
    ) -> Result<Self, JournalError> {
        if scope.is_some() {
            storage.empty_unfinished().map_err(|error| JournalError::io(JournalStage::Open, error))?;
        }
        let database = database(&storage)?;
        let (meta, index) =
            match read(&database, options, |meta| Wall::new(meta.wall, meta.clock, wall).latest())? {
                Some(read) => read,
                None => {
                    let Some(scope) = scope else {
                        return Err(damaged(JournalStage::Open, "it is no journal"));
                    };
                    let key = match options.key {
                        Some(key) => key,
                        None => random_key()?,
                    };
                    let account = Ok(Account::default());
                    let meta = Meta { scope: scope.clone(), key, next_ticket: 1, wall, clock: wall, account };
                    initialize(&database, &meta).map_err(|error| from_redb(JournalStage::Open, error))?;
                    (meta, Index::default())
                }
            };
        if let Some(wanted) = scope.filter(|wanted| **wanted != meta.scope) {
            let kind = JournalErrorKind::Foreign { found: meta.scope, wanted: wanted.clone() };
            return Err(JournalError::new(JournalStage::Open, kind));
        }
        let options = options.clone();
        let wall = Wall::new(meta.wall, meta.clock, wall);
        Ok(Self { storage, database: Some(database), path: None, options, meta, index, wall, ended: None })
    }

    /// Whose journal it is.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.meta.scope
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time at the last look at the clock, in milliseconds of Unix time: see the [module](super).
    #[must_use]
    pub const fn wall(&self) -> u64 {
        self.wall.now()
    }

    pub(super) const fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(super) const fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    pub(super) const fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn named(&self, error: JournalError) -> JournalError {
        error.at(self.path.as_deref())
    }

    /// The database, opened again if it has failed.
    pub(super) fn database(&mut self) -> Result<&mut Database, JournalError> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        if self.database.is_none() {
            let database = database(&self.storage).map_err(|error| self.named(error))?;
            let latest = self.wall.latest();
            let read = read(&database, &self.options, |_| latest).map_err(|error| self.named(error))?;
            let Some((meta, index)) = read else {
                return Err(self.named(damaged(JournalStage::Open, "it is no journal any more")));
            };
            (self.meta, self.index) = (meta, index);
            self.database = Some(database);
        }
        // It was just put there.
        self.database.as_mut().ok_or_else(|| JournalError::new(JournalStage::Open, JournalErrorKind::Closed))
    }

    /// Everything that is remembered, after what may be forgotten is forgotten.
    ///
    /// # Errors
    ///
    /// If the storage fails, or what is in it is damaged, be it only what it keeps of its account.
    pub fn restore(&mut self, wall: u64) -> Result<Restored, JournalError> {
        let now = self.wall.advance(wall);
        // Also keeps what time it is: a journal that is only opened grows older, too.
        self.commit(&[], now)?;
        while !self.index.expired(now).is_empty() {
            self.commit(&[], now)?;
        }
        let entries = self.entries()?;
        let account = self.account()?;
        let Meta { next_ticket, key, scope, .. } = &self.meta;
        let restored = Restored::until(self.wall.clock(), entries, *next_ticket, *key, now);
        Ok(restored.of(scope.clone()).with_account(account))
    }

    /// What is known of the account, as it was written.
    ///
    /// # Errors
    ///
    /// If the storage fails, or this cannot be read, which keeps nobody from reading and writing entries. What is written
    /// in its place ([`Put::Account`]) replaces it.
    pub fn account(&mut self) -> Result<Account, JournalError> {
        self.database()?;
        self.meta.account(JournalStage::Restore).cloned().map_err(|error| self.named(error))
    }

    /// The entries, in the order of their tickets, as they stand in the storage.
    ///
    /// # Errors
    ///
    /// If the storage fails, or what is in it is damaged.
    pub fn entries(&mut self) -> Result<Vec<Entry>, JournalError> {
        let stage = JournalStage::Restore;
        let database = self.database()?;
        let mut entries = Vec::new();
        let read = checked(stage, || each(database, stage, |_, entry| entries.push(entry)));
        read.map_err(|error| self.named(error))?;
        Ok(entries)
    }

    /// The entry of this ticket.
    ///
    /// # Errors
    ///
    /// If the storage fails, or what is in it is damaged.
    pub fn entry(&mut self, ticket: Ticket) -> Result<Option<Entry>, JournalError> {
        let stage = JournalStage::Restore;
        let database = self.database()?;
        checked(stage, || one(database, stage, ticket)).map_err(|error| self.named(error))
    }

    /// Writes these, in order, all or none; they are durable when it returns `Ok`.
    ///
    /// # Errors
    ///
    /// If it is full, or a ticket is that of another intent (then what was to be written is refused), or the storage fails (then
    /// nobody knows what it holds). After a failed write the next one opens the storage again; after a failed sync, and after a
    /// ticket that is another's, nothing is written any more.
    pub fn write(&mut self, puts: &[Put], wall: u64) -> Result<(), JournalError> {
        self.write_all(&[puts], wall).pop().unwrap_or(Ok(()))
    }

    /// The same for several writes, which share one commit. One that is refused does not keep the others from being done.
    pub fn write_all(&mut self, writes: &[&[Put]], wall: u64) -> Vec<Result<(), JournalError>> {
        let now = self.wall.advance(wall);
        let behind = self.wall.behind(wall);
        if let Err(error) = self.database() {
            return writes.iter().map(|_| Err(error.clone())).collect();
        }
        let forgotten = self.index.expired(now);
        let max_bytes = match self.storage.len() {
            Ok(len) if len > self.options.max_file => 0,
            // A storage that cannot say it will not take the commit either.
            Ok(_) | Err(_) => self.options.max_file / 4,
        };
        let mut plan = Plan::new(&self.index, &forgotten);
        let mut changes = Vec::new();
        let mut admit = |puts: &[Put]| {
            let encoded =
                puts.iter().map(|put| change(put, behind, &self.options)).collect::<Result<Vec<_>, _>>();
            let encoded = encoded.map_err(|error| {
                self.named(JournalError::new(JournalStage::Write, JournalErrorKind::TooLong).because(error))
            })?;
            let steps: Vec<Step> = encoded.iter().filter_map(Change::step).collect();
            plan.try_add(&steps, self.options.max_entries, max_bytes)
                .map_err(|kind| self.named(JournalError::new(JournalStage::Write, kind)))?;
            changes.extend(encoded);
            Ok(())
        };
        let admitted: Vec<Result<(), JournalError>> = writes.iter().map(|puts| admit(puts)).collect();
        let mut refused = admitted.iter().filter_map(|one| one.as_ref().err());
        // Two write here. What else one of them has to say of its tickets, that they be removed, too, may be about the other's.
        let taken = refused.find(|error| *error.kind() == JournalErrorKind::TicketTaken).cloned();
        let done = if changes.is_empty() { Ok(()) } else { self.commit(&changes, now) };
        if self.ended.is_none() {
            self.ended = taken;
        }
        match done {
            Ok(()) => admitted,
            Err(error) => admitted.into_iter().map(|one| one.and_then(|()| Err(error.clone()))).collect(),
        }
    }

    /// Makes these changes durable, and forgets what may be forgotten.
    fn commit(&mut self, changes: &[Change], now: u64) -> Result<(), JournalError> {
        let forgotten = self.index.expired(now);
        let next = changes
            .iter()
            .filter_map(Change::step)
            .map(|(ticket, _)| ticket.saturating_add(1))
            .max()
            .unwrap_or(0);
        let next_ticket = self.meta.next_ticket.max(next);
        let clock = self.wall.clock();
        let database = self.database()?;
        let done = checked(JournalStage::Write, || {
            transact(database, changes, &forgotten, next_ticket, (now, clock))
                .map_err(|error| from_redb(JournalStage::Write, error))
        });
        match done {
            Ok(()) => {
                self.index.apply(forgotten.into_iter().map(|ticket| (ticket, None)));
                self.index.apply(changes.iter().filter_map(Change::step));
                if let Some(account) = changes.iter().rev().find_map(Change::account) {
                    self.meta.account = Ok(account.clone());
                }
                (self.meta.next_ticket, self.meta.wall, self.meta.clock) = (next_ticket, now, clock);
                Ok(())
            }
            Err(error) => {
                // Whatever the storage holds now: it is read again before anything else is written.
                self.database = None;
                if !self.storage.sync_failed() {
                    return Err(self.named(error));
                }
                let ended = JournalError::new(JournalStage::Write, JournalErrorKind::NotDurable);
                let ended = self.named(ended.because(error));
                self.ended = Some(ended.clone());
                Err(ended)
            }
        }
    }

    /// Closes it. Dropping it does the same, and tells nobody what went wrong.
    ///
    /// # Errors
    ///
    /// If the storage fails. What was written before stays.
    pub fn close(mut self) -> Result<(), JournalError> {
        let Some(database) = self.database.take() else { return Ok(()) };
        checked(JournalStage::Close, || {
            database.close().map_err(|error| from_redb(JournalStage::Close, error))
        })
        .map_err(|error| self.named(error))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("scope", &self.meta.scope)
            .field("path", &self.path)
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

/// One put, encoded.
enum Change {
    /// What becomes of a ticket, and the record if it holds one then.
    Ticket(Step, Vec<u8>),
    /// With its record, and that of an operator's hold if there is one.
    Account(Account, Vec<u8>, Option<Vec<u8>>),
}

impl Change {
    const fn step(&self) -> Option<Step> {
        match self {
            Self::Ticket(step, _) => Some(*step),
            Self::Account(..) => None,
        }
    }

    const fn account(&self) -> Option<&Account> {
        match self {
            Self::Ticket(..) => None,
            Self::Account(account, ..) => Some(account),
        }
    }
}

fn change(put: &Put, behind: u64, options: &Options) -> Result<Change, InvalidRecord> {
    Ok(match put {
        Put::Entry(entry) => {
            let entry = kept(entry, behind);
            let record = encode(&entry)?;
            let held = Held::new(&entry, record.len(), options);
            Change::Ticket((entry.ticket().get(), Some(held)), record)
        }
        Put::Remove(ticket) => Change::Ticket((ticket.get(), None), Vec::new()),
        Put::Account(account) => {
            Change::Account(bounded(account), encode_account(account)?, encode_operator_hold(account)?)
        }
    })
}

fn transact(
    database: &Database,
    changes: &[Change],
    forgotten: &[u64],
    next_ticket: u64,
    (now, clock): (u64, u64),
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    // Records hold what a registry wrote; it is not to have a say in what a torn commit looks like.
    transaction.set_two_phase_commit(true);
    {
        let mut entries = transaction.open_table(ENTRIES)?;
        for ticket in forgotten {
            entries.remove(ticket)?;
        }
        let mut meta = transaction.open_table(META)?;
        for change in changes {
            match change {
                Change::Ticket((ticket, Some(_)), record) => drop(entries.insert(ticket, record.as_slice())?),
                Change::Ticket((ticket, None), _) => drop(entries.remove(ticket)?),
                Change::Account(_, record, hold) => put_account(&mut meta, record, hold.as_deref())?,
            }
        }
        meta.insert(META_NEXT, next_ticket.to_string().as_bytes())?;
        meta.insert(META_WALL, now.to_string().as_bytes())?;
        meta.insert(META_CLOCK, clock.to_string().as_bytes())?;
    }
    transaction.commit()?;
    Ok(())
}

fn random_key() -> Result<[u8; 32], JournalError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| {
        JournalError::new(JournalStage::Open, JournalErrorKind::Io)
            .what("the system gives no random numbers")
            .because(error)
    })?;
    Ok(key)
}
