//! Commands: what a registrar asks of a registry.
//!
//! The ten commands of RFC 2832 are typed, by object: [`domain`], [`name_server`], [`session`]. Any other command goes
//! by name: [`ptf`] for the `[COMMAND]` blocks of XRRP, [`raw`] for any RRP verb. Whether a command may be repeated is part
//! of its [`Nature`], which comes out of one table: [`nature`].
//!
//! A [`Query`] reads and a [`Change`] writes; they are different traits, so that a write cannot be taken for a read.
//! Nothing here can be made that is more than one command on the wire.

// First, for its macros.
#[macro_use]
mod typed;

mod check_domains;
pub mod domain;
pub mod field;
pub mod name_server;
pub mod nature;
pub mod object;
pub mod ptf;
pub mod raw;
pub mod safety;
pub mod session;

use core::fmt;
use std::sync::Arc;

pub use check_domains::CheckDomains;
pub use domain::{
    Add, AddDomain, Check, CheckDomain, Del, DelDomain, DomainStatus, Mod, ModDomain, Period, Renew,
    RenewDomain, Status, StatusDomain, Transfer, TransferApproval, TransferCancellation, TransferRejection,
    TransferRequest, Year,
};
pub use field::{CommandError, Field};
pub use name_server::{AddNameServer, CheckNameServer, DelNameServer, ModNameServer, StatusNameServer};
pub use nature::{Billable, Effect, Kind, Nature, Repeat, Settle};
pub use object::{Object, ObjectKind};
pub use ptf::{Ptf, PtfCommand};
pub use raw::{Raw, RrpCommand, RrpLine};
pub use safety::Safety;
pub use session::{Describe, Quit, Session};

use crate::code::Context;
use crate::verb::{Entity, Verb};

/// Which rules the encoder keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// RFC 2832 §7 to the letter: ASCII, second-level names, ids of one word, passwords of 4 to 16 characters, values
    /// of up to 128, no PTF.
    Rfc,
    /// XRRP as CNR runs it: longer passwords, `account:role` logins, third-level names, UTF-8, PTF.
    #[default]
    Xrrp,
}

/// A command ready for the wire, and what is known about repeating it. Clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Command(Arc<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    body: Body,
    nature: Nature,
    /// Whatever nature it was declared to have, the table tells which belong to the session,
    of_session: bool,
    /// and which only read.
    listed_read: bool,
}

/// The two forms of a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "XRRP has these two")]
pub enum Body {
    /// Lines of RRP, ended by a dot.
    Rrp(RrpCommand),
    /// A `[COMMAND]` block, ended by `EOF` and a dot.
    Ptf(PtfCommand),
}

impl Command {
    /// A command with the nature that the table gives it.
    #[must_use]
    pub fn new(body: impl Into<Body>) -> Self {
        Self::made(body.into(), None)
    }

    /// A command with a nature on the caller's word, whatever the table says.
    #[must_use]
    pub fn declared(body: impl Into<Body>, nature: Nature) -> Self {
        Self::made(body.into(), Some(nature))
    }

    fn made(body: Body, declared: Option<Nature>) -> Self {
        let (listed, listed_read) = nature::listed(&body);
        let of_session = listed.effect() == Effect::Session;
        Self(Arc::new(Parts { body, nature: declared.unwrap_or(listed), of_session, listed_read }))
    }

    /// The command itself.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// Whether it belongs to the session itself, by the table.
    pub(crate) fn is_of_session(&self) -> bool {
        self.0.of_session
    }

    /// Whether the table itself says that it only reads, and not a convention: it has a row for it, or names it as the read
    /// that settles another command.
    pub(crate) fn is_listed_read(&self) -> bool {
        self.0.listed_read
    }

    /// What is known about repeating it.
    #[must_use]
    pub fn nature(&self) -> &Nature {
        &self.0.nature
    }

