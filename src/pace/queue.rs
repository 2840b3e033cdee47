//! Who goes next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::lane::Lane;
use super::shares::{ByLane, Shares};
use super::turns::Turns;

/// What waits to be sent for an account: in [lanes](Lane) that [share](Shares) its pace, and in each lane by caller.
///
/// Inside a lane the callers take turns, a command a turn; what one caller pushes into one lane comes out in that order, but
/// what has to be sent [again](Self::push_again) is first. Who comes joins the round at its end, and so does who had nothing
/// left and comes again. Taking something back costs no turn and gains none: a caller keeps his place while anything of his
/// waits.
///
/// **The bound.** A command that is the *k*-th of its caller in a lane with weight *w* comes out at the latest as number
///
/// > *k* · *n* · *W* / *w* + 3
///
/// of all that comes out from then on. Whatever its caller pushes again meanwhile counts into *k*; *n* is the most callers
/// that its lane has at any time meanwhile, its own included; *W* the weights of the lanes in which anybody waits meanwhile,
/// its own included. How much the others have queued does not matter, nor how they come, take back and go.
///
/// *Proof, of the lane.* Each lane has a debt. The lane with the least goes first; its debt is then taken from all (from
/// those that have less, what they have), and its price *K*/*w* put in the place of its own, where *K* is the same for all.
/// (That is start-time fair queueing, Goyal, Vin and Cheng 1996: the debt is by how much a lane's next start tag lies ahead
/// of the virtual time.) So no debt ever exceeds the lane's own price. Let virtual time be the sum of all that was taken.
/// While anything waits in lane *f*, never is more taken than it owes; its first command comes out when virtual time has
/// grown by just its debt, at most *K*/*w*, and its *j*-th when that has grown by at most *j*·*K*/*w*. Until then another
/// lane *i* gives something at most once in *K*/*wᵢ*, for a debt shrinks with virtual time only, also of a lane that is
/// empty or was in between: at most *j*·*wᵢ*/*w* + 1 commands. All others together, of weight *W* − *w* and at most
/// three: *j*·(*W* − *w*)/*w* + 3. With the *j* of its own that is *j*·*W*/*w* + 3.
///
/// *Of the caller.* When he comes, or his turn is over, at most *n* − 1 callers stand before him. Of those, each has one turn
/// and then stands behind him, or leaves, and others come behind him. So his *k*-th is at the latest number *j* = *k*·*n* of
/// the lane. ∎
///
/// Each call is O(log n) of what waits, which takes some 160 bytes each beside twice the item, and 260 more for each caller.
/// A caller is known while something of his waits. The queue is not bounded: whoever fills it asks its
/// [length](Self::len).
#[derive(Debug)]
pub struct Queue<T> {
    lanes: ByLane<Share<T>>,
    /// Where each command is.
    places: BTreeMap<u64, (Lane, u64)>,
    /// How many were ever pushed.
    next_number: u64,
}

#[derive(Debug)]
struct Share<T> {
    turns: Turns<T>,
    price: u64,
    debt: u64,
}

/// What waits in one [lane](Queue::lane).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    waiting: usize,
    callers: usize,
    oldest: Option<Instant>,
}

impl<T> Queue<T> {
    /// Nothing waits.
    #[must_use]
    pub fn new(shares: Shares) -> Self {
        let lanes = ByLane::new(|lane| Share { turns: Turns::new(), price: shares.price(lane), debt: 0 });
        Self { lanes, places: BTreeMap::new(), next_number: 0 }
    }

    /// Puts a command behind those of its caller. What waits under this id already, in whatever lane, is taken out and
    /// given back. `now` is no earlier than before.
    pub fn push(&mut self, id: u64, lane: Lane, caller: &Arc<str>, item: T, now: Instant) -> Option<T> {
        self.put(id, lane, caller, item, false, now)
    }

    /// As [`push`](Self::push), for a command that had its slot and needs another: before those of its caller that had
    /// none, behind those that came again earlier. It costs a turn like any other, and nobody but its caller waits longer
    /// for it.
    pub fn push_again(&mut self, id: u64, lane: Lane, caller: &Arc<str>, item: T, now: Instant) -> Option<T> {
        self.put(id, lane, caller, item, true, now)
    }

    fn put(
        &mut self,
        id: u64,
        lane: Lane,
        caller: &Arc<str>,
        item: T,
        again: bool,
        now: Instant,
    ) -> Option<T> {
        let replaced = self.remove(id);
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        self.places.insert(id, (lane, number));
        self.lanes.get_mut(lane).turns.push(number, (id, item), caller, again, now);
        replaced
    }

    /// Takes a command back; `None` if it does not wait.
    pub fn remove(&mut self, id: u64) -> Option<T> {
        let (lane, number) = self.places.remove(&id)?;
        self.lanes.get_mut(lane).turns.remove(number)
    }

    /// The next command, with its id.
    pub fn pop(&mut self) -> Option<(u64, T)> {
        let next = self.next()?;
        let passed = self.lanes.get(next).debt;
        for lane in Lane::ALL {
            let share = self.lanes.get_mut(lane);
            share.debt = share.debt.saturating_sub(passed);
        }
        let share = self.lanes.get_mut(next);
        share.debt = share.price;
        let (id, item) = share.turns.pop()?;
        self.places.remove(&id);
        Some((id, item))
    }

    /// The command that [`pop`](Self::pop) would give.
    #[must_use]
    pub fn peek(&self) -> Option<(u64, &T)> {
        self.lanes.get(self.next()?).turns.peek()
    }

    /// Whether a command waits.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.places.contains_key(&id)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What waits in a lane.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Waiting {
        let turns = &self.lanes.get(lane).turns;
        Waiting { waiting: turns.len(), callers: turns.callers(), oldest: turns.oldest() }
    }

    /// The lane that owes least of those in which somebody waits; of equal ones the most urgent.
    fn next(&self) -> Option<Lane> {
        let waiting = Lane::ALL.into_iter().filter(|lane| !self.lanes.get(*lane).turns.is_empty());
        waiting.min_by_key(|lane| self.lanes.get(*lane).debt)
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new(Shares::DEFAULT)
    }
}

impl Waiting {
    /// How many commands.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Of how many callers.
    #[must_use]
    pub const fn callers(&self) -> usize {
        self.callers
    }

    /// When the one that waits longest was pushed.
    #[must_use]
    pub const fn oldest(&self) -> Option<Instant> {
        self.oldest
    }
}
