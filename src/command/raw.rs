//! RRP commands as lines: what the typed commands are made into, and any verb that has no type.

use core::fmt;
use core::marker::PhantomData;

use super::field::{CommandError, Field};
use super::nature::{Effect, Nature};
use super::sealed::Sealed;
use super::{Change, Command, Query, Read, ToCommand, Write};
use crate::secret::Secret;
use crate::text::{ModValue, TextError, Token, Value, same_name};
use crate::verb::Verb;

/// One line of an RRP command after the first (RFC 2832 §4.1, §4.3.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RrpLine {
    /// `name:value`. In a MOD command: adds the value.
    Attribute {
        /// The name.
        name: Token,
        /// The value.
        value: Field,
    },
    /// `name:old=`. MOD alone: removes the value.
    Remove {
        /// The name.
        name: Token,
        /// The value to be removed, a [`ModValue`].
        old: Field,
    },
    /// `name:old=new`. MOD alone: replaces the value.
    Replace {
        /// The name.
        name: Token,
        /// The value to be replaced, a [`ModValue`].
        old: Field,
        /// What replaces it, a [`ModValue`].
        new: Field,
    },
    /// `-name:value`.
    Option {
        /// The name, without its dash.
        name: Token,
        /// The value.
        value: Field,
    },
}

impl RrpLine {
    /// The name of the attribute or option.
    #[must_use]
    pub const fn name(&self) -> &Token {
        match self {
            Self::Attribute { name, .. }
            | Self::Remove { name, .. }
            | Self::Replace { name, .. }
            | Self::Option { name, .. } => name,
        }
    }

    /// Its values.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        let (one, other) = match self {
            Self::Attribute { value, .. } | Self::Option { value, .. } => (value, None),
            Self::Remove { old, .. } => (old, None),
            Self::Replace { old, new, .. } => (old, Some(new)),
        };
        core::iter::once(one).chain(other)
    }

    fn is(&self, name: &str) -> bool {
        self.name().as_str().eq_ignore_ascii_case(name)
    }

    /// The bytes of name and values.
    fn size(&self) -> usize {
        let values = match self {
            Self::Attribute { value, .. } | Self::Option { value, .. } => value.expose().len(),
            Self::Remove { old, .. } => old.expose().len(),
            Self::Replace { old, new, .. } => old.expose().len().saturating_add(new.expose().len()),
        };
        self.name().as_str().len().saturating_add(values)
    }
}

/// What a command about a name server says once: which one, and its new name.
const SUBJECTS_OF_NAME_SERVER: [&str; 2] = ["NameServer", "NewNameServer"];

/// An RRP command as a verb and lines, in the order in which they are sent.
///
/// At most 1,024 lines, and 1,000,000 bytes of names and values. `EntityName`, `DomainName`, every option and, in a
/// command about a name server, its name and its new name stand once. In a MOD command a value has no `=`: removing and
/// replacing are calls of their own.
///
/// ```
/// use rrp::command::RrpCommand;
///
/// let check = RrpCommand::new("check")?.attribute("EntityName", "Domain")?.attribute("DomainName", "example.com")?;
/// assert!(RrpCommand::new("mod")?.attribute("NameServer", "ns1.example.com=").is_err());
/// # Ok::<(), rrp::command::CommandError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RrpCommand {
    verb: Token,
    lines: Vec<RrpLine>,
    /// The bytes of the lines' names and values.
    size: usize,
}

impl RrpCommand {
    /// The most lines after the first. A limit of this crate.
    pub const MAX_LINES: usize = 1_024;
    /// The most bytes of names and values together. A limit of this crate.
    pub const MAX_SIZE: usize = 1_000_000;

    /// The command of this verb, without lines.
    ///
    /// # Errors
    /// [`CommandError`] if the verb is no word.
    pub fn new(verb: &str) -> Result<Self, CommandError> {
        let verb = Token::new(verb).map_err(|source| CommandError::text("command name", source))?;
        Ok(Self { verb, lines: Vec::new(), size: 0 })
    }

    pub(crate) fn of(verb: Verb) -> Self {
        Self { verb: Token::trusted(verb.as_str()), lines: Vec::new(), size: 0 }
    }

