//! Who waits, for what, and how many of whom.

use core::fmt;
use core::num::NonZeroU64;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::entry::Ticket;
use super::slots::JobId;
use super::upstream::Upstream;
use crate::command::Safety;
use crate::pace::Lane;

/// One call of somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(super) NonZeroU64);

impl CallId {
    /// Its number; later ones are greater.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a call wants to be told.
#[derive(Debug)]
pub(super) enum Asked<U: Upstream> {
    Query,
    Change { command: U::Command, safety: Safety },
    Settle(Ticket),
}

#[derive(Debug)]
pub(super) struct Call<U: Upstream> {
    pub(super) asked: Asked<U>,
    pub(super) deadline: Option<Instant>,
    pub(super) owner: Arc<Owner>,
    pub(super) lane: Lane,
    /// Who takes turns: the user, and whoever of the user's.
    pub(super) caller: Arc<str>,
    pub(super) job: Option<JobId>,
    /// Whether the job was begun by an earlier call.
    pub(super) joined: bool,
}

impl<U: Upstream> Call<U> {
    /// Whether it waits for a command to be sent, and not only for a read that settles one.
    pub(super) const fn wants_attempts(&self) -> bool {
        !matches!(self.asked, Asked::Settle(_))
    }
}

/// Whose a call is, and the key that it goes by.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) user: Arc<str>,
    pub(super) key: Option<Box<str>>,
}

/// The calls of one job. There may be many, and mostly there is one.
#[derive(Debug, Default)]
pub(super) struct Calls {
    wanting: Few,
    settling: Few,
}

impl Calls {
    pub(super) fn insert(&mut self, call: CallId, wants_attempts: bool) {
        if wants_attempts { self.wanting.insert(call) } else { self.settling.insert(call) }
    }

    pub(super) fn remove(&mut self, call: CallId) {
        self.wanting.remove(call);
        self.settling.remove(call);
    }

    /// Whether somebody waits for the command itself. Whoever only settles it has no use for another attempt.
    pub(super) const fn is_wanted(&self) -> bool {
        self.wanting.first.is_some()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.wanting.first.is_none() && self.settling.first.is_none()
    }

    /// Those that wait for the command itself.
    pub(super) fn wanting(&self) -> impl Iterator<Item = CallId> {
        self.wanting.iter()
    }

    /// Those that wait for the command, and then those that only settle it.
    pub(super) fn iter(&self) -> impl Iterator<Item = CallId> {
        self.wanting.iter().chain(self.settling.iter())
    }

    pub(super) fn take_settling(&mut self) -> impl Iterator<Item = CallId> + use<> {
        core::mem::take(&mut self.settling).into_iter()
    }

    /// The only one, taken out; `None` if there are several, or none.
    pub(super) fn take_only(&mut self) -> Option<CallId> {
        match (&mut self.wanting, &mut self.settling) {
            (Few { first, more: None }, Few { first: None, more: None }) => first.take(),
            _ => None,
        }
    }

    /// All of them, in the order in which they came.
    pub(super) fn take(&mut self) -> Vec<CallId> {
        let Self { wanting, settling } = core::mem::take(self);
        let mut all: Vec<CallId> = wanting.into_iter().chain(settling.into_iter()).collect();
        all.sort_unstable();
        all
    }
}

/// A set that holds its first without memory of its own.
#[derive(Debug, Default)]
struct Few {
    first: Option<CallId>,
    /// Mostly none, and then a third of its size.
    #[expect(clippy::box_collection, reason = "each command that waits has two")]
    more: Option<Box<BTreeSet<CallId>>>,
}

impl Few {
    fn insert(&mut self, call: CallId) {
        match self.first {
            None => self.first = Some(call),
            Some(first) if first != call => {
                self.more.get_or_insert_default().insert(call);
            }
            Some(_) => {}
        }
    }

    fn remove(&mut self, call: CallId) {
        if self.first == Some(call) {
            self.first = self.more.as_mut().and_then(|more| more.pop_first());
        } else if let Some(more) = &mut self.more {
            more.remove(&call);
        }
    }

    fn iter(&self) -> impl Iterator<Item = CallId> {
        self.first.into_iter().chain(self.more.iter().flat_map(|more| more.iter().copied()))
    }

    fn into_iter(self) -> impl Iterator<Item = CallId> {
        self.first.into_iter().chain(self.more.into_iter().flat_map(|more| *more))
    }
}

