//! How commands end, and what their callers are told.

use super::super::calls::{Asked, Call, CallId};
use super::super::config::Moment;
use super::super::entry::{Entry, LEFT_IN_DOUBT, Put, Standing, TOLD_IN_DOUBT, Ticket};
use super::super::job::{Doubtful, Job, Last, Purpose, State, Work, Write};
use super::super::slots::{JobId, Slots};
use super::super::told::{
    Accepted, Doubt, DoubtReason, NotSent, Outcome, QueryError, Refusal, Refused, Settled, Told,
};
use super::super::upstream::Upstream;
use super::{Action, Dispatch};
use crate::settle::Proof;
use crate::verdict::Class;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// Tells a call, which is over then.
    pub(super) fn tell(&mut self, call: CallId, told: Told<U>) {
        if self.forget_call(call).is_some() {
            self.actions.push_back(Action::Tell { call, told });
        }
    }

    fn forget_call(&mut self, call: CallId) -> Option<Box<Call<U>>> {
        let known = self.calls.remove(&call)?;
        if let Some(deadline) = known.deadline {
            self.deadlines.remove(&(deadline, call));
        }
        self.hurried.remove(&call);
        self.callers.leave(&known.caller);
        Some(known)
    }

    /// The caller has left and is not told. What was not begun is not sent; what was, is finished and recorded.
    pub fn leave(&mut self, call: CallId, at: Moment) {
        if let Some(id) = self.forget_call(call).and_then(|known| known.job) {
            self.detach(call, id, at);
        }
        self.pump(at);
    }

    /// The caller's time is over.
    pub(super) fn expire(&mut self, call: CallId, at: Moment) {
        let Some(known) = self.calls.get(&call) else { return };
        let trouble = self.slots.trouble();
        let Some((id, job)) = known.job.and_then(|id| Some((id, self.jobs.get(&id)?))) else {
            return self.refuse_call(call, Refused::Deadline(trouble));
        };
        let doubt = |ticket| Doubt { ticket, reason: DoubtReason::Deadline, recorded: true };
        let told = match (&known.asked, &job.work) {
            (Asked::Query, _) | (_, Work::Query(_)) => Told::Query(Err(QueryError::Deadline(trouble))),
            (Asked::Change { command, .. }, Work::Change(write)) => match &write.entry {
                Some(entry)
                    if write.handed_over > 0
                        || matches!(job.state(), State::Sending(..) | State::Probing(..)) =>
                {
                    Told::Change(Ok(Outcome::InDoubt(doubt(entry.ticket()))))
                }
                _ => {
                    let why = Refused::Deadline(trouble);
                    Told::Change(Err(NotSent { command: Box::new(command.clone()), why }))
                }
            },
            (Asked::Change { .. }, Work::Settle(known)) => {
                Told::Change(Ok(Outcome::InDoubt(doubt(known.entry.ticket()))))
            }
            (Asked::Settle(ticket), _) => Told::Settle(Ok(Settled::StillInDoubt(doubt(*ticket)))),
        };
        if let Told::Change(Ok(Outcome::InDoubt(_))) | Told::Settle(_) = &told
            && let Some(Job { work: Work::Change(write), .. }) = self.jobs.get_mut(&id)
        {
            write.told = true;
            // Whoever asks for the same again is to hear what became of it, after a restart too.
            if !write.entry.as_ref().is_some_and(|entry| entry.has_note(TOLD_IN_DOUBT)) {
                self.note(id, TOLD_IN_DOUBT, at);
            }
        }
        self.tell(call, told);
        self.detach(call, id, at);
    }

    /// A job loses a call. If it was the last one that wanted it sent, nothing more is sent for it than it takes to know what became of it.
    pub(super) fn detach(&mut self, call: CallId, id: JobId, at: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.calls.remove(call);
        if job.calls.is_wanted() {
            return;
        }
        let busy = matches!(
            job.state(),
            State::Sending(..) | State::Probing(..) | State::Recording(_) | State::Late | State::Closing
        );
        let handed_over = match &job.work {
            Work::Change(write) => write.handed_over > 0,
            Work::Query(_) => false,
            // It only reads, and what it learns is recorded.
            Work::Settle(_) => return,
        };
        match job.state() {
            _ if busy => {}
            State::Waiting(Purpose::Look) | State::Pausing(Purpose::Look, _) => {}
            _ if handed_over => {
                self.unqueue(id);
                self.give_up(id, &Refused::Deadline(None), at);
            }
            _ => self.drop_job(id, at),
        }
    }

    /// Ends a job of which nothing is known to be executed, and nobody is to be told.
    pub(super) fn drop_job(&mut self, id: JobId, at: Moment) {
        self.unqueue(id);
        self.unshare(id);
        let Some(job) = self.jobs.remove(&id) else { return };
        if let Work::Change(write) = job.work {
            let objects = U::objects(&write.command);
            self.forget_job(id, self.key_of(&write), None);
            self.let_go(id, &objects, at);
        }
    }

    fn forget_job(&mut self, id: JobId, key: Option<[u8; 16]>, ticket: Option<Ticket>) {
        if let Some(key) = key
            && self.by_key.get(&key) == Some(&id)
        {
            self.by_key.remove(&key);
        }
        if let Some(ticket) = ticket
            && self.by_ticket.get(&ticket) == Some(&id)
        {
            self.by_ticket.remove(&ticket);
        }
    }

    /// A job lets go of its objects; whoever is next begins.
    fn let_go(&mut self, id: JobId, objects: &[crate::command::Object], at: Moment) {
        for next in self.objects.leave(id, objects) {
            let Some(Job { work: Work::Change(write), .. }) = self.jobs.get(&next) else { continue };
            let objects = U::objects(&write.command);
            if self.objects.take(next, &objects) {
                self.start(next, at);
            }
        }
    }

    /// Tells every call of a job that nothing was sent, and ends it.
    pub(super) fn refuse(&mut self, id: JobId, why: &Refused, at: Moment) {
        let calls = self.jobs.get_mut(&id).map(|job| job.calls.take()).unwrap_or_default();
        for call in calls {
            self.refuse_call(call, why.clone());
        }
        self.drop_job(id, at);
    }

    /// Nothing more can be sent for a job, and nothing of a write was.
    pub(super) fn fail_unsent(&mut self, id: JobId, why: &Refused, at: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        match &job.work {
            Work::Query(_) if job.attempts > 0 => {
                for call in job.calls.take() {
                    self.tell(call, Told::Query(Err(QueryError::Unanswered)));
                }
                self.drop_job(id, at);
            }
            Work::Query(_) | Work::Change(_) => self.refuse(id, why, at),
            Work::Settle(_) => self.close_in_doubt(id, DoubtReason::Unavailable, at),
        }
    }

    /// Adds a note to what is recorded of a write.
    pub(super) fn note(&mut self, id: JobId, text: &str, at: Moment) {
        if let Some(entry) = self.jobs.get_mut(&id).and_then(Job::entry) {
            entry.note(at.wall, text);
        }
    }

    pub(super) fn close_in_doubt(&mut self, id: JobId, reason: DoubtReason, at: Moment) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.reason = Some(Box::new(reason));
        }
        self.note(id, &format!("{LEFT_IN_DOUBT}{reason}"), at);
        self.close(id, Standing::InDoubt, at);
    }

    /// What became of a write is known, or will not be: it is recorded, and then told.
    pub(super) fn close(&mut self, id: JobId, standing: Standing, at: Moment) {
        self.unqueue(id);
        self.jobs.set(id, State::Closing);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        self.statistics.closed(&job.work, &standing);
        let Some(entry) = job.entry() else { return };
        entry.standing = standing;
        entry.changed_at = at.wall;
        entry.strip();
        let put = Put::Entry(entry.clone());
        self.record_outcome(id, put, at);
    }

    /// The outcome is recorded, or cannot be: the callers are told.
    pub(super) fn conclude(&mut self, id: JobId, recorded: bool, at: Moment) {
        let Some(mut job) = self.jobs.remove(&id) else { return };
        let calls = job.calls.take();
        let reason = job.reason.map_or(DoubtReason::Unsettleable, |reason| *reason);
        let (doubt, reply, held) = match job.work {
            Work::Change(write) => {
                let key = self.key_of(&write);
                let Write { entry, last, lost_at, handed_over, .. } = *write;
                let Some(entry) = entry else { return };
                let ends = lost_at.and_then(|lost| lost.checked_add(self.config.first_negative));
                if let (Some(ends), true) = (ends, handed_over > 1) {
                    self.restless.remember(entry.intent.sent.objects(), ends, at.now);
                }
                self.forget_job(id, key, Some(entry.ticket()));
                let refuses = |last: &&Last<U>| {
                    last.verdict.class() == Class::Permanent && !last.verdict.closes_connection()
                };
                let refusal = last.as_deref().filter(refuses);
                let refusal = refusal.map(|last| U::summary(&last.reply, &last.text, Proof::ReadBack));
                let (since, reason) = (lost_at.unwrap_or(at.now), reason);
                let doubt = Doubtful { entry: *entry, refusal, reason, since, looking: None };
                (doubt, last.map(|last| last.reply), true)
            }
            Work::Settle(mut doubt) => {
                self.forget_job(id, None, Some(doubt.entry.ticket()));
                doubt.looking = None;
                doubt.reason = reason;
                (*doubt, None, false)
            }
            Work::Query(_) => return,
        };
        let (entry, reason) = (doubt.entry.clone(), doubt.reason);
        self.remember(doubt, at);
        if held {
            self.let_go(id, entry.intent.sent.objects(), at);
        }
        for call in calls {
            self.tell_outcome(call, &entry, reply.as_ref(), reason, recorded, at);
        }
    }

    /// Keeps in mind what became of an intent.
    fn remember(&mut self, doubt: Doubtful<U>, at: Moment) {
        let ticket = doubt.entry.ticket();
        let objects = doubt.entry.intent.sent.objects().to_vec();
        let known = self.resolver_of(&doubt.entry.intent);
        self.written.remember(&doubt.entry, known);
        self.named.learn(&doubt.entry);
        // Until now the job stood for its key.
        self.memory.remember_key(&doubt.entry.intent);
        if doubt.entry.standing.is_finished() {
            self.memory.finish(&doubt.entry, at.now);
            self.objects.settle(ticket, &objects);
            return;
        }
        self.memory.doubts.insert(ticket, doubt);
        for waiting in self.objects.doubt(ticket, &objects) {
            self.refuse(waiting, &Refused::ObjectInDoubt(ticket), at);
        }
    }

    fn tell_outcome(
        &mut self,
        call: CallId,
        entry: &Entry,
        reply: Option<&U::Reply>,
        reason: DoubtReason,
        recorded: bool,
        at: Moment,
    ) {
        let ticket = entry.ticket();
        let Some(known) = self.calls.get_mut(&call) else { return };
        let is_change = matches!(known.asked, Asked::Change { .. });
        let replayed = known.joined;
        let reply = reply.cloned();
        let told = match (entry.standing.clone(), is_change) {
            (Standing::Accepted(summary), is_change) => {
                // Of what a read has proven no reply to the command is left.
                let reply = reply.filter(|_| summary.proof == Proof::Reply);
                let accepted = Accepted { ticket, summary, reply, recorded, replayed };
                if is_change {
                    Told::Change(Ok(Outcome::Accepted(accepted)))
                } else {
                    Told::Settle(Ok(Settled::Applied(accepted)))
                }
            }
            (Standing::Refused { summary, for_now }, is_change) => {
                let refusal = Refusal { ticket, summary, reply, for_now, recorded };
                if is_change {
                    Told::Change(Ok(Outcome::Refused(refusal)))
                } else {
                    Told::Settle(Ok(Settled::Refused(refusal)))
                }
            }
            (Standing::NotApplied, true) => {
                // Its key begins anew.
                known.job = None;
                known.joined = false;
                self.take_time(call);
                return self.begin_change(call, at);
            }
            (Standing::NotApplied, false) => Told::Settle(Ok(Settled::NotApplied(ticket))),
            (Standing::Open | Standing::InDoubt, is_change) => {
                let doubt = Doubt { ticket, reason, recorded };
                if is_change {
                    Told::Change(Ok(Outcome::InDoubt(doubt)))
                } else {
                    Told::Settle(Ok(Settled::StillInDoubt(doubt)))
                }
            }
        };
        self.tell(call, told);
    }

    /// Tells somebody who settles what has long been settled.
    pub(super) fn tell_finished(&mut self, call: CallId, ticket: Ticket, standing: &Standing) {
        let told = match standing.clone() {
            Standing::Accepted(summary) => {
                let (reply, recorded, replayed) = (None, !self.records.lack(ticket), true);
                Settled::Applied(Accepted { ticket, summary, reply, recorded, replayed })
            }
            Standing::Refused { summary, for_now } => {
                Settled::Refused(Refusal { ticket, summary, reply: None, for_now, recorded: true })
            }
            Standing::NotApplied => Settled::NotApplied(ticket),
            Standing::Open | Standing::InDoubt => {
                Settled::StillInDoubt(Doubt { ticket, reason: DoubtReason::Restored, recorded: true })
            }
        };
        self.tell(call, Told::Settle(Ok(told)));
    }
}

impl<U: Upstream> Job<U> {
    /// What is recorded of it.
    fn entry(&mut self) -> Option<&mut Entry> {
        match &mut self.work {
            Work::Query(_) => None,
            Work::Change(write) => write.entry.as_deref_mut(),
            Work::Settle(doubt) => Some(&mut doubt.entry),
        }
    }
}
