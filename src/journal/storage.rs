//! The storage below the database: it outlives a database that failed, and remembers whether a sync did.

use core::ops::Bound;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{BackendError, StorageBackend};

/// The length of the database's magic number, and of its first page.
const MAGIC: usize = 9;
const PAGE: usize = 4096;

/// A new database is no longer than this, in bytes.
const MAX_UNFINISHED: usize = 4 << 20;

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

    /// Empties a storage in which a database was begun and not finished, for a crash came between: nothing was ever
    /// written to it. A database whose head is lost is none of that, and stays as it is; so does one that is in use.
    pub(super) fn empty_unfinished(&self) -> io::Result<()> {
        let whole = (Bound::Unbounded, Bound::Unbounded);
        match self.backend.try_lock_range(whole.0, whole.1) {
            Ok(true) => {
                let done = self.is_unfinished().and_then(|unfinished| match unfinished {
                    true => self.backend.set_len(0),
                    false => Ok(()),
                });
                self.backend.unlock_range(whole.0, whole.1).map_err(io::Error::from)?;
                done
            }
            Ok(false) => Ok(()),
            Err(BackendError::Unsupported) if self.is_unfinished()? => self.backend.set_len(0),
            Err(BackendError::Unsupported) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The database writes its magic number last, into the first page; until then all others are empty.
    fn is_unfinished(&self) -> io::Result<bool> {
        let len = self.backend.len()?;
        let Some(rest) = usize::try_from(len).ok().filter(|len| *len <= MAX_UNFINISHED) else {
            return Ok(false);
        };
        let mut image = vec![0; rest];
        self.backend.read(0, &mut image)?;
        let zero = |bytes: Option<&[u8]>| bytes.unwrap_or_default().iter().all(|byte| *byte == 0);
        Ok(zero(image.get(..MAGIC.min(rest))) && zero(image.get(PAGE..)))
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
