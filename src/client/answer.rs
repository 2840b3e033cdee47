//! Answers by the type of their query.
//!
//! A query that has a type is answered by a type: a [`Check`](crate::command::Check) of a domain by an [`Availability`]. A query by name
//! ([`Ptf`], [`Raw`]) is answered by the [`dispatch::Answer`](Answer) itself, and so is every other by
//! [`raw`](super::QueryCall::raw).
//!
//! A success that does not say what was asked is no answer to it, and neither a "yes" nor a "no": it comes back in
//! [`QueryError::Unreadable`]. What a registry says beyond what is known here stays in the reply.

mod check;
mod status;

use core::fmt;

pub use check::{CheckedDomain, DomainChecks, NameServerCheck};
pub use status::{Description, DomainAttributes, NameServerAttributes};

use crate::command::{
    CheckDomain, CheckDomains, CheckNameServer, Describe, Ptf, Query, Raw, Read, StatusDomain,
    StatusNameServer,
};
use crate::dispatch::{Answer, QueryError};
use crate::verdict;

/// How an answer is read: see [`Typed::reader`].
pub type Reader<A> = Box<dyn FnOnce(Answer) -> Result<A, QueryError> + Send>;

/// A query, and the type of its answer. Sealed, as [`Query`].
///
/// | query | answer |
/// |---|---|
/// | [`Check::domain`](crate::command::Check::domain) | [`Availability`] |
/// | [`Check::domains`](crate::command::Check::domains) | [`DomainChecks`] |
/// | [`Check::name_server`](crate::command::Check::name_server) | [`NameServerCheck`] |
/// | [`Status::domain`](crate::command::Status::domain) | [`DomainAttributes`] |
/// | [`Status::name_server`](crate::command::Status::name_server) | [`NameServerAttributes`] |
/// | [`Describe`] | [`Description`] |
/// | [`Ptf`], [`Raw`] | [`dispatch::Answer`](Answer) |
pub trait Typed: Query {
    /// What it is answered with.
    type Answer: 'static;

    /// Reads the answer to this query, for which a registry's success is not enough: it must say what was asked. Its error is
    /// [`QueryError::Unreadable`].
    fn reader(&self) -> Reader<Self::Answer>;
}

/// Whether a domain name may be registered.
///
/// It holds nothing of the reply, for a registry says nothing else (RFC 2832 §4.3.2.1); [`raw`](super::QueryCall::raw) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it is the one or the other, or no answer")]
pub enum Availability {
    /// It is free.
    Available,
    /// It is not.
    Taken,
}

impl Availability {
    /// Whether it is free.
    #[must_use]
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Available)
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Available => "available",
            Self::Taken => "taken",
        })
    }
}

/// For the raw answers of other checks: [`Verdict::answer`](crate::Verdict::answer).
impl From<verdict::Answer> for Availability {
    fn from(answer: verdict::Answer) -> Self {
        match answer {
            verdict::Answer::Yes => Self::Available,
            verdict::Answer::No => Self::Taken,
        }
    }
}

const NEITHER: &str = "it says neither yes nor no";
const SILENT: &str = "it says nothing of what was asked";

/// The answer that it gives to a question.
fn availability(answer: &Answer) -> Option<Availability> {
    answer.verdict().answer().map(Availability::from)
}

/// A success of the listed kind that has one of these attributes.
fn says_one_of(answer: Answer, names: &[&str]) -> Result<Answer, QueryError> {
    let says = answer.reply().lines().any(|line| names.iter().any(|name| line.is(name)));
    if answer.verdict().completed() && says { Ok(answer) } else { Err(answer.unreadable(SILENT)) }
}

impl Typed for CheckDomain {
    type Answer = Availability;

    fn reader(&self) -> Reader<Availability> {
        Box::new(|answer| availability(&answer).ok_or_else(|| answer.unreadable(NEITHER)))
    }
}

impl Typed for CheckDomains {
    type Answer = DomainChecks;

    fn reader(&self) -> Reader<DomainChecks> {
        let domains = self.domains().to_vec();
        Box::new(move |answer| DomainChecks::read(domains, answer))
    }
}

impl Typed for CheckNameServer {
    type Answer = NameServerCheck;

    fn reader(&self) -> Reader<NameServerCheck> {
        Box::new(NameServerCheck::read)
    }
}

impl Typed for StatusDomain {
    type Answer = DomainAttributes;

    fn reader(&self) -> Reader<DomainAttributes> {
        Box::new(DomainAttributes::read)
    }
}

impl Typed for StatusNameServer {
    type Answer = NameServerAttributes;

    fn reader(&self) -> Reader<NameServerAttributes> {
        Box::new(NameServerAttributes::read)
    }
}

impl Typed for Describe {
    type Answer = Description;

    fn reader(&self) -> Reader<Description> {
        Box::new(Description::read)
    }
}

impl Typed for Ptf<Read> {
    type Answer = Answer;

    fn reader(&self) -> Reader<Answer> {
        Box::new(Ok)
    }
}

impl Typed for Raw<Read> {
    type Answer = Answer;

    fn reader(&self) -> Reader<Answer> {
        Box::new(Ok)
    }
}
