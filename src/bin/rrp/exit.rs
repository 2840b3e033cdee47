//! The exit codes: one meaning each, whatever the subcommand.

use std::process::ExitCode;

/// For the help of the program and of every subcommand that talks to a registry.
pub(crate) const TABLE: &str = "\
Exit status:
  0  done, or the answer is yes
  1  answered, and the answer is no
  2  the command line or the configuration is wrong; nothing was sent
  3  refused for now, and sent twice it does no harm, or a read found no answer: ask again later
  4  refused for good
  5  in doubt: a write may have been executed, or may do harm if sent twice. Do not send it again; look first
  6  not sent: no connection, no login, or an earlier write to the object is in doubt
  7  input that cannot be read (nothing was sent), or output that cannot be written";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Yes,
    No,
    Usage,
    Temporary,
    Permanent,
    InDoubt,
    NotSent,
    Data,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Temporary => 3,
            Self::Permanent => 4,
            Self::InDoubt => 5,
            Self::NotSent => 6,
            Self::Data => 7,
        }
    }

    /// As a word for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Usage => "usage",
            Self::Temporary => "temporary",
            Self::Permanent => "permanent",
            Self::InDoubt => "in-doubt",
            Self::NotSent => "not-sent",
            Self::Data => "data",
        }
    }

    /// The one of two that the caller must hear of: doubt before everything, then what was not answered, then refusals,
    /// then a no.
    pub(crate) const fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Permanent => 2,
            Self::Temporary => 3,
            Self::NotSent => 4,
            Self::Data => 5,
            Self::Usage => 6,
            Self::InDoubt => 7,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code_once() {
        let all = [
            Exit::Yes,
            Exit::No,
            Exit::Usage,
            Exit::Temporary,
            Exit::Permanent,
            Exit::InDoubt,
            Exit::NotSent,
            Exit::Data,
        ];
        for exit in all {
            assert_eq!(TABLE.matches(&format!("\n  {}  ", exit.code())).count(), 1);
            assert_eq!(exit.worse(Exit::InDoubt), Exit::InDoubt);
            assert_eq!(exit.worse(Exit::Yes), exit);
        }
    }
}
