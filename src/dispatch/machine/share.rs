//! One command for several calls that ask the same.
//!
//! A call joins a query that waits, and of which nothing was sent yet, if no write to its object was asked since, and if
//! it does not wait longer so than alone. Where a query stands in line depends on its lane and on its caller's turn, so:
//!
//! - a call of the same caller in the same lane joins: its own would stand behind.
//! - a call of another caller, or in a less urgent lane, joins if the query stands first in its caller's line. It is sent
//!   in that caller's next turn.
//! - else the query moves to the line of the call, if that is as urgent at least and nothing stands in it. There it is
//!   first, as the call's own would be. So it moves once, and again only to a more urgent lane: nobody is put off by
//!   whoever joins later.
//! - else the call gets a command of its own.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::super::calls::{Call, CallId};
use super::super::config::Moment;
use super::super::job::{Job, Purpose, State, Work};
use super::super::slots::{JobId, Slots};
use super::super::upstream::Upstream;
use super::Dispatch;
use crate::command::Object;

/// Queries that others may join, and when writes were asked last.
#[derive(Debug)]
pub(super) struct Shared {
    /// By a hash of user and command, which two may have in common. There are few, and whoever chooses commands whose hashes
    /// collide gains nothing in a tree.
    queries: BTreeMap<u64, JobId>,
    /// The number of the last write to an object, by a part of the object's hash: two objects may share a place, and then
    /// a write to one is taken for one to both.
    written: Vec<u64>,
    /// The number of the last write to whatever object.
    any: u64,
    /// The number of the last write of which nobody knows to which objects.
    unknown: u64,
}

impl Default for Shared {
    fn default() -> Self {
        Self { queries: BTreeMap::new(), written: vec![0; Self::PLACES], any: 0, unknown: 0 }
    }
}

impl Shared {
    const PLACES: usize = 4_096;

    fn place(&mut self, object: &Object) -> Option<&mut u64> {
        // Not by a random key: a simulation is to go the same way each time.
        let mut hasher = DefaultHasher::new();
        object.hash(&mut hasher);
        let places = u64::try_from(self.written.len()).ok()?;
        let at = hasher.finish().checked_rem(places)?;
        self.written.get_mut(usize::try_from(at).ok()?)
    }

    /// A write to these objects is asked, by a job of this number.
    pub(super) fn write_asked(&mut self, objects: &[Object], number: u64) {
        self.any = number;
        if objects.is_empty() {
            self.unknown = number;
        }
        for object in objects {
            if let Some(last) = self.place(object) {
                *last = number;
            }
        }
    }

    /// Whether a write that this may show was asked since a job of that number.
    fn is_spoilt<U: Upstream>(&mut self, command: &U::Command, number: u64) -> bool {
        // What is not about one object by its name, such as a list, may show any.
        let objects = if U::is_about_objects(command) { U::objects(command) } else { Vec::new() };
        let own = objects.iter().filter_map(|object| self.place(object).map(|last| *last)).max();
        own.unwrap_or(self.any).max(self.unknown) > number
    }
}

/// A hash for what is compared afterwards anyway: who makes two alike only has them not found.
struct Quick(u64);

impl Quick {
    /// An odd number without pattern, 2⁶⁴ divided by the golden ratio.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    const fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(Self::FACTOR);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        self.mix(rest.iter().fold(1, |word, byte| word << 8 | u64::from(*byte)));
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// By what others find a query that ask the same, if they may at all.
    pub(super) fn share_key(&self, call: CallId, command: &U::Command) -> Option<u64> {
        if !self.config.coalesce || !U::is_shared(command) {
            return None;
        }
        let mut hasher = Quick(0);
        self.calls.get(&call)?.owner.user.hash(&mut hasher);
        U::hash(command, &mut hasher);
        Some(hasher.finish())
    }

    /// Whether a query is of the same user and the same to the byte.
    fn asks_the_same(&self, job: &Job<U>, call: &Call<U>, command: &U::Command) -> bool {
        let Work::Query(query) = &job.work else { return false };
        let others = job.calls.iter().find_map(|call| self.calls.get(&call));
        others.is_some_and(|other| other.owner.user == call.owner.user) && U::is_same(&query.command, command)
    }

    /// Whether the call joins a query that waits, as the [module](self) says. If there is none that it could ever join, its
    /// own may be the one for others: the key is left.
    pub(super) fn joins_query(
        &mut self,
        call: CallId,
        command: &U::Command,
        key: &mut Option<u64>,
        at: Moment,
    ) -> bool {
        let Some(id) = key.as_ref().and_then(|key| self.shared.queries.get(key)).copied() else {
            return false;
        };
        let (Some(known), Some(job)) = (self.calls.get(&call), self.jobs.get(&id)) else { return false };
        if !matches!(job.state(), State::Waiting(_)) || self.shared.is_spoilt::<U>(command, id.get()) {
            return false;
        }
        if !self.asks_the_same(job, known, command) {
            *key = None;
            return false;
        }
        let (lane, caller) = (known.lane, &known.caller);
        let same_line = job.lane == lane && job.caller == *caller;
        let goes_next = job.first && job.lane <= lane;
        if !same_line && !goes_next {
            if lane > job.lane || !self.callers.is_idle(caller, lane) {
                *key = None;
                return false;
            }
            let caller = Arc::clone(caller);
            self.unqueue(id);
            if let Some(job) = self.jobs.get_mut(&id) {
                job.lane = lane;
                job.caller = caller;
            }
            self.want(id, Purpose::Command, at);
        }
        self.join(call, id, true);
        true
    }

    /// From now on others may join this query.
    pub(super) fn share(&mut self, id: JobId) {
        if let Some(Job { work: Work::Query(query), .. }) = self.jobs.get(&id)
            && let Some(key) = query.shared
        {
            self.shared.queries.insert(key, id);
        }
    }

    /// From now on nobody joins this query.
    pub(super) fn unshare(&mut self, id: JobId) {
        if let Some(Job { work: Work::Query(query), .. }) = self.jobs.get_mut(&id)
            && let Some(key) = query.shared.take()
            && self.shared.queries.get(&key) == Some(&id)
        {
            self.shared.queries.remove(&key);
        }
    }
}
