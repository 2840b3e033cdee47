//! What STATUS and DESCRIBE are answered with.
//!
//! A registry may leave any attribute out (RFC 2832 §4.3.9), so each accessor may have nothing to give; but a reply without
//! one of them is no answer to the question.

use std::borrow::Cow;

use super::{SILENT, says_one_of};
use crate::command::DomainStatus;
use crate::date::RegistryDate;
use crate::dispatch::{Answer, QueryError};
use crate::reply::Reply;

const NAME_SERVER: &str = "nameserver";
const EXPIRES: &str = "registration expiration date";
const REGISTRAR: &str = "registrar";
const TRANSFERRED: &str = "registrar transfer date";
const STATUS: &str = "status";
const CREATED: &str = "created date";
const CREATED_BY: &str = "created by";
const UPDATED: &str = "updated date";
const UPDATED_BY: &str = "updated by";
const ADDRESS: &str = "ipaddress";
const PROTOCOL: &str = "Protocol";

/// The attributes of a domain (RFC 2832 §4.3.9.1).
///
/// Texts are as the registry writes them. A date that stands there and is none (RFC 2832 §7) reads as missing here; its text
/// is in the [`reply`](Self::reply), as is every attribute of another name.
#[derive(Clone, Debug)]
pub struct DomainAttributes(Answer);

/// The attributes of a name server (RFC 2832 §4.3.9.2). Texts and dates as in [`DomainAttributes`].
#[derive(Clone, Debug)]
pub struct NameServerAttributes(Answer);

/// What a registry says of itself (RFC 2832 §4.3.4).
#[derive(Clone, Debug)]
pub struct Description(Answer);

/// What the attributes of both have in common.
macro_rules! attributes {
    () => {
        /// Who sponsors it now (`registrar`).
        #[must_use]
        pub fn registrar(&self) -> Option<Cow<'_, str>> {
            self.0.first(REGISTRAR)
        }

        /// When it was transferred to that registrar (`registrar transfer date`).
        #[must_use]
        pub fn transferred(&self) -> Option<RegistryDate> {
            self.0.date(TRANSFERRED)
        }

        /// When it was registered (`created date`).
        #[must_use]
        pub fn created(&self) -> Option<RegistryDate> {
            self.0.date(CREATED)
        }

        /// Who registered it (`created by`).
        #[must_use]
        pub fn created_by(&self) -> Option<Cow<'_, str>> {
            self.0.first(CREATED_BY)
        }

        /// When it was last changed (`updated date`).
        #[must_use]
        pub fn updated(&self) -> Option<RegistryDate> {
            self.0.date(UPDATED)
        }

        /// Who changed it last: a registrar or the registry (`updated by`).
        #[must_use]
        pub fn updated_by(&self) -> Option<Cow<'_, str>> {
            self.0.first(UPDATED_BY)
        }

        /// The whole reply, with what is not known here.
        #[must_use]
        pub const fn reply(&self) -> &Reply {
            self.0.reply()
        }
    };
}

impl DomainAttributes {
    pub(super) fn read(answer: Answer) -> Result<Self, QueryError> {
        const NAMES: [&str; 9] =
            [NAME_SERVER, EXPIRES, REGISTRAR, TRANSFERRED, STATUS, CREATED, CREATED_BY, UPDATED, UPDATED_BY];
        says_one_of(answer, &NAMES).map(Self)
    }

    /// The name servers that host it (`nameserver`).
    pub fn name_servers(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.property(NAME_SERVER)
    }

    /// When its registration expires (`registration expiration date`).
    #[must_use]
    pub fn expires(&self) -> Option<RegistryDate> {
        self.0.date(EXPIRES)
    }

    /// Its statuses (`status`), in whatever case.
    pub fn statuses(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.property(STATUS)
    }

    /// Whether it has this status, compared without case.
    #[must_use]
    pub fn has_status(&self, status: &DomainStatus) -> bool {
        self.statuses().any(|given| given.eq_ignore_ascii_case(status.as_str()))
    }

    attributes!();
}

impl NameServerAttributes {
    pub(super) fn read(answer: Answer) -> Result<Self, QueryError> {
        const NAMES: [&str; 8] =
            [NAME_SERVER, ADDRESS, REGISTRAR, TRANSFERRED, CREATED, CREATED_BY, UPDATED, UPDATED_BY];
        says_one_of(answer, &NAMES).map(Self)
    }

    /// Its name, if the registry repeats it (`nameserver`).
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.0.first(NAME_SERVER)
    }

    /// Its addresses (`ipaddress`).
    pub fn addresses(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.property(ADDRESS)
    }

    attributes!();
}

impl Description {
    pub(super) fn read(answer: Answer) -> Result<Self, QueryError> {
        // Another target than the protocol may be described in any words, so that none are asked for.
        if answer.verdict().completed() { Ok(Self(answer)) } else { Err(answer.unreadable(SILENT)) }
    }

    /// The protocol and its version, such as `RRP 1.1.0`.
    #[must_use]
    pub fn protocol(&self) -> Option<Cow<'_, str>> {
        self.0.first(PROTOCOL)
    }

    /// The whole reply.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        self.0.reply()
    }
}
