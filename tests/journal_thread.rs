//! The journal on its thread: shared commits, a bounded queue, and an end.
#![cfg(feature = "journal")]

use std::io::{Error, Result};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use redb::StorageBackend;
use rrp::dispatch::{Put, Ticket};
use rrp::journal::{Embedded, Journal, JournalErrorKind, Options, Scope, Store};

use crashy::Crashy;
use entries::{NOW, put};

#[path = "support/crashy.rs"]
mod crashy;
#[path = "support/entries.rs"]
mod entries;

fn scope() -> Scope {
    Scope::new("registry.example.com:2001", "registrar")
}

/// The answers, in order. Each was asked for when its future was made.
async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    for future in futures {
        outputs.push(future.await);
    }
    outputs
}

/// A storage whose syncs wait while the gate is shut.
#[derive(Clone, Debug)]
struct Gated {
    storage: Crashy,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
    waiting: Mutex<bool>,
    held: Condvar,
}

impl Gated {
    fn new() -> Self {
        Self { storage: Crashy::new(), gate: Arc::default() }
    }

    fn shut(&self, shut: bool) {
        *self.gate.shut.lock().unwrap() = shut;
        self.gate.changed.notify_all();
    }

    /// Until a sync waits at the gate.
    #[track_caller]
    fn wait_until_held(&self) {
        let waiting = self.gate.waiting.lock().unwrap();
        let long = Duration::from_secs(60);
        let (waiting, _) = self.gate.held.wait_timeout_while(waiting, long, |waiting| !*waiting).unwrap();
        assert!(*waiting, "nothing is synced");
    }
}

impl StorageBackend for Gated {
    fn len(&self) -> Result<u64> {
        self.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.storage.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.storage.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.storage.write(offset, data)
    }

    fn sync_data(&self) -> Result<()> {
        let mut shut = self.gate.shut.lock().map_err(|_| Error::other("poisoned"))?;
        while *shut {
            *self.gate.waiting.lock().unwrap() = true;
            self.gate.held.notify_all();
            shut = self.gate.changed.wait(shut).unwrap();
        }
        *self.gate.waiting.lock().unwrap() = false;
        self.storage.sync_data()
    }
}

#[tokio::test]
async fn writes_that_wait_share_one_commit_and_keep_their_order() {
    let storage = Gated::new();
    let journal = Embedded::open_with(storage.clone(), &scope(), &Options::new(), NOW).unwrap();
    journal.restore(NOW).await.unwrap();
    let one = {
        let before = storage.storage.syncs();
        journal.write(vec![put(1, "open")], NOW).await.unwrap();
        storage.storage.syncs() - before
    };
    storage.shut(true);
    let first = journal.write(vec![put(2, "open")], NOW);
    storage.wait_until_held();
    let before = storage.storage.syncs();
    let mut others = Vec::new();
    for ticket in 3..103 {
        others.push(journal.write(vec![put(ticket, "open")], NOW));
        others.push(journal.write(vec![put(ticket, "accepted")], NOW));
    }
    storage.shut(false);
    first.await.unwrap();
    for done in join_all(others).await {
        done.unwrap();
    }
    let syncs = storage.storage.syncs() - before;
    assert!(syncs <= 3 * one, "{syncs} syncs for 200 writes, {one} for one");
    // Acknowledged is durable, whatever becomes of the process now.
    let after =
        Store::open(storage.storage.crash(), &scope(), &Options::new(), NOW).unwrap().entries().unwrap();
    assert_eq!(after.len(), 102);
    assert!(after[2..].iter().all(|entry| entry.standing().as_str() == "accepted"));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let storage = Gated::new();
    let journal = Embedded::open_with(storage.clone(), &scope(), &Options::new().queue(4), NOW).unwrap();
    storage.shut(true);
    let held = journal.write(vec![put(1, "open")], NOW);
    storage.wait_until_held();
    let waiting: Vec<_> = (2..6).map(|ticket| journal.write(vec![put(ticket, "open")], NOW)).collect();
    // The thread is held: this is answered without it.
    let error = journal.write(vec![put(6, "open")], NOW).await.unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Backlog);
    assert!(error.nothing_written());
    storage.shut(false);
    held.await.unwrap();
    assert!(join_all(waiting).await.into_iter().all(|done| done.is_ok()));
    let restored = journal.restore(NOW).await.unwrap();
    assert_eq!(restored.entries().len(), 5);
}

