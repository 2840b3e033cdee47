//! How patient a dispatcher is.

use core::time::Duration;
use std::time::Instant;

use crate::command::Dialect;
use crate::pace::Lane;
use crate::retry::{Backoff, Budget};

/// Now, by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub(super) now: Instant,
    pub(super) wall: u64,
}

impl Moment {
    /// By a clock that never goes back, which all waiting follows, and by the wall in milliseconds of Unix time, which is
    /// written down, and by which a restart knows what is left of a lock and of lost sessions.
    #[must_use]
    pub const fn new(now: Instant, wall: u64) -> Self {
        Self { now, wall }
    }

    /// By the clock that never goes back.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// By the wall, in milliseconds of Unix time.
    #[must_use]
    pub const fn wall(&self) -> u64 {
        self.wall
    }
}

/// Numbers that a dispatcher goes by.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) dialect: Dialect,
    pub(super) tries: u32,
    pub(super) backoff: Backoff,
    pub(super) budget: Budget,
    pub(super) least_reply: Duration,
    pub(super) least_answer: Duration,
    pub(super) recent: Duration,
    pub(super) first_negative: Duration,
    pub(super) between_negatives: Duration,
    pub(super) first_negative_after_reply: Duration,
    pub(super) looks: u32,
    pub(super) queues: Queues,
    pub(super) settle_wait: Option<Duration>,
    pub(super) jobs: usize,
    pub(super) per_caller: usize,
    pub(super) coalesce: bool,
    pub(super) seed: u64,
}

/// Where registrations may wait in a queue of the registry's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Queues {
    /// Nowhere, until a reply of the registry says so of a zone (the last label of a name, or more). One answer of another API
    /// that says "accepted, not done yet" says so of all that is asked of it.
    #[default]
    Learnt,
    /// In all zones: a registration that is not found is never taken for not done.
    Everywhere,
    /// Nowhere, whatever replies say: for an API that calls everything pending and does it at once. If that is not so, what is
    /// not found yet is sent again.
    Nowhere,
}

impl Config {
    /// So many attempts that count, the first one included.
    pub const TRIES: u32 = 5;
    /// A change is sent only if the caller's time leaves so much for its reply: five seconds. What is sent and not answered
    /// in time is in doubt.
    pub const LEAST_REPLY: Duration = Duration::from_secs(5);
    /// A query is sent only if the caller's time leaves so much for its answer: half a second.
    pub const LEAST_ANSWER: Duration = Duration::from_millis(500);
    /// So old, a minute, may the reading of an object be that replaces one before an intent.
    pub const RECENT: Duration = Duration::from_secs(60);
    /// "Not found" or "unchanged" counts so long after the end of the session that lost the reply: a minute.
    pub const FIRST_NEGATIVE: Duration = Duration::from_secs(60);
    /// And counts again, and for good, so much later: ten seconds.
    pub const BETWEEN_NEGATIVES: Duration = Duration::from_secs(10);
    /// So many looks at an object that show nothing, and it is left to people.
    pub const LOOKS: u32 = 12;
    /// So many commands may wait or be under way.
    pub const JOBS: usize = 100_000;
    /// So many calls of one caller may wait or be under way.
    pub const PER_CALLER: usize = 50_000;

