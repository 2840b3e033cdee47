//! Transfers in PTF.

use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn, refuse};
use super::list::Page;
use super::{domain_of, given, required};
use crate::secret::Secret;

/// From which side a transfer is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Gaining,
    Losing,
}

pub(super) fn transfer(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    match given(request, "action").unwrap_or("REQUEST").to_ascii_uppercase().as_str() {
        "REQUEST" => {
            let Some(domain) = turn.world.domains.get(&name) else { return refuse(545) };
            if domain.registrar == turn.caller {
                return Err(Answer::new(540).detail("DOMAIN is already assigned to your account"));
            }
            if domain.auth != Secret::from(required(request, "auth")?) {
                return Err(Answer::new(530).text("Authorization failed; wrong auth code"));
            }
            turn.request_transfer(&name)?;
        }
        "APPROVE" => turn.approve_transfer(&name)?,
        "DENY" => {
            // Of those who may end it, the one who loses the domain denies, the one who asked for it cancels.
            side(turn, &name, Side::Losing)?;
            turn.end_transfer(&name)?;
        }
        "CANCEL" => {
            side(turn, &name, Side::Gaining)?;
            turn.end_transfer(&name)?;
        }
        _ => return Err(Answer::new(541).detail("ACTION")),
    }
    Ok(Answer::new(200))
}

fn side(turn: &Turn<'_>, name: &str, wanted: Side) -> Result<(), Answer> {
    let Some(domain) = turn.world.domains.get(name) else { return refuse(545) };
    let Some(by) = domain.transfer_to() else { return refuse(534) };
    let who = if wanted == Side::Losing { domain.registrar.as_str() } else { by };
    if who == turn.caller { Ok(()) } else { refuse(531) }
}

pub(super) fn status(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let name = domain_of(turn, request)?;
    let Some(domain) = turn.world.domains.get(&name) else { return refuse(545) };
    let Some(transfer) = &domain.transfer else { return refuse(545) };
    let kind = if transfer.by == turn.caller {
        "INCOMING"
    } else if domain.registrar == turn.caller {
        "OUTGOING"
    } else {
        return refuse(531);
    };
    Ok(Answer::new(200)
        .pair("createddate", transfer.requested)
        .pair("domain", &domain.name)
        .pair("newregistrar", &transfer.by)
        .pair("oldregistrar", &domain.registrar)
        .pair("transferstatus", "PENDING")
        .pair("transfertype", kind))
}

pub(super) fn query(turn: &Turn<'_>, request: &Request, side: Side) -> Outcome {
    let mine = turn.world.domains.values().filter_map(|domain| {
        let transfer = domain.transfer.as_ref()?;
        let who = if side == Side::Gaining { &transfer.by } else { &domain.registrar };
        (who == turn.caller).then_some((domain, transfer))
    });
    let (page, rows) = Page::of(request, mine.collect())?;
    let answer = rows.into_iter().fold(Answer::new(200), |answer, (domain, transfer)| {
        answer
            .pair("createddate", transfer.requested)
            .pair("domain", &domain.name)
            .pair("newregistrar", &transfer.by)
            .pair("oldregistrar", &domain.registrar)
            .pair("status", "PENDING")
    });
    Ok(page.write(answer))
}
