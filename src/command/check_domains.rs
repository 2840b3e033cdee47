//! CheckDomains: the one PTF command that has a type, for its answers hide behind a 200 that says nothing.

use super::field::CommandError;
use super::ptf::PtfCommand;
use super::sealed::Sealed;
use super::{Command, Query, ToCommand};
use crate::name::DomainName;
use crate::text::TextError;

/// Asks whether domain names are available, up to 32 at once: see [`Check::domains`](super::Check::domains).
///
/// A command of PTF. It counts as one command, whatever the number of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckDomains {
    domains: Vec<DomainName>,
    command: PtfCommand,
}

impl CheckDomains {
    /// The most names of one command, by CNR's documentation.
    pub const MAX_DOMAINS: usize = 32;

    pub(super) fn new(domains: &[DomainName]) -> Result<Self, CommandError> {
        if domains.is_empty() {
            return Err(CommandError::text("domain", TextError::empty("list of names")));
        }
        if domains.len() > Self::MAX_DOMAINS {
            return Err(CommandError::too_many("domain", Self::MAX_DOMAINS));
        }
        for (at, domain) in domains.iter().enumerate() {
            if domains.iter().skip(at).skip(1).any(|other| other == domain) {
                return Err(CommandError::twice(domain.as_str()));
            }
        }
        let names = domains.iter().map(DomainName::as_str);
        let command = PtfCommand::new("CheckDomains")?.params("domain", names)?;
        Ok(Self { domains: domains.to_vec(), command })
    }

    /// The names, in the order in which they are asked for.
    #[must_use]
    pub fn domains(&self) -> &[DomainName] {
        &self.domains
    }
}

impl ToCommand for CheckDomains {
    fn to_command(&self) -> Command {
        Command::new(self.command.clone())
    }
}

impl Sealed for CheckDomains {}
impl Query for CheckDomains {}
