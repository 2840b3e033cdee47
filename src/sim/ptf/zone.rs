//! DNS zones in PTF. A resource record is one line of text here, and nothing is published.

use super::super::ledger::Change;
use super::super::objects::Zone;
use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn, refuse};
use super::list::Page;
use super::required;

/// The most records of a zone.
const MAX_RECORDS: usize = 10_000;

/// The zone that the command is about, without the dot at its end.
fn name_of(turn: &mut Turn<'_>, request: &Request) -> Result<String, Answer> {
    let name = turn.host_name(required(request, "dnszone")?, 505)?;
    turn.object.clone_from(&name);
    Ok(name)
}

/// A zone of the caller's: 545 if there is none, 531 if it is another's.
fn own<'t>(turn: &'t mut Turn<'_>, name: &str) -> Result<&'t mut Zone, Answer> {
    match turn.world.zones.get_mut(name) {
        None => refuse(545),
        Some(zone) if zone.registrar != turn.caller => refuse(531),
        Some(zone) => Ok(zone),
    }
}

/// Adds records: 540 if one is there, 541 if there are too many.
fn extend(records: &mut Vec<String>, added: &[&str]) -> Result<(), Answer> {
    for record in added {
        if records.iter().any(|known| known == record) {
            return refuse(540);
        }
        records.push((*record).to_owned());
    }
    if records.len() > MAX_RECORDS { refuse(541) } else { Ok(()) }
}

pub(super) fn add(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    if turn.world.zones.contains_key(&name) {
        return refuse(540);
    }
    let mut records = Vec::new();
    extend(&mut records, &request.indexed("rr"))?;
    turn.afford(turn.config.prices.zone)?;
    turn.bill(turn.config.prices.zone);
    let now = turn.stamp();
    let zone = Zone { registrar: turn.caller.to_owned(), created: now, updated: now, records };
    turn.world.zones.insert(name, zone);
    turn.did(Change::Created);
    Ok(Answer::new(200))
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    let zone = own(turn, &name)?;
    Ok(Answer::new(200)
        .pair("createddate", zone.created)
        .pair("dnszone", format!("{name}."))
        .pair("rrstotal", zone.records.len())
        .pair("updateddate", zone.updated))
}

pub(super) fn modify(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    let now = turn.stamp();
    let mut zone = own(turn, &name)?.clone();
    for record in request.indexed("delrr") {
        let at = zone.records.iter().position(|known| known == record);
        zone.records.remove(at.map_or_else(|| refuse(542), Ok)?);
    }
    extend(&mut zone.records, &request.indexed("addrr"))?;
    zone.updated = now;
    *own(turn, &name)? = zone;
    turn.did(Change::Modified);
    Ok(Answer::new(200))
}

pub(super) fn delete(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    own(turn, &name)?;
    turn.world.zones.remove(&name);
    turn.did(Change::Deleted);
    Ok(Answer::new(200))
}

pub(super) fn records(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    let (page, rows) = Page::of(request, own(turn, &name)?.records.iter().collect())?;
    Ok(page.write(Answer::new(200).pair("column", "rr").pairs("rr", rows)))
}
