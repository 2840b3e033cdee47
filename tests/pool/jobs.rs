//! The numbers of jobs.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use rrp::dispatch::{Config, Dispatch, GiveBack, JobId, Moment, Slot, Slots, Unavailable, Wish};
use rrp::settle::Keyed;

use crate::rig::WALL;
use crate::support::session::{base, check};

/// What gives jobs their numbers, which only a dispatcher does.
#[derive(Debug, Default)]
struct Asked(VecDeque<JobId>);

impl Slots for Asked {
    fn ask(&mut self, wish: Wish, _now: Instant) {
        self.0.push_back(wish.job);
    }
    fn withdraw(&mut self, _job: JobId) {}
    fn poll_slot(&mut self, _now: Instant) -> Option<Slot> {
        None
    }
    fn sent(&mut self, _slot: Slot, _now: Instant) {}
    fn give_back(&mut self, _slot: Slot, _how: GiveBack, _now: Instant) {}
    fn hold(&mut self, _wait: Duration, _now: Instant) {}
    fn held_until(&self) -> Option<Instant> {
        None
    }
    fn unavailable(&self) -> Option<Unavailable> {
        None
    }
    fn trouble(&self) -> Option<Unavailable> {
        None
    }
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

/// The names of jobs: 0, 1, 2 …
pub(crate) struct Jobs {
    dispatch: Dispatch<Asked>,
    ids: Vec<JobId>,
    numbers: BTreeMap<u64, usize>,
}

impl Jobs {
    pub(crate) fn new() -> Self {
        let dispatch = Dispatch::new(
            Config::new(1),
            Asked::default(),
            Keyed::new(&[7; 32]),
            [],
            1,
            Moment::new(base(), WALL),
        );
        Self { dispatch, ids: Vec::new(), numbers: BTreeMap::new() }
    }

    pub(crate) fn id(&mut self, number: usize) -> JobId {
        while self.ids.len() <= number {
            let at = Moment::new(base(), WALL);
            let call = self.dispatch.query(check(), rrp::dispatch::Options::new(), at);
            let id = self.dispatch.slots_mut().0.pop_front().expect("a query asks for a slot");
            self.dispatch.leave(call, at);
            while self.dispatch.poll_action().is_some() {}
            self.numbers.insert(id.get(), self.ids.len());
            self.ids.push(id);
        }
        self.ids[number]
    }

    pub(crate) fn number(&self, id: JobId) -> usize {
        self.numbers[&id.get()]
    }
}
