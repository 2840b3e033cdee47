//! One connection as the registry sees it.

use std::collections::VecDeque;
use std::time::Instant;

use super::wire::{Reader, Request, RequestError};
use crate::command::Dialect;

/// A connection of a [`Registry`](super::Registry), numbered from 1 in the order of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub(super) u64);

impl ConnectionId {
    /// The number: the nth connection of the registry, counted from 1.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Where a connection stands in figure 1 of RFC 2832 §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// PRE and, after one refusal, WFR.
    Waiting { refused: u8 },
    /// WFC.
    Done { registrar: String, since: Instant },
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) login: Login,
    pub(super) reader: Reader,
    /// What was read and waits for the command before it to be answered.
    pub(super) inbox: VecDeque<Result<Request, RequestError>>,
    /// The bytes that came since none waited.
    pub(super) inbox_bytes: usize,
    /// A command (or the greeting) is being answered.
    pub(super) busy: bool,
    /// The client has closed its side: the connection ends when all is answered.
    pub(super) eof: bool,
    /// Since when nothing has happened: the last answer.
    pub(super) idle_since: Instant,
    /// How long a pause faults have fired for already.
    pub(super) idle_fired: Option<core::time::Duration>,
    pub(super) commands: u64,
}

impl Connection {
    /// The most commands that may wait; a client that sends more is cut off.
    pub(super) const MAX_WAITING: usize = 1_024;
    /// The most bytes of them.
    pub(super) const MAX_WAITING_BYTES: usize = 8 * 1_024 * 1_024;

    pub(super) const fn new(dialect: Dialect, now: Instant) -> Self {
        Self {
            login: Login::Waiting { refused: 0 },
            reader: Reader::new(dialect),
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            busy: true,
            eof: false,
            idle_since: now,
            idle_fired: None,
            commands: 0,
        }
    }

    pub(super) fn registrar(&self) -> Option<&str> {
        match &self.login {
            Login::Done { registrar, .. } => Some(registrar),
            Login::Waiting { .. } => None,
        }
    }
}
