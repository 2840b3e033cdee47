//! What a person says became of a write.

use super::super::calls::Asked;
use super::super::config::Moment;
use super::super::entry::{Put, Ticket};
use super::super::job::{Job, State, Work};
use super::super::resolution::Resolution;
use super::super::slots::{JobId, Slots};
use super::super::told::Refused;
use super::super::upstream::Upstream;
use super::{Dispatch, RecordId};
use crate::pace::Lane;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// Takes a person's word on a doubt, with a note for people, cut to [`Note::MAX_TEXT`](crate::dispatch::Note::MAX_TEXT).
    ///
    /// It holds once the record of that name is [written](Self::handle_recorded): the objects are free then, and the key
    /// goes by it. If it cannot be written, nothing has changed. Whoever asks meanwhile what became of it waits for that.
    ///
    /// # Errors
    /// [`Refused::NoSuchTicket`], [`Refused::Finished`], [`Refused::UnderWay`] if somebody is at it, [`Refused::Journal`]
    /// or [`Refused::Stopped`]. Nothing has changed.
    pub fn resolve(
        &mut self,
        ticket: Ticket,
        resolution: Resolution,
        note: &str,
        at: Moment,
    ) -> Result<RecordId, Refused> {
        if self.by_ticket.contains_key(&ticket) {
            return Err(Refused::UnderWay(ticket));
        }
        if self.memory.finished(ticket).is_some() {
            return Err(Refused::Finished(ticket));
        }
        let Some(mut doubt) = self.memory.doubts.get(&ticket).cloned() else {
            return Err(Refused::NoSuchTicket(ticket));
        };
        if self.stopping {
            return Err(Refused::Stopped);
        }
        if let Some(failure) = self.records.frozen() {
            return Err(Refused::Journal(failure.clone()));
        }
        let put = match resolution {
            Resolution::Applied | Resolution::NotApplied => {
                doubt.entry.resolve(resolution == Resolution::Applied, note, at.wall);
                doubt.entry.strip();
                Put::Entry(doubt.entry.clone())
            }
            Resolution::Forgotten => Put::Remove(ticket),
        };
        let id = JobId::new(self.number().get());
        let work = Work::Settle(Box::new(doubt));
        let job = Job::new(work, Lane::Settle, "\0".into(), self.clock(at.now));
        self.jobs.insert(id, job);
        self.jobs.set(id, State::Closing);
        self.by_ticket.insert(ticket, id);
        Ok(self.record_resolution(id, put))
    }

    /// It is written.
    pub(super) fn resolved(&mut self, id: JobId, put: &Put, at: Moment) {
        self.statistics.resolved = self.statistics.resolved.saturating_add(1);
        match put {
            Put::Remove(ticket) => self.forget_ticket(id, *ticket, at),
            Put::Entry(_) | Put::Account(_) => self.conclude(id, true, at),
        }
    }

    /// It could not be written: it stays in doubt.
    pub(super) fn not_resolved(&mut self, id: JobId, ticket: Option<Ticket>, at: Moment) {
        let known = ticket.and_then(|ticket| self.memory.doubts.get(&ticket)).cloned();
        if let (Some(known), Some(job)) = (known, self.jobs.get_mut(&id)) {
            job.reason = Some(Box::new(known.reason));
            job.work = Work::Settle(Box::new(known));
        }
        // As a doubt the journal has it.
        self.conclude(id, true, at);
    }

    fn forget_ticket(&mut self, id: JobId, ticket: Ticket, at: Moment) {
        self.by_ticket.remove(&ticket);
        let Some(mut job) = self.jobs.remove(&id) else { return };
        if let Some(doubt) = self.memory.forget(ticket) {
            self.objects.settle(ticket, doubt.entry.intent.sent.objects());
        }
        for call in job.calls.take() {
            match self.calls.get_mut(&call) {
                Some(known) if matches!(known.asked, Asked::Change { .. }) => {
                    // Its key says nothing any more.
                    known.job = None;
                    known.joined = false;
                    self.take_time(call);
                    self.begin_change(call, at);
                }
                _ => self.refuse_call(call, Refused::NoSuchTicket(ticket)),
            }
        }
    }
}
