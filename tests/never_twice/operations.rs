//! What callers ask for: all kinds of commands, mostly such as fit how things stand.

use rrp::Command;
use rrp::command::{PtfCommand, RrpCommand};
use rrp::sim::{Domain, Registry};

use crate::mark::{Mark, marked, named};
use crate::pair::Dice;

/// The code for transfers of every domain that is there at the beginning.
pub(crate) const AUTH: &str = "m0ve-it-0ver";

pub(crate) fn domain_name(number: usize) -> String {
    format!("{}.example.com", named('d', number))
}

pub(crate) fn host_name(number: usize) -> String {
    format!("{}.example.net", named('h', number))
}

pub(crate) fn zone_name(number: usize) -> String {
    format!("{}.example.org", named('z', number))
}

fn rrp(verb: &str, entity: &str, attribute: &str, name: &str, mark: Mark) -> RrpCommand {
    let command = RrpCommand::new(verb).unwrap().attribute("EntityName", entity).unwrap();
    command.attribute(attribute, &marked(name, mark)).unwrap()
}

fn ptf(name: &str, parameter: &str, value: &str, mark: Mark) -> PtfCommand {
    let command = PtfCommand::new(name).unwrap().param(parameter, value).unwrap();
    command.param("cltrid", &mark.to_string()).unwrap()
}

/// Who asks, and where things stand.
pub(crate) struct Asker<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) account: &'a str,
    /// Handles of contacts that were made.
    pub(crate) contacts: &'a [String],
}

impl Asker<'_> {
    /// A change about the objects of this number.
    pub(crate) fn change(&self, number: usize, mark: Mark, dice: &mut Dice) -> Command {
        match dice.below(100) {
            0..72 => self.of_domain(&domain_name(number), mark, dice),
            72..82 => of_host(self.registry, &host_name(number), mark, dice),
            82..88 => of_zone(&zone_name(number), mark, dice),
            88..96 => self.of_contact(mark, dice),
            96..98 => {
                let sms = ptf("SendSMS", "phone", &format!("+49.{number}"), mark);
                sms.param("message", "hello").unwrap().into()
            }
            _ => {
                let token = ptf("RequestToken", "type", "DOMAINMODIFICATION", mark);
                token.param("domain", &domain_name(number)).unwrap().into()
            }
        }
    }

    /// A question about them.
    pub(crate) fn query(&self, number: usize, mark: Mark, dice: &mut Dice) -> Command {
        let name = domain_name(number);
        match dice.below(4) {
            0 => ptf("StatusDomain", "domain", &name, mark).into(),
            1 => ptf("CheckDomain", "domain", &name, mark).into(),
            2 => rrp("check", "Domain", "DomainName", &name, mark).into(),
            _ => rrp("status", "Domain", "DomainName", &name, mark).into(),
        }
    }

    fn of_domain(&self, name: &str, mark: Mark, dice: &mut Dice) -> Command {
        let domain = self.registry.domain(name);
        let in_rrp = dice.percent(50);
        let rrp = |verb| rrp(verb, "Domain", "DomainName", name, mark);
        let ptf = |verb| ptf(verb, "domain", name, mark);
        let transfer = |action| ptf("TransferDomain").param("action", action).unwrap();
        let ours = domain.is_some_and(|domain| domain.registrar() == self.account);
        let fitting = match domain {
            _ if dice.percent(12) => dice.below(12),
            None => 0,
            Some(domain) if domain.transfer_to().is_some() && ours => 4 + dice.below(2),
            Some(domain) if domain.transfer_to().is_some() => 6,
            Some(_) if !ours => 7,
            Some(domain) if domain.is_deleted() => 8,
            Some(_) => [1, 1, 2, 2, 3, 9, 10, 11][dice.below(8)],
        };
        let year = domain.map_or(2027, |domain| domain.expires().year()).to_string();
        match (fitting, in_rrp) {
            (0, true) => rrp("add").into(),
            (0, false) => ptf("AddDomain").param("period", "1").unwrap().into(),
            (1, true) => {
                let renew = rrp("renew").option("Period", "1").unwrap();
                renew.option("CurrentExpirationYear", &year).unwrap().into()
            }
            (1, false) => {
                let renew = ptf("RenewDomain").param("period", "1").unwrap();
                renew.param("expiration", &year).unwrap().into()
            }
            (2, true) => rrp("renew").into(),
            (2, false) => ptf("RenewDomain").param("period", "1").unwrap().into(),
            (3, true) => rrp("del").into(),
            (3, false) => ptf("DeleteDomain").into(),
            (4, true) => rrp("transfer").option("Approve", "Yes").unwrap().into(),
            (4, false) => transfer("APPROVE").into(),
            (5, true) => rrp("transfer").option("Approve", "No").unwrap().into(),
            (5, false) => transfer("DENY").into(),
            (6, _) => transfer("CANCEL").into(),
            (7, true) => rrp("transfer").into(),
            (7, false) => transfer("REQUEST").param("auth", AUTH).unwrap().into(),
            (8, _) => ptf("RestoreDomain").into(),
            (9, true) => mod_of(rrp("mod"), domain).into(),
            (9, false) => modify(ptf("ModifyDomain"), domain, dice).into(),
            (10, _) => {
                let mode = dice.one_of(&["AUTORENEW", "AUTOEXPIRE", "AUTODELETE", "RENEWONCE"]);
                ptf("SetDomainRenewalMode").param("renewalmode", mode).unwrap().into()
            }
            _ => ptf("SetAuthCode").param("auth", &format!("c0de-{mark}")).unwrap().into(),
        }
    }

    fn of_contact(&self, mark: Mark, dice: &mut Dice) -> Command {
        let filled = |command: PtfCommand| {
            let command = command.param("lastname", &format!("Doe {mark}")).unwrap();
            command.param("email", "doe@example.com").unwrap()
        };
        if self.contacts.is_empty() || dice.percent(50) {
            return filled(ptf("AddContact", "firstname", "Jo", mark)).into();
        }
        let handle = &self.contacts[dice.below(self.contacts.len())];
        if dice.percent(70) {
            filled(ptf("ModifyContact", "contact", handle, mark)).into()
        } else {
            ptf("DeleteContact", "contact", handle, mark).into()
        }
    }
}

