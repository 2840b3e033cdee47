//! The right to send one command now.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use crate::pace::Lane;

/// A command on its way, from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number; later ones are greater.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What a job asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever gives slots needs each of these")]
pub struct Wish {
    /// Whose it is. A job has one wish at a time.
    pub job: JobId,
    /// How urgent it is.
    pub lane: Lane,
    /// On whose behalf: inside a lane, callers take turns.
    pub caller: Arc<str>,
    /// It has had a slot before: it goes before what else its caller asks for.
    pub again: bool,
    /// A session that it must not be.
    pub not_on: Option<u64>,
}

/// The right to send one command now: the pace allows it, and nobody else uses the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "whoever gives slots makes them")]
pub struct Slot {
    /// For whom.
    pub job: JobId,
    /// On which session, by a number that no other session ever has.
    pub session: u64,
}

/// What has become of the session of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever gives slots must handle each of these")]
pub enum GiveBack {
    /// It takes the next command.
    Alive,
    /// It has ended with the reply to the command.
    Closed,
    /// It has ended.
    Ended,
    /// It is to be ended: its login is lost.
    Evict,
}

/// Why no slot will come until somebody does something: the login was refused, say.
#[derive(Clone, PartialEq, Eq)]
pub struct Unavailable(Arc<str>);

impl Unavailable {
    /// For this reason: lowercase, without secrets.
    #[must_use]
    pub fn new(why: &str) -> Self {
        Self(why.into())
    }

    /// The reason.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whoever owns an account's sessions and pace, and hands out slots.
///
/// It belongs to the account: holds and limits are the same for every caller.
pub trait Slots {
    /// A job wants to send.
    fn ask(&mut self, wish: Wish, now: Instant);

    /// A job that has had its turn wants to send what that was for: the write whose object was read first, say. What was
    /// read must not grow old in a line, or it is read again and again, so this goes before all that waits for a turn.
    fn ask_next(&mut self, wish: Wish, now: Instant) {
        self.ask(wish, now);
    }

    /// It does not want to any more. Nothing happens if it had not asked, or has its slot.
    fn withdraw(&mut self, job: JobId);

    /// The next slot that is free now.
    fn poll_slot(&mut self, now: Instant) -> Option<Slot>;

    /// The command of a slot goes out now: its pace is paid from here on. What is given back without it was not sent.
    fn sent(&mut self, slot: Slot, now: Instant);

    /// A slot has been used.
    fn give_back(&mut self, slot: Slot, how: GiveBack, now: Instant);

    /// The registry has locked the account: nothing is sent for so long.
    fn hold(&mut self, wait: Duration, now: Instant);

    /// The credentials that came with the command of this slot were refused: to send more of them is to risk the account. Whoever
    /// logs in for a session, and not with each command, has this from the login itself, and does nothing here.
    fn credentials_refused(&mut self, _slot: Slot) {}

    /// Until when the account is locked, or held by an operator; `None` if it is not.
    fn held_until(&self) -> Option<Instant>;

    /// Why no slot will come until somebody does something.
    fn unavailable(&self) -> Option<Unavailable>;

    /// Why no slot has come yet, if something is wrong that may pass by itself.
    fn trouble(&self) -> Option<Unavailable>;

    /// When to ask [`poll_slot`](Self::poll_slot) again.
    fn poll_timeout(&self) -> Option<Instant>;
}