    /// Appends what a typed command holds, which is valid by its type.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.keep(RrpLine::Attribute { name: Token::trusted(name), value: Field::plain(value) });
        self
    }

    pub(crate) fn with_option(mut self, name: &'static str, value: &str) -> Self {
        self.keep(RrpLine::Option { name: Token::trusted(name), value: Field::plain(value) });
        self
    }

    pub(crate) fn with_field(mut self, name: &'static str, value: Field) -> Self {
        self.keep(RrpLine::Option { name: Token::trusted(name), value });
        self
    }

    pub(crate) fn with_lines(mut self, lines: &[RrpLine]) -> Self {
        for line in lines {
            self.keep(line.clone());
        }
        self
    }

    pub(super) fn shrink(&mut self) {
        self.lines.shrink_to_fit();
    }

    fn keep(&mut self, line: RrpLine) {
        self.size = self.size.saturating_add(line.size());
        self.lines.push(line);
    }

    /// Appends `name:value`.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no word, the value is empty or not a [`Value`], in a MOD has a
    /// `=`, `EntityName` or `DomainName` is there already, or there are too many lines.
    pub fn attribute(self, name: &str, value: &str) -> Result<Self, CommandError> {
        let token = self.name(name)?;
        if self.lines.iter().any(|line| line.is(name)) && self.is_subject(name) {
            return Err(CommandError::twice(name));
        }
        if name.eq_ignore_ascii_case("EntityName") && value.eq_ignore_ascii_case("NameServer") {
            // What was allowed of a domain may not have been allowed of a name server.
            for subject in SUBJECTS_OF_NAME_SERVER {
                let lines = || self.lines.iter().filter(|line| line.is(subject));
                if lines().count() > 1 || lines().any(|line| !matches!(line, RrpLine::Attribute { .. })) {
                    return Err(CommandError::twice(subject));
                }
            }
        }
        let value =
            if self.known_verb() == Some(Verb::Mod) { mod_field(name, value)? } else { field(name, value)? };
        self.push(RrpLine::Attribute { name: token, value })
    }

    /// Appends `name:old=`, which removes a value.
    ///
    /// # Errors
    /// [`CommandError`] as for [`attribute`](Self::attribute), and if the command is no MOD.
    pub fn remove(self, name: &str, old: &str) -> Result<Self, CommandError> {
        let (token, old) = self.mod_line(name, old)?;
        self.push(RrpLine::Remove { name: token, old })
    }

    /// Appends `name:old=new`, which replaces a value.
    ///
    /// # Errors
    /// [`CommandError`] as for [`attribute`](Self::attribute), if the command is no MOD, and if the two values together
    /// are longer than one may be: a line has an end.
    pub fn replace(self, name: &str, old: &str, new: &str) -> Result<Self, CommandError> {
        let (token, old) = self.mod_line(name, old)?;
        let new = mod_field(name, new)?;
        if old.expose().len().saturating_add(new.expose().len()) > Value::MAX_LEN {
            return Err(CommandError::too_large("pair of values", Value::MAX_LEN));
        }
        self.push(RrpLine::Replace { name: token, old, new })
    }

    /// Appends `-name:value`.
    ///
    /// # Errors
    /// [`CommandError`] if the name is no word, the value is empty or not a [`Value`], the option is
    /// there already, or there are too many lines.
    pub fn option(self, name: &str, value: &str) -> Result<Self, CommandError> {
        let token = self.option_name(name)?;
        let value = field(name, value)?;
        self.push(RrpLine::Option { name: token, value })
    }

    /// Appends `-name:value` with a secret value.
    ///
    /// # Errors
    /// [`CommandError`] as for [`option`](Self::option).
    pub fn secret_option(self, name: &str, value: Secret) -> Result<Self, CommandError> {
        let token = self.option_name(name)?;
        let value = secret(name, value)?;
        self.push(RrpLine::Option { name: token, value })
    }

    /// Whether the attribute says what the command is about: it stands once, and is not changed by a MOD.
    fn is_subject(&self, name: &str) -> bool {
        let among = |names: &[&str]| names.iter().any(|subject| subject.eq_ignore_ascii_case(name));
        let name_server = || {
            let entity = self.attribute_value("EntityName");
            entity.is_some_and(|entity| entity.expose().eq_ignore_ascii_case("NameServer"))
        };
        among(&["EntityName", "DomainName"]) || among(&SUBJECTS_OF_NAME_SERVER) && name_server()
    }

    fn name(&self, name: &str) -> Result<Token, CommandError> {
        Token::new(name).map_err(|source| CommandError::text(name, source))
    }

    fn option_name(&self, name: &str) -> Result<Token, CommandError> {
        if self.options().any(|(given, _)| given.as_str().eq_ignore_ascii_case(name)) {
            return Err(CommandError::twice(name));
        }
        self.name(name)
    }

    fn mod_line(&self, name: &str, old: &str) -> Result<(Token, Field), CommandError> {
        let token = self.name(name)?;
        if self.known_verb() != Some(Verb::Mod) {
            return Err(CommandError::only_in_mod(name));
        }
        if self.is_subject(name) {
            return Err(CommandError::subject(name));
        }
        Ok((token, mod_field(name, old)?))
    }

    fn push(mut self, line: RrpLine) -> Result<Self, CommandError> {
        if self.lines.len() >= Self::MAX_LINES {
            return Err(CommandError::too_many("line", Self::MAX_LINES));
        }
        if self.size.saturating_add(line.size()) > Self::MAX_SIZE {
            return Err(CommandError::too_large("command", Self::MAX_SIZE));
        }
        self.keep(line);
        Ok(self)
    }

    /// The verb, as given.
    #[must_use]
    pub const fn verb(&self) -> &Token {
        &self.verb
    }

    /// The verb, if it is one of the ten of RFC 2832.
    #[must_use]
    pub fn known_verb(&self) -> Option<Verb> {
        Verb::from_name(self.verb.as_str())
    }

    /// The lines after the first, in order.
    #[must_use]
    pub fn lines(&self) -> &[RrpLine] {
        &self.lines
    }

    /// The first plain value of this attribute or option; names compare as in [`same_name`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.lines.iter().find_map(|line| match line {
            RrpLine::Attribute { name: given, value } | RrpLine::Option { name: given, value } => {
                same_name(given.as_str().as_bytes(), name.as_bytes()).then_some(value)
            }
            RrpLine::Remove { .. } | RrpLine::Replace { .. } => None,
        })
    }

    /// The first value of this attribute, not of an option.
    #[must_use]
    pub fn attribute_value(&self, name: &str) -> Option<&Field> {
        self.lines.iter().find_map(|line| match line {
            RrpLine::Attribute { value, .. } if line.is(name) => Some(value),
            _ => None,
        })
    }

    /// The value of this option, named without its dash.
    #[must_use]
    pub fn option_value(&self, name: &str) -> Option<&Field> {
        self.options().find(|(given, _)| given.as_str().eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn options(&self) -> impl Iterator<Item = (&Token, &Field)> {
        self.lines.iter().filter_map(|line| match line {
            RrpLine::Option { name, value } => Some((name, value)),
            _ => None,
        })
    }
}

/// RRP has no empty values (RFC 2832 §7).
pub(super) fn field(name: &str, value: &str) -> Result<Field, CommandError> {
    if value.is_empty() {
        return Err(CommandError::text(name, TextError::empty("value")));
    }
    Field::new(name, value).map_err(|source| CommandError::text(name, source))
}

/// In a MOD `=` is an operator.
fn mod_field(name: &str, value: &str) -> Result<Field, CommandError> {
    ModValue::check(value)
        .and_then(|()| Field::new(name, value))
        .map_err(|source| CommandError::text(name, source))
}

pub(super) fn secret(name: &str, value: Secret) -> Result<Field, CommandError> {
    if value.expose().is_empty() {
        return Err(CommandError::text(name, TextError::empty("value")));
    }
    Field::secret(value).map_err(|source| CommandError::text(name, source))
}

impl fmt::Debug for RrpCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RrpCommand").field("verb", &self.verb).field("lines", &self.lines).finish()
    }
}

