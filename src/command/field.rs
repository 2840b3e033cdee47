//! What stands behind a name on a line of a command, and why it may not.

use core::fmt;
use core::hash::{Hash, Hasher};

use crate::secret::{REDACTED, Secret, assigns_secret, is_secret_name};
use crate::text::{TextError, Token, Value};

/// The value of an attribute, an option or a parameter: a [`Value`], printed as `***` where its name says that it is
/// secret (see [`is_secret_name`]) or it was given as a [`Secret`].
#[derive(Clone)]
pub struct Field(Kind);

#[derive(Clone)]
enum Kind {
    Plain(Value),
    Secret(Secret),
}

impl Field {
    /// The value that goes by this name.
    ///
    /// # Errors
    /// [`TextError`] as for [`Value::new`].
    pub fn new(name: &str, value: &str) -> Result<Self, TextError> {
        if is_secret_name(name) {
            return Self::secret(value.into());
        }
        Value::new(value).map(Kind::Plain).map(Self)
    }

    /// A secret, whatever its name.
    ///
    /// # Errors
    /// [`TextError`] as for [`Value::new`].
    pub fn secret(secret: Secret) -> Result<Self, TextError> {
        Value::check("value", secret.expose())?;
        Ok(Self(Kind::Secret(secret)))
    }

    pub(crate) fn plain(value: &str) -> Self {
        Self(Kind::Plain(Value::trusted(value)))
    }

    /// The text, secret or not. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        match &self.0 {
            Kind::Plain(value) => value.as_str(),
            Kind::Secret(secret) => secret.expose(),
        }
    }

    /// The text, unless it is secret.
    #[must_use]
    pub const fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Kind::Plain(value) => Some(value.as_str()),
            Kind::Secret(_) => None,
        }
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Field {}

impl Hash for Field {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(value) if !assigns_secret(value) => fmt::Debug::fmt(value, f),
            _ => f.write_str(REDACTED),
        }
    }
}

/// Why a command cannot be made.
///
/// Never shows a value; the [`source`](core::error::Error::source) says which character is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError {
    /// The name of the attribute, option or parameter, or the part of the command.
    of: Box<str>,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Text(TextError),
    Twice,
    TooMany { max: usize },
    TooLarge { max: usize },
    OnlyInMod,
    Subject,
    NotARead,
    OfTheSession,
    NotAWrite,
    Range { min: u16, max: u16 },
}

/// Parts of a command as we call them.
const OUR_NAMES: [&str; 4] = ["command name", "header line", "parameter name", "command"];

impl CommandError {
    fn new(of: &str, problem: Problem) -> Self {
        // A name that is none may hold what was meant as a value.
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let shown = OUR_NAMES.contains(&of) || (of.len() <= Token::MAX_LEN && of.chars().all(letters));
        Self { of: if shown { of } else { "name" }.into(), problem }
    }

    pub(crate) fn text(of: &str, source: TextError) -> Self {
        Self::new(of, Problem::Text(source))
    }

    pub(crate) fn twice(of: &str) -> Self {
        Self::new(of, Problem::Twice)
    }

    pub(crate) fn too_many(of: &str, max: usize) -> Self {
        Self::new(of, Problem::TooMany { max })
    }

    pub(crate) fn too_large(of: &str, max: usize) -> Self {
        Self::new(of, Problem::TooLarge { max })
    }

    pub(crate) fn only_in_mod(of: &str) -> Self {
        Self::new(of, Problem::OnlyInMod)
    }

    pub(crate) fn subject(of: &str) -> Self {
        Self::new(of, Problem::Subject)
    }

    pub(crate) fn not_a_read(of: &str) -> Self {
        Self::new(of, Problem::NotARead)
    }

    pub(crate) fn of_the_session(of: &str) -> Self {
        Self::new(of, Problem::OfTheSession)
    }

    pub(crate) fn not_a_write(of: &str) -> Self {
        Self::new(of, Problem::NotAWrite)
    }

    pub(crate) fn range(of: &str, min: u16, max: u16) -> Self {
        Self::new(of, Problem::Range { min, max })
    }

    /// What it is about: the name of an attribute, an option or a parameter, or a part of the command. A name that
    /// cannot be one is `name`.
    #[must_use]
    pub const fn of(&self) -> &str {
        &self.of
    }

    /// The text that was refused, if it is about a text.
    #[must_use]
    pub const fn text_error(&self) -> Option<&TextError> {
        match &self.problem {
            Problem::Text(source) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = &self.of;
        match &self.problem {
            Problem::Text(_) => write!(f, "invalid text in `{of}`"),
            Problem::Twice => write!(f, "`{of}` is given twice"),
            Problem::TooMany { max } => write!(f, "more than {max} of `{of}`"),
            Problem::TooLarge { max } => write!(f, "`{of}` is larger than {max} bytes"),
            Problem::OnlyInMod => write!(f, "removing or replacing `{of}` is for the MOD command alone"),
            Problem::Subject => {
                write!(f, "`{of}` says what the command is about, and cannot be changed by it")
            }
            Problem::NotARead => {
                write!(
                    f,
                    "`{of}` is not known to be a command that only reads; declare it, or send it as a change"
                )
            }
            Problem::OfTheSession => {
                write!(f, "`{of}` belongs to the session: only the owner of the connection sends it")
            }
            Problem::NotAWrite => write!(f, "`{of}` is not a command that writes"),
            Problem::Range { min, max } => write!(f, "`{of}` is not between {min} and {max}"),
        }
    }
}

impl core::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::Text(source) => Some(source),
            _ => None,
        }
    }
}
