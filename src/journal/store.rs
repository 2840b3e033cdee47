//! A journal in a database: the code that the thread runs, without the thread.

use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, TableError};

use super::index::{Held, Index, Plan, Step, expires};
use super::record::{InvalidRecord, decode, encode};
use super::storage::{Handle, Storage};
use super::wall::{Wall, clamp};
use super::{JournalError, JournalErrorKind, JournalStage, Options, Restored, Scope, file, ticket_of};
use crate::dispatch::{Entry, Put, Ticket};

/// The format that is written here.
pub const FORMAT: u64 = 1;

/// The database keeps so many bytes of pages in memory.
const CACHE: usize = 16 << 20;

pub(super) const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

const META_FORMAT: &str = "format";
const META_HOST: &str = "host";
const META_ACCOUNT: &str = "account";
const META_KEY: &str = "key";
const META_NEXT: &str = "next ticket";
const META_WALL: &str = "wall";

/// What a journal knows of itself.
#[derive(Clone)]
pub(super) struct Meta {
    pub(super) scope: Scope,
    pub(super) key: [u8; 32],
    pub(super) next_ticket: u64,
    /// The time that was last seen.
    pub(super) wall: u64,
}

/// A journal in a [redb](https://docs.rs/redb) database, used by one thread at a time.
///
/// Its methods block. `Embedded` runs it on a thread of its own; a simulation drives it on storage of its own, and tools
/// use it on a file that nobody else has open.
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
        let (meta, index) = match read(&database, options, |last| Wall::new(last, wall).latest())? {
            Some(read) => read,
            None => {
                let Some(scope) = scope else {
                    return Err(damaged(JournalStage::Open, "it is no journal"));
                };
                let key = match options.key {
                    Some(key) => key,
                    None => random_key()?,
                };
                let meta = Meta { scope: scope.clone(), key, next_ticket: 1, wall };
                initialize(&database, &meta).map_err(|error| from_redb(JournalStage::Open, error))?;
                (meta, Index::default())
            }
        };
        if let Some(wanted) = scope.filter(|wanted| **wanted != meta.scope) {
            let kind = JournalErrorKind::Foreign { found: meta.scope, wanted: wanted.clone() };
            return Err(JournalError::new(JournalStage::Open, kind));
        }
        let options = options.clone();
        let wall = Wall::new(meta.wall, wall);
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
    /// If the storage fails, or what is in it is damaged.
    pub fn restore(&mut self, wall: u64) -> Result<Restored, JournalError> {
        let now = self.wall.advance(wall);
        // Also keeps what time it is: a journal that is only opened grows older, too.
        self.commit(&[], now)?;
        while !self.index.expired(now).is_empty() {
            self.commit(&[], now)?;
        }
        let entries = self.entries()?;
        Ok(Restored::until(self.wall.latest(), entries, self.meta.next_ticket, self.meta.key, now))
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
    /// If it is full (then what was to be written is refused), or the storage fails (then nobody knows what it holds). After
    /// a failed write the next one opens the storage again; after a failed sync nothing is written any more.
    pub fn write(&mut self, puts: &[Put], wall: u64) -> Result<(), JournalError> {
        self.write_all(&[puts], wall).pop().unwrap_or(Ok(()))
    }

    /// The same for several writes, which share one commit. One that is refused does not keep the others from being done.
    pub fn write_all(&mut self, writes: &[&[Put]], wall: u64) -> Vec<Result<(), JournalError>> {
        let now = self.wall.advance(wall);
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
            let encoded = puts.iter().map(|put| change(put, &self.options)).collect::<Result<Vec<_>, _>>();
            let encoded = encoded.map_err(|error| {
                self.named(JournalError::new(JournalStage::Write, JournalErrorKind::TooLong).because(error))
            })?;
            let steps: Vec<Step> = encoded.iter().map(|change| change.step).collect();
            if !plan.try_add(&steps, self.options.max_entries, max_bytes) {
                return Err(self.named(JournalError::new(JournalStage::Write, JournalErrorKind::Full)));
            }
            changes.extend(encoded);
            Ok(())
        };
        let admitted: Vec<Result<(), JournalError>> = writes.iter().map(|puts| admit(puts)).collect();
        if changes.is_empty() {
            return admitted;
        }
        match self.commit(&changes, now) {
            Ok(()) => admitted,
            Err(error) => admitted.into_iter().map(|one| one.and_then(|()| Err(error.clone()))).collect(),
        }
    }

    /// Makes these changes durable, and forgets what may be forgotten.
    fn commit(&mut self, changes: &[Change], now: u64) -> Result<(), JournalError> {
        let forgotten = self.index.expired(now);
        let next = changes.iter().map(|change| change.step.0.saturating_add(1)).max().unwrap_or(0);
        let next_ticket = self.meta.next_ticket.max(next);
        let database = self.database()?;
        let done = checked(JournalStage::Write, || {
            transact(database, changes, &forgotten, next_ticket, now)
                .map_err(|error| from_redb(JournalStage::Write, error))
        });
        match done {
            Ok(()) => {
                self.index.apply(forgotten.into_iter().map(|ticket| (ticket, None)));
                self.index.apply(changes.iter().map(|change| change.step));
                (self.meta.next_ticket, self.meta.wall) = (next_ticket, now);
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
struct Change {
    step: Step,
    record: Vec<u8>,
}

fn change(put: &Put, options: &Options) -> Result<Change, InvalidRecord> {
    let ticket = ticket_of(put).get();
    Ok(match put {
        Put::Entry(entry) => {
            let record = encode(entry)?;
            let held = Held { bytes: record.len(), expires: expires(entry, options) };
            Change { step: (ticket, Some(held)), record }
        }
        Put::Remove(_) => Change { step: (ticket, None), record: Vec::new() },
    })
}

fn transact(
    database: &Database,
    changes: &[Change],
    forgotten: &[u64],
    next_ticket: u64,
    now: u64,
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    // Records hold what a registry wrote; it is not to have a say in what a torn commit looks like.
    transaction.set_two_phase_commit(true);
    {
        let mut entries = transaction.open_table(ENTRIES)?;
        for ticket in forgotten {
            entries.remove(ticket)?;
        }
        for Change { step: (ticket, held), record } in changes {
            match held {
                Some(_) => drop(entries.insert(ticket, record.as_slice())?),
                None => drop(entries.remove(ticket)?),
            }
        }
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_NEXT, next_ticket.to_string().as_bytes())?;
        meta.insert(META_WALL, now.to_string().as_bytes())?;
    }
    transaction.commit()?;
    Ok(())
}

pub(super) fn initialize(database: &Database, own: &Meta) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_FORMAT, FORMAT.to_string().as_bytes())?;
        meta.insert(META_HOST, own.scope.host().as_bytes())?;
        meta.insert(META_ACCOUNT, own.scope.account().as_bytes())?;
        meta.insert(META_KEY, own.key.as_slice())?;
        meta.insert(META_NEXT, own.next_ticket.to_string().as_bytes())?;
        meta.insert(META_WALL, own.wall.to_string().as_bytes())?;
        transaction.open_table(ENTRIES)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The database in this storage, checked, or a new one if it is empty.
pub(super) fn database(storage: &Arc<Storage>) -> Result<Database, JournalError> {
    checked(JournalStage::Open, || {
        let mut builder = Builder::new();
        // A plain open trusts its file, and may panic over one that was damaged.
        builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
        builder
            .create_with_backend(Handle(Arc::clone(storage)))
            .map_err(|error| from_redb(JournalStage::Open, error))
    })
}

/// What a database knows of itself and holds; `None` if nothing was ever put into it. `latest` makes of the time that was
/// last seen the latest that can have been.
fn read(
    database: &Database,
    options: &Options,
    latest: impl FnOnce(u64) -> u64,
) -> Result<Option<(Meta, Index)>, JournalError> {
    let stage = JournalStage::Open;
    checked(stage, || {
        let Some(meta) = read_meta(database)? else { return Ok(None) };
        let (mut index, latest) = (Index::default(), latest(meta.wall));
        each(database, stage, |bytes, mut entry| {
            clamp(&mut entry, latest);
            let held = Held { bytes, expires: expires(&entry, options) };
            index.apply([(entry.ticket().get(), Some(held))]);
        })?;
        Ok(Some((meta, index)))
    })
}

fn read_meta(database: &Database) -> Result<Option<Meta>, JournalError> {
    let stage = JournalStage::Open;
    let redb = |error: redb::Error| from_redb(stage, error);
    let transaction = database.begin_read().map_err(|error| redb(error.into()))?;
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => {
            let mut tables = transaction.list_tables().map_err(|error| redb(error.into()))?;
            return match tables.next() {
                None => Ok(None),
                Some(_) => Err(damaged(stage, "it is a database, but no journal")),
            };
        }
        Err(error) => return Err(redb(error.into())),
    };
    let get = |key: &str| -> Result<Vec<u8>, JournalError> {
        let value = table.get(key).map_err(|error| redb(error.into()))?;
        let value = value.ok_or_else(|| damaged(stage, format!("it does not say its `{key}`")))?;
        Ok(value.value().to_vec())
    };
    let text = |key: &str| String::from_utf8(get(key)?).map_err(|error| damaged(stage, key).because(error));
    let number = |key: &str| -> Result<u64, JournalError> {
        text(key)?.parse().map_err(|error| damaged(stage, format!("its `{key}` is no number")).because(error))
    };
    let found = number(META_FORMAT)?;
    if found > FORMAT {
        return Err(JournalError::new(stage, JournalErrorKind::TooNew { found, known: FORMAT }));
    }
    let key = get(META_KEY)?.try_into().map_err(|_| damaged(stage, "its key is none"))?;
    let scope = Scope::new(&text(META_HOST)?, &text(META_ACCOUNT)?);
    Ok(Some(Meta { scope, key, next_ticket: number(META_NEXT)?, wall: number(META_WALL)? }))
}

