//! Looking into a registry, and preparing one.

use super::super::calendar::Stamp;
use super::super::connection::ConnectionId;
use super::super::fault::FaultScript;
use super::super::ledger::Ledger;
use super::super::objects::{Contact, Domain, NameServer};
use super::Registry;
use crate::secret::Secret;

impl Registry {
    /// What was executed and billed.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What goes wrong.
    pub const fn faults(&mut self) -> &mut FaultScript {
        &mut self.faults
    }

    /// The registry's local time, as of the last call with a moment.
    #[must_use]
    pub fn date(&self) -> Stamp {
        self.stamp(self.now)
    }

    /// A domain, by its canonical name.
    #[must_use]
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.world.domains.get(name)
    }

    /// All domains, by name.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = &Domain> {
        self.world.domains.values()
    }

    /// A name server, by its canonical name.
    #[must_use]
    pub fn name_server(&self, name: &str) -> Option<&NameServer> {
        self.world.name_servers.get(name)
    }

    /// A contact, by its handle.
    #[must_use]
    pub fn contact(&self, handle: &str) -> Option<&Contact> {
        self.world.contacts.get(handle)
    }

    /// What is on a registrar's account, in cents; `None` if there is no such registrar.
    #[must_use]
    pub fn balance(&self, registrar: &str) -> Option<i64> {
        self.world.accounts.get(registrar).map(|account| account.registrar.balance)
    }

    /// How many sessions of a registrar are open; those of lost connections that still count are not among them.
    #[must_use]
    pub fn sessions(&self, registrar: &str) -> usize {
        self.connections.values().filter(|connection| connection.registrar() == Some(registrar)).count()
    }

    /// Who is logged in on this connection.
    #[must_use]
    pub fn logged_in(&self, connection: ConnectionId) -> Option<&str> {
        self.connections.get(&connection)?.registrar()
    }

    /// How many commands have arrived, logins not counted, executed or not.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// The open connections, oldest first.
    pub fn connections(&self) -> impl ExactSizeIterator<Item = ConnectionId> {
        self.connections.keys().copied()
    }

    /// The orders that wait in the queue, and other things that the registry will do of itself.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.world.jobs.len()
    }

    /// Puts a domain into the registry, in place of one of its name; nothing is billed.
    pub fn insert_domain(&mut self, mut domain: Domain) {
        if domain.roid.is_empty() {
            domain.roid = format!("{}_DOMAIN-SIM", self.world.next_id());
        }
        if domain.auth.expose().is_empty() {
            domain.auth = Secret::new(self.world.random.word(12));
        }
        self.world.domains.insert(domain.name.clone(), domain);
    }

    /// Puts a name server into the registry, in place of one of its name.
    pub fn insert_name_server(&mut self, host: NameServer) {
        self.world.name_servers.insert(host.name.clone(), host);
    }

    /// Sets what is on a registrar's account, in cents.
    pub fn set_balance(&mut self, registrar: &str, cents: i64) {
        if let Some(account) = self.world.accounts.get_mut(registrar) {
            account.registrar.balance = cents;
        }
    }
}
