//! What no read proves.

use crate::command::Dialect::{self, Rfc, Xrrp};
use crate::command::nature::When::{self, Always, Has, Is, Lacks, Numbers};

const ORDER: &str = "an order, which no status of an object shows";
const LIST: &str = "a list shows objects of the kind, and no author of an entry";
const NOT_SHOWN: &str = "no read shows it";
const NOT_KNOWN: &str = "what its status shows is not known well enough to compare";
const PAID: &str = "the date to which it is paid is not known to move with this command alone";

/// A command of the table, or one way of using it, of which no read proves what became of it: it stays in doubt until a
/// person says.
#[derive(Clone, Copy, Debug)]
pub struct Unsettleable {
    dialect: Dialect,
    name: &'static str,
    when: When,
    why: &'static str,
}

impl Unsettleable {
    /// [`Dialect::Rfc`] for RRP verbs, [`Dialect::Xrrp`] for PTF commands.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The name of the command, as in the table.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Which row of that name it is.
    #[must_use]
    pub const fn when(&self) -> When {
        self.when
    }

    /// Why no read proves it, for people.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }
}

const fn row(dialect: Dialect, name: &'static str, when: When, why: &'static str) -> Unsettleable {
    Unsettleable { dialect, name, when, why }
}

/// Every write of [`rows`](crate::command::nature::rows) that no [`Resolver`](super::Resolver) fits, in their order. A
/// command that the table does not list is none either, unless it was declared to be like one that is.
pub const UNSETTLEABLE: &[Unsettleable] = &[
    row(Xrrp, "ActivateAppendix", Always, LIST),
    row(Xrrp, "AddAccounting", Always, "two bookings look alike"),
    row(Xrrp, "AddCertificate", Always, LIST),
    row(Xrrp, "AddContact", Always, "the registry chooses the handle; a second one does no harm"),
    row(Xrrp, "AddDomain", Has(&["order"]), ORDER),
    row(Xrrp, "AddDomainApplication", Always, LIST),
    row(Xrrp, "AddMailFwd", Always, LIST),
    row(Xrrp, "AddRegistrar", Always, NOT_KNOWN),
    row(Xrrp, "AddServer", Always, LIST),
    row(Xrrp, "AddTag", Always, NOT_KNOWN),
    row(Xrrp, "AddTrademark", Always, LIST),
    row(Xrrp, "AddWebFwd", Always, LIST),
    row(Xrrp, "AddWebspace", Always, NOT_KNOWN),
    row(Xrrp, "AftermarketBid", Always, LIST),
    row(
        Xrrp,
        "BuyDomain",
        Always,
        "the price of a domain that is ours is not shown, nor whom it was bought from",
    ),
    row(Xrrp, "ChargeCreditcard", Always, NOT_SHOWN),
    row(Xrrp, "ChargeMobileAccount", Always, NOT_SHOWN),
    row(Xrrp, "CloneContact", Always, "the registry chooses the handle"),
    row(Xrrp, "CreateSSLCert", Always, LIST),
    row(Xrrp, "DeleteEvent", Always, NOT_KNOWN),
    row(Xrrp, "DeleteMailFwd", Always, LIST),
    row(Xrrp, "DeleteTag", Always, NOT_KNOWN),
    row(Xrrp, "DeleteWebFwd", Always, LIST),
    row(Xrrp, "ExecuteOrder", Always, ORDER),
    row(Xrrp, "GenerateList", Always, NOT_SHOWN),
    row(
        Xrrp,
        "ImportDNSZone",
        Always,
        "what the imported text makes of the records is the registry's to say",
    ),
    row(Xrrp, "ModifyRegistrar", Always, NOT_KNOWN),
    row(Xrrp, "ModifyRegistrarCurrency", Always, NOT_KNOWN),
    row(Xrrp, "ModifyTag", Always, NOT_KNOWN),
    row(Xrrp, "PayDomainRenewal", Numbers(&["expiration"]), PAID),
    row(Xrrp, "PayDomainRenewal", Has(&["accountingdate"]), PAID),
    row(Xrrp, "PayDomainRenewal", Always, PAID),
    row(Xrrp, "PushDomain", Always, "to whom a domain went that is no longer ours is not shown"),
    row(Xrrp, "PushObject", Always, "to whom an object went that is no longer ours is not shown"),
    row(Xrrp, "ReissueCertificate", Always, NOT_KNOWN),
    row(Xrrp, "RenewCertificate", Always, NOT_KNOWN),
    row(Xrrp, "RenewDomain", Has(&["order"]), ORDER),
    row(Xrrp, "RenewServer", Always, NOT_KNOWN),
    row(Xrrp, "RenewTrademark", Always, NOT_KNOWN),
    row(Xrrp, "RenewWebspace", Always, NOT_KNOWN),
    row(Xrrp, "RequestDomainPin", Always, NOT_SHOWN),
    row(Xrrp, "RequestToken", Always, NOT_SHOWN),
    row(Xrrp, "ResendNotification", Always, NOT_SHOWN),
    row(Xrrp, "ReserveDomain", Always, NOT_KNOWN),
    row(Xrrp, "RestoreContact", Always, NOT_KNOWN),
    row(Xrrp, "RestoreDomain", Has(&["order"]), ORDER),
    row(Xrrp, "SendSMS", Always, NOT_SHOWN),
    row(Xrrp, "SetAuthCode", Always, "the registry makes the code: which one is not known to be ours"),
    row(Xrrp, "SetDomainPinLock", Always, LIST),
    row(Xrrp, "TradeDomain", Always, "a trade is decided later, and a status of it is not known"),
    row(Xrrp, "TransferContact", Always, "to whom a contact went that is no longer ours is not shown"),
    row(Xrrp, "TransferDomain", Has(&["order"]), ORDER),
    row(
        Xrrp,
        "TransferDomain",
        Is("action", "USERTRANSFER"),
        "between accounts: what each of them is shown is not known",
    ),
    row(Xrrp, "TransferDomain", Always, "an action that is not known"),
    row(Xrrp, "UpdateDynamicDNS", Always, NOT_KNOWN),
    row(Rfc, "transfer", Lacks("-Approve"), "STATUS shows a request to the sponsor alone"),
    row(
        Rfc,
        "transfer",
        Is("-Approve", "No"),
        "it may be the requester's, who has no read: the sponsor's is declared",
    ),
];
