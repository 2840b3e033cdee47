//! The rules about name servers, for both grammars (RFC 2832 §4.3, RFC 3632 §2).

use core::net::IpAddr;

use super::ledger::Change;
use super::objects::NameServer;
use super::wire::Answer;
use super::world::{MAX_HOSTS, Turn, refuse};
use crate::address::ServerAddress;

impl Turn<'_> {
    /// The domain of ours that a host lies below, which the caller must have: 550 if it is not registered, 531 if it is
    /// another's. `None`: it lies below no zone of ours.
    fn parent_for(&self, host: &str) -> Result<Option<String>, Answer> {
        let Some(parent) = self.registrable(host) else { return Ok(None) };
        match self.world.domains.get(parent) {
            None => refuse(550),
            Some(domain) if domain.registrar != self.caller => refuse(531),
            Some(_) => Ok(Some(parent.to_owned())),
        }
    }

    /// 551 if the parent domain of a host is locked or on hold.
    fn parent_open(&self, host: &str) -> Result<(), Answer> {
        let parent = self.registrable(host).and_then(|parent| self.world.domains.get(parent));
        if parent.is_some_and(|domain| domain.on_hold() || domain.is_locked("update")) {
            return refuse(551);
        }
        Ok(())
    }

    /// Addresses to be added to a host: 541 if one is none or there are too many, 535 if one is reserved, 540 if one is
    /// used already.
    fn new_addresses(&self, host: &str, texts: &[&str]) -> Result<Vec<IpAddr>, Answer> {
        if texts.len() > MAX_HOSTS {
            return refuse(541);
        }
        let mut addresses = Vec::new();
        for text in texts {
            let address: IpAddr = text.parse().map_err(|_| Answer::new(541))?;
            ServerAddress::new(address).map_err(|_| Answer::new(535))?;
            let others = self.world.name_servers.values().filter(|other| other.name != host);
            if addresses.contains(&address)
                || others.flat_map(|other| &other.addresses).any(|used| *used == address)
            {
                return refuse(540);
            }
            addresses.push(address);
        }
        Ok(addresses)
    }

    /// Registers a name server (§4.3.1.2).
    pub(super) fn add_host(&mut self, name: &str, addresses: &[&str]) -> Result<(), Answer> {
        if self.world.name_servers.contains_key(name) {
            return refuse(540);
        }
        let parent = self.parent_for(name)?;
        if parent.is_some() && addresses.is_empty() {
            return refuse(504);
        }
        let mut host = NameServer::new(name, self.caller, self.stamp());
        host.addresses = self.new_addresses(name, addresses)?;
        self.world.name_servers.insert(name.to_owned(), host);
        self.did(Change::Created);
        Ok(())
    }

    /// Deletes a name server that hosts nothing (§4.3.3.2).
    pub(super) fn delete_host(&mut self, name: &str) -> Result<(), Answer> {
        if self.own_host(name)?.locked {
            return refuse(557);
        }
        self.parent_open(name)?;
        if self.hosts(name).next().is_some() {
            return refuse(532);
        }
        self.world.name_servers.remove(name);
        self.did(Change::Deleted);
        Ok(())
    }

    /// Renames a name server and changes its addresses (§4.3.5.2).
    pub(super) fn modify_host(
        &mut self,
        name: &str,
        new_name: Option<&str>,
        added: &[&str],
        removed: &[&str],
    ) -> Result<(), Answer> {
        let mut host = self.own_host(name)?.clone();
        if host.locked {
            return refuse(557);
        }
        self.parent_open(name)?;
        for old in removed {
            let at = old
                .parse()
                .ok()
                .and_then(|old: IpAddr| host.addresses.iter().position(|known| *known == old));
            host.addresses.remove(at.map_or_else(|| refuse(542), Ok)?);
        }
        for address in self.new_addresses(name, added)? {
            if host.addresses.contains(&address) {
                return refuse(540);
            }
            host.addresses.push(address);
        }
        let final_name = new_name.unwrap_or(name);
        if new_name.is_some_and(|new| self.world.name_servers.contains_key(new)) {
            return refuse(540);
        }
        let parent = self.parent_for(final_name)?;
        self.parent_open(final_name)?;
        if parent.is_some() && host.addresses.is_empty() || host.addresses.len() > MAX_HOSTS {
            return refuse(541);
        }
        host.touch(self.caller, self.stamp());
        final_name.clone_into(&mut host.name);
        self.world.name_servers.remove(name);
        self.world.name_servers.insert(final_name.to_owned(), host);
        // What it hosts follows the new name.
        let linked = self.world.domains.values_mut().flat_map(|domain| &mut domain.name_servers);
        linked.filter(|linked| *linked == name).for_each(|linked| final_name.clone_into(linked));
        self.did(Change::Modified);
        Ok(())
    }

    /// The domains that a name server hosts.
    pub(super) fn hosts<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let hosted = self.world.domains.values();
        hosted
            .filter(move |domain| domain.name_servers.iter().any(|host| host == name))
            .map(|domain| domain.name.as_str())
    }

    /// The name servers that lie below a domain.
    pub(super) fn children(&self, domain: &str) -> Vec<String> {
        let below = |host: &&String| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.world.name_servers.keys().filter(below).cloned().collect()
    }
}
