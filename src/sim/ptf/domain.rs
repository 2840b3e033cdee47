//! Domains in PTF.

use super::super::config::Config;
use super::super::ledger::Change;
use super::super::wire::{Answer, Request};
use super::super::world::{Job, Outcome, Turn, period, refuse};
use super::domain_of;
use crate::secret::Secret;

/// How many names CheckDomains takes.
const MAX_CHECKED: usize = 32;
/// The roles of a domain's contacts.
pub(super) const ROLES: [&str; 4] = ["ownercontact", "admincontact", "techcontact", "billingcontact"];

pub(super) fn check(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    Ok(Answer::new(if turn.world.domains.contains_key(&name) { 211 } else { 210 }))
}

pub(super) fn check_several(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let names = request.indexed("domain");
    if names.is_empty() {
        return Err(Answer::new(504).detail("DOMAIN"));
    }
    if names.len() > MAX_CHECKED {
        return Err(Answer::new(541).detail("too many domains"));
    }
    let mut answer = Answer::new(200);
    for text in names {
        let checked = match turn.domain_name(text, 541) {
            Ok(name) => Answer::new(if turn.world.domains.contains_key(&name) { 211 } else { 210 }),
            Err(refused) => refused,
        };
        answer = answer
            .pair("domaincheck", format!("{} {}", checked.code(), checked.description()))
            .pair("domainchecktime", "0");
    }
    turn.object.clear();
    Ok(answer)
}

pub(super) fn add(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let order = order(turn, request, &name)?;
    turn.afford(order.price(turn.config))?;
    let zones = &turn.config.queued_zones;
    let in_zone = |zone: &String| name.strip_suffix(zone.as_str()).is_some_and(|rest| rest.ends_with('.'));
    if let Some(delay) = turn.config.queue_delay.filter(|_| zones.is_empty() || zones.iter().any(in_zone)) {
        let (registrar, command) = (turn.caller.to_owned(), Box::new(request.clone()));
        let id = turn.later(delay, |id| Job::Register { id, registrar, command });
        turn.did(Change::Queued);
        return Ok(Answer::new(200).detail("action pending").pair("jobqueue", 1).pair("job_id", id));
    }
    register(turn, request, &name, order, None)
}

/// What AddDomain asks for.
pub(super) struct Order {
    years: i32,
    hosts: Vec<String>,
}

impl Order {
    /// What it costs, in cents.
    pub(super) fn price(&self, config: &Config) -> i64 {
        config.prices.add.saturating_mul(i64::from(self.years))
    }
}

/// Reads an order: it must be well-formed, and the name free.
pub(super) fn order(turn: &Turn<'_>, request: &Request, name: &str) -> Result<Order, Answer> {
    let years = match request.first("period").filter(|years| !years.is_empty()) {
        Some(years) => period(years, 541)?,
        None => turn.config.default_period,
    };
    let hosts = turn.known_hosts(request.indexed("nameserver"))?;
    for role in ROLES {
        if request.indexed(role).iter().any(|handle| !turn.world.contacts.contains_key(*handle)) {
            return Err(Answer::new(545).detail(role.to_ascii_uppercase()));
        }
    }
    match turn.world.domains.get(name) {
        Some(domain) if domain.registrar == turn.caller => refuse(554),
        Some(_) => refuse(540),
        None => Ok(Order { years, hosts }),
    }
}

/// Registers what was ordered.
pub(super) fn register(
    turn: &mut Turn<'_>,
    request: &Request,
    name: &str,
    order: Order,
    job: Option<u64>,
) -> Outcome {
    let domain = turn.register(name, order.years, order.hosts);
    for role in ROLES {
        let handles: Vec<String> = request.indexed(role).into_iter().map(str::to_owned).collect();
        if !handles.is_empty() {
            domain.contacts.insert(role.to_owned(), handles);
        }
    }
    if let Some(auth) = request.first("auth").filter(|auth| !auth.is_empty()) {
        domain.auth = Secret::from(auth);
    }
    let answer = Answer::new(200)
        .pair("createddate", domain.created)
        .pair("registrationexpirationdate", domain.expires)
        .pair("roid", &domain.roid)
        .pair("status", "ACTIVE");
    super::job::tell(turn, request, "REGISTRATION_SUCCESSFUL", name, job);
    Ok(answer)
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let domain = turn.own_domain(&name)?;
    let mut answer = Answer::new(200)
        .pair("auth", domain.auth.expose())
        .pair("createdby", &domain.created_by)
        .pair("createddate", domain.created)
        .pair("domain", &domain.name)
        .pairs("nameserver", &domain.name_servers)
        .pair("registrar", &domain.registrar)
        .pair("registrationexpirationdate", domain.expires)
        .pair("renewalmode", &domain.renewal_mode)
        .pair("roid", &domain.roid)
        .pairs("status", domain.statuses())
        .pair("transfermode", &domain.transfer_mode)
        .pair("updatedby", &domain.updated_by)
        .pair("updateddate", domain.updated);
    for (role, handles) in &domain.contacts {
        answer = answer.pairs(role, handles);
    }
    if let Some(when) = domain.transferred {
        answer = answer.pair("registrartransferdate", when);
    }
    if domain.deleted.is_some() {
        answer = answer.pair("rgpstatus", "redemptionPeriod");
    }
    Ok(answer)
}

pub(super) fn renew(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let years = match request.first("period").filter(|years| !years.is_empty()) {
        Some(years) => period(years, 556)?,
        None => turn.config.default_period,
    };
    let guard = match request.first("expiration").filter(|year| !year.is_empty()) {
        None => None,
        // A year, or a whole date of which the year counts.
        Some(text) => match text.get(..4).map(str::parse) {
            Some(Ok(year)) => Some(year),
            _ => return Err(Answer::new(505).detail("EXPIRATION")),
        },
    };
    let expires = turn.renew(&name, years, guard)?;
    Ok(Answer::new(200).pair("registrationexpirationdate", expires).pair("status", "ACTIVE"))
}
