//! Which object of the registry a command is about.

use core::fmt;

use super::nature::begins_with;
use super::ptf::PtfCommand;
use super::raw::RrpCommand;
use super::{Body, Command};
use crate::name::HostName;

/// A sort of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A domain.
    Domain,
    /// A name server.
    NameServer,
    /// A contact.
    Contact,
    /// A DNS zone.
    Zone,
    /// Something of another API, by whatever name that gives it: a telephone number, an order.
    Other,
}

impl ObjectKind {
    /// `domain`, `name server`, `contact`, `zone` or `other`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::NameServer => "name server",
            Self::Contact => "contact",
            Self::Zone => "zone",
            Self::Other => "other",
        }
    }

    /// The sort of this name, as [`as_str`](Self::as_str) gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Domain, Self::NameServer, Self::Contact, Self::Zone, Self::Other]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An object of the registry by its canonical name: two spellings of one name are one object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    kind: ObjectKind,
    name: Box<str>,
}

impl Object {
    /// The longest name that is kept, in bytes; of a longer one, which no registry has, the beginning counts.
    pub const MAX_NAME: usize = 255;

    /// The object of this name, in any spelling.
    #[must_use]
    pub fn new(kind: ObjectKind, name: &str) -> Self {
        let canonical = match kind {
            // Handles are said in any case.
            ObjectKind::Contact => name.to_ascii_uppercase(),
            ObjectKind::Other => name.to_owned(),
            _ => HostName::new(name)
                .map_or_else(|_| name.trim_end_matches('.').to_lowercase(), |name| name.as_str().to_owned()),
        };
        let end = canonical.floor_char_boundary(Self::MAX_NAME);
        Self { kind, name: canonical.get(..end).unwrap_or_default().into() }
    }

    /// Its sort.
    #[must_use]
    pub const fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// Its canonical name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Command {
    /// The objects that it is about: the one named first, and the new name where one is renamed. None of a command that
    /// names none, or lets the registry choose the name.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        match self.body() {
            Body::Rrp(rrp) => of_rrp(rrp),
            Body::Ptf(ptf) => of_ptf(ptf),
        }
    }
}

fn of_rrp(command: &RrpCommand) -> Vec<Object> {
    let value = |name| command.attribute_value(name).map(|field| field.expose());
    let server = |name| Object::new(ObjectKind::NameServer, name);
    match value("EntityName") {
        Some(entity) if entity.eq_ignore_ascii_case("NameServer") => {
            value("NameServer").into_iter().chain(value("NewNameServer")).map(server).collect()
        }
        _ => value("DomainName").map(|name| Object::new(ObjectKind::Domain, name)).into_iter().collect(),
    }
}

fn of_ptf(command: &PtfCommand) -> Vec<Object> {
    let value = |name| command.get(name).map(|field| field.expose()).filter(|value| !value.is_empty());
    let about = |what: &str| {
        let verbs =
            ["Add", "Check", "Clone", "Delete", "Import", "Modify", "Restore", "Status", "Transfer", "Query"];
        let verb = verbs.iter().find(|verb| begins_with(command.name().as_str(), verb));
        let rest = verb.and_then(|verb| command.name().as_str().get(verb.len()..)).unwrap_or_default();
        begins_with(rest, what)
    };
    if about("Nameserver") {
        let names = value("nameserver").into_iter().chain(value("newnameserver"));
        return names.map(|name| Object::new(ObjectKind::NameServer, name)).collect();
    }
    let (kind, parameter) = if about("Contact") {
        (ObjectKind::Contact, "contact")
    } else if about("DNSZone") {
        (ObjectKind::Zone, "dnszone")
    } else {
        (ObjectKind::Domain, "domain")
    };
    value(parameter).map(|name| Object::new(kind, name)).into_iter().collect()
}
