//! What the owner of a dispatcher asks about its calls, and how it brings them to an end.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::super::calls::CallId;
use super::super::config::Moment;
use super::super::entry::{Entry, Ticket};
use super::super::job::{Job, Purpose, Work};
use super::super::slots::{JobId, Slots};
use super::super::snapshot::Snapshot;
use super::super::statistics::Statistics;
use super::super::told::{DoubtReason, Refused};
use super::super::upstream::Upstream;
use super::super::waiting::Waiting;
use super::Dispatch;
use crate::command::Object;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// Who waits for this command now.
    pub fn callers(&self, job: JobId) -> impl Iterator<Item = CallId> {
        self.jobs.get(&job).into_iter().flat_map(|job| job.calls.iter())
    }

    /// Who waits for the write or the settling of this ticket now.
    pub fn callers_of(&self, ticket: Ticket) -> impl Iterator<Item = CallId> {
        self.by_ticket.get(&ticket).into_iter().flat_map(|job| self.callers(*job))
    }

    /// The ticket of what this call waits for: since its intent was to be recorded, and until that is taken back because
    /// nothing was handed over. Without one, nothing was ever sent for the call.
    pub fn ticket(&self, call: CallId) -> Option<Ticket> {
        let job = self.jobs.get(&self.calls.get(&call)?.job?)?;
        match &job.work {
            Work::Query(_) => None,
            Work::Change(write) => write.entry.as_ref().map(|entry| entry.ticket()),
            Work::Settle(doubt) => Some(doubt.entry.ticket()),
        }
    }

    /// What is recorded, or about to be, of a write that is under way or in doubt. Of what is finished the journal tells.
    #[must_use]
    pub fn entry(&self, ticket: Ticket) -> Option<&Entry> {
        let job = self.by_ticket.get(&ticket).and_then(|id| self.jobs.get(id));
        match job.map(|job| &job.work) {
            Some(Work::Change(write)) => write.entry.as_deref(),
            Some(Work::Settle(doubt)) => Some(&doubt.entry),
            Some(Work::Query(_)) | None => self.memory.doubts.get(&ticket).map(|doubt| &doubt.entry),
        }
    }

    /// The oldest commands that are on their way or in line: so many at the most.
    #[must_use]
    pub fn waiting(&self, most: usize, now: Instant) -> Vec<Waiting> {
        self.jobs.iter().take(most).map(|(id, job)| self.waiting_one(id, job, now)).collect()
    }

    fn waiting_one(&self, id: JobId, job: &Job<U>, now: Instant) -> Waiting {
        let state = job.state();
        let name_of = |objects: &[Object]| objects.first().map(|object| object.name().into());
        let asks = |call| self.calls.get(&call).map(|call| Box::from(&*call.owner.user));
        let (name, object, user, entry, attempts) = match &job.work {
            Work::Query(query) => {
                let (name, objects) = (U::name(&query.command), U::objects(&query.command));
                let user = job.calls.iter().find_map(asks).unwrap_or_default();
                (name, name_of(&objects), user, None, job.attempts)
            }
            Work::Change(write) => {
                let (name, objects) = (U::name(&write.command), U::objects(&write.command));
                let user = (&*write.owner.user).into();
                (name, name_of(&objects), user, write.entry.as_deref(), write.handed_over)
            }
            Work::Settle(doubt) => {
                let intent = &doubt.entry.intent;
                let object = name_of(intent.sent.objects());
                (intent.sent.name(), object, intent.user.clone(), Some(&doubt.entry), doubt.entry.attempts)
            }
        };
        Waiting {
            job: id,
            name: name.into(),
            object,
            state: state.as_str(),
            purpose: state.purpose().unwrap_or(Purpose::Command).as_str(),
            lane: job.lane,
            user,
            caller: Arc::clone(&job.caller),
            calls: job.calls.iter().count(),
            ticket: entry.map(Entry::ticket),
            attempts,
            age: Duration::from_millis(self.clock(now).wrapping_sub(job.asked).into()),
        }
    }

    /// How many records the journal has not confirmed yet, those that it failed to write included.
    #[must_use]
    pub fn unrecorded(&self) -> usize {
        self.records.waiting()
    }

    /// How everything stands, out of counters.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        Snapshot {
            counts: self.jobs.counts(),
            calls: self.calls.len(),
            callers: self.callers.len(),
            doubts: self.memory.doubts.len(),
            unrecorded: self.records.waiting(),
            frozen: self.records.frozen().cloned(),
            held: self.held_until(now).map(|until| until.saturating_duration_since(now)),
            stopping: self.stopping,
        }
    }

    /// What it has counted since it began.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Begins nothing any more: what was not handed over is not sent, what is on the wire is finished and recorded, and what
    /// would have to be read back is left in doubt. Every call is told. It is over when there are no
    /// [`jobs`](Self::jobs) left, and nothing [`unrecorded`](Self::unrecorded).
    pub fn stop(&mut self, at: Moment) {
        self.stopping = true;
        self.pump(at);
    }

    /// While no session is to be had, or none will be, nobody waits for one.
    pub(super) fn check_available(&mut self, at: Moment) {
        let (why, reason) = match (self.stopping, self.slots.unavailable()) {
            (true, _) => (Refused::Stopped, DoubtReason::Stopped),
            (false, Some(why)) => (Refused::Unavailable(why), DoubtReason::Unavailable),
            (false, None) => return,
        };
        for id in self.jobs.idle() {
            let Some(job) = self.jobs.get(&id).filter(|job| job.state().is_idle()) else { continue };
            let looks = job.state().looks();
            self.unqueue(id);
            if looks {
                self.close_in_doubt(id, reason, at);
            } else {
                self.give_up(id, &why, at);
                // What is to be read back now waits for a session, too.
                if self.jobs.get(&id).is_some_and(|job| job.state().looks()) {
                    self.unqueue(id);
                    self.close_in_doubt(id, reason, at);
                }
            }
        }
    }
}
