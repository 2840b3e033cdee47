//! Commands about domain names (RFC 2832 §4.3), with their elements in the order of §7.

use core::fmt;
use std::borrow::Cow;

use super::Command;
use super::check_domains::CheckDomains;
use super::field::CommandError;
use super::name_server::{AddNameServer, CheckNameServer, DelNameServer, ModNameServer, StatusNameServer};
use super::nature::{Billable, Kind, Nature, Repeat, Settle};
use super::raw::RrpCommand;
use crate::address::ServerAddress;
use crate::name::{DomainName, HostName};
use crate::text::{TextError, Token};
use crate::verb::Verb;

/// The most name servers of a domain (RFC 2832 §4.3.1.1).
pub const MAX_NAME_SERVERS: usize = 13;

/// A number of years, 1 to 99 (`period` of RFC 2832 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(u8);

impl Period {
    /// So many years.
    ///
    /// # Errors
    /// [`CommandError`] if it is not 1 to 99.
    pub fn years(years: u8) -> Result<Self, CommandError> {
        if (1..=99).contains(&years) { Ok(Self(years)) } else { Err(CommandError::range("Period", 1, 99)) }
    }

    /// The number of years.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A year of four digits (`year` of RFC 2832 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Year(u16);

impl Year {
    /// This year.
    ///
    /// # Errors
    /// [`CommandError`] if it is not 1000 to 9999.
    pub fn new(year: u16) -> Result<Self, CommandError> {
        if (1_000..=9_999).contains(&year) {
            Ok(Self(year))
        } else {
            Err(CommandError::range("CurrentExpirationYear", 1_000, 9_999))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A status of a domain (RFC 2832 §6). Registries know more than these; all compare without case.
#[derive(Clone, Eq)]
pub struct DomainStatus(Cow<'static, str>);

impl DomainStatus {
    /// Modifiable, renewable, in the zone.
    pub const ACTIVE: Self = Self(Cow::Borrowed("ACTIVE"));
    /// Locked by the registrar: not to be modified or deleted; in the zone.
    pub const REGISTRAR_LOCK: Self = Self(Cow::Borrowed("REGISTRAR-LOCK"));
    /// Held by the registrar: not to be modified or deleted; not in the zone.
    pub const REGISTRAR_HOLD: Self = Self(Cow::Borrowed("REGISTRAR-HOLD"));
    /// Locked by the registry; in the zone.
    pub const REGISTRY_LOCK: Self = Self(Cow::Borrowed("REGISTRY-LOCK"));
    /// Held by the registry; not in the zone.
    pub const REGISTRY_HOLD: Self = Self(Cow::Borrowed("REGISTRY-HOLD"));
    /// Expired, with name servers below it that host other domains.
    pub const REGISTRY_DELETE_NOTIFY: Self = Self(Cow::Borrowed("REGISTRY-DELETE-NOTIFY"));

    /// A status of any name.
    ///
    /// # Errors
    /// [`TextError`] if it is no word.
    pub fn new(status: &str) -> Result<Self, TextError> {
        Token::new(status).map(|token| Self(Cow::Owned(token.as_str().to_owned())))
    }

    /// The name, as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for DomainStatus {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Debug for DomainStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// ADD (§4.3.1): registers.
#[derive(Clone, Copy, Debug)]
pub struct Add(());

impl Add {
    /// Registers a domain name. A write, and billed.
    #[must_use]
    pub fn domain(domain: &DomainName) -> AddDomain {
        AddDomain { domain: domain.clone(), period: None, name_servers: Vec::new() }
    }

    /// Registers a name server with these addresses, at most 13. Only a name server below a domain of the registry
    /// needs any.
    ///
    /// # Errors
    /// [`CommandError`] if there are more than 13, or one stands there twice.
    pub fn name_server(host: &HostName, addresses: &[ServerAddress]) -> Result<AddNameServer, CommandError> {
        AddNameServer::new(host, addresses)
    }
}

/// CHECK (§4.3.2): asks whether something is registered.
#[derive(Clone, Copy, Debug)]
pub struct Check(());

impl Check {
    /// Whether a domain name is available.
    #[must_use]
    pub fn domain(domain: &DomainName) -> CheckDomain {
        CheckDomain { domain: domain.clone() }
    }

    /// Which of these domain names are available, in one command of PTF.
    ///
    /// # Errors
    /// [`CommandError`] if there is none, there are more than [32](CheckDomains::MAX_DOMAINS), or one stands there twice.
    pub fn domains(domains: &[DomainName]) -> Result<CheckDomains, CommandError> {
        CheckDomains::new(domains)
    }

    /// Whether a name server is registered.
    #[must_use]
    pub fn name_server(host: &HostName) -> CheckNameServer {
        CheckNameServer::new(host)
    }
}

/// DEL (§4.3.3): deletes.
#[derive(Clone, Copy, Debug)]
pub struct Del(());

impl Del {
    /// Cancels the registration of a domain name. A write.
    #[must_use]
    pub fn domain(domain: &DomainName) -> DelDomain {
        DelDomain { domain: domain.clone() }
    }

    /// Deletes a name server. A write.
    #[must_use]
    pub fn name_server(host: &HostName) -> DelNameServer {
        DelNameServer::new(host)
    }
}

/// MOD (§4.3.5): changes attributes.
#[derive(Clone, Copy, Debug)]
pub struct Mod(());

impl Mod {
    /// Changes a domain. A write.
    #[must_use]
    pub fn domain(domain: &DomainName) -> ModDomain {
        ModDomain { domain: domain.clone(), command: about(Verb::Mod, domain), added: 0 }
    }

    /// Changes a name server. A write.
    #[must_use]
    pub fn name_server(host: &HostName) -> ModNameServer {
        ModNameServer::new(host)
    }
}

/// RENEW (§4.3.7): prolongs a registration.
#[derive(Clone, Copy, Debug)]
pub struct Renew(());

impl Renew {
    /// Renews by `period`, provided that the registration expires in `current` now. A write, and billed.
    ///
    /// The year is the guard: a repetition is refused with 555 instead of renewing twice.
    #[must_use]
    pub fn domain(domain: &DomainName, period: Period, current: Year) -> RenewDomain {
        RenewDomain { domain: domain.clone(), guard: Some((period, current)) }
    }

    /// Renews by the registry's default period, without a guard: a repetition renews again (§9). A write, and billed.
    #[must_use]
    pub fn domain_unguarded(domain: &DomainName) -> RenewDomain {
        RenewDomain { domain: domain.clone(), guard: None }
    }
}

/// STATUS (§4.3.9): asks for attributes.
#[derive(Clone, Copy, Debug)]
pub struct Status(());

impl Status {
    /// The attributes of a domain of this registrar's.
    #[must_use]
    pub fn domain(domain: &DomainName) -> StatusDomain {
        StatusDomain { domain: domain.clone() }
    }

    /// The attributes of a name server of this registrar's.
    #[must_use]
    pub fn name_server(host: &HostName) -> StatusNameServer {
        StatusNameServer::new(host)
    }
}

/// TRANSFER (§4.3.10, RFC 3632 §2.2): moves a domain from one registrar to another.
///
/// On the wire an option tells the four apart; here they are four types.
#[derive(Clone, Copy, Debug)]
pub struct Transfer(());

impl Transfer {
    /// Asks for another registrar's domain. A write, and billed.
    #[must_use]
    pub fn request(domain: &DomainName) -> TransferRequest {
        TransferRequest { domain: domain.clone() }
    }

    /// Lets a domain of ours go. A write.
    #[must_use]
    pub fn approve(domain: &DomainName) -> TransferApproval {
        TransferApproval { domain: domain.clone() }
    }

    /// Refuses to let a domain of ours go. A write.
    #[must_use]
    pub fn reject(domain: &DomainName) -> TransferRejection {
        TransferRejection { domain: domain.clone() }
    }

    /// Takes back our own request. A write; on the wire it looks like a rejection (RFC 3632 §2.2).
    #[must_use]
    pub fn cancel(domain: &DomainName) -> TransferCancellation {
        TransferCancellation { domain: domain.clone() }
    }
}

/// A command about a domain: the verb, `EntityName:Domain`, `DomainName:…`.
fn about(verb: Verb, domain: &DomainName) -> RrpCommand {
    RrpCommand::of(verb).with("EntityName", "Domain").with("DomainName", domain.as_str())
}

typed_command!(
    domain: DomainName, "domain";
    /// Registers a domain name: see [`Add::domain`].
    AddDomain { period: Option<Period>, name_servers: Vec<HostName> },
    Change,
    |this| {
        let mut command = about(Verb::Add, &this.domain);
        if let Some(period) = this.period {
            command = command.with_option("Period", &period.get().to_string());
        }
        this.name_servers.iter().fold(command, |command, host| command.with("NameServer", host.as_str()))
    }
);

impl AddDomain {
    /// For this many years; otherwise for the registry's default period.
    #[must_use]
    pub const fn period(mut self, period: Period) -> Self {
        self.period = Some(period);
        self
    }

    /// Hosted by this name server too.
    ///
    /// # Errors
    /// [`CommandError`] beyond 13, or if it is there already.
    pub fn name_server(mut self, host: &HostName) -> Result<Self, CommandError> {
        if self.name_servers.contains(host) {
            return Err(CommandError::twice(host.as_str()));
        }
        if self.name_servers.len() >= MAX_NAME_SERVERS {
            return Err(CommandError::too_many("NameServer", MAX_NAME_SERVERS));
        }
        self.name_servers.push(host.clone());
        Ok(self)
    }
}

typed_command!(
    domain: DomainName, "domain";
    /// Asks whether a domain name is available: see [`Check::domain`].
    CheckDomain {},
    Query,
    |this| about(Verb::Check, &this.domain)
);

typed_command!(
    domain: DomainName, "domain";
    /// Cancels a registration: see [`Del::domain`].
    DelDomain {},
    Change,
    |this| about(Verb::Del, &this.domain)
);

typed_command!(
    domain: DomainName, "domain";
    /// Changes a domain: see [`Mod::domain`]. The changes are sent in the order in which they are given.
    ModDomain { command: RrpCommand, added: usize },
    Change,
    |this| this.command.clone()
);

impl ModDomain {
    /// Adds a name server.
    ///
    /// # Errors
    /// [`CommandError`] beyond 13 added ones.
    pub fn add_name_server(mut self, host: &HostName) -> Result<Self, CommandError> {
        if self.added >= MAX_NAME_SERVERS {
            return Err(CommandError::too_many("NameServer", MAX_NAME_SERVERS));
        }
        self.added = self.added.saturating_add(1);
        self.change(|command| command.attribute("NameServer", host.as_str()))
    }

    /// Removes a name server.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn remove_name_server(self, host: &HostName) -> Result<Self, CommandError> {
        self.change(|command| command.remove("NameServer", host.as_str()))
    }

    /// Replaces a name server by another.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn replace_name_server(self, old: &HostName, new: &HostName) -> Result<Self, CommandError> {
        self.change(|command| command.replace("NameServer", old.as_str(), new.as_str()))
    }

    /// Adds a status.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn add_status(self, status: &DomainStatus) -> Result<Self, CommandError> {
        self.change(|command| command.attribute("Status", status.as_str()))
    }

    /// Removes a status.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn remove_status(self, status: &DomainStatus) -> Result<Self, CommandError> {
        self.change(|command| command.remove("Status", status.as_str()))
    }

    /// Replaces a status by another.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn replace_status(self, old: &DomainStatus, new: &DomainStatus) -> Result<Self, CommandError> {
        self.change(|command| command.replace("Status", old.as_str(), new.as_str()))
    }

