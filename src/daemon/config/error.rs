//! Where a configuration is wrong, and how.

use core::error::Error;
use core::fmt;
use core::ops::Range;

type Cause = Box<dyn Error + Send + Sync>;

/// Why something is no configuration: where it stands, and what is wrong with it.
///
/// Never shows a secret, nor the line that is wrong: a password may stand in it.
#[derive(Debug)]
pub struct ConfigError {
    /// The file, or whatever else was read.
    name: Box<str>,
    place: Place,
    what: Box<str>,
    hint: Option<Box<str>>,
    source: Option<Cause>,
}

/// What part of a configuration something is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// All of it.
    Whole,
    /// Counted from 1; the column in characters.
    At { line: usize, column: Option<usize> },
    /// A variable of the environment.
    Variable(Box<str>),
}

impl Place {
    /// Where this byte of a text is.
    pub(super) fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()).saturating_add(1);
        Self::At { line, column: Some(column) }
    }

    /// As it stands at the beginning of a message, behind the name of the file.
    pub(super) fn write(&self, name: &str, f: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::Whole => write!(f, "`{}`", name.escape_debug()),
            Self::At { line, column: Some(column) } => {
                write!(f, "`{}`: line {line}, column {column}", name.escape_debug())
            }
            Self::At { line, column: None } => write!(f, "`{}`: line {line}", name.escape_debug()),
            Self::Variable(variable) => {
                write!(f, "environment variable `{}`", variable.escape_debug())
            }
        }
    }
}

impl ConfigError {
    pub(super) fn new(name: &str, place: Place, what: impl Into<Box<str>>) -> Self {
        Self { name: name.into(), place, what: what.into(), hint: None, source: None }
    }

    /// About the bytes of a text.
    pub(super) fn at(name: &str, text: &str, span: &Range<usize>, what: impl Into<Box<str>>) -> Self {
        Self::new(name, Place::of(text, span.start), what)
    }

    pub(super) fn hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn because(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same, where it stands in what this was made from.
    pub(super) fn moved(self, to: &dyn Fn(Place) -> Place) -> Self {
        Self { place: to(self.place), ..self }
    }

    /// What is wrong, without the place and the cause.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The line, counted from 1; `None` if no line is to blame.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self.place {
            Place::At { line, .. } => Some(line),
            Place::Whole | Place::Variable(_) => None,
        }
    }

    /// What to do, where something can be said that the message does not.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        self.place.write(&self.name, f)?;
        write!(f, ": {}", self.what)
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_counted_in_characters() {
        assert_eq!(Place::of("a\näb", 4), Place::At { line: 2, column: Some(2) });
        assert_eq!(Place::of("", 0), Place::At { line: 1, column: Some(1) });
        let error = ConfigError::at("x.toml", "a\nb", &(2..3), "`b` is wrong");
        assert_eq!(error.to_string(), "configuration: `x.toml`: line 2, column 1: `b` is wrong");
    }
}
