//! How a write ended, whoever told it: the library's client, or a daemon.

use rrp::dispatch::{DoubtReason, NotSent, Outcome, Refused, Summary, Ticket};
use rrp::settle::Proof;
use rrp::{Reply, ReturnCode};

use crate::failure::chain;
use crate::output::escape;

/// How a write ended.
pub(crate) struct Ended {
    pub(crate) fate: Fate,
    /// Its name in the journal; `None` if it was not sent.
    pub(crate) ticket: Option<Ticket>,
    /// Whether the journal has the outcome.
    pub(crate) recorded: Option<bool>,
    /// Whether it was done by an earlier call with the same key.
    pub(crate) replayed: bool,
    /// What is kept of an outcome.
    pub(crate) kept: Option<Kept>,
    pub(crate) reply: Option<Box<Reply>>,
    /// Why it is in doubt, or was not sent. Escaped.
    pub(crate) why: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    Refused,
    RefusedForNow,
    InDoubt,
    NotSent(Unsent),
}

/// Why it was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// The command or what is said beside it cannot be sent so.
    Usage,
    /// Its key is another command's; whose ticket.
    KeyConflict(Option<Ticket>),
    /// An earlier write to its object is in doubt.
    ObjectInDoubt(Ticket),
    /// The registry has locked the account.
    Held,
    Journal,
    /// Whoever sends has stopped.
    Stopped,
    Other,
}

/// What is kept of an outcome.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) proof: Proof,
    pub(crate) code: Option<ReturnCode>,
    pub(crate) text: String,
    pub(crate) pending: bool,
    pub(crate) job: Option<String>,
    pub(crate) expires: Option<String>,
}

impl From<&Summary> for Kept {
    fn from(summary: &Summary) -> Self {
        Self {
            proof: summary.proof(),
            code: summary.code(),
            text: summary.text().to_owned(),
            pending: summary.is_pending(),
            job: summary.job().map(str::to_owned),
            expires: summary.expires().map(str::to_owned),
        }
    }
}

impl Kept {
    /// Code and text, escaped, on one line.
    pub(crate) fn head(&self) -> Option<String> {
        let code = self.code?;
        Some(format!("{code} {}", escape(&self.text)).trim_end().to_owned())
    }
}

/// Why something is in doubt.
pub(crate) fn reason(reason: DoubtReason) -> String {
    match reason {
        DoubtReason::Deadline => OVER.to_owned(),
        reason => reason.to_string(),
    }
}

/// Why something is in doubt whose time to wait is over.
pub(crate) const OVER: &str = "nothing is known yet, and the time to wait (--wait) is over";

impl From<&Refused> for Unsent {
    fn from(why: &Refused) -> Self {
        match why {
            Refused::KeyConflict(ticket) => Self::KeyConflict(*ticket),
            Refused::ObjectInDoubt(ticket) => Self::ObjectInDoubt(*ticket),
            Refused::TooLong | Refused::WrongEffect | Refused::Encode(_) => Self::Usage,
            Refused::Journal(_) => Self::Journal,
            Refused::Held { .. } => Self::Held,
            Refused::Stopped => Self::Stopped,
            _ => Self::Other,
        }
    }
}

impl From<Result<Outcome, NotSent>> for Ended {
    fn from(told: Result<Outcome, NotSent>) -> Self {
        let nothing = |fate| Self {
            fate,
            ticket: None,
            recorded: None,
            replayed: false,
            kept: None,
            reply: None,
            why: String::new(),
        };
        match told {
            Ok(Outcome::Accepted(accepted)) => Self {
                ticket: Some(accepted.ticket()),
                recorded: Some(accepted.is_recorded()),
                replayed: accepted.is_replayed(),
                kept: Some(accepted.summary().into()),
                reply: accepted.reply().cloned().map(Box::new),
                ..nothing(Fate::Accepted)
            },
            Ok(Outcome::Refused(refusal)) => Self {
                ticket: Some(refusal.ticket()),
                recorded: Some(refusal.is_recorded()),
                kept: Some(refusal.summary().into()),
                reply: refusal.reply().cloned().map(Box::new),
                ..nothing(if refusal.is_for_now() { Fate::RefusedForNow } else { Fate::Refused })
            },
            // It is in the journal, as open at least.
            Ok(Outcome::InDoubt(doubt)) => {
                Self { ticket: Some(doubt.ticket()), why: reason(doubt.reason()), ..nothing(Fate::InDoubt) }
            }
            Err(not_sent) => {
                Self { why: escape(&chain(not_sent.why())), ..nothing(Fate::NotSent(not_sent.why().into())) }
            }
        }
    }
}
