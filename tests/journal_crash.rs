//! The journal on storage that crashes, fails and rots: what was acknowledged stays, and damage is told.
#![cfg(feature = "journal")]

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use rrp::dispatch::{Account, Entry, Put, Ticket};
use rrp::journal::{JournalError, JournalErrorKind, Options, Scope, Store};
use rrp::retry::Random;

use crashy::Crashy;
use entries::{NOW, account, entry, put};

#[path = "support/crashy.rs"]
mod crashy;
#[path = "support/entries.rs"]
mod entries;

fn scope() -> Scope {
    Scope::new("registry.example.com:2001", "registrar")
}

fn options() -> Options {
    Options::new().key([7; 32])
}

fn open(storage: &Crashy) -> Result<Store, JournalError> {
    Store::open(storage.clone(), &scope(), &options(), NOW)
}

/// A series of writes as a client does them: intents, outcomes, one taken back, several at once; and what is known of the
/// account, alone and among others.
fn writes() -> Vec<Vec<Put>> {
    let mut writes = Vec::new();
    for ticket in 1..=4 {
        writes.push(match ticket {
            2 => vec![put(2, "open"), Put::Account(account(7)), Put::Account(account(2))],
            _ => vec![put(ticket, "open")],
        });
        writes.push(vec![Put::Account(account(u32::try_from(10 + ticket).unwrap()))]);
        writes.push(match ticket {
            1 => vec![put(1, "accepted")],
            2 => vec![Put::Remove(Ticket::new(2))],
            3 => vec![put(3, "in-doubt")],
            _ => vec![put(4, "refused"), put(3, "not-applied"), put(9, "open")],
        });
    }
    writes
}

#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    entries: BTreeMap<Ticket, Entry>,
    account: Account,
}

fn apply(state: &mut State, puts: &[Put]) {
    for put in puts {
        match put {
            Put::Entry(entry) => drop(state.entries.insert(entry.ticket(), entry.clone())),
            Put::Remove(ticket) => drop(state.entries.remove(ticket)),
            Put::Account(account) => state.account = account.clone(),
        }
    }
}

fn state(store: &mut Store) -> State {
    let entries = store.entries().unwrap();
    State { entries: by_ticket(entries), account: store.account().unwrap() }
}

fn by_ticket(entries: Vec<Entry>) -> BTreeMap<Ticket, Entry> {
    entries.into_iter().map(|entry| (entry.ticket(), entry)).collect()
}

/// Writes until something fails: what was acknowledged, and that with the write that was not.
fn run(storage: &Crashy) -> (State, State) {
    let mut acknowledged = State::default();
    let Ok(mut store) = open(storage) else { return Default::default() };
    for puts in writes() {
        let mut perhaps = acknowledged.clone();
        apply(&mut perhaps, &puts);
        if store.write(&puts, NOW).is_err() {
            return (acknowledged, perhaps);
        }
        acknowledged = perhaps;
    }
    let _ = store.close();
    (acknowledged.clone(), acknowledged)
}

fn operations() -> u64 {
    let storage = Crashy::new();
    run(&storage);
    storage.operations()
}

#[test]
fn what_was_acknowledged_survives_a_crash_at_every_operation() {
    let all = operations();
    assert!(all > 50, "{all}");
    for at in 0..all {
        let storage = Crashy::new();
        storage.crash_at(at);
        let (acknowledged, perhaps) = run(&storage);
        assert!(storage.crashed(), "{at}");
        let mut random = Random::new(at);
        // Nothing of what was not synced came through, all of it, the first half, some of it.
        for round in 0..5 {
            let half = storage.unsynced() / 2;
            let after = storage.crash_keeping(|index| match round {
                0 => false,
                1 => true,
                2 => index < half,
                _ => random.below(2) == 0,
            });
            let mut store = open(&after).unwrap_or_else(|error| panic!("at {at}, round {round}: {error:?}"));
            let found = state(&mut store);
            assert!(found == acknowledged || found == perhaps, "at {at}, round {round}: {found:#?}");
            // And it goes on.
            store.write(&[put(50, "open")], NOW).unwrap();
            assert_eq!(store.entry(Ticket::new(50)).unwrap(), Some(entry(50, "open")));
        }
    }
}

#[test]
fn a_crash_while_it_recovers_from_a_crash_loses_nothing() {
    let storage = Crashy::new();
    let mut store = open(&storage).unwrap();
    for ticket in 1..=20 {
        store.write(&[put(ticket, "open")], NOW).unwrap();
    }
    let image = storage.crash().durable();
    let whole = Crashy::of(image.clone());
    assert_eq!(open(&whole).unwrap().len(), 20);
    for at in 0..whole.operations() {
        let again = Crashy::of(image.clone());
        again.crash_at(at);
        drop(open(&again));
        let store = open(&again.crash()).unwrap_or_else(|error| panic!("at {at}: {error:?}"));
        assert_eq!(store.len(), 20, "{at}");
    }
}

