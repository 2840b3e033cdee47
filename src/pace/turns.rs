//! The callers of one lane take turns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// What waits in one lane: a round of callers, each with a line of commands. Whose turn it is gives the first of his
/// commands and goes to the end of the round, as does whoever comes; whoever has nothing left leaves it.
#[derive(Debug)]
pub(super) struct Turns<T> {
    /// By the number that a command got when it was pushed: the first has waited longest.
    commands: BTreeMap<u64, Waiter<T>>,
    callers: BTreeMap<Arc<str>, Caller>,
    /// The round: whose turn is next is first.
    round: BTreeMap<u64, Arc<str>>,
    next_turn: u64,
}

#[derive(Debug)]
struct Waiter<T> {
    id: u64,
    /// The one in `callers`, so that each name is held once.
    caller: Arc<str>,
    since: Instant,
    item: T,
}

#[derive(Debug)]
struct Caller {
    turn: u64,
    /// Numbers of commands that had a slot before: these are first.
    again: BTreeSet<u64>,
    /// Numbers of all others.
    commands: BTreeSet<u64>,
}

impl Caller {
    fn is_empty(&self) -> bool {
        self.again.is_empty() && self.commands.is_empty()
    }
}

impl<T> Turns<T> {
    pub(super) const fn new() -> Self {
        Self { commands: BTreeMap::new(), callers: BTreeMap::new(), round: BTreeMap::new(), next_turn: 0 }
    }

    /// `number` is higher than that of any command before.
    pub(super) fn push(
        &mut self,
        number: u64,
        (id, item): (u64, T),
        caller: &Arc<str>,
        again: bool,
        since: Instant,
    ) {
        let known = self.callers.get_key_value(&**caller).map(|(name, _)| Arc::clone(name));
        let caller = known.unwrap_or_else(|| self.join(caller));
        if let Some(known) = self.callers.get_mut(&caller) {
            let commands = if again { &mut known.again } else { &mut known.commands };
            commands.insert(number);
        }
        self.commands.insert(number, Waiter { id, caller, since, item });
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let waiter = self.commands.remove(&number)?;
        if let Some(caller) = self.callers.get_mut(&waiter.caller) {
            let _ = caller.commands.remove(&number) || caller.again.remove(&number);
            // With something left he keeps his turn, whichever of his commands he took back.
            if caller.is_empty() {
                self.round.remove(&caller.turn);
                self.callers.remove(&waiter.caller);
            }
        }
        Some(waiter.item)
    }

    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let (_, name) = self.round.pop_first()?;
        let turn = self.turn();
        let caller = self.callers.get_mut(&name)?;
        let number = caller.again.pop_first().or_else(|| caller.commands.pop_first())?;
        let waiter = self.commands.remove(&number)?;
        if caller.is_empty() {
            self.callers.remove(&name);
        } else {
            caller.turn = turn;
            self.round.insert(turn, name);
        }
        Some((waiter.id, waiter.item))
    }

    pub(super) fn peek(&self) -> Option<(u64, &T)> {
        let (_, name) = self.round.first_key_value()?;
        let caller = self.callers.get(name)?;
        let waiter = self.commands.get(caller.again.first().or_else(|| caller.commands.first())?)?;
        Some((waiter.id, &waiter.item))
    }

    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    pub(super) fn callers(&self) -> usize {
        self.callers.len()
    }

    /// Since when the first has waited.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.commands.first_key_value().map(|(_, waiter)| waiter.since)
    }

    /// A caller comes, at the end of the round.
    fn join(&mut self, name: &Arc<str>) -> Arc<str> {
        let turn = self.turn();
        self.round.insert(turn, Arc::clone(name));
        self.callers
            .insert(Arc::clone(name), Caller { turn, again: BTreeSet::new(), commands: BTreeSet::new() });
        Arc::clone(name)
    }

    const fn turn(&mut self) -> u64 {
        let turn = self.next_turn;
        self.next_turn = turn.saturating_add(1);
        turn
    }
}
