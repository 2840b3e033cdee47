//! A pool, and somebody who counts: nobody waits for a slot longer than is promised.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rrp::dispatch::{GiveBack, JobId, Lane, Slot, Slots, Unavailable, Wish};
use rrp::pace::Shares;
use rrp::pool::Pool;

/// Slots of a pool. Of each wish it knows when it was made, and what the promise of [`rrp::pace::Queue`] comes to.
#[derive(Debug)]
pub(crate) struct Watched {
    pool: Pool,
    shares: Shares,
    waiting: HashMap<JobId, Waiting>,
    lanes: BTreeMap<Lane, Seen>,
    /// Moments, counted by what happens.
    moment: u64,
    /// Turns that were given: slots, but those for which somebody had his turn before.
    given: u64,
    /// And on which nothing was sent yet.
    pub(crate) unsent: Vec<Slot>,
    /// How many thousandths of what is promised the longest wait was.
    pub(crate) worst: u64,
}

#[derive(Debug)]
struct Waiting {
    wish: Wish,
    since: u64,
    /// Slots that were given before.
    before: u64,
    /// Which of its caller's it is in its lane, counted from 1.
    nth: u64,
    /// Those that may have had their turn already, and wait for another session than the one that is free.
    parked: u64,
    /// It has had its turn.
    follows: bool,
}

/// What was seen of a lane.
#[derive(Debug, Default)]
struct Seen {
    callers: HashMap<Arc<str>, u64>,
    /// How many callers there were when, without those moments after which there were as many or more.
    most: Vec<(u64, u64)>,
    /// When nobody waited any more.
    emptied: u64,
}

impl Watched {
    pub(crate) fn new(pool: Pool, shares: Shares) -> Self {
        Self {
            pool,
            shares,
            waiting: HashMap::new(),
            lanes: Lane::ALL.map(|lane| (lane, Seen::default())).into(),
            moment: 0,
            given: 0,
            unsent: Vec::new(),
            worst: 0,
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether somebody who waits may have one of these sessions.
    pub(crate) fn takes_one_of(&self, sessions: &[u64]) -> bool {
        let fits = |wish: &Wish| sessions.iter().any(|session| wish.not_on != Some(*session));
        self.waiting.values().any(|waiting| fits(&waiting.wish))
    }

    fn count(&mut self, lane: Lane) {
        let seen = self.lanes.get_mut(&lane).unwrap();
        let callers = u64::try_from(seen.callers.len()).unwrap();
        while seen.most.last().is_some_and(|(_, least)| *least <= callers) {
            seen.most.pop();
        }
        seen.most.push((self.moment, callers));
        if callers == 0 {
            seen.emptied = self.moment;
            seen.most.clear();
        }
    }

    fn take(&mut self, job: JobId) -> Option<Waiting> {
        let waiting = self.waiting.remove(&job)?;
        let (lane, caller) = (waiting.wish.lane, &waiting.wish.caller);
        let callers = &mut self.lanes.get_mut(&lane).unwrap().callers;
        let left = callers.get_mut(caller).unwrap();
        *left -= 1;
        if *left == 0 {
            callers.remove(caller);
        }
        Some(waiting)
    }

    /// After so many slots at the most it was to have its own.
    fn bound(&self, waiting: &Waiting) -> u64 {
        let weight = |lane: Lane| u64::from(self.shares.weight(lane));
        let lane = &self.lanes[&waiting.wish.lane];
        let at = lane.most.partition_point(|(when, _)| *when < waiting.since);
        let callers = lane.most.get(at).map_or(1, |(_, callers)| *callers);
        let busy = Lane::ALL.into_iter().filter(|lane| {
            let seen = &self.lanes[lane];
            !seen.callers.is_empty() || seen.emptied >= waiting.since
        });
        let all: u64 = busy.map(weight).sum();
        waiting.nth * callers * all / weight(waiting.wish.lane) + 3 + waiting.parked
    }

    fn know(&mut self, wish: &Wish, follows: bool) {
        self.withdraw(wish.job);
        self.moment += 1;
        let parked = self.waiting.values().filter(|waiting| waiting.wish.not_on.is_some()).count();
        let callers = &mut self.lanes.get_mut(&wish.lane).unwrap().callers;
        let all = callers.entry(Arc::clone(&wish.caller)).or_default();
        *all += 1;
        let mut nth = *all;
        if wish.again && !follows {
            // It goes before what else its caller waits for.
            let own = |waiting: &&mut Waiting| {
                (waiting.wish.lane, &waiting.wish.caller) == (wish.lane, &wish.caller)
            };
            nth = 1;
            for waiting in self.waiting.values_mut().filter(own) {
                waiting.nth += 1;
                nth += u64::from(waiting.wish.again);
            }
        }
        let waiting = Waiting {
            wish: wish.clone(),
            since: self.moment,
            before: self.given,
            nth,
            parked: u64::try_from(parked).unwrap(),
            follows,
        };
        self.waiting.insert(wish.job, waiting);
        self.count(wish.lane);
    }
}

impl Slots for Watched {
    fn ask(&mut self, wish: Wish, now: Instant) {
        self.know(&wish, false);
        self.pool.ask(wish, now);
    }

    fn ask_next(&mut self, wish: Wish, now: Instant) {
        self.know(&wish, true);
        self.pool.ask_next(wish, now);
    }

    fn withdraw(&mut self, job: JobId) {
        self.pool.withdraw(job);
        if let Some(waiting) = self.take(job) {
            self.moment += 1;
            self.count(waiting.wish.lane);
        }
    }

    fn poll_slot(&mut self, now: Instant) -> Option<Slot> {
        let slot = self.pool.poll_slot(now)?;
        self.moment += 1;
        let known = self.waiting.get(&slot.job).expect("a slot for somebody who waits");
        self.given += u64::from(!known.follows);
        let (bound, waited) = (self.bound(known), self.given - known.before);
        assert_ne!(known.wish.not_on, Some(slot.session), "a session that it must not be");
        // Who waits for another session may wait for it to be opened.
        if known.wish.not_on.is_none() && !known.follows {
            assert!(waited <= bound, "slot {waited} of those since it was asked for, not {bound}: {known:?}");
            self.worst = self.worst.max(waited * 1_000 / bound);
        }
        let waiting = self.take(slot.job).expect("it waits");
        self.count(waiting.wish.lane);
        self.unsent.push(slot);
        Some(slot)
    }

    fn sent(&mut self, slot: Slot, now: Instant) {
        self.unsent.retain(|unsent| *unsent != slot);
        self.pool.sent(slot, now);
    }

    fn give_back(&mut self, slot: Slot, how: GiveBack, now: Instant) {
        self.unsent.retain(|unsent| *unsent != slot);
        self.pool.give_back(slot, how, now);
    }

    fn hold(&mut self, wait: Duration, now: Instant) {
        self.pool.hold(wait, now);
    }

    fn held_until(&self) -> Option<Instant> {
        self.pool.held_until()
    }

    fn unavailable(&self) -> Option<Unavailable> {
        self.pool.unavailable()
    }

    fn trouble(&self) -> Option<Unavailable> {
        self.pool.trouble()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.pool.poll_timeout()
    }
}

impl Deref for Watched {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl DerefMut for Watched {
    fn deref_mut(&mut self) -> &mut Pool {
        &mut self.pool
    }
}
