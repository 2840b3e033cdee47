//! Those whose turn it was when no session was free that they may have.

use std::collections::{BTreeMap, HashMap};

use crate::dispatch::JobId;

/// They keep their turn: by it, and by the session that each must not have, so that nobody has to look at all of them.
#[derive(Debug, Default)]
pub(super) struct Parked {
    by_session: BTreeMap<u64, BTreeMap<u64, JobId>>,
    places: HashMap<JobId, (u64, u64)>,
    turns: u64,
}

impl Parked {
    /// Behind all others. It must not have this session.
    pub(super) fn push(&mut self, job: JobId, session: u64) {
        self.turns = self.turns.saturating_add(1);
        self.places.insert(job, (session, self.turns));
        self.by_session.entry(session).or_default().insert(self.turns, job);
    }

    /// With the session that it must not have.
    pub(super) fn remove(&mut self, job: JobId) -> Option<u64> {
        // Mostly nobody is.
        if self.places.is_empty() {
            return None;
        }
        let (session, turn) = self.places.remove(&job)?;
        let waiting = self.by_session.get_mut(&session)?;
        waiting.remove(&turn);
        if waiting.is_empty() {
            self.by_session.remove(&session);
        }
        Some(session)
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
            let (turn, job) = waiting.first_key_value()?;
            Some((*turn, *session, *job))
        })
    }
}
