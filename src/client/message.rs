//! What callers and the task say to each other.

use core::sync::atomic::Ordering;
use std::sync::Arc;

use super::orders::Order;
use super::password::PasswordError;
use super::snapshot::Snapshot;
use super::statistics::Statistics;
use crate::command::{Command, Safety};
use crate::concurrent::{AtomicBool, AtomicU64, OnceLock, OwnedSemaphorePermit, oneshot};
use crate::dispatch::{CallId, Entry, Options, Refused, Resolution, Ticket, Told, Waiting};
use crate::secret::Secret;

/// What a caller asks of the task. Each has a place, so that those under way are bounded; a call has one `Leave` behind it.
pub(super) enum Message {
    Call(Box<Call>),
    /// The caller does not wait any more.
    Leave(Arc<Mark>),
    Doubts {
        answer: oneshot::Sender<Vec<Entry>>,
        place: OwnedSemaphorePermit,
    },
    Snapshot {
        answer: oneshot::Sender<Snapshot>,
        place: OwnedSemaphorePermit,
    },
    Statistics {
        answer: oneshot::Sender<Statistics>,
        place: OwnedSemaphorePermit,
    },
    Entry {
        ticket: Ticket,
        answer: oneshot::Sender<Option<Entry>>,
        place: OwnedSemaphorePermit,
    },
    Waiting {
        most: usize,
        answer: oneshot::Sender<Vec<Waiting>>,
        place: OwnedSemaphorePermit,
    },
    Resolve {
        ticket: Ticket,
        resolution: Resolution,
        note: Box<str>,
        answer: oneshot::Sender<Result<(), Refused>>,
        place: OwnedSemaphorePermit,
    },
    /// The new password is stored: it is to be sent.
    ChangePassword {
        password: Secret,
        answer: oneshot::Sender<Result<(), PasswordError>>,
        place: OwnedSemaphorePermit,
    },
    /// What an operator wants done.
    Order {
        order: Order,
        place: OwnedSemaphorePermit,
    },
    Shutdown {
        over: oneshot::Sender<()>,
        place: OwnedSemaphorePermit,
    },
    RetryLogin,
}

pub(super) struct Call {
    pub(super) asked: Asked,
    pub(super) options: Options,
    pub(super) caller: Caller,
}

pub(super) enum Asked {
    Query(Command),
    Change(Command, Safety),
    Settle(Ticket),
}

/// Whom to tell.
pub(super) struct Caller {
    pub(super) done: oneshot::Sender<Told>,
    pub(super) mark: Arc<Mark>,
    /// Free again once the call is over.
    pub(super) place: OwnedSemaphorePermit,
}

/// What a caller must know even if the task is taken away and cannot tell it any more.
///
/// The task sets it before it does what it says, so that it never says less than what was done.
#[derive(Debug)]
pub(super) struct Mark {
    /// The ticket of the intent that went to the journal, unless it was taken back; or none.
    ticket: AtomicU64,
    /// Whether something was handed to a connection for it.
    sent: AtomicBool,
    /// The name of the call, once the task has begun it.
    call: OnceLock<CallId>,
}

/// No journal comes to this ticket.
const NO_TICKET: u64 = u64::MAX;

impl Mark {
    pub(super) const fn new() -> Self {
        Self { ticket: AtomicU64::new(NO_TICKET), sent: AtomicBool::new(false), call: OnceLock::new() }
    }

    /// An intent goes to the journal.
    pub(super) fn set_ticket(&self, ticket: Ticket) {
        self.ticket.store(ticket.get(), Ordering::SeqCst);
    }

    /// The journal has forgotten the intent, of which nothing was handed over.
    pub(super) fn unset_ticket(&self, ticket: Ticket) {
        let _ = self.ticket.compare_exchange(ticket.get(), NO_TICKET, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn ticket(&self) -> Option<Ticket> {
        let ticket = self.ticket.load(Ordering::SeqCst);
        (ticket != NO_TICKET).then(|| Ticket::new(ticket))
    }

    pub(super) fn set_sent(&self) {
        self.sent.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::SeqCst)
    }

    pub(super) fn set_call(&self, call: CallId) {
        // It is begun once.
        let _ = self.call.set(call);
    }

    pub(super) fn call(&self) -> Option<CallId> {
        self.call.get().copied()
    }
}
