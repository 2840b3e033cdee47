//! PTF commands: `[COMMAND]` blocks of any name, as CNR and HEXONET document them.

use core::fmt;
use core::marker::PhantomData;

use super::field::{CommandError, Field};
use super::nature::{Effect, Nature};
use super::sealed::Sealed;
use super::{Change, Command, Query, Read, ToCommand, Write};
use crate::secret::Secret;
use crate::text::{ParameterName, Token, same_name};

/// One `name=value` line of a block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    name: ParameterName,
    value: Field,
}

impl Parameter {
    /// The name, as given.
    #[must_use]
    pub const fn name(&self) -> &ParameterName {
        &self.name
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &Field {
        &self.value
    }

    /// The bytes of name and value.
    fn size(&self) -> usize {
        self.name.as_str().len().saturating_add(self.value.expose().len())
    }
}

/// A PTF command: a name, parameters in order, and perhaps a `[HEADER]` block before it.
///
/// At most 1,024 parameters and 64 header lines, 1,000,000 bytes of both. A name stands once, in whatever case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PtfCommand {
    name: Token,
    /// Hardly any command has one, and each that waits has room for it.
    #[expect(clippy::box_collection, reason = "a third of its size")]
    header: Option<Box<Vec<Parameter>>>,
    parameters: Vec<Parameter>,
    size: usize,
}

impl PtfCommand {
    /// The most parameters. A limit of this crate.
    pub const MAX_PARAMETERS: usize = 1_024;
    /// The most header lines. A limit of this crate.
    pub const MAX_HEADERS: usize = 64;
    /// The most bytes of names and values together. A limit of this crate.
    pub const MAX_SIZE: usize = 1_000_000;

    /// The command of this name, without parameters.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no word.
    pub fn new(name: &str) -> Result<Self, CommandError> {
        let name = Token::new(name).map_err(|source| CommandError::text("command", source))?;
        Ok(Self { name, header: None, parameters: Vec::new(), size: 0 })
    }

    /// Appends a parameter.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no [`ParameterName`] or is there already, the value is no
    /// [`Value`](crate::Value), or the command grows too large.
    pub fn param(mut self, name: &str, value: &str) -> Result<Self, CommandError> {
        self.push(name, Field::new(name, value))?;
        Ok(self)
    }

    /// Appends a parameter with a secret value.
    ///
    /// # Errors
    /// [`CommandError`] as for [`param`](Self::param).
    pub fn secret(mut self, name: &str, value: Secret) -> Result<Self, CommandError> {
        self.push(name, Field::secret(value))?;
        Ok(self)
    }

