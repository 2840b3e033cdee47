//! What callers are told.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use super::entry::{Summary, Ticket};
use super::slots::Unavailable;
use super::upstream::{Rrp, Upstream};
use crate::code::ReturnCode;
use crate::date::RegistryDate;
use crate::reply::Row;
use crate::verdict::Verdict;
use crate::wire::EncodeError;

/// The answer to a query, and what it means.
#[derive(Clone, Debug)]
pub struct Answer<U: Upstream = Rrp> {
    pub(super) reply: U::Reply,
    pub(super) verdict: Verdict,
}

impl<U: Upstream> Answer<U> {
    /// The whole reply.
    #[must_use]
    pub const fn reply(&self) -> &U::Reply {
        &self.reply
    }

    /// The whole reply, for keeps.
    #[must_use]
    pub fn into_reply(self) -> U::Reply {
        self.reply
    }

    /// What it means to the command.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }
}

impl Answer {
    /// The return code.
    #[must_use]
    pub const fn code(&self) -> ReturnCode {
        self.reply.code()
    }

    /// The values of a property (PTF) or an attribute (RRP), in the order in which they came.
    pub fn property<'r>(&'r self, name: &'r str) -> impl Iterator<Item = Cow<'r, str>> {
        self.reply.property(name)
    }

    /// The first value of a property or an attribute.
    #[must_use]
    pub fn first<'r>(&'r self, name: &'r str) -> Option<Cow<'r, str>> {
        self.reply.first(name)
    }

    /// The first value of a property or an attribute as a date, as the registry wrote it.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<RegistryDate> {
        self.reply.date(name)
    }

    /// The rows of a PTF list, each with the values of these columns: see [`Reply::rows`](crate::reply::Reply::rows).
    #[must_use]
    pub fn rows(&self, columns: &[&str]) -> Vec<Row<'_>> {
        self.reply.rows(columns)
    }

    /// That it is a success, and does not say what was asked.
    #[cfg(feature = "net")]
    pub(crate) fn unreadable(self, why: &'static str) -> QueryError {
        QueryError::Unreadable(Box::new(self), why)
    }
}

/// Why there is no answer to a query. None of these says "no".
#[derive(Debug)]
#[non_exhaustive]
pub enum QueryError<U: Upstream = Rrp> {
    /// It was never sent.
    Unsent(Refused),
    /// The registry refused it, for good or for now.
    Refused(Box<Answer<U>>),
    /// It was answered with a success that does not say what was asked, and why not. Only typed reading tells it: raw, it is
    /// an answer.
    Unreadable(Box<Answer<U>>, &'static str),
    /// It was sent, each time that there was a try for, and no reply came that answers it.
    Unanswered,
    /// The caller's time was over before an answer came.
    Deadline(Option<Unavailable>),
}

impl<U: Upstream> fmt::Display for QueryError<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(why) => write!(f, "query not sent: {why}"),
            Self::Refused(answer) => {
                write!(f, "query refused with `{}`", said::<U>(&answer.reply))
            }
            Self::Unreadable(answer, why) => {
                write!(f, "query answered with `{}`: {why}", said::<U>(&answer.reply))
            }
            Self::Unanswered => f.write_str("query sent, and not answered"),
            Self::Deadline(None) => f.write_str("query not answered before its deadline"),
            Self::Deadline(Some(why)) => write!(f, "query not answered before its deadline: {why}"),
        }
    }
}

/// Code and text of a reply, on one line.
pub(super) fn said<U: Upstream>(reply: &U::Reply) -> String {
    format!("{} {}", U::code(reply), U::text(reply).escape_debug())
}

impl<U: Upstream> Error for QueryError<U> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // What it says is said above.
            Self::Unsent(why) => why.source(),
            _ => None,
        }
    }
}

