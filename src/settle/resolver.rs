//! Which commands can be settled, and by what.

use crate::command::raw::RrpCommand;
use crate::command::{Body, Command, Effect, PtfCommand, Settle};
use crate::verb::Verb;

/// A way to learn what became of a write: the commands that are settled alike.
///
/// Commands that no resolver fits stay in doubt: see [`UNSETTLEABLE`](super::UNSETTLEABLE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Resolver {
    /// AddDomain; ADD Domain.
    AddDomain,
    /// AddNameserver; ADD NameServer.
    AddNameServer,
    /// AddDNSZone.
    AddZone,
    /// RenewDomain; RENEW.
    Renew,
    /// TransferDomain with `action=REQUEST`.
    TransferRequest,
    /// TransferDomain with `action=APPROVE`; TRANSFER with `-Approve:Yes`.
    TransferApprove,
    /// TransferDomain with `action=DENY`; the sponsor's TRANSFER with `-Approve:No`.
    TransferDeny,
    /// TransferDomain with `action=CANCEL`.
    TransferCancel,
    /// DeleteDomain; DEL Domain.
    DeleteDomain,
    /// DeleteNameserver; DEL NameServer.
    DeleteNameServer,
    /// DeleteContact.
    DeleteContact,
    /// DeleteDNSZone.
    DeleteZone,
    /// RestoreDomain.
    Restore,
    /// ModifyDomain, SetAuthCode with a code, SetDomainRenewalMode, SetDomainTransferMode; MOD Domain.
    ModifyDomain,
    /// ModifyNameserver; MOD NameServer.
    ModifyNameServer,
    /// ModifyContact.
    ModifyContact,
    /// ModifyDNSZone.
    ModifyZone,
    /// The reads of another API, which its [upstream](crate::dispatch::Upstream) knows. It is no command's here.
    Other,
}

impl Resolver {
    /// All those of commands.
    pub const ALL: [Self; 17] = [
        Self::AddDomain,
        Self::AddNameServer,
        Self::AddZone,
        Self::Renew,
        Self::TransferRequest,
        Self::TransferApprove,
        Self::TransferDeny,
        Self::TransferCancel,
        Self::DeleteDomain,
        Self::DeleteNameServer,
        Self::DeleteContact,
        Self::DeleteZone,
        Self::Restore,
        Self::ModifyDomain,
        Self::ModifyNameServer,
        Self::ModifyContact,
        Self::ModifyZone,
    ];

    /// The resolver as one stable word, as a journal keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddDomain => "add-domain",
            Self::AddNameServer => "add-name-server",
            Self::AddZone => "add-zone",
            Self::Renew => "renew",
            Self::TransferRequest => "transfer-request",
            Self::TransferApprove => "transfer-approve",
            Self::TransferDeny => "transfer-deny",
            Self::TransferCancel => "transfer-cancel",
            Self::DeleteDomain => "delete-domain",
            Self::DeleteNameServer => "delete-name-server",
            Self::DeleteContact => "delete-contact",
            Self::DeleteZone => "delete-zone",
            Self::Restore => "restore",
            Self::ModifyDomain => "modify-domain",
            Self::ModifyNameServer => "modify-name-server",
            Self::ModifyContact => "modify-contact",
            Self::ModifyZone => "modify-zone",
            Self::Other => "other",
        }
    }

    /// The resolver of this word, as [`as_str`](Self::as_str) gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Other]).find(|resolver| resolver.as_str() == name)
    }
}

/// How this command is settled; `None` if no read can prove what became of it, by what is known here or on the word of
/// whoever declared its nature.
#[must_use]
pub fn resolver(command: &Command) -> Option<Resolver> {
    let nature = command.nature();
    if nature.effect() != Effect::Write || !matches!(nature.settle(), Settle::Read(_)) {
        return None;
    }
    match command.body() {
        Body::Rrp(rrp) => of_rrp(rrp),
        Body::Ptf(ptf) => of_ptf(ptf),
    }
}

fn of_rrp(command: &RrpCommand) -> Option<Resolver> {
    let entity = command.attribute_value("EntityName")?.expose();
    let approve = command.option_value("Approve").map(|field| field.expose().to_ascii_lowercase());
    if entity.eq_ignore_ascii_case("NameServer") {
        return match command.known_verb()? {
            Verb::Add => Some(Resolver::AddNameServer),
            Verb::Del => Some(Resolver::DeleteNameServer),
            Verb::Mod => Some(Resolver::ModifyNameServer),
            _ => None,
        };
    }
    if !entity.eq_ignore_ascii_case("Domain") {
        return None;
    }
    match (command.known_verb()?, approve.as_deref()) {
        (Verb::Add, _) => Some(Resolver::AddDomain),
        (Verb::Del, _) => Some(Resolver::DeleteDomain),
        (Verb::Mod, _) => Some(Resolver::ModifyDomain),
        (Verb::Renew, _) => Some(Resolver::Renew),
        (Verb::Transfer, Some("yes")) => Some(Resolver::TransferApprove),
        // By the table nothing settles it: it is declared to be the sponsor's.
        (Verb::Transfer, Some("no")) => Some(Resolver::TransferDeny),
        _ => None,
    }
}

fn of_ptf(command: &PtfCommand) -> Option<Resolver> {
    let given = |name| command.get(name).map(|field| field.expose()).filter(|value| !value.is_empty());
    let order = given("order").is_some();
    let resolver = match command.name().as_str().to_ascii_lowercase().as_str() {
        // No status shows an order.
        "adddomain" | "renewdomain" | "restoredomain" | "transferdomain" if order => return None,
        "adddomain" => Resolver::AddDomain,
        "addnameserver" => Resolver::AddNameServer,
        "adddnszone" => Resolver::AddZone,
        "renewdomain" => Resolver::Renew,
        "restoredomain" => Resolver::Restore,
        "transferdomain" => {
            match given("action").map_or_else(|| "request".to_owned(), str::to_ascii_lowercase).as_str() {
                "request" => Resolver::TransferRequest,
                "approve" => Resolver::TransferApprove,
                "deny" => Resolver::TransferDeny,
                "cancel" => Resolver::TransferCancel,
                _ => return None,
            }
        }
        "deletedomain" => Resolver::DeleteDomain,
        "deletenameserver" => Resolver::DeleteNameServer,
        "deletecontact" => Resolver::DeleteContact,
        "deletednszone" => Resolver::DeleteZone,
        "setauthcode" if given("auth").is_none() => return None,
        "modifydomain" | "setauthcode" | "setdomainrenewalmode" | "setdomaintransfermode" => {
            Resolver::ModifyDomain
        }
        "modifynameserver" => Resolver::ModifyNameServer,
        "modifycontact" => Resolver::ModifyContact,
        "modifydnszone" => Resolver::ModifyZone,
        _ => return None,
    };
    Some(resolver)
}
