//! The queue written another way: start-time fair queueing as its paper has it, with tags that only grow, over plain lists.

use rrp::pace::{Lane, Shares};

/// A round of callers, each with the ids of his commands; the first has the turn.
#[derive(Default)]
pub(crate) struct Round {
    callers: Vec<(usize, Vec<u64>)>,
    /// The start tag of its next command, while it has one.
    start: Option<u128>,
    /// The finish tag of the command that it gave last.
    finish: u128,
}

/// Slow, and obvious.
pub(crate) struct Model {
    rounds: [Round; 4],
    shares: Shares,
    /// The start tag of the command that was given last.
    virtual_time: u128,
}

impl Model {
    pub(crate) fn new(shares: Shares) -> Self {
        Self { rounds: Default::default(), shares, virtual_time: 0 }
    }

    fn weight(&self, lane: usize) -> u64 {
        u64::from(self.shares.weight(Lane::ALL[lane]))
    }

    /// Behind all but so many of its caller's commands.
    pub(crate) fn push(&mut self, id: u64, lane: usize, caller: usize, before: usize) {
        self.remove(id);
        let round = &mut self.rounds[lane];
        if round.start.is_none() {
            round.start = Some(round.finish.max(self.virtual_time));
        }
        match round.callers.iter_mut().find(|(known, _)| *known == caller) {
            Some((_, commands)) => commands.insert(commands.len() - before, id),
            None => round.callers.push((caller, vec![id])),
        }
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let mut found = false;
        for round in &mut self.rounds {
            for (_, commands) in &mut round.callers {
                let before = commands.len();
                commands.retain(|known| *known != id);
                found |= commands.len() < before;
            }
            round.callers.retain(|(_, commands)| !commands.is_empty());
            if round.callers.is_empty() {
                round.start = None;
            }
        }
        found
    }

    pub(crate) fn pop(&mut self) -> Option<u64> {
        let lane = (0..4).filter(|lane| self.rounds[*lane].start.is_some());
        let lane = lane.min_by_key(|lane| self.rounds[*lane].start)?;
        let all: u128 = (0..4).map(|lane| u128::from(self.weight(lane))).product();
        let cost = all / u128::from(self.weight(lane));
        let round = &mut self.rounds[lane];
        self.virtual_time = round.start?;
        round.finish = self.virtual_time + cost;
        let (caller, mut commands) = round.callers.remove(0);
        let id = commands.remove(0);
        if !commands.is_empty() {
            round.callers.push((caller, commands));
        }
        round.start = (!round.callers.is_empty()).then_some(round.finish);
        Some(id)
    }
}
