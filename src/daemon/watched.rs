//! A journal that tells what goes through it.

use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::identical::Identical;
use crate::dispatch::Put;
use crate::journal::{BoxFuture, Journal, JournalError, Restored};
use crate::settle::Keyed;

/// A journal, and what is known of the writes without key in it.
pub(super) struct Watched {
    inner: Arc<dyn Journal>,
    identical: Arc<OnceLock<Arc<Identical>>>,
    /// So long an outcome is kept that nobody has.
    time: core::time::Duration,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn Journal>, time: core::time::Duration) -> Self {
        Self { inner, identical: Arc::default(), time }
    }

    /// Where what is known comes, once it has been restored.
    pub(super) fn identical(&self) -> Arc<OnceLock<Arc<Identical>>> {
        Arc::clone(&self.identical)
    }
}

impl Journal for Watched {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        let (restoring, known, time) = (self.inner.restore(wall), Arc::clone(&self.identical), self.time);
        Box::pin(async move {
            let restored = restoring.await?;
            let identical = Identical::new(Keyed::new(restored.key()), time);
            let passed = |at: u64| core::time::Duration::from_millis(wall.saturating_sub(at));
            identical.restore(restored.entries(), passed, Instant::now());
            // A client asks once.
            let _ = known.set(Arc::new(identical));
            Ok(restored)
        })
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        if let Some(identical) = self.identical.get() {
            for put in &puts {
                match put {
                    // Before it is durable, for then it may be told.
                    Put::Entry(entry) => identical.recorded(entry, Instant::now()),
                    Put::Remove(ticket) => identical.removed(*ticket),
                    Put::Account(_) => {}
                }
            }
        }
        self.inner.write(puts, wall)
    }
}
