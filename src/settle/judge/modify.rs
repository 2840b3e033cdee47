//! Modifications: whether all is as wanted, whether it was before, and whether anything changed.

use super::super::reading::Reading;
use super::super::reads::new_name;
use super::Finding;
use super::look::{Identity, Look, Unreadable, View, identity, was_updated};
use super::wish::{Key, Wishes, keys};
use crate::command::ObjectKind;

/// The status of a change that is accepted and not yet made (RFC 5731 §2.3).
const WAITS: &str = "pendingupdate";

/// What the reply says of itself, and not of the object.
const OF_THE_REPLY: [&str; 4] = ["cltrid", "queuetime", "runtime", "svtrid"];

const NOT_READ: Finding = Finding::Unproved("nothing says what it was like before");
const OTHER: Finding = Finding::Unproved("it is not the same object as before");
const GONE: Finding = Finding::Unproved("it is no longer ours");
const ALREADY: Finding = Finding::Unproved("it was as wanted before, too");
const CHANGED: Finding = Finding::Unproved("it was changed since, but not only by this");

/// An object as it is shown: by its status, and the records of a zone by their list.
#[derive(Clone, Copy, Debug)]
struct Shown<'r> {
    status: &'r Reading,
    records: Option<&'r Reading>,
}

impl Shown<'_> {
    fn keys(&self, name: &str) -> Vec<Key> {
        match self.records {
            Some(records) if name == "rr" => keys(records, name),
            _ => keys(self.status, name),
        }
    }

    fn is_as(&self, before: &Self) -> bool {
        let records = match (before.records, self.records) {
            (Some(before), Some(now)) => is_as(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        records && is_as(before.status, self.status)
    }
}

/// Whether all values are the same, in whatever order.
fn is_as(before: &Reading, now: &Reading) -> bool {
    let all = |reading: &'_ Reading| {
        let fields = reading.fields().filter(|(name, _)| !OF_THE_REPLY.contains(name));
        let mut all: Vec<(String, Key)> =
            fields.map(|(name, value)| (name.to_owned(), Key::of(value))).collect();
        all.sort_unstable();
        all
    };
    all(before) == all(now)
}

/// A domain or a contact.
pub(super) fn object(look: Look<'_>, kind: ObjectKind) -> Result<Finding, Unreadable> {
    let (now, before) = (look.now(0)?, look.before(0));
    let wishes = Wishes::of(look.sent(), kind);
    let shown = |status| Shown { status, records: None };
    Ok(match (before, now) {
        (None, _) => NOT_READ,
        (Some(View::Seen(before)), View::Seen(now)) => compare(look, &wishes, shown(before), shown(now)),
        (Some(before), now) => not_ours(look, before, now),
    })
}

/// A zone, and its records by a list that must be the whole.
pub(super) fn zone(look: Look<'_>) -> Result<Finding, Unreadable> {
    let (now, before) = (look.now(0)?, look.before(0));
    let (View::Seen(status), Some(View::Seen(earlier))) = (now, before) else {
        return Ok(before.map_or(NOT_READ, |before| not_ours(look, before, now)));
    };
    let View::Seen(records) = look.now(1)? else {
        return Err("the zone is shown, and its records are not");
    };
    if !is_whole_list(records) {
        return Err("the list of its records is not the whole");
    }
    let Some(View::Seen(earlier_records)) = look.before(1) else { return Ok(NOT_READ) };
    if !is_whole_list(earlier_records) {
        return Ok(NOT_READ);
    }
    let wishes = Wishes::of(look.sent(), ObjectKind::Zone);
    let before = Shown { status: earlier, records: Some(earlier_records) };
    Ok(compare(look, &wishes, before, Shown { status, records: Some(records) }))
}

/// Whether a list shows as many records as there are, each as one text.
fn is_whole_list(list: &Reading) -> bool {
    let total = list.first("total").and_then(|total| total.as_clear()?.parse().ok());
    total == Some(list.values("rr").count())
}

/// A name server; renamed, it is another object, and the two of them are looked at.
pub(super) fn name_server(look: Look<'_>) -> Result<Finding, Unreadable> {
    let wishes = Wishes::of(look.sent(), ObjectKind::NameServer);
    let shown = |status| Shown { status, records: None };
    if new_name(look.sent()).is_none() {
        return object(look, ObjectKind::NameServer);
    }
    let (old, new) = (look.now(0)?, look.now(1)?);
    let (Some(old_before), Some(new_before)) = (look.before(0), look.before(1)) else { return Ok(NOT_READ) };
    let Some(before) = old_before.seen() else { return Ok(not_ours(look, old_before, old)) };
    Ok(match (old, new) {
        (View::Absent, View::Seen(now)) => match identity(before, now) {
            Identity::Same if wishes.hold(|name| shown(now).keys(name)) => Finding::APPLIED,
            Identity::Same => CHANGED,
            Identity::Other | Identity::Unknown => OTHER,
        },
        (View::Seen(now), _) => {
            let untouched = match (new_before, new) {
                (View::Absent, View::Absent) | (View::Foreign, View::Foreign) => true,
                (View::Seen(before), View::Seen(now)) => is_as(before, now),
                _ => false,
            };
            unchanged(look, shown(before), shown(now), untouched)
        }
        _ => GONE,
    })
}

/// What is not ours, or was not: the same as before, nothing was done to it.
fn not_ours(look: Look<'_>, before: View<'_>, now: View<'_>) -> Finding {
    match (before, now) {
        (View::Absent, View::Absent) | (View::Foreign, View::Foreign) => look.negative(WAITS),
        (_, View::Seen(_)) => OTHER,
        _ => GONE,
    }
}

fn compare(look: Look<'_>, wishes: &Wishes, before: Shown<'_>, now: Shown<'_>) -> Finding {
    if identity(before.status, now.status) != Identity::Same {
        return OTHER;
    }
    let hold = |shown: Shown<'_>| !wishes.is_empty() && wishes.hold(|name| shown.keys(name));
    let updated = was_updated(before.status, now.status);
    if hold(now) && (!hold(before) || updated == Some(true)) {
        return Finding::APPLIED;
    }
    // Dates have seconds, and some registries give none for a change that changes nothing.
    if hold(now) && hold(before) && !look.is_pending(WAITS) {
        return ALREADY;
    }
    unchanged(look, before, now, true)
}

/// It is not as wanted: if nothing changed it, nothing was done to it.
fn unchanged(look: Look<'_>, before: Shown<'_>, now: Shown<'_>, also: bool) -> Finding {
    let same = also && identity(before.status, now.status) == Identity::Same && now.is_as(&before);
    if same && was_updated(before.status, now.status) == Some(false) {
        look.negative(WAITS)
    } else if look.is_pending(WAITS) {
        Finding::Pending
    } else {
        CHANGED
    }
}
