//! Commands about name servers (RFC 2832 §4.3), with their elements in the order of §7.

use core::net::IpAddr;

use super::field::CommandError;
use super::raw::{RrpCommand, RrpLine};
use super::sealed::Sealed;
use super::{Change, Command, Query, ToCommand};
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

macro_rules! host_command {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* }, $effect:ident, |$this:ident| $command:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            host: HostName,
            $($field: $type,)*
        }

        impl $name {
            /// The name server that it is about.
            #[must_use]
            pub const fn host(&self) -> &HostName {
                &self.host
            }
        }

        impl ToCommand for $name {
            fn to_command(&self) -> Command {
                let $this = self;
                Command::new($command)
            }
        }

        impl Sealed for $name {}
        impl $effect for $name {}
    };
}

host_command!(
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

host_command!(
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

host_command!(
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

host_command!(
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

host_command!(
    /// Changes a name server: see [`Mod::name_server`](super::domain::Mod::name_server). A new name comes first, the
    /// other changes in the order in which they are given.
    ModNameServer { new_name: Option<HostName>, changes: Vec<RrpLine>, added: usize },
    Change,
    |this| {
        let command = about(Verb::Mod, &this.host);
        match &this.new_name {
            Some(name) => command.with(NEW_NAME, name.as_str()),
            None => command,
        }
        .with_lines(&this.changes)
    }
);

impl ModNameServer {
    pub(super) fn new(host: &HostName) -> Self {
        Self { host: host.clone(), new_name: None, changes: Vec::new(), added: 0 }
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
        self.line(|command| command.attribute("IPAddress", &address.to_string()))
    }

    /// Removes an address, which may lie in a reserved range: it is there already.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn remove_address(self, address: IpAddr) -> Result<Self, CommandError> {
        self.line(|command| command.remove("IPAddress", &address.to_string()))
    }

    /// Replaces an address by another.
    ///
    /// # Errors
    /// [`CommandError`] if there are too many changes.
    pub fn replace_address(self, old: IpAddr, new: ServerAddress) -> Result<Self, CommandError> {
        self.line(|command| command.replace("IPAddress", &old.to_string(), &new.to_string()))
    }

    /// Adds a value to any attribute but the names.
    ///
    /// # Errors
    /// [`CommandError`] as for [`RrpCommand::attribute`].
    pub fn add(self, name: &str, value: &str) -> Result<Self, CommandError> {
        self.line(|command| command.attribute(name, value))
    }

    /// Removes a value from any attribute.
    ///
    /// # Errors
    /// [`CommandError`] as for [`RrpCommand::remove`].
    pub fn remove(self, name: &str, old: &str) -> Result<Self, CommandError> {
        self.line(|command| command.remove(name, old))
    }

    /// Replaces a value of any attribute.
    ///
    /// # Errors
    /// [`CommandError`] as for [`RrpCommand::replace`].
    pub fn replace(self, name: &str, old: &str, new: &str) -> Result<Self, CommandError> {
        self.line(|command| command.replace(name, old, new))
    }

    fn line(
        mut self,
        change: impl FnOnce(RrpCommand) -> Result<RrpCommand, CommandError>,
    ) -> Result<Self, CommandError> {
        let command = change(about(Verb::Mod, &self.host).with_lines(&self.changes))?;
        // The new name has a place of its own, before the others, and stands once.
        if command.lines().iter().any(|line| line.name().as_str().eq_ignore_ascii_case(NEW_NAME)) {
            return Err(CommandError::subject(NEW_NAME));
        }
        self.changes = command.lines().iter().skip(ABOUT_LINES).cloned().collect();
        Ok(self)
    }
}
