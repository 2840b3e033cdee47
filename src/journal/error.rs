//! The error of a journal.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Scope;

/// What a journal was about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalStage {
    /// Opening it, and looking whether it is whole.
    Open,
    /// Reading what it remembers.
    Restore,
    /// Writing.
    Write,
    /// Checking it.
    Verify,
    /// Writing a copy of it, in whichever form.
    Copy,
    /// Closing it.
    Close,
}

impl JournalStage {
    /// The stage as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Restore => "restore",
            Self::Write => "write",
            Self::Verify => "verify",
            Self::Copy => "copy",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for JournalStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with a journal, or with what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalErrorKind {
    /// It has as many entries, or bytes, as it may. New tickets are refused, and nothing of the write was done; what becomes
    /// of known tickets is still written.
    Full,
    /// One entry is longer than any can be. Nothing of the write was done.
    TooLong,
    /// A ticket is that of another write, or of the same one that was sent before: two dispatchers write to this journal, or one
    /// began without what it has kept. Two that record the same write under one ticket before either has sent it are not seen. Nothing
    /// of the write was done, and nothing more is written until it is opened again.
    TicketTaken,
    /// More writes wait than may. Nothing of the write was done.
    Backlog,
    /// It was closed, or its thread is gone. Nothing of the write was done, unless it was waiting when the thread went.
    Closed,
    /// It is no journal, or what is in it is not what was written.
    Damaged,
    /// What it keeps of its account is not what was written. Its entries can be read and written, but no client begins on it
    /// before that is forgotten.
    AccountDamaged,
    /// A newer version of this program has written it, or what it keeps of its account.
    TooNew {
        /// The version of the format that it has.
        found: u64,
        /// The newest that is known here.
        known: u64,
    },
    /// It belongs to another account, or to another host.
    Foreign {
        /// Whose it is.
        found: Scope,
        /// Whose it should be.
        wanted: Scope,
    },
    /// Another process, or another handle in this one, has it open; or another client has it.
    Locked,
    /// Others than its owner may read or write the file: these are its mode's bits.
    Exposed(u32),
    /// There is no such file.
    Missing,
    /// There is something where a new file was to be written.
    Exists,
    /// The disk, or what the user may take of it, is full.
    NoSpace,
    /// A write could not be made durable. Nobody knows what the disk holds now, and nothing more is written.
    NotDurable,
    /// Anything else that the system refused.
    Io,
}

/// Why a journal did not do what it was asked.
///
/// `Display` is `journal: stage: cause`, with the file if there is one.
#[derive(Clone, Debug)]
pub struct JournalError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: JournalStage,
    kind: JournalErrorKind,
    what: Option<Box<str>>,
    path: Option<PathBuf>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl JournalError {
    /// An error, for whoever implements a [`Journal`](super::Journal).
    #[must_use]
    pub fn new(stage: JournalStage, kind: JournalErrorKind) -> Self {
        Self(Arc::new(Inner { stage, kind, what: None, path: None, source: None }))
    }

    /// The same with its cause. Nothing secret may be in it.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = Some(source.into());
        self.changed(|inner| inner.source = source)
    }

    /// The same with what was found, in a few words.
    pub(super) fn what(self, what: impl Into<Box<str>>) -> Self {
        let what = Some(what.into());
        self.changed(|inner| inner.what = what)
    }

    /// The same with its file.
    #[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "only files have a path"))]
    pub(super) fn at(self, path: Option<&Path>) -> Self {
        match path {
            Some(path) if self.0.path.is_none() => self.changed(|inner| inner.path = Some(path.to_owned())),
            _ => self,
        }
    }

