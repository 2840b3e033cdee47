//! Journals of the simulation: a map that is durable at once, and the shipped one on storage that crashes.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use rrp::dispatch::{Account, Entry, Put, Ticket};

pub(crate) type Failure = Arc<dyn Error + Send + Sync>;

/// A journal, used by one client.
pub(crate) trait Keep {
    /// Writes these durably, all or none.
    fn write(&mut self, puts: &[Put], wall: u64) -> Result<(), Failure>;

    /// Whether the machine has gone.
    fn has_gone(&self) -> bool {
        false
    }

    /// The process ends here. What a new one finds.
    fn crash(&mut self, wall: u64) -> Kept;
}

/// What a journal gives back: the entries, the number of the next ticket, and what is known of the account.
pub(crate) struct Kept {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: u64,
    pub(crate) account: Account,
}

/// A map.
#[derive(Debug, Default)]
pub(crate) struct Map {
    entries: BTreeMap<Ticket, Entry>,
    next: u64,
    account: Account,
}

impl Keep for Map {
    fn write(&mut self, puts: &[Put], _wall: u64) -> Result<(), Failure> {
        for put in puts {
            match put {
                Put::Entry(entry) => drop(self.entries.insert(entry.ticket(), entry.clone())),
                Put::Remove(ticket) => drop(self.entries.remove(ticket)),
                Put::Account(account) => self.account = account.clone(),
            }
            if let Some(ticket) = put.ticket() {
                self.next = self.next.max(ticket.get() + 1);
            }
        }
        Ok(())
    }

    fn crash(&mut self, _wall: u64) -> Kept {
        let entries = self.entries.values().cloned().collect();
        Kept { entries, next: self.next, account: self.account.clone() }
    }
}

#[cfg(feature = "journal")]
pub(crate) use stored::Stored;

#[cfg(feature = "journal")]
mod stored {
    use rrp::dispatch::Put;
    use rrp::journal::{Options, Scope, Store};

    use std::sync::Arc;

    use super::{Failure, Keep, Kept};
    use crate::crashy::Crashy;

    /// The shipped journal, on storage of which a crash loses what was not synced.
    pub(crate) struct Stored {
        pub(crate) storage: Crashy,
        store: Option<Store>,
    }

    impl Stored {
        pub(crate) fn new() -> Self {
            Self { storage: Crashy::new(), store: None }
        }

        fn open(&mut self, wall: u64) -> Option<&mut Store> {
            let scope = Scope::new("registry.example.com:2001", "registrar");
            let options = Options::new().key([7; 32]);
            self.store = Store::open(self.storage.clone(), &scope, &options, wall).ok();
            self.store.as_mut()
        }
    }

    impl Keep for Stored {
        fn write(&mut self, puts: &[Put], wall: u64) -> Result<(), Failure> {
            let store = self.store.as_mut().expect("it was opened");
            store.write(puts, wall).map_err(|error| Arc::new(error) as Failure)
        }

        fn has_gone(&self) -> bool {
            self.storage.crashed()
        }

        fn crash(&mut self, wall: u64) -> Kept {
            self.store = None;
            // The first time there is nothing to lose; on a storage that is to crash then, nothing was sent either.
            for _ in 0..2 {
                if let Some(restored) = self.open(wall).and_then(|store| store.restore(wall).ok()) {
                    let (entries, next) = (restored.entries().to_vec(), restored.next_ticket());
                    return Kept { entries, next, account: restored.account().clone() };
                }
                self.store = None;
                self.storage = self.storage.crash();
            }
            panic!("the journal does not open after a crash");
        }
    }
}
