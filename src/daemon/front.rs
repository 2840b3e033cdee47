//! The local front: what mregd's clients know.
//!
//! Each connection is a task. It holds next to nothing while its client says nothing: bytes are read into a buffer of its own
//! only when there are some.

mod answer;
mod connection;
mod intake;
#[cfg(test)]
mod laws;
mod listen;
mod request;
mod share;
mod stream;

use core::time::Duration;
use std::sync::Arc;

use tokio::task::AbortHandle;
use tracing::{info, warn};

pub(super) use self::answer::Answer;
use self::connection::Connection;
pub(super) use self::listen::{ListenError, Listener, is_listened_to};
use super::config::Listen;
use super::shared::{Counters, Shared};

/// After an accept that failed (no descriptor is free) the next one waits so long.
const FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// The sockets that are being served.
#[derive(Default)]
pub(super) struct Fronts {
    served: Vec<(Listen, AbortHandle)>,
}

impl Drop for Fronts {
    fn drop(&mut self) {
        self.close();
    }
}

impl Fronts {
    /// Serves this one, too.
    pub(super) fn serve(&mut self, listener: Listener, shared: &Arc<Shared>) {
        let listen = listener.listen.clone();
        info!(address = %listener.address().escape_debug(), "listening");
        let task = tokio::spawn(accept(listener, Arc::clone(shared)));
        self.served.push((listen, task.abort_handle()));
    }

    /// Whether a socket is served at the place of this one, whatever else is said of it.
    pub(super) fn serves_at(&self, listen: &Listen) -> bool {
        self.served.iter().any(|(served, _)| same_place(served, listen))
    }

    /// No new connections are taken elsewhere than here. Those that are there stay.
    pub(super) fn close_others(&mut self, listen: &[Listen]) {
        let stays = |served: &Listen| listen.iter().any(|listen| same_place(served, listen));
        for (_, task) in self.served.extract_if(.., |(served, _)| !stays(served)) {
            task.abort();
        }
    }

    /// No new connections are taken.
    pub(super) fn close(&mut self) {
        for (_, task) in self.served.drain(..) {
            task.abort();
        }
    }
}

fn same_place(one: &Listen, other: &Listen) -> bool {
    match (one, other) {
        (Listen::Unix(one), Listen::Unix(other)) => one.path == other.path,
        (Listen::Tcp(one), Listen::Tcp(other)) => one == other,
        _ => false,
    }
}

async fn accept(listener: Listener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                Counters::add(&shared.counters.accepted);
                let most = shared.state().config.limits.connections;
                match shared.connections.enter(from, most) {
                    Some(connected) => {
                        let connection = Connection::new(stream, connected, Arc::clone(&shared));
                        tokio::spawn(Box::new(connection).serve());
                    }
                    None => Counters::add(&shared.counters.turned_away),
                }
            }
            Err(error) => {
                warn!(%error, "no local connection accepted");
                tokio::time::sleep(FAILED_ACCEPT).await;
            }
        }
    }
}
