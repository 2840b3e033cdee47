//! The socket of whoever runs the daemon: what it looks like, and orders to it.
//!
//! A unix stream socket in the file system, for this machine's users. A request is a JSON object on a line, its command under `do`;
//! an answer is one too: `{"ok": …}`, or `{"error": {"kind": …, "text": …}}`. Requests of a connection are answered in order.
//!
//! Who asks is told by the kernel, and not by the other side. Root and the daemon's own user may do everything; others what the configuration
//! says of them, or nothing. What each command needs stands in [`table`], and is checked there alone.
//!
//! Secrets of replies are not told: their values are `***`. What an order contains is not logged; who gave it, and what
//! came of it, is.
//!
//! Bounded: connections, the bytes of a request and the time for it, the rows of a list.

mod accounts;
mod ask;
mod call;
mod doubts;
mod line;
mod operate;
mod peer;
mod serve;
mod show;
mod socket;
mod stats;
mod table;
#[cfg(test)]
mod tests;

use tokio::sync::oneshot;

pub(super) use peer::Users;
pub(super) use serve::AdminSocket;
pub(super) use socket::AdminError;

/// What an operator asks of the daemon as a whole.
#[derive(Debug)]
pub(super) enum AdminAsk {
    /// Read the configuration again, and serve it; what came of it is told.
    Reload(oneshot::Sender<Reloaded>),
    /// Take nothing new, finish what is under way, and end.
    Drain,
}

/// What a reload came to, a line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reloaded {
    /// What is so from now on.
    pub(super) changed: Vec<String>,
    /// What could not be done. If there is anything of it, nothing has changed.
    pub(super) failed: Vec<String>,
    /// What will be so only after a restart.
    pub(super) needs_restart: Vec<String>,
}
