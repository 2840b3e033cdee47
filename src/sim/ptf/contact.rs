//! Contacts in PTF. The registry chooses the handle, another one for each AddContact.

use std::collections::BTreeMap;

use super::super::ledger::Change;
use super::super::objects::Contact;
use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn, refuse};
use super::list::Page;
use super::required;

/// What is kept of a contact; other parameters are ignored.
const FIELDS: [&str; 12] = [
    "title",
    "firstname",
    "middlename",
    "lastname",
    "organization",
    "street0",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "email",
];

/// The contact that the command is about.
fn handle_of(turn: &mut Turn<'_>, request: &Request) -> Result<String, Answer> {
    let handle = required(request, "contact")?.to_ascii_uppercase();
    turn.object.clone_from(&handle);
    Ok(handle)
}

/// A contact of the caller's: 545 if there is none, 531 if it is another's.
fn own<'t>(turn: &'t mut Turn<'_>, handle: &str) -> Result<&'t mut Contact, Answer> {
    match turn.world.contacts.get_mut(handle) {
        None => refuse(545),
        Some(contact) if contact.registrar != turn.caller => refuse(531),
        Some(contact) => Ok(contact),
    }
}

fn fields(request: &Request) -> BTreeMap<String, String> {
    let given = |name: &&str| Some(((*name).to_owned(), request.first(name)?.to_owned()));
    FIELDS.iter().filter_map(given).collect()
}

/// So many contacts a registry has, for they cost nothing.
const MAX_CONTACTS: usize = 10_000;

pub(super) fn add(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    if turn.world.contacts.len() >= MAX_CONTACTS {
        return refuse(549);
    }
    required(request, "lastname")?;
    if !required(request, "email")?.contains('@') {
        return Err(Answer::new(505).detail("EMAIL"));
    }
    let now = turn.stamp();
    let handle = format!("P-SIM{}", turn.world.next_id());
    let fields = fields(request);
    let registrar = turn.caller.to_owned();
    let contact = Contact { handle: handle.clone(), registrar, created: now, updated: now, fields };
    turn.world.contacts.insert(handle.clone(), contact);
    turn.object.clone_from(&handle);
    turn.did(Change::Created);
    Ok(Answer::new(200).pair("contact", handle))
}

pub(super) fn check(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let handle = handle_of(turn, request)?;
    Ok(Answer::new(if turn.world.contacts.contains_key(&handle) { 215 } else { 214 }))
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let handle = handle_of(turn, request)?;
    let contact = own(turn, &handle)?;
    let answer = Answer::new(200)
        .pair("contact", &contact.handle)
        .pair("createddate", contact.created)
        .pair("registrar", &contact.registrar)
        .pair("updateddate", contact.updated);
    Ok(contact.fields.iter().fold(answer, |answer, (name, value)| answer.pair(name, value)))
}

pub(super) fn modify(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let handle = handle_of(turn, request)?;
    let (now, fields) = (turn.stamp(), fields(request));
    let contact = own(turn, &handle)?;
    contact.fields.extend(fields);
    contact.updated = now;
    turn.did(Change::Modified);
    Ok(Answer::new(200))
}

pub(super) fn delete(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let handle = handle_of(turn, request)?;
    own(turn, &handle)?;
    let mut used = turn.world.domains.values().flat_map(|domain| domain.contacts.values().flatten());
    if used.any(|used| *used == handle) {
        return refuse(561);
    }
    turn.world.contacts.remove(&handle);
    turn.did(Change::Deleted);
    Ok(Answer::new(200))
}

pub(super) fn query(turn: &Turn<'_>, request: &Request) -> Outcome {
    let own = turn.world.contacts.values().filter(|contact| contact.registrar == turn.caller);
    let (page, rows) = Page::of(request, own.collect())?;
    let answer = rows.into_iter().fold(Answer::new(200), |answer, contact| {
        answer
            .pair("contact", &contact.handle)
            .pair("contactcreateddate", contact.created)
            .pair("contactemail", contact.field("email").unwrap_or(""))
    });
    Ok(page.write(answer))
}