    /// Appends `name0`, `name1` … for the values, in order.
    ///
    /// # Errors
    /// [`CommandError`] as for [`param`](Self::param).
    pub fn params(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, CommandError> {
        for (index, value) in values.into_iter().enumerate() {
            self.push(&format!("{name}{index}"), Field::new(name, value.as_ref()))?;
        }
        Ok(self)
    }

    /// Appends a line to the `[HEADER]` block.
    ///
    /// # Errors
    /// [`CommandError`] as for [`param`](Self::param).
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, CommandError> {
        let parameter = parameter(name, Field::new(name, value))?;
        if self.headers().iter().any(|given| same_key(given, name)) {
            return Err(CommandError::twice(name));
        }
        if self.headers().len() >= Self::MAX_HEADERS {
            return Err(CommandError::too_many("header line", Self::MAX_HEADERS));
        }
        self.grow(&parameter)?;
        self.header.get_or_insert_default().push(parameter);
        Ok(self)
    }

    /// With this value of a parameter, in the place of the one that it has.
    #[cfg(feature = "net")]
    pub(crate) fn with_param(mut self, name: &str, value: &str) -> Result<Self, CommandError> {
        for given in self.parameters.extract_if(.., |given| same_key(given, name)) {
            self.size = self.size.saturating_sub(given.size());
        }
        self.param(name, value)
    }

    /// The parameter of this name, which it has no more.
    #[cfg(feature = "daemon")]
    pub(crate) fn take(&mut self, name: &str) -> Option<Field> {
        let at = self.parameters.iter().position(|given| same_key(given, name))?;
        let taken = self.parameters.remove(at);
        self.size = self.size.saturating_sub(taken.size());
        Some(taken.value)
    }

    /// There are so many parameters to come.
    pub(crate) fn expect(&mut self, parameters: usize) {
        self.parameters.reserve_exact(parameters.min(Self::MAX_PARAMETERS));
    }

    /// As [`param`](Self::param).
    pub(crate) fn push(
        &mut self,
        name: &str,
        value: Result<Field, crate::text::TextError>,
    ) -> Result<(), CommandError> {
        let parameter = parameter(name, value)?;
        if self.parameters.iter().any(|given| same_key(given, name)) {
            return Err(CommandError::twice(name));
        }
        if self.parameters.len() >= Self::MAX_PARAMETERS {
            return Err(CommandError::too_many("parameter", Self::MAX_PARAMETERS));
        }
        self.grow(&parameter)?;
        self.parameters.push(parameter);
        Ok(())
    }

    pub(super) fn shrink(&mut self) {
        if let Some(header) = &mut self.header {
            header.shrink_to_fit();
        }
        self.parameters.shrink_to_fit();
    }

    fn grow(&mut self, parameter: &Parameter) -> Result<(), CommandError> {
        let size = self.size.saturating_add(parameter.size());
        if size > Self::MAX_SIZE {
            return Err(CommandError::too_large("command", Self::MAX_SIZE));
        }
        self.size = size;
        Ok(())
    }

    /// The name, as given.
    #[must_use]
    pub const fn name(&self) -> &Token {
        &self.name
    }

    /// The parameters, in order, without the name of the command.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The lines of the `[HEADER]` block, in order.
    #[must_use]
    pub fn headers(&self) -> &[Parameter] {
        self.header.as_ref().map(|header| header.as_slice()).unwrap_or_default()
    }

    /// The value of this parameter; names compare as in [`same_name`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Field> {
        let same = |given: &&Parameter| same_name(given.name.as_str().as_bytes(), name.as_bytes());
        self.parameters.iter().find(same).map(Parameter::value)
    }
}

fn parameter(name: &str, value: Result<Field, crate::text::TextError>) -> Result<Parameter, CommandError> {
    let valid = ParameterName::new(name).map_err(|source| CommandError::text("parameter name", source))?;
    let value = value.map_err(|source| CommandError::text(name, source))?;
    Ok(Parameter { name: valid, value })
}

fn same_key(given: &Parameter, name: &str) -> bool {
    given.name.as_str().eq_ignore_ascii_case(name)
}

impl fmt::Debug for PtfCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = |list: &'_ [Parameter]| {
            list.iter().map(|p| (p.name.clone(), p.value.clone())).collect::<Vec<_>>()
        };
        let mut out = f.debug_struct("PtfCommand");
        out.field("name", &self.name);
        if !self.headers().is_empty() {
            out.field("header", &pairs(self.headers()));
        }
        out.field("parameters", &pairs(&self.parameters)).finish()
    }
}

/// A PTF command whose effect is settled: [`Ptf<Read>`] is a [`Query`], [`Ptf<Write>`] a [`Change`].
///
/// ```
/// use rrp::command::Ptf;
///
/// let status = Ptf::query("StatusDomain")?.param("domain", "example.com")?;
/// let add = Ptf::change("AddDomain")?.param("domain", "example.com")?.params("nameserver", ["ns1.example.net"])?;
/// assert!(Ptf::query("AddDomain").is_err());
/// # Ok::<(), rrp::command::CommandError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ptf<E> {
    command: PtfCommand,
    declared: Option<Nature>,
    effect: PhantomData<E>,
}

impl Ptf<Read> {
    /// A command that reads: by the table, or because its name begins with `Query`, `Check` or `Status`.
    ///
    /// # Errors
    /// [`CommandError`] if it is no such name.
    pub fn query(name: &str) -> Result<Self, CommandError> {
        Self::query_of(PtfCommand::new(name)?)
    }

