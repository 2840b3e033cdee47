//! Storage that crashes: what was not synced is lost, in whole or in part, and any operation can be told to fail.
#![allow(dead_code, reason = "each test uses a part")]

use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{BackendError, StorageBackend};

/// An image in memory, and a durable one that follows at each sync. Clones are handles to one storage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crashy(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    durable: Vec<u8>,
    volatile: Vec<u8>,
    /// What was done since the last sync.
    unsynced: Vec<Operation>,
    /// How many operations have been begun that change something: writes, changes of length, syncs.
    operations: u64,
    syncs: u64,
    failure: Option<Failure>,
    crash_at: Option<u64>,
    crashed: bool,
    locked: bool,
}

#[derive(Clone, Debug)]
enum Operation {
    SetLen(usize),
    Write(usize, Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
struct Failure {
    kind: ErrorKind,
    from: u64,
    until: u64,
}

impl Operation {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::SetLen(len) => image.resize(*len, 0),
            Self::Write(at, data) => {
                let end = at + data.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[*at..end].copy_from_slice(data);
            }
        }
    }
}

impl Crashy {
    /// An empty storage.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One that holds this.
    pub(crate) fn of(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { durable: image.clone(), volatile: image, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The storage after a crash: only what was synced is there. This one is dead.
    pub(crate) fn crash(&self) -> Self {
        self.crash_keeping(|_| false)
    }

    /// The same, but the operations since the last sync for which this is true came through, counted from 0.
    pub(crate) fn crash_keeping(&self, mut keep: impl FnMut(usize) -> bool) -> Self {
        let mut state = self.state();
        state.crashed = true;
        let mut image = state.durable.clone();
        for (at, operation) in state.unsynced.iter().enumerate() {
            if keep(at) {
                operation.apply(&mut image);
            }
        }
        Self::of(image)
    }

    /// The operation of this number, counted from 0, and all that follow fail, as if the machine had gone.
    pub(crate) fn crash_at(&self, operation: u64) {
        self.state().crash_at = Some(operation);
    }

    /// So many operations, from this number on, do nothing and fail like this.
    pub(crate) fn fail(&self, from: u64, count: u64, kind: ErrorKind) {
        self.state().failure = Some(Failure { kind, from, until: from.saturating_add(count) });
    }

    /// No operation fails any more.
    pub(crate) fn repair(&self) {
        self.state().failure = None;
    }

    /// How many operations have been begun that change something.
    pub(crate) fn operations(&self) -> u64 {
        self.state().operations
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    pub(crate) fn crashed(&self) -> bool {
        self.state().crashed
    }

    /// What a disk would hold now.
    pub(crate) fn durable(&self) -> Vec<u8> {
        self.state().durable.clone()
    }

    /// How many operations have not been synced.
    pub(crate) fn unsynced(&self) -> usize {
        self.state().unsynced.len()
    }
}

impl State {
    fn alive(&self) -> Result<()> {
        if self.crashed { Err(Error::other("the machine has crashed")) } else { Ok(()) }
    }

    fn begin(&mut self) -> Result<()> {
        let number = self.operations;
        self.crashed |= self.crash_at.is_some_and(|at| number >= at);
        self.alive()?;
        self.operations += 1;
        match self.failure {
            Some(failure) if (failure.from..failure.until).contains(&number) => Err(failure.kind.into()),
            _ => Ok(()),
        }
    }

    fn change(&mut self, operation: Operation) -> Result<()> {
        self.begin()?;
        operation.apply(&mut self.volatile);
        self.unsynced.push(operation);
        Ok(())
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl StorageBackend for Crashy {
    fn len(&self) -> Result<u64> {
        let state = self.state();
        state.alive()?;
        Ok(u64::try_from(state.volatile.len()).unwrap())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let state = self.state();
        state.alive()?;
        let from = at(offset);
        let found = state.volatile.get(from..from + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.state().change(Operation::SetLen(at(len)))
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.state().change(Operation::Write(at(offset), data.to_vec()))
    }

    fn sync_data(&self) -> Result<()> {
        let mut state = self.state();
        state.begin()?;
        state.durable = state.volatile.clone();
        state.unsynced.clear();
        state.syncs += 1;
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.state().locked = false;
        Ok(())
    }

    fn try_lock_range(
        &self,
        start: std::ops::Bound<u64>,
        end: std::ops::Bound<u64>,
    ) -> std::result::Result<bool, BackendError> {
        use std::ops::Bound;
        if !matches!(start, Bound::Unbounded | Bound::Included(0)) || end != Bound::Unbounded {
            return Err(BackendError::Unsupported);
        }
        Ok(!std::mem::replace(&mut self.state().locked, true))
    }

    fn unlock_range(
        &self,
        _: std::ops::Bound<u64>,
        _: std::ops::Bound<u64>,
    ) -> std::result::Result<(), BackendError> {
        self.state().locked = false;
        Ok(())
    }
}