/// Every entry, with the length of its record.
pub(super) fn each(
    database: &Database,
    stage: JournalStage,
    mut take: impl FnMut(usize, Entry),
) -> Result<(), JournalError> {
    let redb = |error: redb::Error| from_redb(stage, error);
    let transaction = database.begin_read().map_err(|error| redb(error.into()))?;
    let table = transaction.open_table(ENTRIES).map_err(|error| redb(error.into()))?;
    for row in table.iter().map_err(|error| redb(error.into()))? {
        let (ticket, record) = row.map_err(|error| redb(error.into()))?;
        take(record.value().len(), entry_in(record.value(), stage, ticket.value())?);
    }
    Ok(())
}

fn one(database: &Database, stage: JournalStage, ticket: Ticket) -> Result<Option<Entry>, JournalError> {
    let redb = |error: redb::Error| from_redb(stage, error);
    let transaction = database.begin_read().map_err(|error| redb(error.into()))?;
    let table = transaction.open_table(ENTRIES).map_err(|error| redb(error.into()))?;
    let record = table.get(ticket.get()).map_err(|error| redb(error.into()))?;
    record.map(|record| entry_in(record.value(), stage, ticket.get())).transpose()
}

fn entry_in(record: &[u8], stage: JournalStage, ticket: u64) -> Result<Entry, JournalError> {
    let entry = decode(record)
        .map_err(|error| damaged(stage, format!("entry `{ticket}` cannot be read")).because(error))?;
    if entry.ticket().get() != ticket {
        return Err(damaged(stage, format!("entry `{ticket}` calls itself `{}`", entry.ticket())));
    }
    Ok(entry)
}

/// Runs what reads or writes a database. Over a damaged one the database may panic; that is damage, and no reason to end.
pub(super) fn checked<T>(
    stage: JournalStage,
    run: impl FnOnce() -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(damaged(stage, "the database cannot read it")))
}

pub(super) fn damaged(stage: JournalStage, what: impl Into<Box<str>>) -> JournalError {
    JournalError::new(stage, JournalErrorKind::Damaged).what(what)
}

pub(super) fn from_redb(stage: JournalStage, error: impl Into<redb::Error>) -> JournalError {
    let kind = match error.into() {
        redb::Error::Io(error) => return JournalError::io(stage, error),
        error @ (redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch) => {
            return JournalError::new(stage, JournalErrorKind::Locked).because(error);
        }
        error @ (redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::Unsupported) => {
            return JournalError::new(stage, JournalErrorKind::Io).because(error);
        }
        error => error,
    };
    JournalError::new(stage, JournalErrorKind::Damaged).because(kind)
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
