//! Those whose turn it was when no session was free that they may have.

use std::collections::{BTreeMap, HashMap};

use crate::dispatch::{JobId, Wish};

/// They keep their turn: by it, and by the session that each must not have, so that nobody has to look at all of them.
#[derive(Debug, Default)]
pub(super) struct Parked {
    by_session: BTreeMap<u64, BTreeMap<u64, Wish>>,
    places: HashMap<JobId, (u64, u64)>,
    turns: u64,
}

impl Parked {
    /// Behind all others. Whoever may have any session is not parked.
    pub(super) fn push(&mut self, wish: Wish) {
        let Some(session) = wish.not_on else { return };
        self.turns = self.turns.saturating_add(1);
        self.places.insert(wish.job, (session, self.turns));
        self.by_session.entry(session).or_default().insert(self.turns, wish);
    }

    pub(super) fn remove(&mut self, job: JobId) -> Option<Wish> {
        let (session, turn) = self.places.remove(&job)?;
        let waiting = self.by_session.get_mut(&session)?;
        let wish = waiting.remove(&turn);
        if waiting.is_empty() {
            self.by_session.remove(&session);
        }
        wish
    }

    /// The first who may have one of these sessions.
    pub(super) fn first_for(&self, sessions: &[u64]) -> Option<JobId> {
        let takes = |not_on: &u64| sessions.iter().any(|session| session != not_on);
        self.firsts().filter(|(_, not_on, _)| takes(not_on)).min().map(|(.., job)| job)
    }

    /// The session that the first of all must not have.
    pub(super) fn first_not_on(&self) -> Option<u64> {
        self.firsts().min().map(|(_, not_on, _)| not_on)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The first of each session, by turn.
    fn firsts(&self) -> impl Iterator<Item = (u64, u64, JobId)> {
        self.by_session.iter().filter_map(|(session, waiting)| {
            let (turn, wish) = waiting.first_key_value()?;
            Some((*turn, *session, wish.job))
        })
    }
}
