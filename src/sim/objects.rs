//! What the registry keeps: domains, name servers, contacts.

use core::fmt;
use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use super::calendar::Stamp;
use crate::secret::{REDACTED, Secret};

/// A registered domain. Built by tests, to be put into a registry that is to begin with it.
#[derive(Clone, Debug)]
pub struct Domain {
    pub(super) name: String,
    pub(super) roid: String,
    pub(super) registrar: String,
    pub(super) created: Stamp,
    pub(super) created_by: String,
    pub(super) updated: Stamp,
    pub(super) updated_by: String,
    pub(super) transferred: Option<Stamp>,
    pub(super) expires: Stamp,
    pub(super) name_servers: Vec<String>,
    /// All but ACTIVE, which is the lack of others; as they are written.
    pub(super) statuses: BTreeSet<String>,
    pub(super) auth: Secret,
    pub(super) renewal_mode: String,
    pub(super) transfer_mode: String,
    /// Handles by role: `ownercontact`, `admincontact` …
    pub(super) contacts: BTreeMap<String, Vec<String>>,
    /// Guard and period of the renewals that had a guard: a repetition is told by them (555).
    pub(super) renewals: Vec<(i64, i32)>,
    pub(super) transfer: Option<Transfer>,
    pub(super) deleted: Option<Stamp>,
    /// What its registration cost: returned if it is deleted in the add grace.
    pub(super) paid: i64,
}

/// A transfer that was requested and not yet answered.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) by: String,
    pub(super) requested: Stamp,
    pub(super) price: i64,
}

impl Domain {
    /// A domain of this registrar, created now, that expires then. The name is written in lower case, without a dot at
    /// its end.
    #[must_use]
    pub fn new(name: &str, registrar: &str, created: Stamp, expires: Stamp) -> Self {
        Self {
            name: name.trim_end_matches('.').to_ascii_lowercase(),
            roid: String::new(),
            registrar: registrar.to_owned(),
            created,
            created_by: registrar.to_owned(),
            updated: created,
            updated_by: registrar.to_owned(),
            transferred: None,
            expires,
            name_servers: Vec::new(),
            statuses: BTreeSet::new(),
            auth: Secret::from(""),
            renewal_mode: "DEFAULT".to_owned(),
            transfer_mode: "DEFAULT".to_owned(),
            contacts: BTreeMap::new(),
            renewals: Vec::new(),
            transfer: None,
            deleted: None,
            paid: 0,
        }
    }

    /// The domain with one more name server.
    #[must_use]
    pub fn with_name_server(mut self, host: &str) -> Self {
        self.name_servers.push(host.to_ascii_lowercase());
        self
    }

    /// The domain with one more status, as `REGISTRAR-LOCK` (RFC 2832 §6) or `clientHold`.
    #[must_use]
    pub fn with_status(mut self, status: &str) -> Self {
        self.statuses.insert(status.to_owned());
        self
    }

    /// The domain with this code for transfers; the registry makes one if there is none.
    #[must_use]
    pub fn with_auth(mut self, auth: impl Into<Secret>) -> Self {
        self.auth = auth.into();
        self
    }

    /// The domain, last updated by somebody at some time.
    #[must_use]
    pub fn with_update(mut self, by: &str, when: Stamp) -> Self {
        self.updated_by = by.to_owned();
        self.updated = when;
        self
    }

    /// The domain, transferred to its registrar at some time.
    #[must_use]
    pub const fn with_transfer(mut self, when: Stamp) -> Self {
        self.transferred = Some(when);
        self
    }

    /// The domain, with a transfer pending that this registrar requested when it was created.
    #[must_use]
    pub fn with_pending_transfer(mut self, by: &str) -> Self {
        self.transfer = Some(Transfer { by: by.to_owned(), requested: self.created, price: 0 });
        self
    }

    /// Its name in ASCII, lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The registry's id of the object: another one after each registration.
    #[must_use]
    pub fn roid(&self) -> &str {
        &self.roid
    }

    /// The registrar that has it.
    #[must_use]
    pub fn registrar(&self) -> &str {
        &self.registrar
    }

    /// When it was registered.
    #[must_use]
    pub const fn created(&self) -> Stamp {
        self.created
    }

    /// When it was last changed.
    #[must_use]
    pub const fn updated(&self) -> Stamp {
        self.updated
    }

    /// When it expires.
    #[must_use]
    pub const fn expires(&self) -> Stamp {
        self.expires
    }

    /// Its name servers, in order.
    pub fn name_servers(&self) -> impl ExactSizeIterator<Item = &str> {
        self.name_servers.iter().map(String::as_str)
    }

