//! Deleting, restoring and transferring domains, for both grammars (RFC 2832 §4.3.3, §4.3.10, RFC 3632 §2.2).

use super::config::Config;
use super::ledger::{Change, Ledger};
use super::objects::{Event, Transfer};
use super::wire::Answer;
use super::world::{Job, MAX_YEARS, Moment, Turn, World, refuse};

/// What a deletion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deletion {
    /// In the add grace: the money is back, the name is free.
    Free,
    /// The domain can be restored for a while.
    Pending,
}

impl Turn<'_> {
    /// Deletes a domain and its name servers.
    pub(super) fn delete(&mut self, name: &str) -> Result<Deletion, Answer> {
        let (now, grace) = (self.stamp(), self.config.add_grace);
        let domain = self.own_domain(name)?;
        if domain.transfer.is_some() {
            return refuse(553);
        }
        if domain.on_hold() {
            return refuse(544);
        }
        if domain.deleted.is_some() || domain.is_locked("delete") {
            return refuse(552);
        }
        let (new, paid) = (now.since(domain.created) <= grace, domain.paid);
        let children = self.children(name);
        let hosting = |child: &String| self.hosts(child).any(|hosted| hosted != name);
        if children.iter().any(hosting) {
            return refuse(533);
        }
        let locked = |child: &String| self.world.name_servers.get(child).is_some_and(|host| host.locked);
        if children.iter().any(locked) {
            return refuse(557);
        }
        for child in &children {
            self.world.name_servers.remove(child);
        }
        self.did(Change::Deleted);
        if new {
            self.world.domains.remove(name);
            self.bill(paid.saturating_neg());
            return Ok(Deletion::Free);
        }
        let caller = self.caller;
        let domain = self.own_domain(name)?;
        domain.deleted = Some(now);
        domain.name_servers.retain(|host| !children.contains(host));
        domain.touch(caller, now);
        self.later(self.config.redemption, |_| Job::Drop { name: name.to_owned(), deleted: now });
        Ok(Deletion::Pending)
    }

    /// Takes a deletion back.
    pub(super) fn restore(&mut self, name: &str) -> Result<(), Answer> {
        let (now, caller, price) = (self.stamp(), self.caller, self.config.prices.restore);
        if self.own_domain(name)?.deleted.is_none() {
            return refuse(552);
        }
        self.afford(price)?;
        self.bill(price);
        self.did(Change::Restored);
        let domain = self.own_domain(name)?;
        domain.deleted = None;
        domain.touch(caller, now);
        Ok(())
    }

    /// Asks for another registrar's domain; charged now.
    pub(super) fn request_transfer(&mut self, name: &str) -> Result<(), Answer> {
        let (now, price) = (self.stamp(), self.config.prices.transfer);
        match self.world.domains.get(name) {
            None => return refuse(545),
            Some(domain) if domain.transfer.is_some() => return refuse(536),
            Some(domain) if domain.registrar == self.caller => return refuse(531),
            Some(domain) if domain.on_hold() => return refuse(544),
            Some(domain) if domain.is_locked("transfer") || domain.deleted.is_some() => return refuse(552),
            Some(_) => {}
        }
        self.afford(price)?;
        self.bill(price);
        self.did(Change::TransferRequested);
        let by = self.caller.to_owned();
        let mut losing = None;
        if let Some(domain) = self.world.domains.get_mut(name) {
            domain.transfer = Some(Transfer { by: by.clone(), requested: now, price });
            losing = Some(domain.registrar.clone());
        }
        for registrar in losing.into_iter().chain([by.clone()]) {
            self.tell(&registrar, "DOMAIN_TRANSFER", "TRANSFER_PENDING", vec![format!("domain:{name}")]);
        }
        if let Some(time) = self.config.transfer_approval {
            self.later(time, |_| Job::Approve { name: name.to_owned(), by, requested: now });
        }
        Ok(())
    }

    /// Lets a domain go; only its registrar may.
    pub(super) fn approve_transfer(&mut self, name: &str) -> Result<(), Answer> {
        match self.world.domains.get(name) {
            None => return refuse(545),
            Some(domain) if domain.transfer.is_none() => return refuse(534),
            Some(domain) if domain.registrar != self.caller => return refuse(531),
            Some(_) => {}
        }
        self.hand_over(name);
        Ok(())
    }

    /// Rejects a transfer as the domain's registrar, or cancels it as the one who asked (RFC 3632 §2.2).
    pub(super) fn end_transfer(&mut self, name: &str) -> Result<(), Answer> {
        let Some(domain) = self.world.domains.get_mut(name) else { return refuse(545) };
        let losing = domain.registrar == self.caller;
        let transfer = match domain.transfer.take() {
            None => return refuse(534),
            Some(transfer) if losing || transfer.by == self.caller => transfer,
            Some(transfer) => {
                domain.transfer = Some(transfer);
                return refuse(531);
            }
        };
        self.did(Change::TransferEnded);
        if transfer.by == self.caller {
            self.bill(transfer.price.saturating_neg());
        } else {
            self.book(&transfer.by, transfer.price.saturating_neg());
            self.refund = Some((transfer.by.clone(), transfer.price));
        }
        self.tell(&transfer.by, "DOMAIN_TRANSFER", "TRANSFER_FAILED", vec![format!("domain:{name}")]);
        Ok(())
    }

    /// Gives a domain to the registrar that asked for it, with its name servers and one more year.
    fn hand_over(&mut self, name: &str) {
        let now = self.stamp();
        let Some(domain) = self.world.domains.get_mut(name) else { return };
        let Some(transfer) = domain.transfer.take() else { return };
        let expires = domain.expires.years_later(1);
        if expires <= now.years_later(MAX_YEARS) {
            domain.expires = expires;
        }
        domain.registrar.clone_from(&transfer.by);
        domain.transferred = Some(now);
        domain.touch(self.caller, now);
        domain.renewals.clear();
        self.did(Change::Transferred);
        for child in self.children(name) {
            if let Some(host) = self.world.name_servers.get_mut(&child) {
                host.registrar.clone_from(&transfer.by);
                host.transferred = Some(now);
            }
        }
        self.tell(&transfer.by, "DOMAIN_TRANSFER", "TRANSFER_SUCCESSFUL", vec![format!("domain:{name}")]);
    }

    /// Keeps an event for a registrar.
    pub(super) fn tell(
        &mut self,
        registrar: &str,
        class: &'static str,
        subclass: &'static str,
        data: Vec<String>,
    ) {
        let (id, when) = (self.world.next_id(), self.stamp());
        self.world.event(Event { id, registrar: registrar.to_owned(), class, subclass, when, data });
    }
}

/// Approves a transfer that nobody has answered, if it is still the same.
pub(super) fn approve(
    world: &mut World,
    config: &Config,
    (name, by, requested): (&str, &str, super::Stamp),
    now: Moment,
    ledger: &mut Ledger,
) {
    let Some(domain) = world.domains.get(name) else { return };
    if !domain.transfer.as_ref().is_some_and(|transfer| transfer.by == by && transfer.requested == requested)
    {
        return;
    }
    let mut turn = Turn::new(world, config, by, now, ledger.transaction());
    name.clone_into(&mut turn.object);
    turn.hand_over(name);
    ledger.record(turn.entry(None, "transfer", 200));
}
