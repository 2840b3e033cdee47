//! Changing, deleting and restoring domains in PTF.

use super::super::ledger::Change;
use super::super::lifecycle::Deletion;
use super::super::objects::Domain;
use super::super::wire::{Answer, Request};
use super::super::world::{MAX_HOSTS, Outcome, Turn, refuse};
use super::domain::ROLES;
use super::{domain_of, given, required};
use crate::secret::Secret;

/// The statuses that a registrar may set and remove (RFC 5731 §2.3); those of the server are the registry's.
const STATUSES: [&str; 5] = [
    "clientDeleteProhibited",
    "clientHold",
    "clientRenewProhibited",
    "clientTransferProhibited",
    "clientUpdateProhibited",
];
const RENEWAL_MODES: [&str; 5] = ["DEFAULT", "AUTORENEW", "AUTOEXPIRE", "AUTODELETE", "RENEWONCE"];
const TRANSFER_MODES: [&str; 3] = ["DEFAULT", "AUTOAPPROVE", "AUTODENY"];

/// A domain of the caller's that may be changed.
fn open(turn: &mut Turn<'_>, name: &str) -> Result<Domain, Answer> {
    let domain = turn.own_domain(name)?;
    if domain.transfer.is_some() {
        return refuse(553);
    }
    if domain.deleted.is_some() {
        return refuse(552);
    }
    Ok(domain.clone())
}

/// Puts a changed domain in its place.
fn store(turn: &mut Turn<'_>, mut domain: Domain) {
    domain.touch(turn.caller, turn.stamp());
    turn.did(Change::Modified);
    turn.world.domains.insert(domain.name.clone(), domain);
}

pub(super) fn modify(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let mut domain = open(turn, &name)?;
    for text in request.indexed("delstatus") {
        let status = status(text)?;
        if !domain.statuses.remove(status) {
            return refuse(542);
        }
    }
    if domain.on_hold() {
        return refuse(544);
    }
    if domain.is_locked("update") {
        return refuse(552);
    }
    for text in request.indexed("addstatus") {
        if !domain.statuses.insert(status(text)?.to_owned()) {
            return refuse(540);
        }
    }
    let all = request.indexed("nameserver");
    if !all.is_empty() {
        domain.name_servers = turn.known_hosts(all)?;
    }
    for text in request.indexed("delnameserver") {
        let old = turn.host_name(text, 541)?;
        let at = domain.name_servers.iter().position(|host| *host == old);
        domain.name_servers.remove(at.map_or_else(|| refuse(542), Ok)?);
    }
    for host in turn.known_hosts(request.indexed("addnameserver"))? {
        if domain.name_servers.contains(&host) {
            return refuse(540);
        }
        domain.name_servers.push(host);
    }
    if domain.name_servers.len() > MAX_HOSTS {
        return refuse(541);
    }
    for role in ROLES {
        let handles: Vec<String> = request.indexed(role).into_iter().map(str::to_owned).collect();
        if handles.iter().any(|handle| !turn.world.contacts.contains_key(handle)) {
            return Err(Answer::new(545).detail(role.to_ascii_uppercase()));
        }
        if !handles.is_empty() {
            domain.contacts.insert(role.to_owned(), handles);
        }
    }
    if let Some(auth) = given(request, "auth") {
        domain.auth = Secret::from(auth);
    }
    store(turn, domain);
    Ok(Answer::new(200))
}

/// A status that the registrar may change, as it is written: 543 if it is the registry's, 541 if there is none such.
fn status(text: &str) -> Result<&'static str, Answer> {
    match STATUSES.iter().find(|status| status.eq_ignore_ascii_case(text)) {
        Some(status) => Ok(status),
        None if text.to_ascii_lowercase().starts_with("server") => refuse(543),
        None => refuse(541),
    }
}

pub(super) fn delete(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    Ok(match turn.delete(&name)? {
        Deletion::Free => Answer::new(200),
        Deletion::Pending => {
            let days = turn.config.redemption.as_secs().div_euclid(86_400);
            Answer::new(200).detail(format_args!("action PendingDelete pending in {days} days"))
        }
    })
}

pub(super) fn restore(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    turn.restore(&name)?;
    Ok(Answer::new(200))
}

/// One of some values, as it is written here: 541 if it is none of them.
fn one_of(values: &[&'static str], text: &str) -> Result<&'static str, Answer> {
    values
        .iter()
        .find(|value| value.eq_ignore_ascii_case(text))
        .map_or_else(|| refuse(541), |value| Ok(*value))
}

pub(super) fn set_renewal_mode(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let mode = one_of(&RENEWAL_MODES, required(request, "renewalmode")?)?;
    let mut domain = open(turn, &name)?;
    mode.clone_into(&mut domain.renewal_mode);
    store(turn, domain);
    Ok(Answer::new(200))
}

pub(super) fn set_transfer_mode(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let mode = one_of(&TRANSFER_MODES, required(request, "transfermode")?)?;
    let mut domain = open(turn, &name)?;
    mode.clone_into(&mut domain.transfer_mode);
    store(turn, domain);
    Ok(Answer::new(200))
}

/// Sets the code for transfers; makes one, another each time, if none is given.
pub(super) fn set_auth_code(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let mut domain = open(turn, &name)?;
    let auth = given(request, "auth").map_or_else(|| turn.world.random.word(12), str::to_owned);
    let answer = Answer::new(200).pair("auth", &auth);
    domain.auth = Secret::new(auth);
    store(turn, domain);
    Ok(answer)
}

/// Gives a domain to another account of the registry, at once and for nothing.
pub(super) fn push(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let target = required(request, "target")?;
    let mut domain = open(turn, &name)?;
    if !turn.world.accounts.contains_key(target) {
        return Err(Answer::new(545).detail("TARGET"));
    }
    target.clone_into(&mut domain.registrar);
    for child in turn.children(&name) {
        if let Some(host) = turn.world.name_servers.get_mut(&child) {
            target.clone_into(&mut host.registrar);
        }
    }
    store(turn, domain);
    Ok(Answer::new(200))
}
