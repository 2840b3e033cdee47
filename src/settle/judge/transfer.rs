//! Transfers, from either side: whose the domain is, and whether a request is pending.
//!
//! PTF asks StatusDomainTransfer and StatusDomain; RRP has STATUS alone, which shows a request to the sponsor by the
//! status `pendingTransfer`.

use super::super::keyed::Kept;
use super::super::reading::Reading;
use super::super::sent::Form;
use super::Finding;
use super::look::{Identity, Look, Unreadable, View, has_status, identity, squeezed};

/// The status of a domain that is about to leave (RFC 5731 §2.3).
const WAITS: &str = "pendingtransfer";
/// Requests and their answers are done at once: what waits in a queue says so itself.
const NONE: &str = "";

const NOT_READ: Finding = Finding::Unproved("nothing says whether a request was pending before");
const UNCLEAR: Finding = Finding::Unproved("it is not clear whether a request is pending");
const ANOTHER: Finding = Finding::Unproved("it is not the request of before");
const OTHER: Finding = Finding::Unproved("it is not the same domain as before");

/// A request for a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// None that we would be shown.
    None,
    /// Ours, pending.
    Incoming,
    /// Somebody's for a domain of ours, pending.
    Outgoing,
    /// One that is over, or that says of itself what is not known here.
    Unclear,
}

/// A domain and the request for it.
#[derive(Clone, Copy, Debug)]
struct Sides<'r> {
    domain: View<'r>,
    request: Request,
    /// What says so, if StatusDomainTransfer does.
    shown: Option<&'r Reading>,
}

impl<'r> Sides<'r> {
    fn now(look: Look<'r>) -> Result<Self, Unreadable> {
        Ok(match look.sent().form() {
            Form::Rrp => Self::of_status(look.now(0)?),
            Form::Ptf | Form::Opaque => Self::of(look.now(0)?, look.now(1)?),
        })
    }

    fn before(look: Look<'r>) -> Option<Self> {
        Some(match look.sent().form() {
            Form::Rrp => Self::of_status(look.before(0)?),
            Form::Ptf | Form::Opaque => Self::of(look.before(0)?, look.before(1)?),
        })
    }

    fn of_status(domain: View<'r>) -> Self {
        let asked = domain.seen().is_some_and(|reading| has_status(reading, WAITS));
        Self { domain, request: if asked { Request::Outgoing } else { Request::None }, shown: None }
    }

    fn of(transfer: View<'r>, domain: View<'r>) -> Self {
        match transfer {
            View::Absent | View::Foreign => Self::of_status(domain),
            View::Seen(reading) => {
                Self { domain, request: request_in(reading, domain), shown: Some(reading) }
            }
        }
    }

    /// Whether what is pending is the request that was pending then.
    fn is_of(&self, before: &Self) -> bool {
        let same = |one: &Reading, other: &Reading| {
            ["createddate", "newregistrar"].into_iter().all(|name| {
                match (one.first(name), other.first(name)) {
                    (Some(one), Some(other)) => one.same(other),
                    (one, other) => one.is_none() && other.is_none(),
                }
            })
        };
        self.request == before.request
            && match (self.shown, before.shown) {
                (Some(now), Some(before)) => same(now, before),
                (now, before) => now.is_none() && before.is_none(),
            }
    }
}

fn request_in(reading: &Reading, domain: View<'_>) -> Request {
    let value = |name: &str| reading.first(name).and_then(Kept::as_clear).map(squeezed);
    let status = value("transferstatus").or_else(|| value("status")).unwrap_or_default();
    if !["pend", "initiat", "request"].into_iter().any(|begin| status.starts_with(begin)) {
        return Request::Unclear;
    }
    match value("transfertype").as_deref() {
        Some("incoming") => Request::Incoming,
        Some("outgoing") => Request::Outgoing,
        Some(_) => Request::Unclear,
        // Both registrars are told; whose the domain is says which one we are.
        None => match (value("oldregistrar"), value("newregistrar"), domain) {
            (Some(old), Some(new), View::Foreign) if old != new => Request::Incoming,
            (Some(old), Some(new), View::Seen(_)) if old != new => Request::Outgoing,
            _ => Request::Unclear,
        },
    }
}

