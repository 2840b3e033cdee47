//! Name servers in PTF.

use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn};
use super::{given, required};

/// The name server that the command is about.
fn name_of(turn: &mut Turn<'_>, request: &Request) -> Result<String, Answer> {
    let name = turn.host_name(required(request, "nameserver")?, 505)?;
    turn.object.clone_from(&name);
    Ok(name)
}

pub(super) fn add(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    turn.add_host(&name, &request.indexed("ipaddress"))?;
    Ok(Answer::new(200).pair("createddate", turn.stamp()).pair("nameserver", name))
}

pub(super) fn check(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    Ok(Answer::new(if turn.world.name_servers.contains_key(&name) { 213 } else { 212 }))
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    let host = turn.own_host(&name)?;
    Ok(Answer::new(200)
        .pair("createdby", &host.created_by)
        .pair("createddate", host.created)
        .pairs("ipaddress", &host.addresses)
        .pair("nameserver", &host.name)
        .pair("registrar", &host.registrar)
        .pair("status", if host.locked { "LOCKED" } else { "ACTIVE" })
        .pair("updatedby", &host.updated_by)
        .pair("updateddate", host.updated))
}

pub(super) fn modify(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    let new = given(request, "newnameserver").map(|new| turn.host_name(new, 505)).transpose()?;
    let (added, removed) = (request.indexed("addipaddress"), request.indexed("delipaddress"));
    turn.modify_host(&name, new.as_deref(), &added, &removed)?;
    Ok(Answer::new(200))
}

pub(super) fn delete(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = name_of(turn, request)?;
    turn.delete_host(&name)?;
    Ok(Answer::new(200))
}
