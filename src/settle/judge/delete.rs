//! Deletions and their taking back. What is free at once can be somebody's again at once: an object that has changed is
//! never deleted a second time.

use super::super::reading::Reading;
use super::Finding;
use super::look::{Identity, Look, Unreadable, View, identity, statuses, was_updated};

/// Deletions are done, not announced: what waits in a queue says so itself.
const WAITS: &str = "";
/// The grace period in which a restore is not yet complete (RFC 3915 §3.1).
const RESTORING: &str = "pendingrestore";

const NOT_READ: Finding = Finding::Unproved("nothing says what it was like before");
const OTHER: Finding = Finding::Unproved("it is not the same object as before");
const CHANGED: Finding = Finding::Unproved("it was changed since");

pub(super) fn judge(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (look.now(0)?, look.before(0));
    Ok(match (before, now) {
        (None, _) => NOT_READ,
        (Some(View::Seen(_)), View::Absent) => Finding::APPLIED_IF_TWICE,
        (Some(View::Absent), View::Absent) => look.negative(WAITS),
        (Some(View::Seen(before)), View::Seen(now)) => match identity(before, now) {
            Identity::Same if is_deleted(now) && !is_deleted(before) => Finding::APPLIED,
            Identity::Same if was_updated(before, now) == Some(false) => look.negative(WAITS),
            Identity::Same => CHANGED,
            Identity::Other | Identity::Unknown => OTHER,
        },
        (_, View::Foreign) => Finding::Unproved("it is somebody else's"),
        (Some(_), _) => OTHER,
    })
}

pub(super) fn restore(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (look.now(0)?, look.before(0));
    let View::Seen(now) = now else {
        return Ok(Finding::Unproved("it is no longer ours"));
    };
    let Some(before) = before else { return Ok(NOT_READ) };
    let Some(before) = before.seen().filter(|before| identity(before, now) == Identity::Same) else {
        return Ok(OTHER);
    };
    Ok(match (is_deleted(before), is_deleted(now)) {
        _ if is_restoring(now) => Finding::Pending,
        (true, false) => Finding::APPLIED,
        _ if was_updated(before, now) == Some(false) => look.negative(RESTORING),
        _ => CHANGED,
    })
}

/// Whether it is deleted and can still be restored, or only waits for its end (RFC 3915 §3.1). The other grace periods are
/// those of living domains.
fn is_deleted(reading: &Reading) -> bool {
    let deleted = |status: String| status.starts_with("pendingdelete") || status.starts_with("redemption");
    !is_restoring(reading)
        && ["status", "rgpstatus"].into_iter().any(|name| statuses(reading, name).any(deleted))
}

fn is_restoring(reading: &Reading) -> bool {
    ["status", "rgpstatus"].into_iter().any(|name| statuses(reading, name).any(|status| status == RESTORING))
}
