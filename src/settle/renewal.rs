//! What a renewal says of itself: its guard and its period.

use super::sent::{Form, Sent};

/// The year in which the registration expired when it was to be renewed, and for how many years, if that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guard {
    pub(super) year: u16,
    pub(super) years: Option<u16>,
}

/// For how many years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    /// Of the registry's choice.
    Default,
    Years(u16),
    /// It is given, and no number of years.
    Strange,
}

/// The guard by which the registry refuses a second execution: RRP takes it only with a period (RFC 2832 §4.3.7). None
/// if it, or the period beside it, cannot be compared.
pub(super) fn guard(sent: &Sent) -> Option<Guard> {
    let name = match sent.form() {
        Form::Rrp => "currentexpirationyear",
        Form::Ptf | Form::Opaque => "expiration",
    };
    let year = year(sent.value(name)?.as_clear()?)?;
    match (period(sent), sent.form()) {
        (Period::Years(years), _) => Some(Guard { year, years: Some(years) }),
        (Period::Default, Form::Ptf) => Some(Guard { year, years: None }),
        _ => None,
    }
}

pub(super) fn period(sent: &Sent) -> Period {
    let Some(value) = sent.value("period") else { return Period::Default };
    let text = value.as_clear().unwrap_or_default().trim_end_matches(['y', 'Y']);
    let digits = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(years @ 1..) if digits => Period::Years(years),
        _ => Period::Strange,
    }
}

/// A year, or a date of which the year counts.
fn year(text: &str) -> Option<u16> {
    let (year, rest) = text.split_at_checked(4)?;
    let whole = rest.is_empty() || rest.starts_with('-');
    (whole && year.bytes().all(|byte| byte.is_ascii_digit())).then(|| year.parse().ok())?
}
