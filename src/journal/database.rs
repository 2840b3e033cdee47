//! The database of a journal: two tables, one of entries and one of what the journal knows of itself.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use redb::{Builder, Database, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError};

use super::account::{decode_account, encode_account};
use super::held::{decode_operator_hold, encode_operator_hold};
use super::index::{Held, Index};
use super::record::{InvalidRecord, decode};
use super::storage::{Handle, Storage};
use super::wall::clamp;
use super::{JournalError, JournalErrorKind, JournalStage, Options, Scope};
use crate::dispatch::{Account, Entry, Ticket};

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
pub(super) const META_NEXT: &str = "next ticket";
pub(super) const META_WALL: &str = "wall";
pub(super) const META_CLOCK: &str = "clock";
/// What is known of the account; [`META_ACCOUNT`] is its name. Without it nothing is known. It was not always kept, and is no
/// reason for another format: a program that does not know it leaves it as it is, and keeps none of these limits, as ever.
/// What is found after that is old, and no worse than nothing: its times pass, a refused login is that of its credential
/// alone, and sessions that the other program left open are as unknown as without it.
pub(super) const META_ACCOUNT_STATE: &str = "account state";
/// An operator's hold of the account, if there is one. An earlier version neither knows it nor minds it.
const META_OPERATOR_HOLD: &str = "operator hold";

/// What a journal knows of itself.
#[derive(Clone)]
pub(super) struct Meta {
    pub(super) scope: Scope,
    pub(super) key: [u8; 32],
    pub(super) next_ticket: u64,
    /// The time that was last seen.
    pub(super) wall: u64,
    /// What the clock said then.
    pub(super) clock: u64,
    /// What is known of the account, if it can be read.
    pub(super) account: Result<Account, Arc<InvalidRecord>>,
}

impl Meta {
    /// What is known of the account.
    pub(super) fn account(&self, stage: JournalStage) -> Result<&Account, JournalError> {
        self.account.as_ref().map_err(|error| {
            let (kind, what) = match error.newer {
                Some((found, known)) => (
                    JournalErrorKind::TooNew { found, known },
                    "a newer version has written what it keeps of its account",
                ),
                None => (JournalErrorKind::AccountDamaged, "what it keeps of its account cannot be read"),
            };
            JournalError::new(stage, kind).what(what).because(Arc::clone(error))
        })
    }
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
        meta.insert(META_CLOCK, own.clock.to_string().as_bytes())?;
        if let Some(account) = own.account.as_ref().ok().filter(|account| **account != Account::default()) {
            let record =
                encode_account(account).map_err(|error| redb::Error::Corrupted(error.to_string()))?;
            let hold =
                encode_operator_hold(account).map_err(|error| redb::Error::Corrupted(error.to_string()))?;
            put_account(&mut meta, &record, hold.as_deref())?;
        }
        transaction.open_table(ENTRIES)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Writes what is known of the account, in place of what was.
pub(super) fn put_account(
    meta: &mut Table<'_, &'static str, &'static [u8]>,
    record: &[u8],
    hold: Option<&[u8]>,
) -> Result<(), redb::Error> {
    meta.insert(META_ACCOUNT_STATE, record)?;
    match hold {
        Some(hold) => drop(meta.insert(META_OPERATOR_HOLD, hold)?),
        None => drop(meta.remove(META_OPERATOR_HOLD)?),
    }
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

/// What a database knows of itself and holds; `None` if nothing was ever put into it. `latest` makes of that the latest
/// time that can have been.
pub(super) fn read(
    database: &Database,
    options: &Options,
    latest: impl FnOnce(&Meta) -> u64,
) -> Result<Option<(Meta, Index)>, JournalError> {
    let stage = JournalStage::Open;
    checked(stage, || {
        let Some(meta) = read_meta(database, stage)? else { return Ok(None) };
        let (mut index, latest) = (Index::default(), latest(&meta));
        each(database, stage, |bytes, mut entry| {
            clamp(&mut entry, latest);
            let held = Held::new(&entry, bytes, options);
            index.apply([(entry.ticket().get(), Some(held))]);
        })?;
        Ok(Some((meta, index)))
    })
}

pub(super) fn read_meta(database: &Database, stage: JournalStage) -> Result<Option<Meta>, JournalError> {
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
    let wall = number(META_WALL)?;
    // It was not always kept.
    let clock = match table.get(META_CLOCK).map_err(|error| redb(error.into()))? {
        Some(_) => number(META_CLOCK)?,
        None => wall,
    };
    let account = match table.get(META_ACCOUNT_STATE).map_err(|error| redb(error.into()))? {
        Some(record) => decode_account(record.value()),
        None => Ok(Account::default()),
    };
    let account = match table.get(META_OPERATOR_HOLD).map_err(|error| redb(error.into()))? {
        Some(record) => account.and_then(|account| decode_operator_hold(account, record.value())),
        None => account,
    };
    let account = account.map_err(Arc::new);
    Ok(Some(Meta { scope, key, next_ticket: number(META_NEXT)?, wall, clock, account }))
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

pub(super) fn one(
    database: &Database,
    stage: JournalStage,
    ticket: Ticket,
) -> Result<Option<Entry>, JournalError> {
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