    /// Nothing more than its command allows is to be checked.
    const fn checked(self) -> Result<Self, CommandError> {
        Ok(self)
    }
}

changes_of_any_attribute!(ModDomain);

typed_command!(
    domain: DomainName, "domain";
    /// Renews a registration: see [`Renew`].
    RenewDomain { guard: Option<(Period, Year)> },
    Change,
    |this| match this.guard {
        Some((period, current)) => about(Verb::Renew, &this.domain)
            .with_option("Period", &period.get().to_string())
            .with_option("CurrentExpirationYear", &current.get().to_string()),
        None => about(Verb::Renew, &this.domain),
    }
);

typed_command!(
    domain: DomainName, "domain";
    /// Asks for the attributes of a domain: see [`Status::domain`].
    StatusDomain {},
    Query,
    |this| about(Verb::Status, &this.domain)
);

typed_command!(
    domain: DomainName, "domain";
    /// Asks for another registrar's domain: see [`Transfer::request`].
    TransferRequest {},
    Change,
    |this| about(Verb::Transfer, &this.domain)
);

/// What the sponsor of a domain answers; by the table alone, a "no" may be the requester's, who cannot read it back.
const SPONSOR: Nature = Nature::write(Kind::Transfer, Billable::No, Repeat::Refused, Settle::Read("status"));

/// `-Approve` stands before the entity (§7).
fn answer(approve: &str, domain: &DomainName) -> RrpCommand {
    RrpCommand::of(Verb::Transfer)
        .with_option("Approve", approve)
        .with("EntityName", "Domain")
        .with("DomainName", domain.as_str())
}

typed_command!(
    domain: DomainName, "domain";
    /// Lets a domain go: see [`Transfer::approve`].
    TransferApproval {},
    Change,
    |this| answer("Yes", &this.domain)
);

typed_command!(
    domain: DomainName, "domain";
    /// Refuses to let a domain go: see [`Transfer::reject`]. The sponsor can read the domain back.
    TransferRejection {},
    Change,
    |this| Command::declared(answer("No", &this.domain), SPONSOR)
);

typed_command!(
    domain: DomainName, "domain";
    /// Takes back a request: see [`Transfer::cancel`].
    TransferCancellation {},
    Change,
    |this| answer("No", &this.domain)
);