/// What there is of one caller.
#[derive(Debug)]
struct Load {
    name: Arc<str>,
    /// Since it called, and not only left something in line.
    owner: Option<Arc<Owner>>,
    calls: usize,
    /// How many jobs stand in line for it, by lane.
    in_line: [u32; Lane::ALL.len()],
}

impl Load {
    const fn new(name: Arc<str>) -> Self {
        Self { name, owner: None, calls: 0, in_line: [0; Lane::ALL.len()] }
    }

    /// Whether it waits for nothing.
    fn is_idle(&self) -> bool {
        self.calls == 0 && self.in_line.iter().all(|count| *count == 0)
    }
}

/// Callers that wait for something, each name held once.
#[derive(Debug, Default)]
pub(super) struct Callers {
    known: HashMap<Arc<str>, Load>,
    /// Who was the last that had nothing left: known as long as no other is, for mostly it comes again.
    last: Option<Arc<str>>,
    /// Where names are put together.
    name: String,
}

impl Callers {
    /// One more call of this caller. The names of its user and of itself are shared by all its calls.
    pub(super) fn enter(
        &mut self,
        user: &str,
        key: Option<Box<str>>,
        caller: &str,
    ) -> (Arc<Owner>, Arc<str>) {
        self.name.clear();
        self.name.extend([user, "\0", caller]);
        let load = match self.known.get_mut(&*self.name) {
            Some(load) => load,
            None => {
                let name: Arc<str> = self.name.as_str().into();
                self.known.entry(Arc::clone(&name)).or_insert_with(|| Load::new(name))
            }
        };
        let name = Arc::clone(&load.name);
        load.calls = load.calls.saturating_add(1);
        // With a zero byte in its name another user may have the same turns, but is not taken for it.
        let owner = match load.owner.take_if(|owner| *owner.user == *user) {
            Some(owner) => owner,
            None => Arc::new(Owner { user: user.into(), key: None }),
        };
        load.owner = Some(Arc::clone(&owner));
        match key {
            None => (owner, name),
            key => (Arc::new(Owner { user: Arc::clone(&owner.user), key }), name),
        }
    }

    /// One call of this caller is over.
    pub(super) fn leave(&mut self, caller: &str) {
        self.load(caller, |load| load.calls = load.calls.saturating_sub(1));
    }

    /// A job stands in line for this caller. Whether it is first there.
    pub(super) fn queue(&mut self, caller: &Arc<str>, lane: Lane) -> bool {
        let load = match self.known.get_mut(caller) {
            Some(load) => load,
            // It has left its job to itself.
            None => self.known.entry(Arc::clone(caller)).or_insert_with(|| Load::new(Arc::clone(caller))),
        };
        let Some(count) = load.in_line.get_mut(place(lane)) else { return false };
        *count = count.saturating_add(1);
        *count == 1
    }

    /// It does not any more.
    pub(super) fn unqueue(&mut self, caller: &str, lane: Lane) {
        self.load(caller, |load| {
            if let Some(count) = load.in_line.get_mut(place(lane)) {
                *count = count.saturating_sub(1);
            }
        });
    }

    fn load(&mut self, caller: &str, change: impl FnOnce(&mut Load)) {
        let Some(load) = self.known.get_mut(caller) else { return };
        change(load);
        if !load.is_idle() || self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &load.name)) {
            return;
        }
        let before = self.last.replace(Arc::clone(&load.name));
        if let Some(before) = before
            && self.known.get(&before).is_some_and(Load::is_idle)
        {
            self.known.remove(&before);
        }
    }

    /// How many calls of this caller there are.
    pub(super) fn calls(&self, caller: &str) -> usize {
        self.known.get(caller).map_or(0, |load| load.calls)
    }

    /// Whether nothing stands in line for this caller in this lane.
    pub(super) fn is_idle(&self, caller: &str, lane: Lane) -> bool {
        self.known.get(caller).is_none_or(|load| load.in_line.get(place(lane)) == Some(&0))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        let last = self.last.as_ref().and_then(|last| self.known.get(last));
        self.known.len().saturating_sub(usize::from(last.is_some_and(Load::is_idle)))
    }
}

const fn place(lane: Lane) -> usize {
    match lane {
        Lane::Settle => 0,
        Lane::Interactive => 1,
        Lane::Normal => 2,
        Lane::Bulk => 3,
    }
}
