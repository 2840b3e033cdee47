//! A journal that lasts as long as the process.

use core::future::ready;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::{Held, Index, Plan, Step};
use super::wall::{Wall, kept};
use super::{BoxFuture, Claim, Journal, JournalError, JournalErrorKind, JournalStage, Options, Restored};
use crate::dispatch::{Account, Entry, Put, Ticket};

/// A journal in memory: for tests, and for those who keep none. What a crash leaves open is lost.
///
/// Clones are handles to one journal, which one client has at a time.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    entries: BTreeMap<Ticket, Entry>,
    account: Account,
    index: Index,
    options: Options,
    next_ticket: u64,
    wall: Option<Wall>,
    key: [u8; 32],
    writes: u64,
    broken: Option<JournalErrorKind>,
    claim: Claim,
}

impl Memory {
    /// An empty journal whose entries' hashes have this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self::with_options(key, Options::new())
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_options(key: [u8; 32], options: Options) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            entries: BTreeMap::new(),
            account: Account::default(),
            index: Index::default(),
            options,
            next_ticket: 1,
            wall: None,
            key,
            writes: 0,
            broken: None,
            claim: Claim::new(),
        })))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What another thread left has the state before or after a step, and either is one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries, in the order of their tickets.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.kept().entries.values().cloned().collect()
    }

    /// The entry of this ticket.
    #[must_use]
    pub fn entry(&self, ticket: Ticket) -> Option<Entry> {
        self.kept().entries.get(&ticket).cloned()
    }

    /// How many writes have been done.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.kept().writes
    }

    /// From now on every write fails like this, and nothing of it is done; `None` repairs it.
    pub fn fail(&self, kind: Option<JournalErrorKind>) {
        self.kept().broken = kind;
    }
}

impl Journal for Memory {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        let mut kept = self.kept();
        let lease = match kept.claim.lease() {
            Ok(lease) => lease,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        let now = kept.advance(wall);
        let forgotten = kept.index.expired(now);
        kept.forget(&forgotten);
        let entries = kept.entries.values().cloned().collect();
        let restored = Restored::until(wall, entries, kept.next_ticket, kept.key, now);
        Box::pin(ready(Ok(restored.leased(lease).with_account(kept.account.clone()))))
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        Box::pin(ready(self.kept().write(puts, wall)))
    }
}

impl Kept {
    fn advance(&mut self, clock: u64) -> u64 {
        self.wall.get_or_insert_with(|| Wall::new(clock, clock, clock)).advance(clock)
    }

    fn forget(&mut self, tickets: &[u64]) {
        for ticket in tickets {
            self.entries.remove(&Ticket::new(*ticket));
        }
        self.index.apply(tickets.iter().map(|ticket| (*ticket, None)));
    }

    fn write(&mut self, puts: Vec<Put>, wall: u64) -> Result<(), JournalError> {
        if let Some(kind) = &self.broken {
            return Err(JournalError::new(JournalStage::Write, kind.clone()));
        }
        let now = self.advance(wall);
        let behind = self.wall.map_or(0, |own| own.behind(wall));
        let puts: Vec<Put> = puts
            .into_iter()
            .map(|put| match put {
                Put::Entry(entry) => Put::Entry(kept(&entry, behind).into_owned()),
                put @ (Put::Remove(_) | Put::Account(_)) => put,
            })
            .collect();
        let step = |put: &Put| -> Option<Step> {
            match put {
                Put::Entry(entry) => Some((entry.ticket().get(), Some(Held::new(entry, 0, &self.options)))),
                Put::Remove(ticket) => Some((ticket.get(), None)),
                Put::Account(_) => None,
            }
        };
        let steps: Vec<Step> = puts.iter().filter_map(step).collect();
        let forgotten = self.index.expired(now);
        let plan = Plan::new(&self.index, &forgotten).try_add(&steps, self.options.max_entries, u64::MAX);
        if let Err(kind) = plan {
            self.broken = (kind == JournalErrorKind::TicketTaken).then(|| kind.clone());
            return Err(JournalError::new(JournalStage::Write, kind));
        }
        self.forget(&forgotten);
        self.index.apply(steps);
        for put in puts {
            if let Some(ticket) = put.ticket() {
                self.next_ticket = self.next_ticket.max(ticket.get().saturating_add(1));
            }
            match put {
                Put::Entry(entry) => drop(self.entries.insert(entry.ticket(), entry)),
                Put::Remove(ticket) => drop(self.entries.remove(&ticket)),
                Put::Account(account) => self.account = account,
            }
        }
        self.writes = self.writes.saturating_add(1);
        Ok(())
    }
}