pub(super) fn request(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (Sides::now(look)?, Sides::before(look));
    let arrived = now.domain.seen();
    if arrived.is_some() || now.request == Request::Incoming {
        let Some(before) = before else { return Ok(NOT_READ) };
        // What did not exist was registered, and not transferred.
        let possible = matches!(before.domain, View::Foreign) && before.request == Request::None;
        if !possible {
            return Ok(Finding::Unproved("a request was pending before, or the domain was ours"));
        }
        // What was theirs may have been deleted, and registered by us.
        let dated = |reading: &Reading| reading.first("registrartransferdate").is_some();
        let came = now.shown.is_some() || arrived.is_none_or(dated);
        return Ok(if came {
            Finding::APPLIED
        } else {
            Finding::Unproved("the domain is ours, and nothing says that it was transferred")
        });
    }
    if now.request != Request::None {
        return Ok(UNCLEAR);
    }
    // A request that was pending has ended: ours may have come to nothing, or have been made and ended too.
    let quiet = before.is_none_or(|before| before.domain.seen().is_none() && before.request == Request::None);
    Ok(if quiet { look.negative(NONE) } else { ANOTHER })
}

pub(super) fn approve(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (Sides::now(look)?, Sides::before(look));
    let Some(before) = before else { return Ok(NOT_READ) };
    Ok(match (before.domain, now.domain) {
        (View::Seen(_), View::Absent | View::Foreign) if before.request == Request::Outgoing => {
            Finding::APPLIED_IF_TWICE
        }
        (View::Seen(_), View::Seen(_)) if now.request == Request::Outgoing => {
            still_asked(look, &before, &now)
        }
        (_, View::Seen(_)) => Finding::Unproved("the domain is ours, and no request is pending"),
        _ => Finding::Unproved("no request was pending before"),
    })
}

pub(super) fn deny(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (Sides::now(look)?, Sides::before(look));
    let View::Seen(reading) = now.domain else {
        // It was approved, or was never ours.
        return Ok(look.negative(NONE));
    };
    let Some(before) = before else { return Ok(NOT_READ) };
    let View::Seen(earlier) = before.domain else { return Ok(OTHER) };
    if before.request != Request::Outgoing {
        return Ok(Finding::Unproved("no request was pending before"));
    }
    Ok(match now.request {
        Request::Outgoing => still_asked(look, &before, &now),
        Request::None if identity(earlier, reading) == Identity::Same => {
            // STATUS shows the domain without the request; StatusDomainTransfer finds none.
            let twice = look.sent().form() == Form::Ptf;
            if twice { Finding::APPLIED_IF_TWICE } else { Finding::APPLIED }
        }
        Request::None => OTHER,
        Request::Incoming | Request::Unclear => UNCLEAR,
    })
}

/// The domain is ours, and a request pending: the one that was to be answered, or another one, which is not to be.
fn still_asked(look: Look<'_>, before: &Sides<'_>, now: &Sides<'_>) -> Finding {
    let same = match (before.domain, now.domain) {
        (View::Seen(before), View::Seen(now)) => identity(before, now) == Identity::Same,
        _ => false,
    };
    match (same, now.is_of(before)) {
        (true, true) => look.negative(NONE),
        (true, false) => ANOTHER,
        (false, _) => OTHER,
    }
}

pub(super) fn cancel(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (Sides::now(look)?, Sides::before(look));
    if now.domain.seen().is_some() {
        // It came: there was nothing left to cancel.
        return Ok(look.negative(NONE));
    }
    let Some(before) = before else { return Ok(NOT_READ) };
    if before.request != Request::Incoming {
        return Ok(Finding::Unproved("no request of ours was pending before"));
    }
    Ok(match (now.request, now.domain) {
        (Request::None, View::Foreign) => Finding::APPLIED_IF_TWICE,
        (Request::None, _) => Finding::Unproved("the domain is gone"),
        (Request::Incoming, _) if now.is_of(&before) => look.negative(NONE),
        (Request::Incoming, _) => ANOTHER,
        (Request::Outgoing | Request::Unclear, _) => UNCLEAR,
    })
}
