//! Which commands can be settled, and by what.

use crate::command::Command;

/// A way to learn what became of a write: the commands that are settled alike.
///
/// Commands that no resolver fits stay in doubt: see [`UNSETTLEABLE`].
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
}

/// How this command is settled; `None` if no read can prove what became of it.
#[must_use]
pub fn resolver(command: &Command) -> Option<Resolver> {
    let _ = command;
    None
}