#[test]
fn a_write_that_fails_is_told_and_the_next_one_goes_on() {
    let all = operations();
    let opened = {
        let storage = Crashy::new();
        let _store = open(&storage).unwrap();
        storage.operations()
    };
    let (mut failed, mut ended) = (0, 0);
    for at in opened..all {
        let storage = Crashy::new();
        let mut store = open(&storage).unwrap();
        storage.fail(at, 1, ErrorKind::StorageFull);
        // What is there, and what is there if the write that failed was done nevertheless.
        let (mut known, mut perhaps) = (State::default(), State::default());
        for puts in writes() {
            perhaps = known.clone();
            apply(&mut perhaps, &puts);
            match store.write(&puts, NOW) {
                Ok(()) => {
                    assert_eq!(state(&mut store), perhaps, "at {at}");
                    known = perhaps.clone();
                }
                Err(error) if *error.kind() == JournalErrorKind::NotDurable => {
                    ended += 1;
                    let again = store.write(&[put(70, "open")], NOW).unwrap_err();
                    assert_eq!(*again.kind(), JournalErrorKind::NotDurable, "it stays ended");
                    assert!(store.entries().is_err());
                    break;
                }
                Err(error) => {
                    failed += 1;
                    assert_eq!(*error.kind(), JournalErrorKind::NoSpace, "{error:?}");
                    let found = state(&mut store);
                    assert!(found == known || found == perhaps, "at {at}: {found:#?}");
                    (known, perhaps) = (found.clone(), found);
                }
            }
        }
        drop(store);
        let found = state(&mut open(&storage.crash()).unwrap_or_else(|error| panic!("at {at}: {error:?}")));
        assert!(found == known || found == perhaps, "at {at}: {found:#?}");
    }
    assert!(failed > 5 && ended > 5, "{failed} {ended}");
}

#[test]
fn while_the_disk_is_full_every_write_fails_and_then_none_is_missing() {
    let storage = Crashy::new();
    let mut store = open(&storage).unwrap();
    store.write(&[put(1, "open")], NOW).unwrap();
    // Writes, not syncs: the first operation of every attempt.
    for _ in 0..3 {
        storage.fail(storage.operations(), 1, ErrorKind::StorageFull);
        let error = store.write(&[put(2, "open")], NOW).unwrap_err();
        assert_eq!(*error.kind(), JournalErrorKind::NoSpace, "{error:?}");
        assert!(error.fix().contains("goes on by itself"));
        assert!(std::error::Error::source(&error).is_some());
    }
    storage.repair();
    store.write(&[put(3, "open")], NOW).unwrap();
    let mut after = open(&storage.crash()).unwrap();
    let found = state(&mut after);
    assert!(found.entries.contains_key(&Ticket::new(1)) && found.entries.contains_key(&Ticket::new(3)));
}

#[test]
fn damage_is_an_error_or_touches_nothing() {
    let storage = Crashy::new();
    let mut store = open(&storage).unwrap();
    for ticket in 1..=40 {
        store.write(&[put(ticket, "open")], NOW).unwrap();
    }
    store.write(&[Put::Account(account(3))], NOW).unwrap();
    let written = state(&mut store);
    store.close().unwrap();
    let image = storage.durable();
    // The panics of the database's own checks are caught; their messages would only be noise.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut random = Random::new(1);
    let (mut told, mut wrong) = (0, Vec::new());
    // Every byte of the head, and some of all others.
    let rest: Vec<usize> = (320..image.len()).filter(|_| random.below(1_500) == 0).collect();
    for at in (0..320).chain(rest) {
        let flips = if at < 320 { &[1_u8, 0xFF][..] } else { &[0x10] };
        for flip in flips {
            let mut rotten = image.clone();
            rotten[at] ^= flip;
            match open(&Crashy::of(rotten)) {
                Ok(mut store) => match store.entries() {
                    Ok(entries) => {
                        let entries = by_ticket(entries);
                        let found = store.account().map(|account| State { entries, account });
                        if !found.is_ok_and(|found| found == written) {
                            wrong.push(at);
                        }
                    }
                    Err(_) => told += 1,
                },
                Err(error) => {
                    assert!(
                        matches!(error.kind(), JournalErrorKind::Damaged | JournalErrorKind::Io),
                        "at {at}: {error:?}"
                    );
                    told += 1;
                }
            }
        }
    }
    // And files cut short, or of something else.
    for len in [1, 100, 4096, image.len() / 2, image.len() - 1] {
        if open(&Crashy::of(image[..len].to_vec())).is_ok() {
            wrong.push(len);
        }
    }
    for other in [&b"not a journal"[..], &[0xFF; 9000]] {
        if open(&Crashy::of(other.to_vec())).is_ok() {
            wrong.push(other.len());
        }
    }
    std::panic::set_hook(hook);
    assert!(wrong.is_empty(), "read as if it were whole: {wrong:?}");
    assert!(told > 100, "{told}");
}

/// A file whose next write fails.
#[derive(Debug)]
struct Failing {
    file: FileBackend,
    fail: Arc<AtomicBool>,
}

impl StorageBackend for Failing {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.fail.swap(false, Ordering::Relaxed) {
            return Err(ErrorKind::StorageFull.into());
        }
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[test]
fn a_file_that_is_opened_again_after_a_failure_is_still_ours() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.redb");
    Store::create_file(&path, &scope(), &options(), NOW).unwrap().close().unwrap();
    let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    let fail = Arc::new(AtomicBool::new(false));
    let backend = Failing { file: FileBackend::new(file).unwrap(), fail: fail.clone() };
    let mut store = Store::open(backend, &scope(), &options(), NOW).unwrap();
    store.write(&[put(1, "open")], NOW).unwrap();
    fail.store(true, Ordering::Relaxed);
    assert_eq!(*store.write(&[put(2, "open")], NOW).unwrap_err().kind(), JournalErrorKind::NoSpace);
    store.write(&[put(3, "open")], NOW).unwrap();
    let error = Store::create_file(&path, &scope(), &options(), NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Locked);
    drop(store);
    let mut store = Store::create_file(&path, &scope(), &options(), NOW).unwrap();
    assert_eq!(state(&mut store).entries.into_keys().map(Ticket::get).collect::<Vec<_>>(), [1, 3]);
}