    /// Its statuses; `ACTIVE` if there is no other.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        let active = self.statuses.is_empty() && self.deleted.is_none();
        let pending = self.transfer.is_some().then_some("pendingTransfer");
        let deleted = self.deleted.map(|_| "pendingDelete");
        self.statuses
            .iter()
            .map(String::as_str)
            .chain(deleted)
            .chain(pending)
            .chain(active.then_some("ACTIVE"))
    }

    /// The code for transfers.
    #[must_use]
    pub const fn auth(&self) -> &Secret {
        &self.auth
    }

    /// The registrar that asked for its transfer, if one is pending.
    #[must_use]
    pub fn transfer_to(&self) -> Option<&str> {
        self.transfer.as_ref().map(|transfer| transfer.by.as_str())
    }

    /// Whether it was deleted and can still be restored.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.deleted.is_some()
    }

    /// On hold as of RFC 2832 §6; `clientHold` takes a domain out of the zone and forbids nothing.
    pub(super) fn on_hold(&self) -> bool {
        self.statuses.iter().any(|status| status.to_ascii_lowercase().ends_with("-hold"))
    }

    /// Whether a status forbids `what`: `update`, `delete`, `renew`, `transfer`.
    pub(super) fn forbids(&self, what: &str) -> bool {
        let forbids = format!("{what}prohibited");
        self.statuses.iter().any(|status| status.to_ascii_lowercase().ends_with(&forbids))
    }

    /// Locked: a status that forbids `what`, or a lock of RFC 2832 §6.
    pub(super) fn is_locked(&self, what: &str) -> bool {
        let locks = |status: &String| {
            let status = status.to_ascii_lowercase();
            status.ends_with("-lock") || status == "registry-delete-notify"
        };
        self.forbids(what) || self.statuses.iter().any(locks)
    }

    pub(super) fn touch(&mut self, by: &str, now: Stamp) {
        self.updated = now;
        self.updated_by = by.to_owned();
    }
}

/// A registered name server.
#[derive(Clone, Debug)]
pub struct NameServer {
    pub(super) name: String,
    pub(super) registrar: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) created: Stamp,
    pub(super) created_by: String,
    pub(super) updated: Stamp,
    pub(super) updated_by: String,
    pub(super) transferred: Option<Stamp>,
    pub(super) locked: bool,
}

impl NameServer {
    /// A name server of this registrar, created then.
    #[must_use]
    pub fn new(name: &str, registrar: &str, created: Stamp) -> Self {
        Self {
            name: name.trim_end_matches('.').to_ascii_lowercase(),
            registrar: registrar.to_owned(),
            addresses: Vec::new(),
            created,
            created_by: registrar.to_owned(),
            updated: created,
            updated_by: registrar.to_owned(),
            transferred: None,
            locked: false,
        }
    }

    /// The name server with one more address.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<IpAddr>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// The name server, last updated by somebody at some time.
    #[must_use]
    pub fn with_update(mut self, by: &str, when: Stamp) -> Self {
        self.updated_by = by.to_owned();
        self.updated = when;
        self
    }

    /// The name server, transferred with its domain at some time.
    #[must_use]
    pub const fn with_transfer(mut self, when: Stamp) -> Self {
        self.transferred = Some(when);
        self
    }

    /// The name server, locked: it serves a TLD in the root zone (RFC 3632 §2.1), and 557 keeps it.
    #[must_use]
    pub const fn locked(mut self) -> Self {
        self.locked = true;
        self
    }

    /// Its name in ASCII, lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The registrar that has it.
    #[must_use]
    pub fn registrar(&self) -> &str {
        &self.registrar
    }

    /// Its addresses, in order.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    pub(super) fn touch(&mut self, by: &str, now: Stamp) {
        self.updated = now;
        self.updated_by = by.to_owned();
    }
}

/// A contact: a handle and whatever was said of it.
#[derive(Clone)]
pub struct Contact {
    pub(super) handle: String,
    pub(super) registrar: String,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
    /// By lower-case name.
    pub(super) fields: BTreeMap<String, String>,
}

impl Contact {
    /// Its handle, chosen by the registry.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// The registrar that has it.
    #[must_use]
    pub fn registrar(&self) -> &str {
        &self.registrar
    }

    /// What was said under this name, in lower case: `email`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Contact {
    /// Shows no personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handle, registrar, .. } = self;
        f.debug_struct("Contact")
            .field("handle", handle)
            .field("registrar", registrar)
            .field("fields", &REDACTED)
            .finish_non_exhaustive()
    }
}

/// A DNS zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) registrar: String,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
    pub(super) records: Vec<String>,
}

/// What the registry tells of a job, or of something done to a domain.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) registrar: String,
    pub(super) class: &'static str,
    pub(super) subclass: &'static str,
    pub(super) when: Stamp,
    pub(super) data: Vec<String>,
}

/// A line of an account.
#[derive(Clone, Debug)]
pub(super) struct Booking {
    pub(super) registrar: String,
    pub(super) when: Stamp,
    pub(super) object: String,
    /// What was charged; negative: returned.
    pub(super) cents: i64,
}
