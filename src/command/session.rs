//! Commands of the session itself: SESSION, QUIT and DESCRIBE (RFC 2832 §4.3.8, §4.3.6, §4.3.4).

use super::field::{CommandError, Field};
use super::raw::{self, RrpCommand};
use super::sealed::Sealed;
use super::{Command, Query, ToCommand};
use crate::secret::Secret;
use crate::verb::Verb;

/// SESSION: logs in, and may change the password.
///
/// The id may be of the form `account:role` at CNR. An id or a password of one line, not empty, is taken as it is; the
/// narrower rules of RFC 2832 §7 bind the strict dialect when it encodes. Neither a [`Query`] nor a change: whoever
/// owns the connection sends it, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    id: Field,
    password: Field,
    new_password: Option<Field>,
}

impl Session {
    /// A login.
    ///
    /// # Errors
    /// [`CommandError`] if the id or the password is empty or could not stand on one line.
    pub fn login(id: &str, password: impl Into<Secret>) -> Result<Self, CommandError> {
        let id = raw::field("Id", id)?;
        let password = raw::secret("Password", password.into())?;
        Ok(Self { id, password, new_password: None })
    }

    /// Who logs in.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.expose()
    }

    /// What is logged in with.
    #[cfg(feature = "daemon")]
    pub(crate) fn password(&self) -> Secret {
        self.password.expose().into()
    }

    /// A login that changes the password.
    ///
    /// # Errors
    /// [`CommandError`] if the new password is empty or could not stand on one line.
    pub fn new_password(mut self, password: impl Into<Secret>) -> Result<Self, CommandError> {
        self.new_password = Some(raw::secret("NewPassword", password.into())?);
        Ok(self)
    }
}

impl ToCommand for Session {
    fn to_command(&self) -> Command {
        let command = RrpCommand::of(Verb::Session)
            .with_field("Id", self.id.clone())
            .with_field("Password", self.password.clone());
        Command::new(match &self.new_password {
            Some(password) => command.with_field("NewPassword", password.clone()),
            None => command,
        })
    }
}

/// QUIT: ends the session. Its success is 220, not 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the command carries nothing (RFC 2832 §7)")]
pub struct Quit;

impl ToCommand for Quit {
    fn to_command(&self) -> Command {
        Command::new(RrpCommand::of(Verb::Quit))
    }
}

/// DESCRIBE: asks for the version of the protocol. Proves a login without touching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Describe(RrpCommand);

impl Describe {
    /// Without options.
    #[must_use]
    pub fn new() -> Self {
        Self(RrpCommand::of(Verb::Describe))
    }

    /// With `-Target:Protocol`, the one option that the RFC names.
    #[must_use]
    pub fn protocol() -> Self {
        Self(RrpCommand::of(Verb::Describe).with_option("Target", "Protocol"))
    }

    /// With another option.
    ///
    /// # Errors
    /// [`CommandError`] as for [`RrpCommand::option`].
    pub fn option(self, name: &str, value: &str) -> Result<Self, CommandError> {
        self.0.option(name, value).map(Self)
    }
}

impl Default for Describe {
    fn default() -> Self {
        Self::new()
    }
}

impl ToCommand for Describe {
    fn to_command(&self) -> Command {
        Command::new(self.0.clone())
    }
}

impl Sealed for Describe {}
impl Query for Describe {}