    /// Its name: an RRP verb or the name of a PTF command, as given.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.body() {
            Body::Rrp(rrp) => rrp.verb().as_str(),
            Body::Ptf(ptf) => ptf.name().as_str(),
        }
    }

    /// Without the room that was left for more lines, unless it is shared: it is to wait.
    pub(crate) fn shrink(&mut self) {
        match Arc::get_mut(&mut self.0).map(|parts| &mut parts.body) {
            Some(Body::Rrp(rrp)) => rrp.shrink(),
            Some(Body::Ptf(ptf)) => ptf.shrink(),
            None => {}
        }
    }

    /// Its secrets.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        let (lines, parameters, headers) = match self.body() {
            Body::Rrp(rrp) => (rrp.lines(), &[][..], &[][..]),
            Body::Ptf(ptf) => (&[][..], ptf.parameters(), ptf.headers()),
        };
        let fields = lines.iter().flat_map(RrpLine::fields);
        let fields = fields.chain(parameters.iter().chain(headers).map(ptf::Parameter::value));
        fields.filter(|field| field.as_str().is_none()).map(Field::expose)
    }

    /// Whether it has a secret.
    pub(crate) fn has_secret(&self) -> bool {
        self.secrets().next().is_some()
    }

    /// Whether a text quotes one of its secrets. One of three characters or fewer is found everywhere, and not looked for.
    pub(crate) fn is_quoted_in(&self, text: &[u8]) -> bool {
        const TOO_SHORT: usize = 3;
        self.secrets()
            .map(str::as_bytes)
            .any(|secret| secret.len() > TOO_SHORT && text.windows(secret.len()).any(|part| part == secret))
    }

    /// Where a reply to this command comes: what [`ReturnCode::verdict`](crate::code::ReturnCode::verdict) needs.
    #[must_use]
    pub fn context(&self) -> Context {
        match self.body() {
            Body::Rrp(rrp) => match rrp.known_verb() {
                Some(Verb::Session) if rrp.option_value("NewPassword").is_some() => Context::PasswordChange,
                Some(Verb::Session) => Context::Login,
                Some(Verb::Check) => match rrp.attribute_value("EntityName").map(Field::expose) {
                    Some(entity) if entity.eq_ignore_ascii_case("Domain") => Context::Check(Entity::Domain),
                    Some(entity) if entity.eq_ignore_ascii_case("NameServer") => {
                        Context::Check(Entity::NameServer)
                    }
                    _ => Context::Rrp(Verb::Check),
                },
                Some(verb) => Context::Rrp(verb),
                None => Context::Ptf,
            },
            Body::Ptf(ptf) if ptf.name().as_str().eq_ignore_ascii_case("StartSession") => Context::Login,
            Body::Ptf(ptf) => {
                // `UK_CheckRightOfRegistration` answers with 211 too.
                let checks = |part| nature::begins_with(part, "Check");
                let reads = self.nature().effect() == Effect::Read;
                if reads && ptf.name().as_str().split('_').any(checks) {
                    Context::PtfCheck
                } else {
                    Context::Ptf
                }
            }
        }
    }
}

impl From<RrpCommand> for Command {
    fn from(command: RrpCommand) -> Self {
        Self::new(command)
    }
}

impl From<PtfCommand> for Command {
    fn from(command: PtfCommand) -> Self {
        Self::new(command)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.body(), f)
    }
}

impl From<RrpCommand> for Body {
    fn from(command: RrpCommand) -> Self {
        Self::Rrp(command)
    }
}

impl From<PtfCommand> for Body {
    fn from(command: PtfCommand) -> Self {
        Self::Ptf(command)
    }
}

/// Whatever can be sent as one command.
pub trait ToCommand {
    /// The command for the wire.
    fn to_command(&self) -> Command;
}

impl ToCommand for Command {
    fn to_command(&self) -> Command {
        self.clone()
    }
}

/// A command that only reads: it may be asked again whenever its answer was lost.
///
/// Sealed: what reads is decided by the table, or on a caller's explicit word.
pub trait Query: ToCommand + sealed::Sealed {}

/// A command that changes something: never sent again on a guess.
///
/// Sealed, as [`Query`].
pub trait Change: ToCommand + sealed::Sealed {}

/// Marks a command by name as one that reads: [`Ptf<Read>`](Ptf), [`Raw<Read>`](Raw).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a mark without values")]
pub enum Read {}

/// Marks a command by name as one that writes: [`Ptf<Write>`](Ptf), [`Raw<Write>`](Raw).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a mark without values")]
pub enum Write {}

pub(crate) mod sealed {
    /// Keeps [`Query`](super::Query) and [`Change`](super::Change) to this crate.
    #[expect(unnameable_types, reason = "nobody outside is to name it")]
    pub trait Sealed {}
}
