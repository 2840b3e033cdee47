//! Journals of the simulation: a map that is durable at once, and the shipped one on storage that crashes.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use rrp::dispatch::{Entry, Put, Ticket};

pub(crate) type Failure = Arc<dyn Error + Send + Sync>;

/// A journal, used by one client.
pub(crate) trait Keep {
    /// Writes these durably, all or none.
    fn write(&mut self, puts: &[Put], wall: u64) -> Result<(), Failure>;

    /// The process ends here. What a new one finds: the entries, and the number of the next ticket.
    fn crash(&mut self, wall: u64) -> (Vec<Entry>, u64);
}

/// A map.
#[derive(Debug, Default)]
pub(crate) struct Map {
    entries: BTreeMap<Ticket, Entry>,
    next: u64,
}

impl Keep for Map {
    fn write(&mut self, puts: &[Put], _wall: u64) -> Result<(), Failure> {
        for put in puts {
            let ticket = match put {
                Put::Entry(entry) => {
                    self.entries.insert(entry.ticket(), entry.clone());
                    entry.ticket()
                }
                Put::Remove(ticket) => {
                    self.entries.remove(ticket);
                    *ticket
                }
            };
            self.next = self.next.max(ticket.get() + 1);
        }
        Ok(())
    }

    fn crash(&mut self, _wall: u64) -> (Vec<Entry>, u64) {
        (self.entries.values().cloned().collect(), self.next)
    }
}
