//! Renewals: where the expiry stands, against the command's own guard or an earlier reading.

use super::super::renewal::{Guard, Period, guard, period};
use super::look::{Identity, Look, Unreadable, View, identity};
use super::{Finding, Proof};
use crate::date::RegistryDate;

const WAITS: &str = "pendingrenew";
const EXPIRY: &str = "registrationexpirationdate";
const CHANGED: Finding = Finding::Unproved("it is not the same registration as before");

pub(super) fn judge(look: Look<'_>) -> Result<Finding, Unreadable> {
    let View::Seen(reading) = look.now(0)? else {
        return Ok(Finding::Unproved("it is no longer ours"));
    };
    let Some(now) = reading.date(EXPIRY) else {
        return Ok(Finding::Unproved("it does not say when it expires"));
    };
    let earlier = match look.before(0) {
        None => None,
        Some(View::Seen(earlier)) if identity(earlier, reading) == Identity::Same => Some(earlier),
        Some(_) => return Ok(CHANGED),
    };
    let before = earlier.and_then(|earlier| earlier.date(EXPIRY));
    if let Some(guard) = guard(look.sent()) {
        return Ok(by_guard(look, guard, before, now));
    }
    let Some(before) = before else {
        return Ok(Finding::Unproved("nothing says when it expired before"));
    };
    let moved = years_between(before, now);
    Ok(match (period(look.sent()), moved) {
        _ if before == now => look.negative(WAITS),
        (Period::Years(years), Some(moved)) if moved == years => Finding::APPLIED,
        (Period::Default, Some(_)) => Finding::APPLIED,
        _ => Finding::Unproved("the expiry has moved, but not by this renewal"),
    })
}

/// By the year of the guard alone. An earlier reading can only take the guard's word away: where it did not fit when
/// the command was sent, the registry refused it, and who renewed is not known.
fn by_guard(look: Look<'_>, guard: Guard, before: Option<RegistryDate>, now: RegistryDate) -> Finding {
    if before.is_some_and(|before| before.year() != guard.year) {
        return Finding::Unproved("its guard did not fit before");
    }
    if now.year() == guard.year {
        return look.negative(WAITS);
    }
    // Without a period the registry's default is meant, which is a year.
    if now.year().checked_sub(guard.year) == Some(guard.years.unwrap_or(1)) {
        let proof = if before.is_some() { Proof::ReadBack } else { Proof::Guard };
        return Finding::Applied { proof, twice: false };
    }
    Finding::Unproved("the expiry is neither the guard's nor the period behind it")
}

/// How many whole years a date has moved forward: none if it is another day of the year, but for 29 February.
fn years_between(before: RegistryDate, now: RegistryDate) -> Option<u16> {
    let day = |date: RegistryDate| (date.month(), date.day());
    let ends_february = |date| matches!(day(date), (2, 28 | 29) | (3, 1));
    let leap = [before, now].into_iter().any(|date| day(date) == (2, 29));
    let leap = leap && ends_february(before) && ends_february(now);
    let years = now.year().checked_sub(before.year()).filter(|years| *years > 0)?;
    (day(before) == day(now) || leap).then_some(years)
}
