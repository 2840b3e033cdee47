//! Readings as what they show: ours, not there, somebody else's.

use super::super::keyed::Kept;
use super::super::reading::Reading;
use super::super::sent::Sent;
use super::{Finding, Sight};
use crate::command::{Object, ObjectKind};

/// Why a reading shows nothing.
pub(super) type Unreadable = &'static str;

/// What a reading shows of its object.
#[derive(Clone, Copy, Debug)]
pub(super) enum View<'r> {
    /// It is ours: 200.
    Seen(&'r Reading),
    /// There is none such: 545.
    Absent,
    /// It is somebody else's: 531.
    Foreign,
}

impl<'r> View<'r> {
    /// The reading, if the object is ours.
    pub(super) const fn seen(self) -> Option<&'r Reading> {
        match self {
            Self::Seen(reading) => Some(reading),
            Self::Absent | Self::Foreign => None,
        }
    }

    fn of(reading: Option<&'r Reading>, object: Option<&Object>) -> Result<Self, Unreadable> {
        let reading = reading.ok_or("it was not read")?;
        if !reading.is_whole() {
            return Err("the reading is not whole");
        }
        match reading.code().as_u16() {
            200 if is_of_another(reading, object) => Err("the reading is of another object"),
            200 => Ok(Self::Seen(reading)),
            545 => Ok(Self::Absent),
            531 => Ok(Self::Foreign),
            _ => Err("the registry did not show it"),
        }
    }
}

/// Whether the reading says itself that it is of another object. A name server's says its domain's name, if any.
fn is_of_another(reading: &Reading, object: Option<&Object>) -> bool {
    let Some(object) = object else { return false };
    let name = match object.kind() {
        ObjectKind::Domain => "domain",
        ObjectKind::Contact => "contact",
        ObjectKind::Zone => "dnszone",
        ObjectKind::NameServer | ObjectKind::Other => return false,
    };
    let shown = reading.first(name).and_then(Kept::as_clear).filter(|shown| !shown.is_empty());
    shown.is_some_and(|shown| Object::new(object.kind(), shown) != *object)
}

/// What there is to go by, with the readings as views.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'s> {
    sight: Sight<'s>,
}

impl<'s> Look<'s> {
    pub(super) const fn new(sight: Sight<'s>) -> Self {
        Self { sight }
    }

    pub(super) const fn sent(&self) -> &'s Sent {
        self.sight.sent
    }

    pub(super) const fn sent_at(&self) -> u64 {
        self.sight.sent_at
    }

    /// Whether a job that does it later may wait in a queue.
    pub(super) const fn may_be_queued(&self) -> bool {
        self.sight.may_be_queued
    }

    /// What one of the reads shows now.
    pub(super) fn now(&self, at: usize) -> Result<View<'s>, Unreadable> {
        View::of(self.sight.now.get(at), self.sight.sent.objects().first())
    }

    /// What one of the reads showed before; nothing, if it showed nothing.
    pub(super) fn before(&self, at: usize) -> Option<View<'s>> {
        View::of(self.sight.before.get(at), self.sight.sent.objects().first()).ok()
    }

    /// It was not applied, unless it may yet be: `waits` is the status that would say so.
    pub(super) fn negative(&self, waits: &str) -> Finding {
        if self.sight.may_be_queued || self.is_pending(waits) {
            Finding::Pending
        } else {
            Finding::NotApplied
        }
    }

    /// Whether the registry says that something is queued, or has this status.
    pub(super) fn is_pending(&self, waits: &str) -> bool {
        self.sight.now.iter().any(|reading| says_queued(reading) || has_status(reading, waits))
    }
}

/// Whether a reading says that a job waits.
fn says_queued(reading: &Reading) -> bool {
    let nothing = |value: &Kept| matches!(value.as_clear(), Some("" | "0")) || value.is("no");
    ["pending", "jobqueue", "job", "jobid", "job_id"]
        .into_iter()
        .any(|name| reading.values(name).any(|value| !nothing(value)))
}

/// A status without case, blanks and dashes: `PENDING-TRANSFER` is `pendingtransfer`.
pub(super) fn squeezed(status: &str) -> String {
    status.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a status, given as [`squeezed`], stands there.
pub(super) fn has_status(reading: &Reading, status: &str) -> bool {
    statuses(reading, "status").any(|given| given == status)
}

/// The values of a property as statuses.
pub(super) fn statuses(reading: &Reading, name: &str) -> impl Iterator<Item = String> {
    reading.values(name).filter_map(Kept::as_clear).map(squeezed).filter(|status| !status.is_empty())
}

/// Whether two readings are of one object, or of one that has taken its place under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Same,
    Other,
    /// Neither date nor id can be compared.
    Unknown,
}

/// By the registry's id of the object and the date of its creation: what one of them says of both must be the same.
pub(super) fn identity(before: &Reading, now: &Reading) -> Identity {
    let (roid, created) = (alike(before, now, "roid"), alike(before, now, "createddate"));
    match (roid, created) {
        (Some(false), _) | (_, Some(false)) => Identity::Other,
        (None, None) => Identity::Unknown,
        _ => Identity::Same,
    }
}

/// Whether both have the same value of this name; `None` if neither or only one of them has one.
fn alike(before: &Reading, now: &Reading, name: &str) -> Option<bool> {
    let value = |reading: &'_ Reading| reading.first(name).filter(|value| !value.is("")).cloned();
    Some(value(before)?.same(&value(now)?))
}

/// Whether the object was updated between two readings; `None` if they do not say. A date without a time of day does not:
/// much may happen on one day.
pub(super) fn was_updated(before: &Reading, now: &Reading) -> Option<bool> {
    let timed = |reading: &Reading| {
        reading.first("updateddate").and_then(Kept::as_clear).is_some_and(|date| date.contains(':'))
    };
    if timed(before) && timed(now) { alike(before, now, "updateddate").map(|same| !same) } else { None }
}
