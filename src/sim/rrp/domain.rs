//! Domains in RRP.

use super::super::ledger;
use super::super::wire::{Answer, Request};
use super::super::world::{MAX_HOSTS, Outcome, Turn, period, refuse};
use super::{Change, change, fields, required};

pub(super) fn add(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["DomainName", "NameServer"], &["Period"], 503)?;
    let name = turn.domain_name(required(request, "DomainName")?, 510)?;
    let years =
        request.option("Period").map_or(Ok(turn.config.default_period), |years| period(years, 541))?;
    let hosts = turn.known_hosts(request.values("NameServer"))?;
    match turn.world.domains.get(&name) {
        Some(domain) if domain.registrar == turn.caller => return refuse(554),
        Some(_) => return refuse(540),
        None => {}
    }
    turn.afford(turn.config.prices.add.saturating_mul(i64::from(years)))?;
    let domain = turn.register(&name, years, hosts);
    Ok(Answer::new(200).pair("registration expiration date", domain.expires.rrp()).pair("status", "ACTIVE"))
}

pub(super) fn check(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["DomainName"], &[], 503)?;
    let name = turn.domain_name(required(request, "DomainName")?, 541)?;
    Ok(Answer::new(if turn.world.domains.contains_key(&name) { 211 } else { 210 }))
}

pub(super) fn renew(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["DomainName"], &["Period", "CurrentExpirationYear"], 503)?;
    let name = turn.domain_name(required(request, "DomainName")?, 541)?;
    // Together or not at all (§4.3.7).
    let (years, guard) = match (request.option("Period"), request.option("CurrentExpirationYear")) {
        (None, None) => (turn.config.default_period, None),
        (Some(years), Some(year)) => {
            let year: i64 = match year.parse() {
                Ok(number) if year.len() == 4 => number,
                _ => return refuse(505),
            };
            (period(years, 556)?, Some(year))
        }
        _ => return refuse(504),
    };
    let expires = turn.renew(&name, years, guard)?;
    Ok(Answer::new(200).pair("registration expiration date", expires.rrp()))
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["DomainName"], &[], 501)?;
    let name = turn.domain_name(required(request, "DomainName")?, 541)?;
    let domain = turn.own_domain(&name)?;
    let mut answer = Answer::new(200)
        .pairs("nameserver", &domain.name_servers)
        .pair("registration expiration date", domain.expires.rrp())
        .pair("registrar", &domain.registrar);
    if let Some(when) = domain.transferred {
        answer = answer.pair("registrar transfer date", when.rrp());
    }
    Ok(answer
        .pairs("status", domain.statuses().map(str::to_ascii_uppercase))
        .pair("created date", domain.created.rrp())
        .pair("created by", &domain.created_by)
        .pair("updated date", domain.updated.rrp())
        .pair("updated by", &domain.updated_by))
}

pub(super) fn del(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["DomainName"], &[], 503)?;
    let name = turn.domain_name(required(request, "DomainName")?, 541)?;
    turn.delete(&name)?;
    Ok(Answer::new(200))
}

/// What a registrar may set and remove (§6.1); the others are the registry's.
const OWN_STATUSES: [&str; 2] = ["REGISTRAR-HOLD", "REGISTRAR-LOCK"];
const STATUSES: [&str; 6] =
    ["ACTIVE", "REGISTRY-LOCK", "REGISTRY-HOLD", "REGISTRY-DELETE-NOTIFY", OWN_STATUSES[0], OWN_STATUSES[1]];
/// What only the registry changes: 543.
const FINAL: [&str; 7] = [
    "RegistrationExpirationDate",
    "Registrar",
    "RegistrarTransferDate",
    "CreatedDate",
    "CreatedBy",
    "UpdatedDate",
    "UpdatedBy",
];

pub(super) fn modify(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    if request.fields().iter().any(|field| FINAL.iter().any(|name| field.name().eq_ignore_ascii_case(name))) {
        return refuse(543);
    }
    fields(request, &["DomainName", "NameServer", "Status"], &[], 503)?;
    let name = turn.domain_name(required(request, "DomainName")?, 541)?;
    let domain = turn.own_domain(&name)?;
    if domain.transfer.is_some() {
        return refuse(553);
    }
    if domain.deleted.is_some() {
        return refuse(552);
    }
    let mut changed = domain.clone();
    for value in request.values("Status") {
        match change(value) {
            Change::Add(new) => add_status(&mut changed.statuses, new)?,
            Change::Remove(old) => remove_status(&mut changed.statuses, old)?,
            Change::Replace(old, new) => {
                remove_status(&mut changed.statuses, old)?;
                add_status(&mut changed.statuses, new)?;
            }
        }
    }
    // A hold or lock that stays forbids everything else.
    let mut kept = domain.clone();
    kept.statuses.retain(|status| changed.statuses.contains(status));
    if kept.on_hold() {
        return refuse(544);
    }
    if kept.is_locked("update") {
        return refuse(552);
    }
    for value in request.values("NameServer") {
        let (old, new) = match change(value) {
            Change::Add(new) => (None, Some(new)),
            Change::Remove(old) => (Some(old), None),
            Change::Replace(old, new) => (Some(old), Some(new)),
        };
        if let Some(old) = old {
            let old = turn.host_name(old, 541)?;
            let at = changed.name_servers.iter().position(|host| *host == old);
            changed.name_servers.remove(at.map_or_else(|| refuse(542), Ok)?);
        }
        if let Some(new) = new {
            let [new] = turn.known_hosts([new])?.try_into().map_err(|_| Answer::new(541))?;
            if changed.name_servers.contains(&new) {
                return refuse(540);
            }
            changed.name_servers.push(new);
        }
    }
    if changed.name_servers.len() > MAX_HOSTS {
        return refuse(541);
    }
    changed.touch(turn.caller, turn.stamp());
    turn.did(ledger::Change::Modified);
    *turn.own_domain(&name)? = changed;
    Ok(Answer::new(200))
}

type Statuses = std::collections::BTreeSet<String>;

/// A status that the registrar may change, as it is written: 541 if there is none such, 543 if it is the registry's.
fn own_status(status: &str) -> Result<&'static str, Answer> {
    let same = |known: &&&str| known.eq_ignore_ascii_case(status);
    match OWN_STATUSES.iter().find(same) {
        Some(own) => Ok(own),
        None if STATUSES.iter().any(|known| same(&known)) => refuse(543),
        None => refuse(541),
    }
}

fn add_status(statuses: &mut Statuses, status: &str) -> Result<(), Answer> {
    if statuses.insert(own_status(status)?.to_owned()) { Ok(()) } else { refuse(540) }
}

fn remove_status(statuses: &mut Statuses, status: &str) -> Result<(), Answer> {
    if statuses.remove(own_status(status)?) { Ok(()) } else { refuse(542) }
}

pub(super) fn transfer(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["DomainName"], &["Approve"], 501)?;
    let name = turn.domain_name(required(request, "DomainName")?, 541)?;
    match request.option("Approve").map(str::to_ascii_lowercase).as_deref() {
        None => turn.request_transfer(&name)?,
        Some("yes") => turn.approve_transfer(&name)?,
        Some("no") => turn.end_transfer(&name)?,
        Some(_) => return refuse(506),
    }
    Ok(Answer::new(200))
}