    /// Changes an error that nobody shares yet.
    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    /// An error of the system.
    #[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "only files have these"))]
    pub(super) fn io(stage: JournalStage, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => JournalErrorKind::Missing,
            io::ErrorKind::AlreadyExists => JournalErrorKind::Exists,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                JournalErrorKind::NoSpace
            }
            // What the database says of something that is none.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => JournalErrorKind::Damaged,
            _ => JournalErrorKind::Io,
        };
        Self::new(stage, kind).because(error)
    }

    /// What it was about to do.
    #[must_use]
    pub fn stage(&self) -> JournalStage {
        self.0.stage
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &JournalErrorKind {
        &self.0.kind
    }

    /// The file, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Whether it is certain that nothing of the write was done.
    #[must_use]
    pub fn nothing_written(&self) -> bool {
        matches!(
            self.0.kind,
            JournalErrorKind::Full
                | JournalErrorKind::TooLong
                | JournalErrorKind::TicketTaken
                | JournalErrorKind::Backlog
        )
    }

    /// One sentence: what to do.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self.0.kind {
            JournalErrorKind::Full => {
                "settle or resolve what is in doubt, let finished entries expire, or allow more entries or a larger file"
            }
            JournalErrorKind::TooLong => "send a command with fewer lines",
            JournalErrorKind::TicketTaken => {
                "let one dispatcher write to it, and give that all that the journal has kept before it begins"
            }
            JournalErrorKind::Backlog => {
                "wait until earlier writes are done, and look whether the disk is slow"
            }
            JournalErrorKind::Closed => "open it again",
            JournalErrorKind::Damaged => {
                "put a backup in its place (`rrp journal restore`), and look at the registry for what was sent since"
            }
            JournalErrorKind::AccountDamaged => {
                "see that the account is not locked and its password right, then forget what was known of it (`rrp journal forget-account`)"
            }
            JournalErrorKind::TooNew { .. } => "use the version that wrote it, or a newer one",
            JournalErrorKind::Foreign { .. } => "give each account at each host a file of its own",
            JournalErrorKind::Locked => "ask whoever has it open, or stop that first",
            JournalErrorKind::Exposed(_) => {
                "see who has read it, then take the others' rights away: chmod 600"
            }
            JournalErrorKind::Missing => "look at the path",
            JournalErrorKind::Exists => "take another path, or move what is there aside",
            JournalErrorKind::NoSpace => "make space on the disk; it goes on by itself",
            JournalErrorKind::NotDurable => {
                "look at the disk and the system's log, then start again; what was written last may be lost"
            }
            JournalErrorKind::Io => "look at the disk and at the rights of file and directory",
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("journal")?;
        if let Some(path) = &self.0.path {
            write!(f, " `{}`", path.display().to_string().escape_debug())?;
        }
        write!(f, ": {}: ", self.0.stage)?;
        if let Some(what) = &self.0.what {
            return f.write_str(what);
        }
        match &self.0.kind {
            JournalErrorKind::Full => f.write_str("it is full"),
            JournalErrorKind::TooLong => f.write_str("an entry is too long"),
            JournalErrorKind::TicketTaken => f.write_str("a ticket is that of another write"),
            JournalErrorKind::Backlog => f.write_str("too many writes wait"),
            JournalErrorKind::Closed => f.write_str("it is closed"),
            JournalErrorKind::Damaged => f.write_str("it is damaged, or no journal"),
            JournalErrorKind::AccountDamaged => f.write_str("what it keeps of its account cannot be read"),
            JournalErrorKind::TooNew { found, known } => {
                write!(f, "it has format `{found}`, and this version knows formats up to `{known}`")
            }
            JournalErrorKind::Foreign { found, wanted } => {
                write!(f, "it belongs to {found}, not to {wanted}")
            }
            JournalErrorKind::Locked => f.write_str("another process has it open"),
            JournalErrorKind::Exposed(mode) => {
                write!(f, "others than its owner may read or write it (mode `{mode:o}`)")
            }
            JournalErrorKind::Missing => f.write_str("there is no such file"),
            JournalErrorKind::Exists => f.write_str("there is something already"),
            JournalErrorKind::NoSpace => f.write_str("there is no space left"),
            JournalErrorKind::NotDurable => f.write_str("what was written could not be made durable"),
            JournalErrorKind::Io => f.write_str("the system refused"),
        }
    }
}

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