/// Why something was never sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refused {
    /// The dialect does not allow it.
    Encode(EncodeError),
    /// It is not of the effect that the call is for, or belongs to the session itself.
    WrongEffect,
    /// The caller's time was over, or did not suffice for a reply; and what stood in the way, if something did.
    Deadline(Option<Unavailable>),
    /// No session is to be had until somebody does something.
    Unavailable(Unavailable),
    /// Session after session ended before a byte was handed over.
    NoSession(Option<Unavailable>),
    /// The registry has locked the account (422), or an operator holds it, and the caller's time is over, or does not suffice
    /// for a reply, before that is.
    Held {
        /// So long it still lasts, as far as the registry's or the operator's word goes.
        left: Duration,
    },
    /// Too many commands of all callers together wait already.
    Backlog,
    /// So many calls of this caller wait already, which is the most for one. Others are not kept out.
    CallerBacklog(usize),
    /// The object could not be read before the write, and without that what becomes of a lost reply could not be proven.
    NoEarlierReading,
    /// The object has a write in doubt: settle that first.
    ObjectInDoubt(Ticket),
    /// The key was used for another command, or is under way with another safety; its ticket, if it has one by now.
    KeyConflict(Option<Ticket>),
    /// The user's name, the key or the list of objects is longer than it may be.
    TooLong,
    /// The journal did not take the intent, or cannot record an outcome.
    Journal(Arc<dyn Error + Send + Sync>),
    /// There is no such ticket, or it is forgotten by now.
    NoSuchTicket(Ticket),
    /// It is known what became of it.
    Finished(Ticket),
    /// Somebody is sending it, or reading what became of it.
    UnderWay(Ticket),
    /// Whoever sends has stopped.
    Stopped,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(_) => f.write_str("not allowed by the dialect"),
            Self::WrongEffect => f.write_str("a query must read, a change must write"),
            Self::Deadline(None) => f.write_str("its deadline leaves no time for a reply"),
            Self::Deadline(Some(why)) => write!(f, "its deadline leaves no time for a reply: {why}"),
            Self::Unavailable(why) => write!(f, "no session: {why}"),
            Self::NoSession(None) => f.write_str("no session lasts until something is sent"),
            Self::NoSession(Some(why)) => write!(f, "no session lasts until something is sent: {why}"),
            Self::Held { left } => {
                // Never less than it is.
                let seconds = left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0));
                write!(f, "account is locked, by the registry or an operator, for another {seconds} s")
            }
            Self::Backlog => f.write_str("too many commands wait"),
            Self::CallerBacklog(most) => {
                write!(f, "`{most}` calls of this caller wait already, the most for one")
            }
            Self::NoEarlierReading => f.write_str("object could not be read before the write"),
            Self::ObjectInDoubt(ticket) => write!(f, "object has a write in doubt, ticket `{ticket}`"),
            Self::KeyConflict(Some(ticket)) => write!(f, "key belongs to another command, ticket `{ticket}`"),
            Self::KeyConflict(None) => f.write_str("key belongs to another command that is under way"),
            Self::TooLong => f.write_str("name of the user, key or list of objects is too long"),
            Self::Journal(_) => f.write_str("journal does not record"),
            Self::NoSuchTicket(ticket) => write!(f, "no ticket `{ticket}`"),
            Self::Finished(ticket) => write!(f, "ticket `{ticket}` is finished"),
            Self::UnderWay(ticket) => write!(f, "ticket `{ticket}` is being worked on"),
            Self::Stopped => f.write_str("client has stopped"),
        }
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(source) => Some(source),
            Self::Journal(source) => Some(&**source),
            _ => None,
        }
    }
}

/// A change that was never sent: not a byte of it. The command comes back.
#[derive(Debug)]
pub struct NotSent<U: Upstream = Rrp> {
    pub(super) command: Box<U::Command>,
    pub(super) why: Refused,
}

impl<U: Upstream> NotSent<U> {
    /// That this command was not sent.
    #[must_use]
    pub fn new(command: U::Command, why: Refused) -> Self {
        Self { command: Box::new(command), why }
    }

    /// The command.
    #[must_use]
    pub const fn command(&self) -> &U::Command {
        &self.command
    }

    /// The command, for keeps.
    #[must_use]
    pub fn into_command(self) -> U::Command {
        *self.command
    }

    /// Why.
    #[must_use]
    pub const fn why(&self) -> &Refused {
        &self.why
    }
}

impl<U: Upstream> fmt::Display for NotSent<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command `{}` not sent: {}", U::name(&self.command).escape_debug(), self.why)
    }
}

impl<U: Upstream> Error for NotSent<U> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // What it says is said above.
        self.why.source()
    }
}

/// How a change ended. Every change that was sent ends in one of these, once.
#[derive(Clone, Debug)]
#[must_use = "a change may be in doubt"]
#[expect(clippy::exhaustive_enums, reason = "whoever spends money must handle each of these")]
pub enum Outcome<U: Upstream = Rrp> {
    /// It was done, or accepted to be done.
    Accepted(Accepted<U>),
    /// It was not done.
    Refused(Refusal<U>),
    /// Nobody knows; the ticket names it.
    InDoubt(Doubt),
}

/// A change that was done, or accepted to be done.
#[derive(Clone, Debug)]
pub struct Accepted<U: Upstream = Rrp> {
    pub(super) ticket: Ticket,
    pub(super) summary: Summary,
    pub(super) reply: Option<U::Reply>,
    pub(super) recorded: bool,
    pub(super) replayed: bool,
}

