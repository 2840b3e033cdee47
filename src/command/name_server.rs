//! Commands about name servers (RFC 2832 §4.3), with their elements in the order of §7.

use core::net::IpAddr;

use super::field::CommandError;
use super::raw::RrpCommand;
use crate::address::ServerAddress;
use crate::name::HostName;
use crate::verb::Verb;

/// The most addresses of a name server (RFC 2832 §4.3.1.2).
pub const MAX_ADDRESSES: usize = 13;

/// A command about a name server: the verb, `EntityName:NameServer`, `NameServer:…`.
fn about(verb: Verb, host: &HostName) -> RrpCommand {
    RrpCommand::of(verb).with("EntityName", "NameServer").with("NameServer", host.as_str())
}

/// The attribute of a MOD that renames (§7).
const NEW_NAME: &str = "NewNameServer";

/// How many lines [`about`] makes.
const ABOUT_LINES: usize = 2;

typed_command!(
    host: HostName, "name server";
    /// Registers a name server: see [`Add::name_server`](super::domain::Add::name_server).
    AddNameServer { addresses: Vec<ServerAddress> },
    Change,
    |this| {
        this.addresses.iter().fold(about(Verb::Add, &this.host), |command, address| {
            command.with("IPAddress", &address.to_string())
        })
    }
);

impl AddNameServer {
    pub(super) fn new(host: &HostName, addresses: &[ServerAddress]) -> Result<Self, CommandError> {
        if addresses.len() > MAX_ADDRESSES {
            return Err(CommandError::too_many("IPAddress", MAX_ADDRESSES));
        }
        let mut once = Vec::with_capacity(addresses.len());
        for address in addresses {
            if once.contains(address) {
                return Err(CommandError::twice(&address.to_string()));
            }
            once.push(*address);
        }
        Ok(Self { host: host.clone(), addresses: once })
    }
}

typed_command!(
    host: HostName, "name server";
    /// Asks whether a name server is registered: see [`Check::name_server`](super::domain::Check::name_server).
    CheckNameServer {},
    Query,
    |this| about(Verb::Check, &this.host)
);

impl CheckNameServer {
    pub(super) fn new(host: &HostName) -> Self {
        Self { host: host.clone() }
    }
}

typed_command!(
    host: HostName, "name server";
    /// Deletes a name server: see [`Del::name_server`](super::domain::Del::name_server).
    DelNameServer {},
    Change,
    |this| about(Verb::Del, &this.host)
);

impl DelNameServer {
    pub(super) fn new(host: &HostName) -> Self {
        Self { host: host.clone() }
    }
}

typed_command!(
    host: HostName, "name server";
    /// Asks for the attributes of a name server: see [`Status::name_server`](super::domain::Status::name_server).
    StatusNameServer {},
    Query,
    |this| about(Verb::Status, &this.host)
);

impl StatusNameServer {
    pub(super) fn new(host: &HostName) -> Self {
        Self { host: host.clone() }
    }
}

typed_command!(
    host: HostName, "name server";
    /// Changes a name server: see [`Mod::name_server`](super::domain::Mod::name_server). A new name comes first, the
    /// other changes in the order in which they are given.
    ModNameServer { command: RrpCommand, new_name: Option<HostName>, added: usize },
    Change,
    |this| match &this.new_name {
        Some(name) => {
            let changes = this.command.lines().get(ABOUT_LINES..).unwrap_or_default();
            about(Verb::Mod, &this.host).with(NEW_NAME, name.as_str()).with_lines(changes)
        }
        None => this.command.clone(),
    }
);

impl ModNameServer {
    pub(super) fn new(host: &HostName) -> Self {
        Self { host: host.clone(), command: about(Verb::Mod, host), new_name: None, added: 0 }
    }

    /// Gives it a new name; what uses it goes on using it.
    #[must_use]
    pub fn rename(mut self, new_name: &HostName) -> Self {
        self.new_name = Some(new_name.clone());
        self
    }

    /// Adds an address.
    ///
    /// # Errors
    /// [`CommandError`] beyond 13 added ones.
    pub fn add_address(mut self, address: ServerAddress) -> Result<Self, CommandError> {
        if self.added >= MAX_ADDRESSES {
            return Err(CommandError::too_many("IPAddress", MAX_ADDRESSES));
        }
        self.added = self.added.saturating_add(1);
        self.change(|command| command.attribute("IPAddress", &address.to_string()))
    }

    /// Removes an address, which may lie in a reserved range: it is there already.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn remove_address(self, address: IpAddr) -> Result<Self, CommandError> {
        self.change(|command| command.remove("IPAddress", &address.to_string()))
    }

    /// Replaces an address by another.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn replace_address(self, old: IpAddr, new: ServerAddress) -> Result<Self, CommandError> {
        self.change(|command| command.replace("IPAddress", &old.to_string(), &new.to_string()))
    }

    /// The new name has a place of its own, before the others, and stands once: see [`rename`](Self::rename).
    fn checked(self) -> Result<Self, CommandError> {
        if self.command.lines().iter().any(|line| line.name().as_str().eq_ignore_ascii_case(NEW_NAME)) {
            return Err(CommandError::subject(NEW_NAME));
        }
        Ok(self)
    }
}

changes_of_any_attribute!(ModNameServer);
