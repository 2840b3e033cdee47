//! Commands onto the wire, and off it.

use core::fmt;

use bytes::BytesMut;

use super::deframe::{Frame, Grammar};
use super::malformed::Malformed;
use super::{ptf, rrp};
use crate::command::{Body, Dialect};
use crate::text::TextError;

/// Appends a command with its terminator: exactly one frame.
///
/// Nothing is appended if the dialect does not allow the command.
///
/// # Errors
/// [`EncodeError`] in [`Dialect::Rfc`] for what RFC 2832 §7 does not allow. [`Dialect::Xrrp`] takes every command.
pub fn encode(command: &Body, dialect: Dialect, out: &mut BytesMut) -> Result<(), EncodeError> {
    check(command, dialect)?;
    match command {
        Body::Rrp(command) => rrp::write_command(command, out),
        Body::Ptf(command) => ptf::write_command(command, out),
    }
    Ok(())
}

/// Whether the dialect allows the command.
pub(crate) fn check(command: &Body, dialect: Dialect) -> Result<(), EncodeError> {
    match (command, dialect) {
        (Body::Rrp(command), Dialect::Rfc) => rrp::check_rfc(command),
        (Body::Ptf(_), Dialect::Rfc) => Err(EncodeError(Problem::NoPtf)),
        (_, Dialect::Xrrp) => Ok(()),
    }
}

/// Reads the command in a frame, in the grammar that its first line announces.
///
/// Everything that the types refuse when a command is made is refused here too.
///
/// # Errors
/// [`Malformed`] with the line and the cause.
pub fn decode(frame: &Frame) -> Result<Body, Malformed> {
    match frame.grammar() {
        Grammar::Ptf => ptf::read_command(frame.bytes()).map(Body::Ptf),
        Grammar::Rrp | Grammar::Text => rrp::read_command(frame.bytes()).map(Body::Rrp),
    }
}

/// Reads the lines of a `[COMMAND]` block, each with its line end, without what ends it.
///
/// # Errors
/// [`Malformed`] as for [`decode`].
#[cfg(feature = "daemon")]
pub(crate) fn decode_ptf(lines: &[u8]) -> Result<crate::command::PtfCommand, Malformed> {
    ptf::read_command(lines)
}

/// Why a dialect does not allow a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError(Problem);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    NoPtf,
    UnknownVerb(Box<str>),
    NotSecondLevel(Box<str>),
    Text { of: Box<str>, source: TextError },
}

impl EncodeError {
    pub(crate) fn unknown_verb(verb: &str) -> Self {
        Self(Problem::UnknownVerb(verb.into()))
    }

    pub(crate) fn not_second_level(of: &str) -> Self {
        Self(Problem::NotSecondLevel(of.into()))
    }

    pub(crate) fn text(of: &str, source: TextError) -> Self {
        Self(Problem::Text { of: of.into(), source })
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not allowed by RFC 2832: ")?;
        match &self.0 {
            Problem::NoPtf => f.write_str("a PTF block"),
            Problem::UnknownVerb(verb) => write!(f, "command name `{verb}`"),
            Problem::NotSecondLevel(of) => write!(f, "`{of}` is no name of two labels"),
            Problem::Text { of, .. } => write!(f, "the text of `{of}`"),
        }
    }
}

impl core::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.0 {
            Problem::Text { source, .. } => Some(source),
            _ => None,
        }
    }
}
