//! Slots for APIs without sessions: so many requests at a time, at a rate.

use core::time::Duration;
use std::collections::VecDeque;
use std::time::Instant;

use super::slots::{GiveBack, JobId, Slot, Slots, Unavailable, Wish};
use crate::pace::{Pacer, Queue, Rate, Sending, Shares};

/// Slots for an API in which each request stands alone, as in HTTP: at most so many at a time, at a [`Rate`], in the order of
/// lanes and callers' turns ([`Queue`]). Each slot counts as a session of its own.
///
/// A request that was lost gives its place back at once: the rate is kept, but the API may still be busy with it. What could not
/// be sent is tried again at the rate, up to twenty times; whoever finds nobody to connect to can have all of them wait meanwhile
/// ([`Dispatch::hold`](super::Dispatch::hold)). Once an answer says that the credentials were refused
/// ([`Advice::StopLoggingIn`](crate::verdict::Advice::StopLoggingIn)), nothing more is sent until they are
/// [corrected](Self::credentials_corrected), or the process begins anew.
#[derive(Debug)]
pub struct Places {
    most: usize,
    queue: Queue<()>,
    /// Before all that waits for a turn.
    ahead: VecDeque<JobId>,
    pacer: Pacer,
    out: Vec<(Slot, Option<Sending>)>,
    next_session: u64,
    held: Option<Instant>,
    /// The credentials were refused.
    refused: bool,
    /// Slots from this session on have the credentials of now.
    since: u64,
}

impl Places {
    /// The longest hold, a day; whoever asks for a longer one is asked again then.
    pub const LONGEST_HOLD: Duration = Duration::from_secs(24 * 60 * 60);

    /// So many at a time, at least one; the first leaves one interval of the rate after `now`.
    #[must_use]
    pub fn new(most: usize, rate: Rate, now: Instant) -> Self {
        Self {
            most: most.max(1),
            queue: Queue::new(Shares::DEFAULT),
            ahead: VecDeque::new(),
            pacer: Pacer::new(rate, now),
            out: Vec::new(),
            next_session: 0,
            held: None,
            refused: false,
            since: 0,
        }
    }

    /// Whether the credentials were refused: nothing is sent, and who waits is told so, until somebody says that they are
    /// [corrected](Self::credentials_corrected).
    #[must_use]
    pub const fn are_credentials_refused(&self) -> bool {
        self.refused
    }

    /// The credentials are others now, or were right: requests are sent again. What is still said of those that were sent
    /// before counts no more.
    pub const fn credentials_corrected(&mut self) {
        self.refused = false;
        self.since = self.next_session.saturating_add(1);
    }

    /// Ends a hold before its time: what was asked for was wrong, or too long.
    pub const fn release(&mut self) {
        self.held = None;
    }

    /// How many requests have a place now.
    #[must_use]
    pub const fn busy(&self) -> usize {
        self.out.len()
    }

    /// Whether somebody waits, and only for a time. A slot that was given and not used yet holds the pace.
    fn is_free(&self) -> bool {
        let waits = !self.ahead.is_empty() || !self.queue.is_empty();
        let unused = self.out.iter().any(|(_, sending)| sending.is_none());
        let paced = !self.pacer.rate().is_unlimited();
        waits && !self.refused && self.out.len() < self.most && !(unused && paced)
    }

    /// For which time; `None` if for none.
    fn due(&self) -> Option<Instant> {
        self.pacer.next_at().max(self.held)
    }
}

impl Slots for Places {
    fn ask(&mut self, wish: Wish, now: Instant) {
        let Wish { job, lane, caller, again, .. } = wish;
        self.ahead.retain(|ahead| *ahead != job);
        if again {
            self.queue.push_again(job.get(), lane, &caller, (), now);
        } else {
            self.queue.push(job.get(), lane, &caller, (), now);
        }
    }

    fn ask_next(&mut self, wish: Wish, _now: Instant) {
        self.withdraw(wish.job);
        self.ahead.push_back(wish.job);
    }

    fn withdraw(&mut self, job: JobId) {
        self.ahead.retain(|ahead| *ahead != job);
        self.queue.remove(job.get());
    }

    fn poll_slot(&mut self, now: Instant) -> Option<Slot> {
        self.held = self.held.filter(|held| *held > now);
        if !self.is_free() || self.due().is_some_and(|due| due > now) {
            return None;
        }
        let first = self.ahead.pop_front();
        let job = first.or_else(|| self.queue.pop().map(|(job, ())| JobId::new(job)))?;
        self.next_session = self.next_session.saturating_add(1);
        let slot = Slot { job, session: self.next_session };
        self.out.push((slot, None));
        Some(slot)
    }

    fn sent(&mut self, slot: Slot, now: Instant) {
        if let Some((_, sending)) =
            self.out.iter_mut().find(|(out, sending)| *out == slot && sending.is_none())
        {
            *sending = Some(self.pacer.sent(now));
        }
    }

    fn give_back(&mut self, slot: Slot, how: GiveBack, now: Instant) {
        let Some(at) = self.out.iter().position(|(out, _)| *out == slot) else { return };
        let (_, sending) = self.out.swap_remove(at);
        if let (Some(sending), GiveBack::Alive) = (sending, how) {
            self.pacer.answered(sending, now);
        }
    }

    fn hold(&mut self, wait: Duration, now: Instant) {
        self.held = self.held.max(now.checked_add(wait.min(Self::LONGEST_HOLD)));
    }

    fn held_until(&self) -> Option<Instant> {
        self.held
    }

    fn credentials_refused(&mut self, slot: Slot) {
        self.refused |= slot.session >= self.since;
    }

    fn unavailable(&self) -> Option<Unavailable> {
        self.refused.then(|| Unavailable::new("the credentials were refused: correct them"))
    }

    fn trouble(&self) -> Option<Unavailable> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        // What is due already has been given out, unless somebody has asked since.
        if self.is_free() { self.due() } else { None }
    }
}
