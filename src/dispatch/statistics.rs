//! What a dispatcher has counted since it began.

use core::time::Duration;

use super::entry::Standing;
use super::job::{Purpose, Work};
use super::upstream::Upstream;
use crate::code::ReturnCode;
use crate::retry::Attempt;
use crate::verdict::Class;

/// What kind of command was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sort {
    /// Somebody's query.
    Read,
    /// Somebody's change.
    Write,
    /// A read for a change: before it, or to learn what became of it.
    ReadBack,
    /// A login or a keepalive.
    Session,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::ReadBack, Self::Session];

    /// `read`, `write`, `read-back` or `session`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadBack => "read-back",
            Self::Session => "session",
        }
    }

    pub(super) const fn of<U: Upstream>(work: &Work<U>, purpose: Purpose) -> Self {
        match (purpose, work) {
            (Purpose::Command, Work::Query(_)) => Self::Read,
            (Purpose::Command, Work::Change(_)) => Self::Write,
            _ => Self::ReadBack,
        }
    }
}

/// Why a command was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing of it had been handed over.
    Unsent,
    /// No whole reply came.
    Unanswered,
    /// The reply had this code.
    Code(ReturnCode),
    /// The reply had a code that is no number.
    Answered,
    /// A read has proven that it was not applied.
    NotApplied,
}

impl Cause {
    pub(super) const fn of(attempt: Attempt, code: Option<ReturnCode>) -> Self {
        match (attempt, code) {
            (Attempt::Unsent, _) => Self::Unsent,
            (Attempt::Answered(_), Some(code)) => Self::Code(code),
            (Attempt::Answered(_), None) => Self::Answered,
            (Attempt::Unanswered, _) => Self::Unanswered,
        }
    }
}

/// How often something was answered in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    sort: Sort,
    class: Class,
    code: Option<ReturnCode>,
    count: u64,
}

impl Answered {
    /// What was answered.
    #[must_use]
    pub const fn sort(&self) -> Sort {
        self.sort
    }

    /// What the code meant to the command.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The code; `None` for all those together that have no number, or for which there was no room any more.
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        self.code
    }

    /// How often.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

/// Answers by what was answered, class and code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Vec<Answered>);

impl Answers {
    /// A registry has some forty codes, and each of them comes in one class or two.
    const MAX: usize = 192;

    pub(crate) fn add(&mut self, sort: Sort, class: Class, code: Option<ReturnCode>) {
        let Some(code) = code else { return self.add_other(sort, class) };
        let same =
            |known: &&mut Answered| known.code == Some(code) && known.sort == sort && known.class == class;
        if let Some(known) = self.0.iter_mut().find(same) {
            known.count = known.count.saturating_add(1);
        } else if self.0.len() < Self::MAX {
            self.0.push(Answered { sort, class, code: Some(code), count: 1 });
        } else {
            self.add_other(sort, class);
        }
    }

    /// There are at the most as many of these as there are sorts and classes.
    fn add_other(&mut self, sort: Sort, class: Class) {
        let same = |known: &&mut Answered| known.code.is_none() && known.sort == sort && known.class == class;
        match self.0.iter_mut().find(same) {
            Some(known) => known.count = known.count.saturating_add(1),
            None => self.0.push(Answered { sort, class, code: None, count: 1 }),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Answered> {
        self.0.iter().copied()
    }
}

/// How long something took, in buckets of fixed bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: [u64; Self::BOUNDS.len()],
    /// What took longer than the last bound.
    longer: u64,
    sum: Duration,
}

impl Histogram {
    /// Each bucket counts what took so long at the most, in milliseconds, and longer than the one before it.
    pub const BOUNDS: [u32; 16] =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000];

    pub(crate) fn add(&mut self, time: Duration) {
        let place = Self::BOUNDS.iter().position(|most| time <= Duration::from_millis(u64::from(*most)));
        let bucket = match place.and_then(|place| self.buckets.get_mut(place)) {
            Some(bucket) => bucket,
            None => &mut self.longer,
        };
        *bucket = bucket.saturating_add(1);
        self.sum = self.sum.saturating_add(time);
    }

    /// The bound of each bucket and how many are in it and in those before it, as Prometheus counts.
    pub fn cumulated(&self) -> impl Iterator<Item = (Duration, u64)> {
        let bounds = Self::BOUNDS.iter().map(|most| Duration::from_millis(u64::from(*most)));
        bounds.zip(self.buckets.iter().scan(0_u64, |sum, count| {
            *sum = sum.saturating_add(*count);
            Some(*sum)
        }))
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(self.longer, |sum, count| sum.saturating_add(*count))
    }

    /// How long all of them took together.
    #[must_use]
    pub const fn sum(&self) -> Duration {
        self.sum
    }
}

/// What became of something that was read back or settled, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    pub(super) begun: u64,
    pub(super) applied: u64,
    pub(super) not_applied: u64,
    pub(super) in_doubt: u64,
}

impl Results {
    pub(super) const fn begin(&mut self) {
        self.begun = self.begun.saturating_add(1);
    }

