//! Why a whole frame is not what it should be.

use core::fmt;

use crate::command::CommandError;

/// A frame that is no reply, or no command: which line, and why.
///
/// Shows names and positions, never a value. On a connection it means that request and reply may be out of step: the
/// connection is to be ended, and nothing on it to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    line: usize,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Empty,
    NoStatusLine,
    NoCode,
    InvalidCode,
    SecondCode,
    NoSeparator(char),
    NoName,
    Torn,
    NotUtf8,
    WrongBlock(&'static str),
    SecondBlock,
    NoCommand,
    SecondCommand,
    /// Boxed, for almost every frame is well-formed, and its reader moves this type about.
    Refused(Box<CommandError>),
}

impl Malformed {
    pub(crate) const fn new(line: usize, problem: Problem) -> Self {
        Self { line, problem }
    }

    /// The number of the line, from 1; 0 if it is about the whole frame.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The refusal of a part of a command, if that is the cause.
    #[must_use]
    pub fn command_error(&self) -> Option<&CommandError> {
        match &self.problem {
            Problem::Refused(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        match &self.problem {
            Problem::Empty => f.write_str("the frame is empty"),
            Problem::NoStatusLine => f.write_str("not three digits, a blank and a text"),
            Problem::NoCode => f.write_str("no return code in the reply"),
            Problem::InvalidCode => f.write_str("the return code is not three digits from `100` to `999`"),
            Problem::SecondCode => f.write_str("a second return code in one reply"),
            Problem::NoSeparator(separator) => write!(f, "no `{separator}` on the line"),
            Problem::NoName => f.write_str("no name before the separator"),
            Problem::Torn => f.write_str("a bare CR on the line"),
            Problem::NotUtf8 => f.write_str("not UTF-8"),
            Problem::WrongBlock(wanted) => write!(f, "not the `{wanted}` that should stand here"),
            Problem::SecondBlock => f.write_str("a second block in one frame"),
            Problem::NoCommand => f.write_str("no `command` in the block"),
            Problem::SecondCommand => f.write_str("a second `command` in one block"),
            Problem::Refused(_) => f.write_str("refused"),
        }
    }
}

impl core::error::Error for Malformed {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::Refused(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}
