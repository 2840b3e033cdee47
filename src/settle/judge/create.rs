//! Creations that the registry refuses to repeat: what is ours and was created about then was paid once.

use super::super::day;
use super::look::{Identity, Look, Unreadable, View, has_status, identity};
use super::{Finding, Proof};

/// The status of what is accepted and not yet created (RFC 5731 §2.3).
const WAITS: &str = "pendingcreate";

pub(super) fn judge(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (look.now(0)?, look.before(0));
    let reading = match now {
        View::Seen(reading) => reading,
        // A name that is taken may be free again before what waits in a queue is done.
        View::Absent | View::Foreign => return Ok(look.negative(WAITS)),
    };
    if let Some(earlier) = before.and_then(View::seen) {
        match identity(earlier, reading) {
            Identity::Same => return Ok(look.negative(WAITS)),
            Identity::Unknown => return Ok(Finding::Unproved("it was ours before, perhaps the same one")),
            Identity::Other => {}
        }
    }
    if has_status(reading, WAITS) {
        return Ok(Finding::Pending);
    }
    // Where jobs may wait, one of an earlier command may have made it.
    let was_absent = matches!(before, Some(View::Absent)) && !look.may_be_queued();
    let proof = if was_absent { Proof::ReadBack } else { Proof::CreatedWithinADay };
    let applied = Finding::Applied { proof, twice: false };
    Ok(match reading.date("createddate") {
        Some(created) if day::is_within_a_day(created, look.sent_at()) => applied,
        Some(_) => Finding::Unproved("it is ours, and was created at another time"),
        None if was_absent => applied,
        None => Finding::Unproved("it is ours, and nothing says since when"),
    })
}
