//! What checks are answered with.

use std::borrow::Cow;

use super::{Availability, NEITHER, availability};
use crate::code::ReturnCode;
use crate::dispatch::{Answer, QueryError};
use crate::name::DomainName;
use crate::reply::{DomainCheck, Reply};
use crate::verdict;

/// Whether a name server is registered (RFC 2832 §4.3.2.2).
#[derive(Clone, Debug)]
pub struct NameServerCheck {
    answer: Answer,
    availability: Availability,
}

impl NameServerCheck {
    pub(super) fn read(answer: Answer) -> Result<Self, QueryError> {
        match availability(&answer) {
            Some(availability) => Ok(Self { answer, availability }),
            None => Err(answer.unreadable(NEITHER)),
        }
    }

    /// Whether its name is free.
    #[must_use]
    pub const fn availability(&self) -> Availability {
        self.availability
    }

    /// Whether it is registered: its name is not free.
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        matches!(self.availability, Availability::Taken)
    }

    /// Its addresses (`ipAddress`), as the registry writes them. None where it does not tell, or there is no such name server.
    pub fn addresses(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.answer.property("ipAddress")
    }

    /// The whole reply.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        self.answer.reply()
    }
}

/// What CheckDomains says about each name: a code of its own, under a 200 for all of them.
#[derive(Clone, Debug)]
pub struct DomainChecks {
    answer: Answer,
    checked: Vec<CheckedDomain>,
}

/// What CheckDomains says about one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedDomain {
    domain: DomainName,
    said: Option<Said>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    code: Option<ReturnCode>,
    text: String,
    availability: Option<Availability>,
}

impl CheckedDomain {
    /// The name, as it was asked for.
    #[must_use]
    pub const fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// Whether it is available; `None` if the registry says neither (as by 541), or nothing about it.
    #[must_use]
    pub fn availability(&self) -> Option<Availability> {
        self.said.as_ref()?.availability
    }

    /// The code; `None` if the registry says nothing about the name, or nothing that begins with a code.
    #[must_use]
    pub fn code(&self) -> Option<ReturnCode> {
        self.said.as_ref()?.code
    }

    /// The text behind the code, or all of it if there is no code; `None` if the registry says nothing about the name.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        Some(&self.said.as_ref()?.text)
    }
}

impl DomainChecks {
    pub(super) fn read(domains: Vec<DomainName>, answer: Answer) -> Result<Self, QueryError> {
        match checked(domains, &answer) {
            Ok(checked) => Ok(Self { answer, checked }),
            Err(why) => Err(answer.unreadable(why)),
        }
    }

    /// One for each name, in the order in which they were asked for.
    #[must_use]
    pub fn all(&self) -> &[CheckedDomain] {
        &self.checked
    }

    /// Whether this name is available; `None` if the registry says neither, or it was not asked for.
    #[must_use]
    pub fn availability(&self, domain: &DomainName) -> Option<Availability> {
        self.checked.iter().find(|checked| checked.domain == *domain)?.availability()
    }

    /// The whole reply.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        self.answer.reply()
    }
}

/// What is said about each of the names.
///
/// A registry that repeats them may leave some out or give them another order; one that does not must say one thing about
/// each, or nobody knows which it means.
fn checked(domains: Vec<DomainName>, answer: &Answer) -> Result<Vec<CheckedDomain>, &'static str> {
    if answer.code() != ReturnCode::COMPLETED {
        return Err("it is no list of answers");
    }
    let checks = answer.reply().domain_checks();
    let named = checks.iter().any(|check| check.domain().is_some());
    let in_order = |(at, check): (usize, &DomainCheck<'_>)| u32::try_from(at) == Ok(check.index());
    let one_each = || checks.len() == domains.len() && checks.iter().enumerate().all(in_order);
    if !named && !one_each() {
        return Err("it does not tell which name each answer is for");
    }
    let mut checked: Vec<CheckedDomain> =
        domains.into_iter().map(|domain| CheckedDomain { domain, said: None }).collect();
    for (at, check) in checks.iter().enumerate() {
        let of = match check.domain().map(str::parse::<DomainName>) {
            Some(Ok(name)) => checked.iter_mut().find(|checked| checked.domain == name),
            None if !named => checked.get_mut(at),
            // Nobody knows whose this is.
            _ => None,
        };
        let Some(of) = of else { continue };
        if of.said.replace(said(check)).is_some_and(|before| before != said(check)) {
            return Err("it answers twice for one name");
        }
    }
    if checked.iter().all(|checked| checked.said.is_none()) {
        return Err("it answers for none of the names");
    }
    Ok(checked)
}

fn said(check: &DomainCheck<'_>) -> Said {
    let availability = check.answer().map(|answer: verdict::Answer| answer.into());
    Said { code: check.code(), text: check.text().to_owned(), availability }
}
