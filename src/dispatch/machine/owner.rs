//! What the owner of a dispatcher asks about its calls, and how it brings them to an end.

use super::super::config::Moment;
use super::super::entry::Ticket;
use super::super::job::{CallId, State, Work};
use super::super::slots::{JobId, Slots};
use super::super::told::{DoubtReason, Refused};
use super::Dispatch;

impl<S: Slots> Dispatch<S> {
    /// Who waits for this command now.
    pub fn callers(&self, job: JobId) -> &[CallId] {
        self.jobs.get(&job).map(|job| job.calls.as_slice()).unwrap_or_default()
    }

    /// Who waits for the write or the settling of this ticket now.
    pub fn callers_of(&self, ticket: Ticket) -> &[CallId] {
        self.by_ticket.get(&ticket).map(|job| self.callers(*job)).unwrap_or_default()
    }

    /// The ticket of what this call waits for: since its intent was to be recorded, and until that is taken back because
    /// nothing was handed over. Without one, nothing was ever sent for the call.
    pub fn ticket(&self, call: CallId) -> Option<Ticket> {
        let job = self.jobs.get(&self.calls.get(&call)?.job?)?;
        match &job.work {
            Work::Query { .. } => None,
            Work::Change(write) => write.entry.as_ref().map(|entry| entry.ticket()),
            Work::Settle(doubt) => Some(doubt.entry.ticket()),
        }
    }

    /// How many records the journal has not confirmed yet, those that it failed to write included.
    #[must_use]
    pub fn unrecorded(&self) -> usize {
        self.records.waiting()
    }

    /// The registry has locked the account, as it said to somebody else: nothing is sent for so long.
    pub fn hold(&mut self, wait: core::time::Duration, at: Moment) {
        self.slots.hold(wait, at.now);
        self.pump(at);
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
        let waits = |state: &State| matches!(state, State::Waiting(_) | State::Pausing(_) | State::Behind);
        let waiting: Vec<JobId> =
            self.jobs.iter().filter(|(_, job)| waits(&job.state)).map(|(id, _)| *id).collect();
        for id in waiting {
            let Some(job) = self.jobs.get(&id) else { continue };
            if !waits(&job.state) {
                continue;
            }
            let looks = job.state.looks();
            self.unqueue(id);
            if looks {
                self.close_in_doubt(id, reason, at);
            } else {
                self.give_up(id, &why, at);
                // What is to be read back now waits for a session, too.
                if self.jobs.get(&id).is_some_and(|job| job.state.looks()) {
                    self.unqueue(id);
                    self.close_in_doubt(id, reason, at);
                }
            }
        }
    }
}