    pub(super) const fn end(&mut self, standing: &Standing) {
        let count = match standing {
            Standing::Accepted(_) => &mut self.applied,
            Standing::Refused { .. } | Standing::NotApplied => &mut self.not_applied,
            Standing::Open | Standing::InDoubt => &mut self.in_doubt,
        };
        *count = count.saturating_add(1);
    }

    /// How many were begun.
    #[must_use]
    pub const fn begun(&self) -> u64 {
        self.begun
    }

    /// It was applied.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// It was not.
    #[must_use]
    pub const fn not_applied(&self) -> u64 {
        self.not_applied
    }

    /// It is in doubt, as before.
    #[must_use]
    pub const fn in_doubt(&self) -> u64 {
        self.in_doubt
    }
}

/// What a dispatcher has counted since it began. Nothing is counted of what an earlier process did.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    pub(super) answers: Answers,
    pub(super) unanswered: [u64; 3],
    pub(super) resends: Vec<(Cause, u64)>,
    pub(super) queue: [Histogram; 2],
    pub(super) pace: [Histogram; 2],
    pub(super) read_backs: Results,
    pub(super) settlings: Results,
    pub(super) doubts: u64,
    pub(super) resolved: u64,
    /// When the last slot was given, on the dispatcher's small clock.
    pub(super) last_slot: u32,
}

/// The registry's codes after which something is sent again are a handful.
const MAX_CAUSES: usize = 64;

impl Statistics {
    /// Whole replies, by what they answered, class and code.
    pub fn answers(&self) -> impl Iterator<Item = Answered> {
        self.answers.iter()
    }

    /// Commands of this sort that were handed over, and had no whole reply.
    #[must_use]
    pub fn unanswered(&self, sort: Sort) -> u64 {
        place(sort).and_then(|at| self.unanswered.get(at)).copied().unwrap_or_default()
    }

    /// How often a command was sent again, and why. An attempt of which nothing was handed over counts, too.
    pub fn resends(&self) -> impl Iterator<Item = (Cause, u64)> {
        self.resends.iter().copied()
    }

    /// How long reads or writes waited for their first slot before they were the next in line.
    #[must_use]
    pub fn queue(&self, sort: Sort) -> Option<&Histogram> {
        place(sort).and_then(|at| self.queue.get(at))
    }

    /// How long they waited as the next in line: from when they were asked, or the slot before theirs was given. That is the account's
    /// pace, and where no session was free, the sessions.
    #[must_use]
    pub fn pace(&self, sort: Sort) -> Option<&Histogram> {
        place(sort).and_then(|at| self.pace.get(at))
    }

    /// Writes that were read back before their end, and what that showed. One may be read back several times.
    #[must_use]
    pub const fn read_backs(&self) -> Results {
        self.read_backs
    }

    /// Doubts that somebody had settled, and what that showed.
    #[must_use]
    pub const fn settlings(&self) -> Results {
        self.settlings
    }

    /// Writes that were left in doubt.
    #[must_use]
    pub const fn doubts(&self) -> u64 {
        self.doubts
    }

    /// Doubts that a person has resolved.
    #[must_use]
    pub const fn resolved(&self) -> u64 {
        self.resolved
    }

    pub(super) fn lost(&mut self, sort: Sort) {
        if let Some(count) = place(sort).and_then(|at| self.unanswered.get_mut(at)) {
            *count = count.saturating_add(1);
        }
    }

    /// It is known what became of a write, or will not be.
    pub(super) fn closed<U: Upstream>(&mut self, work: &Work<U>, standing: &Standing) {
        match work {
            Work::Settle(_) => self.settlings.end(standing),
            Work::Change(write) => {
                if *standing == Standing::InDoubt {
                    self.doubts = self.doubts.saturating_add(1);
                }
                // That it was not applied has been counted when it was found.
                if write.looking.is_some() {
                    self.read_backs.end(standing);
                }
            }
            Work::Query(_) => {}
        }
    }

    pub(super) fn resent(&mut self, cause: Cause) {
        let full = self.resends.len() >= MAX_CAUSES;
        match self.resends.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, count)) => *count = count.saturating_add(1),
            None if full => {}
            None => self.resends.push((cause, 1)),
        }
    }

    /// A slot was given, at this time; what it is for was asked then, if it is the first for it.
    pub(super) fn slot(&mut self, now: u32, first_for: Option<(Sort, u32)>) {
        if let Some((sort, asked)) = first_for
            && let Some(at) = place(sort)
            && let (Some(queue), Some(pace)) = (self.queue.get_mut(at), self.pace.get_mut(at))
        {
            let total = now.wrapping_sub(asked);
            let as_next = total.min(now.wrapping_sub(self.last_slot));
            pace.add(Duration::from_millis(as_next.into()));
            queue.add(Duration::from_millis(total.saturating_sub(as_next).into()));
        }
        self.last_slot = now;
    }
}

const fn place(sort: Sort) -> Option<usize> {
    match sort {
        Sort::Read => Some(0),
        Sort::Write => Some(1),
        Sort::ReadBack => Some(2),
        Sort::Session => None,
    }
}
