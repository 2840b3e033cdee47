//! What a client tells those who watch.

use tokio::sync::broadcast;

use crate::dispatch::Ticket;
use crate::pool;

/// So many events wait for each who watches; whoever is slower misses some, and is told how many.
pub(super) const MAX_EVENTS: usize = 1_024;

/// Something that happened to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Of its sessions.
    Sessions(pool::Event),
    /// A write was left in doubt, whether its caller still waits or not. Told again if the journal has to be asked again.
    InDoubt(Ticket),
    /// The journal does not record: writes are refused until it does.
    JournalFails,
    /// The journal records again.
    JournalWorks,
    /// So many events were missed, for more than 1,024 were waiting.
    Missed(u64),
}

/// What happens to the account from now on. See [`Client::events`](super::Client::events).
#[derive(Debug)]
pub struct Events(pub(super) broadcast::Receiver<Event>);

impl Events {
    /// The next event; `None` after the end of the client. If the future is dropped, nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Event::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