/// A raw RRP command whose effect is settled: [`Raw<Read>`] is a [`Query`], [`Raw<Write>`] a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw<E> {
    command: RrpCommand,
    declared: Option<Nature>,
    effect: PhantomData<E>,
}

impl Raw<Read> {
    /// A command that the table knows to read.
    ///
    /// # Errors
    /// [`CommandError`] if the table does not.
    pub fn query(command: RrpCommand) -> Result<Self, CommandError> {
        match Nature::of_rrp(&command).effect() {
            Effect::Read => Ok(Self { command, declared: None, effect: PhantomData }),
            Effect::Write => Err(CommandError::not_a_read(command.verb.as_str())),
            Effect::Session => Err(CommandError::of_the_session(command.verb.as_str())),
        }
    }

    /// A command that reads on the caller's word. If the word is wrong, the command may be executed twice.
    ///
    /// # Errors
    /// [`CommandError`] if it belongs to the session.
    pub fn declare_query(command: RrpCommand) -> Result<Self, CommandError> {
        match Nature::of_rrp(&command).effect() {
            Effect::Session => Err(CommandError::of_the_session(command.verb.as_str())),
            Effect::Read | Effect::Write => {
                Ok(Self { command, declared: Some(Nature::READ), effect: PhantomData })
            }
        }
    }
}

impl Raw<Write> {
    /// A command that writes, with the nature that the table gives it; an unknown verb is a write of unknown nature.
    ///
    /// # Errors
    /// [`CommandError`] if the table knows it to read, or as part of the session.
    pub fn change(command: RrpCommand) -> Result<Self, CommandError> {
        match Nature::of_rrp(&command).effect() {
            Effect::Write => Ok(Self { command, declared: None, effect: PhantomData }),
            Effect::Read => Err(CommandError::not_a_write(command.verb.as_str())),
            Effect::Session => Err(CommandError::of_the_session(command.verb.as_str())),
        }
    }

    /// A command that writes, with a nature on the caller's word.
    ///
    /// # Errors
    /// [`CommandError`] if the nature is not that of a write, or the command belongs to the session.
    pub fn declare_change(command: RrpCommand, nature: Nature) -> Result<Self, CommandError> {
        if Nature::of_rrp(&command).effect() == Effect::Session {
            return Err(CommandError::of_the_session(command.verb.as_str()));
        }
        match nature.effect() {
            Effect::Write => Ok(Self { command, declared: Some(nature), effect: PhantomData }),
            Effect::Read | Effect::Session => Err(CommandError::not_a_write(command.verb.as_str())),
        }
    }
}

impl<E> ToCommand for Raw<E> {
    fn to_command(&self) -> Command {
        match self.declared {
            Some(nature) => Command::declared(self.command.clone(), nature),
            None => Command::new(self.command.clone()),
        }
    }
}

impl<E> Sealed for Raw<E> {}
impl Query for Raw<Read> {}
impl Change for Raw<Write> {}