    /// The same of a command that is already made.
    ///
    /// # Errors
    /// [`CommandError`] as for [`query`](Self::query).
    pub fn query_of(command: PtfCommand) -> Result<Self, CommandError> {
        match Nature::of_ptf(&command).effect() {
            Effect::Read => Ok(Self { command, declared: None, effect: PhantomData }),
            Effect::Write => Err(CommandError::not_a_read(command.name.as_str())),
            Effect::Session => Err(CommandError::of_the_session(command.name.as_str())),
        }
    }

    /// A command that reads on the caller's word, such as `ConvertIDN`. If the word is wrong, the command may be
    /// executed twice.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no word, or that of a command that belongs to the session.
    pub fn declare_query(name: &str) -> Result<Self, CommandError> {
        Ok(Self { command: declarable(name)?, declared: Some(Nature::READ), effect: PhantomData })
    }
}

impl Ptf<Write> {
    /// A command that writes, with the nature that the table gives it; an unknown name is a write of unknown nature.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no word, or known to read or to be part of the session.
    pub fn change(name: &str) -> Result<Self, CommandError> {
        Self::change_of(PtfCommand::new(name)?)
    }

    /// The same of a command that is already made.
    ///
    /// # Errors
    /// [`CommandError`] as for [`change`](Self::change).
    pub fn change_of(command: PtfCommand) -> Result<Self, CommandError> {
        match Nature::of_ptf(&command).effect() {
            Effect::Write => Ok(Self { command, declared: None, effect: PhantomData }),
            Effect::Read => Err(CommandError::not_a_write(command.name.as_str())),
            Effect::Session => Err(CommandError::of_the_session(command.name.as_str())),
        }
    }

    /// A command that writes, with a nature on the caller's word.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no word or that of a command that belongs to the session, or the nature is not
    /// that of a write.
    pub fn declare_change(name: &str, nature: Nature) -> Result<Self, CommandError> {
        match nature.effect() {
            Effect::Write => {
                Ok(Self { command: declarable(name)?, declared: Some(nature), effect: PhantomData })
            }
            Effect::Read | Effect::Session => Err(CommandError::not_a_write(name)),
        }
    }
}

/// A command whose nature a caller may declare: any but one of the session.
fn declarable(name: &str) -> Result<PtfCommand, CommandError> {
    let command = PtfCommand::new(name)?;
    match Nature::of_ptf(&command).effect() {
        Effect::Session => Err(CommandError::of_the_session(name)),
        Effect::Read | Effect::Write => Ok(command),
    }
}

impl<E> Ptf<E> {
    /// Appends a parameter: see [`PtfCommand::param`].
    ///
    /// # Errors
    /// [`CommandError`] as there.
    pub fn param(self, name: &str, value: &str) -> Result<Self, CommandError> {
        self.map(|command| command.param(name, value))
    }

    /// Appends a parameter with a secret value: see [`PtfCommand::secret`].
    ///
    /// # Errors
    /// [`CommandError`] as there.
    pub fn secret(self, name: &str, value: Secret) -> Result<Self, CommandError> {
        self.map(|command| command.secret(name, value))
    }

    /// Appends `name0`, `name1` …: see [`PtfCommand::params`].
    ///
    /// # Errors
    /// [`CommandError`] as there.
    pub fn params(
        self,
        name: &str,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, CommandError> {
        self.map(|command| command.params(name, values))
    }

    /// Appends a line to the `[HEADER]` block: see [`PtfCommand::header`].
    ///
    /// # Errors
    /// [`CommandError`] as there.
    pub fn header(self, name: &str, value: &str) -> Result<Self, CommandError> {
        self.map(|command| command.header(name, value))
    }

    fn map(
        self,
        change: impl FnOnce(PtfCommand) -> Result<PtfCommand, CommandError>,
    ) -> Result<Self, CommandError> {
        Ok(Self { command: change(self.command)?, declared: self.declared, effect: PhantomData })
    }
}

impl<E> ToCommand for Ptf<E> {
    fn to_command(&self) -> Command {
        match self.declared {
            Some(nature) => Command::declared(self.command.clone(), nature),
            None => Command::new(self.command.clone()),
        }
    }
}

impl<E> Sealed for Ptf<E> {}
impl Query for Ptf<Read> {}
impl Change for Ptf<Write> {}
