//! One command and its reply, or the lack of one.

use bytes::{Bytes, BytesMut};

use super::event::CommandId;
use super::stage::Stage;
use crate::code::Context;
use crate::command::session::Session as Login;
use crate::command::{Command, Dialect, ToCommand};
use crate::reply::Reply;
use crate::wire::{EncodeError, encode};

#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) what: What,
    pub(super) context: Context,
    pub(super) encoded: Encoded,
    /// Whether a part of the reply was there before the command was written.
    pub(super) early: bool,
}

#[derive(Debug)]
pub(super) enum What {
    /// Kept until it is answered, for the registry may quote it.
    Login {
        login: Box<Login>,
        changes_password: bool,
    },
    Keepalive,
    Quit,
    Command {
        id: CommandId,
        command: Command,
    },
}

/// A command for the wire, which may hold secrets.
pub(super) struct Encoded(pub(super) Bytes);

impl core::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Nothing is handed over until somebody has looked whether anything is to be read.
    Check,
    /// It may be handed over.
    Checked,
    Write,
    FirstByte,
    Reply,
}

/// The first bytes of a connection, which often tell what service it is that does not greet.
#[derive(Default)]
pub(super) struct First(Vec<u8>);

impl First {
    /// So many are kept.
    const MAX: usize = 64;

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = Self::MAX.saturating_sub(self.0.len());
        self.0.extend(bytes.iter().take(room));
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for First {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Exchange {
    /// Not begun.
    pub(super) const fn new(what: What, context: Context, encoded: Encoded) -> Self {
        Self { what, context, encoded, early: false }
    }

    /// Whether the command has a secret.
    pub(super) fn has_secret(&self) -> bool {
        match &self.what {
            What::Login { .. } => true,
            What::Command { command, .. } => command.has_secret(),
            What::Keepalive | What::Quit => false,
        }
    }

    /// Whether a reply quotes a secret of the command, where no name tells that it is one.
    pub(super) fn is_quoted_in(&self, reply: &Reply) -> bool {
        match &self.what {
            What::Login { login, .. } => login.to_command().is_quoted_in(reply.bytes()),
            What::Command { command, .. } => command.is_quoted_in(reply.bytes()),
            What::Keepalive | What::Quit => false,
        }
    }

    pub(super) const fn stage(&self, phase: Phase) -> Stage {
        match (&self.what, phase) {
            (What::Login { .. }, _) => Stage::Login,
            (What::Quit, _) => Stage::Quit,
            (_, Phase::Check | Phase::Checked) => Stage::Check,
            (_, Phase::Write) => Stage::Write,
            (_, Phase::FirstByte) => Stage::FirstByte,
            (_, Phase::Reply) => Stage::Reply,
        }
    }
}

/// The command for the wire.
pub(super) fn encoded(command: &Command, dialect: Dialect) -> Result<Encoded, EncodeError> {
    // Most are shorter.
    let mut out = BytesMut::with_capacity(256);
    encode(command.body(), dialect, &mut out)?;
    Ok(Encoded(out.freeze()))
}
