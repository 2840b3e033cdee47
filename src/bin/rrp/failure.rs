//! Why the program stops early, and how it says so.

use std::error::Error;
use std::io::{self, ErrorKind, Write};

use crate::exit::Exit;

/// Why a subcommand did not end well.
pub(crate) enum Failure {
    /// Something was refused, or did not come about.
    Refused(Refusal),
    /// The output cannot be written; the exit code that there would have been otherwise.
    Output(io::Error, Exit),
    /// The same after a write, of which somebody must hear what became of it.
    Fate {
        error: io::Error,
        exit: Exit,
        /// In one line.
        fate: String,
    },
}

/// What was refused, at which stage and why.
pub(crate) struct Refusal {
    stage: &'static str,
    what: String,
    source: Option<Box<dyn Error>>,
    hint: Option<String>,
    exit: Exit,
}

impl Refusal {
    /// A refusal of input at this stage. What the user or a peer wrote is escaped by the caller.
    pub(crate) fn new(stage: &'static str, what: impl Into<String>) -> Self {
        Self { stage, what: what.into(), source: None, hint: None, exit: Exit::Data }
    }

    /// A refusal of the command line or the configuration.
    pub(crate) fn usage(stage: &'static str, what: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(stage, what) }
    }

    /// With another exit code.
    pub(crate) const fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    pub(crate) fn is_exit(&self, exit: Exit) -> bool {
        self.exit == exit
    }

    /// With its cause.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// With a second line that says what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What was refused, and why, in one line.
    pub(crate) fn what(&self) -> String {
        match self.source.as_deref() {
            Some(source) => format!("{}: {}", self.what, chain(source)),
            None => self.what.clone(),
        }
    }

    /// Says it as a note: it stops nothing.
    pub(crate) fn note(&self, err: &mut dyn Write) {
        // A note that nobody sees is no failure.
        let _ = writeln!(err, "note: {}", self.what());
        if let Some(hint) = &self.hint {
            let _ = writeln!(err, "hint: {hint}");
        }
    }

    /// `rrp: stage: what: cause: cause of the cause`.
    fn line(&self) -> String {
        format!("rrp: {}: {}", self.stage, self.what())
    }
}

/// `error: cause: cause of the cause`.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = lowercase(&error.to_string());
    let mut next = error.source();
    while let Some(error) = next {
        line.push_str(": ");
        line.push_str(&lowercase(&error.to_string()));
        next = error.source();
    }
    line
}

/// With a small letter at the beginning, unless a word such as `UTF-8` stands there: the system begins its messages
/// with a capital.
fn lowercase(message: &str) -> String {
    let mut chars = message.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_ascii_lowercase() => {
            [first.to_ascii_lowercase(), second].into_iter().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}

impl Failure {
    /// Output that cannot be written where the task itself ended like this.
    pub(crate) fn output(exit: Exit) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Output(error, exit)
    }

    /// Says it on standard error, and gives the exit code.
    pub(crate) fn report(self, err: &mut dyn Write) -> Exit {
        let (refusal, exit) = match self {
            // Whoever read the output has enough.
            Self::Output(error, exit) if error.kind() == ErrorKind::BrokenPipe => return exit,
            Self::Output(error, exit) => {
                let refusal = Refusal::new("write", "cannot write the output").because(error);
                // What became of a command matters more than the paper it is written on.
                let exit = refusal.exit.worse(exit);
                (refusal, exit)
            }
            Self::Fate { error, exit, fate } => {
                let _ = writeln!(err, "{fate}");
                let refusal = Refusal::new("write", "cannot write the output").because(error);
                // Its own code tells what became of it; only "done" must not be believed to have been printed.
                let exit = if exit == Exit::Yes { refusal.exit } else { exit };
                (refusal, exit)
            }
            Self::Refused(refusal) => {
                let exit = refusal.exit;
                (refusal, exit)
            }
        };
        // If standard error cannot be written either, the status alone must say it.
        let _ = writeln!(err, "{}", refusal.line());
        if let Some(hint) = &refusal.hint {
            let _ = writeln!(err, "hint: {hint}");
        }
        exit
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// For `?` on writing alone: errors of reading become a [`Refusal`] where they happen.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error, Exit::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_stands_on_the_one_line() {
        let missing = io::Error::other("No such file");
        let refusal = Refusal::new("read", "cannot open `x`").because(missing);
        assert_eq!(refusal.line(), "rrp: read: cannot open `x`: no such file");
    }

    #[test]
    fn only_a_sentence_loses_its_capital() {
        assert_eq!(lowercase("Permission denied"), "permission denied");
        assert_eq!(lowercase("UTF-8 is wanted"), "UTF-8 is wanted");
        assert_eq!(lowercase(""), "");
    }
}