    /// The numbers above, one second to one minute of backoff, a budget of 100; a seed for jitter.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            dialect: Dialect::Xrrp,
            tries: Self::TRIES,
            backoff: Backoff::DEFAULT,
            budget: Budget::DEFAULT,
            least_reply: Self::LEAST_REPLY,
            least_answer: Self::LEAST_ANSWER,
            recent: Self::RECENT,
            first_negative: Self::FIRST_NEGATIVE,
            between_negatives: Self::BETWEEN_NEGATIVES,
            first_negative_after_reply: Duration::ZERO,
            looks: Self::LOOKS,
            queues: Queues::Learnt,
            settle_wait: None,
            jobs: Self::JOBS,
            per_caller: Self::PER_CALLER,
            coalesce: true,
            seed,
        }
    }

    /// With these rules for what is sent: those of the sessions.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// With so many attempts that count, at least one.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = tries.max(1);
        self
    }

    /// With this wait between attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// With this budget for attempts of the account.
    #[must_use]
    pub const fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// With so much of the caller's time left for an answer to a query, or it is not sent.
    #[must_use]
    pub const fn least_answer(mut self, least: Duration) -> Self {
        self.least_answer = least;
        self
    }

    /// With so much of the caller's time left for the reply to a change, or nothing of it is sent.
    #[must_use]
    pub const fn least_reply(mut self, least: Duration) -> Self {
        self.least_reply = least;
        self
    }

    /// With these times after which "not found" counts: after the end of a session that lost the reply, after a whole
    /// reply, and once more so much later.
    ///
    /// A registry that executes a lost command later than the first of them defeats any client.
    #[must_use]
    pub const fn negatives(mut self, after_loss: Duration, after_reply: Duration, again: Duration) -> Self {
        self.first_negative = after_loss;
        self.first_negative_after_reply = after_reply;
        self.between_negatives = again;
        self
    }

    /// With what is known of the registry's queues.
    #[must_use]
    pub fn queues(mut self, queues: Queues) -> Self {
        self.queues = queues;
        self
    }

    /// With so much time, at the most, for whoever waits for a change that is to be read back, from when that begins; whoever
    /// joins it later by its key has so much from then. Its deadline comes as much earlier: it is told that the change is in
    /// doubt, and the reading goes on without it. `None`, which is the default, leaves every caller its own deadline.
    #[must_use]
    pub const fn settle_wait(mut self, most: Option<Duration>) -> Self {
        self.settle_wait = most;
        self
    }

    /// With room for so many commands that wait or are under way.
    #[must_use]
    pub const fn jobs(mut self, most: usize) -> Self {
        self.jobs = most;
        self
    }

    /// With room for so many calls of one caller: no caller's backlog keeps others out. What a caller has left to itself
    /// does not count here.
    #[must_use]
    pub const fn per_caller(mut self, most: usize) -> Self {
        self.per_caller = most;
        self
    }

    /// Whether one command may answer several calls: queries that the table of natures lists as reads, of one user and
    /// the same to the byte, before any of them was sent, and with no write to their object asked in between. On by
    /// default.
    #[must_use]
    pub const fn coalesce(mut self, coalesce: bool) -> Self {
        self.coalesce = coalesce;
        self
    }
}

/// What a caller says about one call.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(super) deadline: Option<Instant>,
    pub(super) user: Box<str>,
    pub(super) key: Option<Box<str>>,
    pub(super) lane: Lane,
    pub(super) caller: Box<str>,
}

impl Options {
    /// No deadline, no key, no name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this end of the caller's patience, queue included. What is on its way then goes on without the caller.
    #[must_use]
    pub const fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// On behalf of this user, at most [`Intent::MAX_USER`](super::Intent::MAX_USER) bytes. Keys are each user's own.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.user = user.into();
        self
    }

    /// In this lane. [`Lane::Settle`] is taken for [`Lane::Interactive`]: it is for what settles a doubt.
    #[must_use]
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane.max(Lane::Interactive);
        self
    }

    /// From this caller, at most [`Intent::MAX_USER`](super::Intent::MAX_USER) bytes: whoever takes turns with others, such
    /// as one connection of the user's. Without one, all of a user are one caller.
    #[must_use]
    pub fn caller(mut self, caller: &str) -> Self {
        self.caller = caller.into();
        self
    }

    /// With this key, at most [`Intent::MAX_KEY`](super::Intent::MAX_KEY) bytes: a change with a key that was already done
    /// is not done again but told again. The same key goes with the same command, to the byte; with another one it is
    /// refused ([`Refused::KeyConflict`](super::Refused::KeyConflict)).
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }
}
