//! Standing in line for a slot, and how long that may last.

use std::sync::Arc;
use std::time::Instant;

use super::super::calls::CallId;
use super::super::config::Moment;
use super::super::job::{Job, Purpose, State, Work};
use super::super::slots::{JobId, Slots, Wish};
use super::super::upstream::Upstream;
use super::Dispatch;
use crate::pace::Lane;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// Lines a job up for a slot.
    pub(super) fn want(&mut self, id: JobId, purpose: Purpose, at: Moment) {
        self.out_of_line(id);
        self.jobs.set(id, State::Waiting(purpose));
        let Some(job) = self.jobs.get_mut(&id) else { return };
        // Whoever goes by a query's reading has had no turn yet, and goes ahead of nobody.
        let again = job.session.is_some();
        let was_read = again && matches!(&job.work, Work::Change(write) if write.before.is_some());
        // What has been read for goes out before that is old.
        let grows_old = again && matches!(&job.work, Work::Change(write) if write.grows_old(purpose));
        let lane = match purpose {
            Purpose::Look => Lane::Settle,
            Purpose::Command | Purpose::Before if was_read => Lane::Settle,
            Purpose::Command | Purpose::Before => job.lane,
        };
        job.in_line = Some(lane);
        job.first = self.callers.queue(&job.caller, lane);
        let not_on = job.session.filter(|_| core::mem::take(&mut job.another_session));
        let wish = Wish { job: id, lane, caller: Arc::clone(&job.caller), again, not_on };
        if grows_old {
            self.slots.ask_next(wish, at.now);
        } else {
            self.slots.ask(wish, at.now);
        }
    }

    /// Lines a job up for a slot at a later time.
    pub(super) fn pause(&mut self, id: JobId, purpose: Purpose, until: Option<Instant>) {
        self.jobs.set(id, State::Pausing(purpose, until));
        if let Some(when) = until {
            self.timers.insert((when, id));
        }
    }

    /// A job has got its slot, or does not want one any more.
    pub(super) fn out_of_line(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id)
            && let Some(lane) = job.in_line.take()
        {
            self.callers.unqueue(&job.caller, lane);
        }
    }

    /// Takes a job out of every queue.
    pub(super) fn unqueue(&mut self, id: JobId) {
        self.slots.withdraw(id);
        self.out_of_line(id);
        if let Some(State::Pausing(_, Some(until))) = self.jobs.get(&id).map(Job::state) {
            self.timers.remove(&(*until, id));
        }
    }

    /// Whether somebody waits for the command itself.
    pub(super) fn is_wanted(&self, id: JobId) -> bool {
        self.jobs.get(&id).is_some_and(|job| job.calls.is_wanted())
    }

    /// Whether the time of some caller lasts for a reply.
    pub(super) fn time_lasts(&self, id: JobId, now: Instant) -> bool {
        self.jobs.get(&id).is_some_and(|job| {
            let least = match job.work {
                Work::Query(_) => self.config.least_answer,
                Work::Change(_) | Work::Settle(_) => self.config.least_reply,
            };
            let Some(needed) = now.checked_add(least) else { return false };
            let mut calls = job.calls.wanting().filter_map(|call| self.calls.get(&call));
            calls.any(|call| call.deadline.is_none_or(|deadline| deadline >= needed))
        })
    }

    /// A call waits for what is being read back: not longer than whoever settles may wait.
    pub(super) fn hurry(&mut self, call: CallId, at: Moment) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        let until = self.config.settle_wait.and_then(|wait| at.now.checked_add(wait));
        let Some(until) = until.filter(|until| known.deadline.is_none_or(|deadline| *until < deadline))
        else {
            return;
        };
        let before = known.deadline.replace(until);
        if let Some(before) = before {
            self.deadlines.remove(&(before, call));
        }
        self.deadlines.insert((until, call));
        self.hurried.entry(call).or_insert(before);
    }

    /// The same for all who wait for the change itself.
    pub(super) fn hurry_all(&mut self, id: JobId, at: Moment) {
        if self.config.settle_wait.is_some()
            && let Some(job) = self.jobs.get(&id)
        {
            let calls: Vec<CallId> = job.calls.wanting().collect();
            for call in calls {
                self.hurry(call, at);
            }
        }
    }

    /// What a call waited for is settled, and it begins anew: it has its own time again.
    pub(super) fn take_time(&mut self, call: CallId) {
        let Some(own) = self.hurried.remove(&call) else { return };
        let Some(known) = self.calls.get_mut(&call) else { return };
        if let Some(before) = core::mem::replace(&mut known.deadline, own) {
            self.deadlines.remove(&(before, call));
        }
        self.deadlines.extend(own.map(|own| (own, call)));
    }
}