impl<U: Upstream> Accepted<U> {
    /// Its name in the journal.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// What is kept of it: on what it rests, the code, the text.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Whether it is only accepted, and done later.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.summary.is_pending()
    }

    /// The name of the job that does it later.
    #[must_use]
    pub fn job(&self) -> Option<&str> {
        self.summary.job()
    }

    /// The expiration date, as the registry told it.
    #[must_use]
    pub fn expires(&self) -> Option<&str> {
        self.summary.expires()
    }

    /// The registry's reply to the command; `None` if it was lost and a read proved the change, or if it is long ago.
    #[must_use]
    pub const fn reply(&self) -> Option<&U::Reply> {
        self.reply.as_ref()
    }

    /// Whether the journal has it. If not, the truth of it holds all the same, but would not survive a crash.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Whether it was done by an earlier call with the same key.
    #[must_use]
    pub const fn is_replayed(&self) -> bool {
        self.replayed
    }
}

/// A change that was not done.
#[derive(Clone, Debug)]
pub struct Refusal<U: Upstream = Rrp> {
    pub(super) ticket: Ticket,
    pub(super) summary: Summary,
    pub(super) reply: Option<U::Reply>,
    pub(super) for_now: bool,
    pub(super) recorded: bool,
}

impl<U: Upstream> Refusal<U> {
    /// Its name in the journal.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// What is kept of it.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The code of the registry's refusal; `None` if no reply came and a read proved that nothing was done. Other APIs have
    /// words: see [`Summary::word`].
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        self.summary.code()
    }

    /// The registry's text, without secrets.
    #[must_use]
    pub fn text(&self) -> &str {
        self.summary.text()
    }

    /// The registry's last reply to the command.
    #[must_use]
    pub const fn reply(&self) -> Option<&U::Reply> {
        self.reply.as_ref()
    }

    /// Whether it failed for now, after all tries; a later change of the kind may succeed.
    #[must_use]
    pub const fn is_for_now(&self) -> bool {
        self.for_now
    }

    /// Whether the journal has it.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }
}

/// Why nobody knows what became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DoubtReason {
    /// The caller's time was over; it is still being worked on.
    Deadline,
    /// No read can prove what became of it.
    Unsettleable,
    /// What was read proves nothing: why.
    Unproved(&'static str),
    /// Its object could not be read.
    Unreadable(&'static str),
    /// No session is to be had for a read.
    Unavailable,
    /// It is still under way, and there is no room for one more who waits for it.
    UnderWay,
    /// Something about it is still pending at the registry.
    Pending,
    /// It was on its way when the process ended.
    Restored,
    /// Whoever sends has stopped, and it may have been sent.
    Stopped,
}

impl fmt::Display for DoubtReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline => f.write_str("the caller's time was over"),
            Self::Unsettleable => f.write_str("no read can prove what became of it"),
            Self::Unproved(why) => write!(f, "what was read proves nothing: {why}"),
            Self::Unreadable(why) => write!(f, "its object could not be read: {why}"),
            Self::Unavailable => f.write_str("no session is to be had for a read"),
            Self::UnderWay => f.write_str("it is still under way"),
            Self::Pending => f.write_str("something about it is still pending"),
            Self::Restored => f.write_str("it was on its way when the process ended"),
            Self::Stopped => f.write_str("the client has stopped, and it may have been sent"),
        }
    }
}

/// A change of which nobody knows what became of it.
#[derive(Clone, Debug)]
pub struct Doubt {
    pub(super) ticket: Ticket,
    pub(super) reason: DoubtReason,
    pub(super) recorded: bool,
}

impl Doubt {
    /// Of a write that may have been sent by somebody who is not there any more to tell.
    #[cfg(feature = "net")]
    pub(crate) const fn stopped(ticket: Ticket) -> Self {
        Self { ticket, reason: DoubtReason::Stopped, recorded: false }
    }

    /// Its name in the journal.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> DoubtReason {
        self.reason
    }

    /// Whether the journal has it.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }
}

impl From<Doubt> for Ticket {
    fn from(doubt: Doubt) -> Self {
        doubt.ticket
    }
}

impl From<&Doubt> for Ticket {
    fn from(doubt: &Doubt) -> Self {
        doubt.ticket
    }
}

/// What settling a doubt came to. It only reads.
#[derive(Clone, Debug)]
#[must_use = "it may still be in doubt"]
#[expect(clippy::exhaustive_enums, reason = "whoever spends money must handle each of these")]
pub enum Settled<U: Upstream = Rrp> {
    /// It was done.
    Applied(Accepted<U>),
    /// It was refused.
    Refused(Refusal<U>),
    /// It was not done, and is not sent again.
    NotApplied(Ticket),
    /// Nobody knows yet.
    StillInDoubt(Doubt),
}

/// What one call is told, once.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is one for each kind of call")]
pub enum Told<U: Upstream = Rrp> {
    /// To a query.
    Query(Result<Answer<U>, QueryError<U>>),
    /// To a change.
    Change(Result<Outcome<U>, NotSent<U>>),
    /// To somebody who settles.
    Settle(Result<Settled<U>, Refused>),
}