fn mod_of(command: RrpCommand, domain: Option<&Domain>) -> RrpCommand {
    let locked = domain.is_some_and(|domain| domain.statuses().any(|status| status == "REGISTRAR-LOCK"));
    if locked {
        command.remove("Status", "REGISTRAR-LOCK").unwrap()
    } else {
        command.attribute("Status", "REGISTRAR-LOCK").unwrap()
    }
}

fn modify(command: PtfCommand, domain: Option<&Domain>, dice: &mut Dice) -> PtfCommand {
    let held = domain.is_some_and(|domain| domain.statuses().any(|status| status == "clientHold"));
    match dice.below(3) {
        0 if held => command.param("delstatus0", "clientHold").unwrap(),
        0 => command.param("addstatus0", "clientHold").unwrap(),
        1 => command.param("nameserver0", &format!("ns{}.example.net", dice.below(9))).unwrap(),
        _ => command.param("addnameserver0", &format!("ns{}.example.net", dice.below(9))).unwrap(),
    }
}

fn of_host(registry: &Registry, name: &str, mark: Mark, dice: &mut Dice) -> Command {
    let address =
        |dice: &mut Dice| format!("8.{}.{}.{}", dice.below(256), dice.below(256), 1 + dice.below(250));
    let rrp = |verb| rrp(verb, "NameServer", "NameServer", name, mark);
    let ptf = |verb| ptf(verb, "nameserver", name, mark);
    let absent = registry.name_server(name).is_none();
    match (absent, dice.below(4)) {
        (true, 0 | 1) => rrp("add").attribute("IPAddress", &address(dice)).unwrap().into(),
        (true, _) => ptf("AddNameserver").param("ipaddress0", &address(dice)).unwrap().into(),
        (false, 0) => rrp("mod").attribute("IPAddress", &address(dice)).unwrap().into(),
        (false, 1) => ptf("ModifyNameserver").param("addipaddress0", &address(dice)).unwrap().into(),
        (false, 2) => rrp("del").into(),
        (false, _) => ptf("DeleteNameserver").into(),
    }
}

fn of_zone(name: &str, mark: Mark, dice: &mut Dice) -> Command {
    let ptf = |verb| ptf(verb, "dnszone", name, mark);
    let record = format!("@ IN A 192.0.2.{}", dice.below(250));
    match dice.below(5) {
        0 | 1 => ptf("AddDNSZone").param("rr0", &record).unwrap().into(),
        2 => ptf("ModifyDNSZone").param("addrr0", &record).unwrap().into(),
        3 => ptf("ModifyDNSZone").param("delrr0", &record).unwrap().into(),
        _ => ptf("DeleteDNSZone").into(),
    }
}
