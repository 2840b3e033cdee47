//! Name servers in RRP.

use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn};
use super::{Change, change, fields, required};

pub(super) fn add(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["NameServer", "IPAddress"], &[], 503)?;
    let name = turn.host_name(required(request, "NameServer")?, 510)?;
    turn.object.clone_from(&name);
    let addresses: Vec<&str> = request.values("IPAddress").collect();
    turn.add_host(&name, &addresses)?;
    Ok(Answer::new(200))
}

pub(super) fn check(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["NameServer"], &[], 503)?;
    let name = turn.host_name(required(request, "NameServer")?, 541)?;
    turn.object.clone_from(&name);
    Ok(match turn.world.name_servers.get(&name) {
        Some(host) => Answer::new(213).pairs("ipAddress", &host.addresses),
        None => Answer::new(212),
    })
}

pub(super) fn del(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["NameServer"], &[], 503)?;
    let name = turn.host_name(required(request, "NameServer")?, 541)?;
    turn.object.clone_from(&name);
    turn.delete_host(&name)?;
    Ok(Answer::new(200))
}

pub(super) fn modify(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["NameServer", "NewNameServer", "IPAddress"], &[], 503)?;
    let name = turn.host_name(required(request, "NameServer")?, 541)?;
    turn.object.clone_from(&name);
    let new_name = request.first("NewNameServer").map(|new| turn.host_name(new, 510)).transpose()?;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for value in request.values("IPAddress") {
        match change(value) {
            Change::Add(new) => added.push(new),
            Change::Remove(old) => removed.push(old),
            Change::Replace(old, new) => {
                removed.push(old);
                added.push(new);
            }
        }
    }
    turn.modify_host(&name, new_name.as_deref(), &added, &removed)?;
    Ok(Answer::new(200))
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    fields(request, &["NameServer"], &[], 501)?;
    let name = turn.host_name(required(request, "NameServer")?, 541)?;
    turn.object.clone_from(&name);
    let host = turn.own_host(&name)?;
    let mut answer = Answer::new(200).pairs("ipaddress", &host.addresses).pair("registrar", &host.registrar);
    if let Some(when) = host.transferred {
        answer = answer.pair("registrar transfer date", when.rrp());
    }
    Ok(answer
        .pair("CreatedDate", host.created.rrp())
        .pair("CreatedBy", &host.created_by)
        .pair("UpdatedDate", host.updated.rrp())
        .pair("UpdatedBy", &host.updated_by))
}
