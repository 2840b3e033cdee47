//! What tasks and callers share: channels, places, flags, and the spawning of tasks.
//!
//! It is tokio's and the standard library's, and nothing else. Only in the crate's own tests each of these lets another thread go on
//! before it does anything, if a model of threads is running: `client/races.rs` tries orders of events by it.

#[cfg(test)]
mod points;

#[cfg(not(test))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU64};
#[cfg(not(test))]
pub(crate) use std::sync::OnceLock;
#[cfg(not(test))]
pub(crate) use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
#[cfg(not(test))]
pub(crate) use tokio::task::AbortHandle;

#[cfg(test)]
pub(crate) use points::{
    AbortHandle, AtomicBool, AtomicU64, OnceLock, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, spawn_on,
    spawned,
};

/// Begins a task on this runtime.
#[cfg(not(test))]
pub(crate) fn spawn_on(
    runtime: &tokio::runtime::Handle,
    task: impl Future<Output = ()> + Send + 'static,
) -> AbortHandle {
    runtime.spawn(task).abort_handle()
}
