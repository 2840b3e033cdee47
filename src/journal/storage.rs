//! The storage below the database: it outlives a database that failed, and remembers whether a sync did.

use core::ops::Bound;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{BackendError, StorageBackend};

type Locked<T> = Result<T, BackendError>;

#[derive(Debug)]
pub(super) struct Storage {
    backend: Box<dyn StorageBackend>,
    sync_failed: AtomicBool,
}

impl Storage {
    pub(super) fn new(backend: impl StorageBackend) -> Arc<Self> {
        Arc::new(Self { backend: Box::new(backend), sync_failed: AtomicBool::new(false) })
    }

    /// Whether a sync has failed. What the system then shows may be on no disk, and a later sync may say nothing of it.
    pub(super) fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }
}

/// What a database gets to see of a storage.
#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Storage>);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        self.0.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.backend.sync_data().inspect_err(|_| self.0.sync_failed.store(true, Ordering::Relaxed))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.0.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.0.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.0.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.0.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<()> {
        self.0.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Locked<bool> {
        self.0.backend.query_lock_range(start, end)
    }
}