#[tokio::test]
async fn a_refused_write_does_not_take_its_neighbours_along() {
    let storage = Gated::new();
    let options = Options::new().max_entries(3);
    let journal = Embedded::open_with(storage.clone(), &scope(), &options, NOW).unwrap();
    storage.shut(true);
    let first = journal.write(vec![put(1, "open")], NOW);
    storage.wait_until_held();
    let rest = [
        journal.write(vec![put(2, "open")], NOW),
        journal.write(vec![put(3, "open"), put(4, "open")], NOW),
        journal.write(vec![Put::Remove(Ticket::new(1))], NOW),
        journal.write(vec![put(5, "open"), put(6, "open")], NOW),
    ];
    storage.shut(false);
    first.await.unwrap();
    let done: Vec<bool> = join_all(rest).await.into_iter().map(|done| done.is_ok()).collect();
    assert_eq!(done, [true, false, true, true]);
}

#[tokio::test]
async fn the_last_handle_ends_the_thread_when_all_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.redb");
    let journal = Embedded::open(&path, &scope(), &Options::new(), NOW).unwrap();
    // A future that nobody polls asks all the same.
    drop(journal.write(vec![put(1, "open")], NOW));
    let last = journal.clone();
    drop(journal);
    let done = last.write(vec![put(2, "open")], NOW);
    last.close().await.unwrap();
    done.await.unwrap();
    let error = last.write(vec![put(3, "open")], NOW).await.unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Closed);
    let mut store = Store::create_file(&path, &scope(), &Options::new(), NOW).unwrap();
    assert_eq!(store.entries().unwrap().len(), 2);
}

#[tokio::test]
async fn a_dropped_journal_writes_what_waits() {
    let storage = Gated::new();
    let journal = Embedded::open_with(storage.clone(), &scope(), &Options::new(), NOW).unwrap();
    storage.shut(true);
    let writes: Vec<_> = (1..9).map(|ticket| journal.write(vec![put(ticket, "open")], NOW)).collect();
    drop(journal);
    storage.shut(false);
    assert!(join_all(writes).await.into_iter().all(|done| done.is_ok()));
    let mut store = Store::open(storage.storage.crash(), &scope(), &Options::new(), NOW).unwrap();
    assert_eq!(store.entries().unwrap().len(), 8);
}

#[tokio::test]
async fn who_holds_the_lease_has_the_journal_alone() {
    let journal = Embedded::open_with(Crashy::new(), &scope(), &Options::new(), NOW).unwrap();
    let other = journal.clone();
    let mut restored = journal.restore(NOW).await.unwrap();
    let error = other.restore(NOW).await.unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Locked);
    assert!(error.to_string().contains("another client has it"), "{error}");
    let lease = restored.take_lease().unwrap();
    drop(restored);
    assert!(other.restore(NOW).await.is_err());
    drop(lease);
    other.restore(NOW).await.unwrap();
    // One who did not wait for the answer has nothing.
    drop(other.restore(NOW));
    assert!(journal.restore(NOW).await.is_ok());
}

#[tokio::test]
async fn a_running_journal_is_verified_and_copied() {
    let directory = tempfile::tempdir().unwrap();
    let journal =
        Embedded::open(directory.path().join("journal.redb"), &scope(), &Options::new(), NOW).unwrap();
    journal.write(vec![put(1, "open"), put(2, "in-doubt"), put(3, "refused")], NOW).await.unwrap();
    let report = journal.verify().await.unwrap();
    assert_eq!((report.entries(), report.open(), report.in_doubt(), report.next_ticket()), (3, 1, 1, 4));
    let copy = directory.path().join("copy.redb");
    journal.backup(&copy).await.unwrap();
    journal.write(vec![put(4, "open")], NOW).await.unwrap();
    let mut copy = Store::open_any(copy, &Options::new(), NOW).unwrap();
    assert_eq!(copy.entries().unwrap().len(), 3);
}
