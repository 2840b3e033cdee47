//! What one connection holds of what all together may hold.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use crate::daemon::shared::Shared;

/// So much, in bytes, a connection may hold of something however much all hold.
pub(super) const SMALL: usize = 16_384;

/// So many bytes of answers that are longer than that may wait for clients that do not read.
pub(super) const MOST_UNREAD: usize = 67_108_864;

/// A part of something that is bounded in all, until it is dropped.
pub(super) struct Share {
    shared: Arc<Shared>,
    of: fn(&Shared) -> &AtomicUsize,
    bytes: usize,
}

impl Share {
    /// So many bytes of this; `None` if all together would hold more than `most`. What is small is not counted.
    pub(super) fn take(
        shared: &Arc<Shared>,
        of: fn(&Shared) -> &AtomicUsize,
        bytes: usize,
        most: usize,
    ) -> Option<Option<Self>> {
        if bytes <= SMALL {
            return Some(None);
        }
        let before = of(shared).fetch_add(bytes, Ordering::Relaxed);
        let share = Self { shared: Arc::clone(shared), of, bytes };
        (before.saturating_add(bytes) <= most).then_some(Some(share))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        (self.of)(&self.shared).fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
