//! That a journal has one client at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{JournalError, JournalErrorKind, JournalStage};

/// What the handles to one journal share, so that one client has it at a time: for whoever implements a
/// [`Journal`](super::Journal).
#[derive(Clone, Debug, Default)]
pub struct Claim(Arc<AtomicBool>);

impl Claim {
    /// One that nobody has.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes it, until the lease is dropped.
    ///
    /// # Errors
    ///
    /// [`JournalErrorKind::Locked`] while there is another lease.
    pub fn lease(&self) -> Result<Lease, JournalError> {
        if self.0.swap(true, Ordering::SeqCst) {
            let error = JournalError::new(JournalStage::Restore, JournalErrorKind::Locked);
            return Err(error.what("another client has it"));
        }
        Ok(Lease(Arc::clone(&self.0)))
    }
}

/// While this lives, nobody else is given the journal. Dropping it gives it free.
#[derive(Debug)]
#[must_use = "dropping it gives the journal free"]
pub struct Lease(Arc<AtomicBool>);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
