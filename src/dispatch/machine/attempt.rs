//! One attempt: what goes out, what comes back, and what is done about it.

use core::time::Duration;
use std::sync::Arc;

use super::super::calls::CallId;
use super::super::config::Moment;
use super::super::entry::{Entry, Intent, Put, Standing, Summary};
use super::super::job::{Fallback, Job, Last, Looking, Purpose, State, Work, Write};
use super::super::slots::{GiveBack, JobId, Slot, Slots};
use super::super::statistics::{Cause, Sort};
use super::super::told::{Answer, DoubtReason, QueryError, Refused, Settled, Told};
use super::super::upstream::Upstream;
use super::{Action, Dispatch};
use crate::command::{Effect, Kind, Nature, Safety};
use crate::retry::{Attempt, Case, Decision, Login, ReadBack, Resend, Trust, decide};
use crate::secret::REDACTED;
use crate::session::{Fate, Rejected};
use crate::settle::{Form, Keyed, Proof};
use crate::verdict::{Advice, Class, Verdict};

/// So often may a session end before anything was handed over, one after the other.
const MAX_UNSENT: u32 = 20;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// A command or query has its slot: an intent goes to the journal before its first attempt.
    pub(super) fn begin(&mut self, slot: Slot, at: Moment) {
        let id = slot.job;
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if let (Work::Change(_), Some(failure)) = (&job.work, self.records.frozen().cloned()) {
            self.slots.give_back(slot, GiveBack::Alive, at.now);
            return self.give_up(id, &Refused::Journal(failure), at);
        }
        let intent = match &mut job.work {
            Work::Change(write) if write.entry.is_none() => write,
            Work::Change(write) => {
                let command = write.command.clone();
                return self.send(slot, Purpose::Command, command, at.now);
            }
            Work::Query(query) => {
                let command = query.command.clone();
                return self.send(slot, Purpose::Command, command, at.now);
            }
            Work::Settle(_) => return self.slots.give_back(slot, GiveBack::Alive, at.now),
        };
        let ticket = super::Ticket::new(self.next_ticket);
        self.next_ticket = self.next_ticket.saturating_add(1);
        let entry = new_entry(intent, &self.keyed, ticket, at.wall);
        intent.entry = Some(Box::new(entry.clone()));
        self.jobs.set(id, State::Recording(slot));
        self.by_ticket.insert(ticket, id);
        self.record_intent(id, Put::Entry(entry), at);
    }

    /// The intent is durable: the command goes out, unless nobody wants it any more.
    pub(super) fn intent_recorded(&mut self, id: JobId, at: Moment) {
        let Some(job) = self.jobs.get(&id) else { return };
        let Work::Change(write) = &job.work else { return };
        let slot = match job.state() {
            State::Recording(slot) => Some(*slot),
            State::Late => None,
            _ => return,
        };
        let command = write.command.clone();
        let give_back = |slots: &mut S| {
            if let Some(slot) = slot {
                slots.give_back(slot, GiveBack::Alive, at.now);
            }
        };
        if !self.is_wanted(id) {
            give_back(&mut self.slots);
            self.unsay_intent(id, at);
            return self.drop_job(id, at);
        }
        // The journal took its time, or has failed since.
        let too_late = (!self.time_lasts(id, at.now)).then(|| Refused::Deadline(self.slots.trouble()));
        let stopped = self.stopping.then_some(Refused::Stopped);
        // The credentials were refused since.
        let stopped = stopped.or_else(|| self.slots.unavailable().map(Refused::Unavailable));
        if let Some(why) =
            stopped.or(too_late).or_else(|| self.records.frozen().cloned().map(Refused::Journal))
        {
            give_back(&mut self.slots);
            self.unsay_intent(id, at);
            return self.refuse(id, &why, at);
        }
        // Locked since it got its slot: nothing of it was sent, and nothing is.
        if self.held_until(at.now).is_some() {
            give_back(&mut self.slots);
            self.unsay_intent(id, at);
            self.want(id, Purpose::Command, at);
            return self.hold_back_all(id, at);
        }
        match slot {
            Some(slot) => self.send(slot, Purpose::Command, command, at.now),
            // What waits for a slot has no intent: after a crash it was never sent.
            None => {
                self.unsay_intent(id, at);
                self.want(id, Purpose::Command, at);
            }
        }
    }

    /// No byte was handed over: nothing is to be remembered, unless somebody was told that it is in doubt.
    pub(super) fn unsay_intent(&mut self, id: JobId, at: Moment) {
        let Some(Job { work: Work::Change(write), calls, .. }) = self.jobs.get_mut(&id) else { return };
        let Some(mut entry) = write.entry.take().map(|entry| *entry) else { return };
        let told = core::mem::take(&mut write.told);
        let ticket = entry.ticket();
        let settlers = calls.take_settling();
        self.by_ticket.remove(&ticket);
        if told {
            entry.standing = Standing::NotApplied;
            entry.changed_at = at.wall;
            self.memory.remember_key(&entry.intent);
            self.memory.finish(&entry, at.now);
            self.record_quietly(Put::Entry(entry));
        } else {
            self.record_quietly(Put::Remove(ticket));
        }
        for call in settlers {
            self.tell(call, Told::Settle(Ok(Settled::NotApplied(ticket))));
        }
    }

    /// What has become of a command that was to be sent. `alive`: the session takes another one; where each request stands
    /// alone, as in HTTP, that is so.
    pub fn handle_fate(
        &mut self,
        slot: Slot,
        fate: Result<Fate<U::Command, U::Reply>, Rejected>,
        alive: bool,
        at: Moment,
    ) {
        let how = if alive { GiveBack::Alive } else { GiveBack::Ended };
        let purpose = match self.jobs.get(&slot.job).map(|job| job.state()) {
            Some(State::Sending(sent, purpose)) if *sent == slot => *purpose,
            _ => {
                self.slots.give_back(slot, how, at.now);
                return self.pump(at);
            }
        };
        let (attempt, reply) = match fate {
            Ok(Fate::Unsent(_)) => (Attempt::Unsent, None),
            // It was encoded before; the session is one that cannot take it.
            Err(_) => (Attempt::Unsent, None),
            Ok(Fate::Unanswered) => {
                self.statistics.lost(self.sort_of(slot.job, purpose));
                (Attempt::Unanswered, None)
            }
            Ok(Fate::Answered(mut reply)) => {
                if let Some(command) = self.jobs.get(&slot.job).and_then(Job::command) {
                    U::conceal(command, &self.keyed, &mut reply);
                }
                let verdict = self.verdict_of(slot.job, purpose, &reply);
                let sort = self.sort_of(slot.job, purpose);
                self.statistics.answers.add(sort, verdict.class(), U::number(&reply));
                match verdict.advice() {
                    Advice::HoldAccount { after } => self.slots.hold(after, at.now),
                    Advice::StopLoggingIn => self.slots.credentials_refused(slot),
                    _ => {}
                }
                (Attempt::Answered(verdict), Some(reply))
            }
        };
        let how = match attempt {
            // After what was lost nothing else goes out on that session, nor after an answer to something else.
            Attempt::Unanswered => GiveBack::Ended,
            Attempt::Answered(verdict) if alive && !verdict.fits() => GiveBack::Evict,
            Attempt::Answered(_) if !alive => GiveBack::Closed,
            Attempt::Answered(_) | Attempt::Unsent => how,
        };
        if let (Attempt::Answered(verdict), Some(reply)) = (attempt, &reply)
            && verdict.advice() == Advice::ProbeLogin
        {
            return self.probe(slot, purpose, reply.clone(), how, at);
        }
        self.slots.give_back(slot, how, at.now);
        self.attempted(slot.job, purpose, attempt, reply, Login::NotProbed, at);
        self.pump(at);
    }

    fn probe(&mut self, slot: Slot, purpose: Purpose, reply: U::Reply, how: GiveBack, at: Moment) {
        if how == GiveBack::Alive {
            self.jobs.set(slot.job, State::Probing(slot, purpose, Box::new(reply)));
            self.actions.push_back(Action::Probe { slot });
        } else {
            // There is nothing left to be probed.
            self.slots.give_back(slot, how, at.now);
            let verdict = self.verdict_of(slot.job, purpose, &reply);
            self.attempted(slot.job, purpose, Attempt::Answered(verdict), Some(reply), Login::Lost, at);
        }
        self.pump(at);
    }

    /// What a probe of the login has shown. `holds`: both proofs came. `alive`: the session takes another command.
    pub fn handle_probed(&mut self, slot: Slot, holds: bool, alive: bool, at: Moment) {
        let how = match (alive, holds) {
            (false, _) => GiveBack::Ended,
            (true, true) => GiveBack::Alive,
            (true, false) => GiveBack::Evict,
        };
        self.slots.give_back(slot, how, at.now);
        let probing = self.jobs.get(&slot.job).and_then(|job| match job.state() {
            State::Probing(probed, purpose, reply) if *probed == slot => Some((*purpose, (**reply).clone())),
            _ => None,
        });
        if let Some((purpose, reply)) = probing {
            let login = if holds { Login::Holds } else { Login::Lost };
            let verdict = self.verdict_of(slot.job, purpose, &reply);
            self.attempted(slot.job, purpose, Attempt::Answered(verdict), Some(reply), login, at);
        }
        self.pump(at);
    }

    fn sort_of(&self, id: JobId, purpose: Purpose) -> Sort {
        self.jobs.get(&id).map_or(Sort::ReadBack, |job| Sort::of(&job.work, purpose))
    }

    fn verdict_of(&self, id: JobId, purpose: Purpose, reply: &U::Reply) -> Verdict {
        let verdict = match purpose {
            Purpose::Command => {
                self.jobs.get(&id).and_then(Job::command).map(|command| U::verdict(command, reply))
            }
            Purpose::Before | Purpose::Look => {
                self.next_read(id, purpose).map(|read| U::verdict(&read, reply))
            }
        };
        verdict.unwrap_or(Verdict::new(Class::Unclassified))
    }

    fn attempted(
        &mut self,
        id: JobId,
        purpose: Purpose,
        attempt: Attempt,
        reply: Option<U::Reply>,
        login: Login,
        at: Moment,
    ) {
        match purpose {
            Purpose::Before | Purpose::Look => self.read_attempted(id, purpose, attempt, reply, login, at),
            Purpose::Command => match self.jobs.get(&id).map(|job| &job.work) {
                Some(Work::Query(_)) => self.query_attempted(id, attempt, reply, login, at),
                Some(Work::Change(_)) => self.change_attempted(id, attempt, reply, login, at),
                _ => {}
            },
        }
    }

    /// Whether another try is allowed after `least`.
    pub(super) fn may_resend(&self, id: JobId, least: Duration, at: Moment) -> bool {
        let Some(job) = self.jobs.get(&id) else { return false };
        let later = at.now.checked_add(least);
        job.attempts.saturating_add(1) < self.config.tries
            && self.budget.allows()
            && later.is_some_and(|later| self.time_lasts(id, later))
    }

    fn query_attempted(
        &mut self,
        id: JobId,
        attempt: Attempt,
        reply: Option<U::Reply>,
        login: Login,
        at: Moment,
    ) {
        let may = self.may_resend(id, least_wait(attempt), at);
        let case = Case::new(Nature::READ, Safety::Once, attempt).login(login).may_resend(may);
        let answer = match (attempt, reply) {
            (Attempt::Answered(verdict), Some(reply)) => Some(Answer { reply, verdict }),
            _ => None,
        };
        let decision = decide(case);
        if let (Decision::Accept | Decision::Refuse, Some(answer)) = (decision, &answer) {
            self.keep_reading(id, &answer.reply, at);
        }
        match (decision, answer) {
            (Decision::Resend(resend), answer) => {
                let cause = Cause::of(attempt, answer.and_then(|answer| U::number(&answer.reply)));
                self.resend(id, Purpose::Command, resend, cause, at);
            }
            (Decision::Accept, Some(answer)) => {
                self.budget.earn();
                self.answer(id, Ok(answer), at);
            }
            // A reply of no class is an answer of which nobody knows what it says.
            (Decision::Refuse | Decision::RefuseForNow, Some(answer)) => {
                self.answer(id, Err(Some(answer)), at)
            }
            (Decision::Fail, Some(answer)) if answer.verdict.fits() && login == Login::NotProbed => {
                self.answer(id, Err(Some(answer)), at);
            }
            _ => self.answer(id, Err(None), at),
        }
    }

    fn answer(&mut self, id: JobId, answer: Result<Answer<U>, Option<Answer<U>>>, at: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if let Some(call) = job.calls.take_only() {
            self.tell_answer(call, answer);
            return self.drop_job(id, at);
        }
        let mut calls = job.calls.take();
        let last = calls.pop();
        for call in calls {
            self.tell_answer(call, answer.clone());
        }
        if let Some(call) = last {
            self.tell_answer(call, answer);
        }
        self.drop_job(id, at);
    }

    fn tell_answer(&mut self, call: CallId, answer: Result<Answer<U>, Option<Answer<U>>>) {
        let told = match answer {
            Ok(answer) => Ok(answer),
            Err(Some(answer)) => Err(QueryError::Refused(Box::new(answer))),
            Err(None) => Err(QueryError::Unanswered),
        };
        self.tell(call, Told::Query(told));
    }

    /// Keeps what a query has shown of an object, if nothing was written since it was sent.
    fn keep_reading(&mut self, id: JobId, reply: &U::Reply, at: Moment) {
        if let Some(Job { work: Work::Query(query), .. }) = self.jobs.get(&id)
            && query.writes == self.writes
            && (self.objects.is_empty() || !self.objects.is_busy(&U::objects(&query.command)))
        {
            self.recent.keep(&query.command, reply, self.writes, at.now, self.config.recent);
        }
    }

    /// Sends again, after a pause.
    pub(super) fn resend(&mut self, id: JobId, purpose: Purpose, resend: Resend, cause: Cause, at: Moment) {
        self.statistics.resent(cause);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if resend.another_session {
            job.another_session = true;
        }
        if !resend.counted {
            job.unsent = job.unsent.saturating_add(1);
            if job.unsent > MAX_UNSENT {
                let trouble = self.slots.trouble();
                return self.give_up(id, &Refused::NoSession(trouble), at);
            }
            self.want(id, purpose, at);
            return self.hold_back_all(id, at);
        }
        job.unsent = 0;
        job.attempts = job.attempts.saturating_add(1);
        let attempt = job.attempts;
        self.budget.spend();
        let wait = self.config.backoff.wait(attempt, resend.after, &mut self.random);
        match at.now.checked_add(wait) {
            Some(until) => self.pause(id, purpose, Some(until)),
            // A wait without an end is none.
            None => self.give_up(id, &Refused::Deadline(None), at),
        }
    }

    fn change_attempted(
        &mut self,
        id: JobId,
        attempt: Attempt,
        reply: Option<U::Reply>,
        login: Login,
        at: Moment,
    ) {
        let may = self.may_resend(id, least_wait(attempt), at);
        let Some(Job { work: Work::Change(write), .. }) = self.jobs.get_mut(&id) else { return };
        let case = Case::new(*write.nature(), write.safety, attempt)
            .login(login)
            .readable(write.resolver.is_some())
            .resent(write.handed_over > 0)
            .may_resend(may);
        // Neither a secret nor contact data that the registry quotes is remembered.
        let text = reply.as_ref().map(|reply| {
            let text = U::text(reply);
            if U::quotes_hidden(&write.command, &self.keyed, &text) { REDACTED.to_owned() } else { text }
        });
        let story = match (&attempt, &reply, &text) {
            (Attempt::Unsent, ..) => None,
            (Attempt::Answered(_), Some(reply), Some(text)) => {
                Some(format!("answered: {} {}", U::code(reply), text.escape_debug()))
            }
            _ => Some("sent, and no whole answer came".to_owned()),
        };
        if let Some(story) = story {
            write.handed_over = write.handed_over.saturating_add(1);
            if let Some(entry) = &mut write.entry {
                entry.attempts = write.handed_over;
                entry.note(at.wall, &story);
            }
        }
        if case.is_open() {
            write.lost_at = Some(at.now);
        }
        if let (Attempt::Answered(verdict), Some(reply), Some(text)) = (attempt, reply, text) {
            let again_from = at.now.checked_add(least_wait(attempt));
            write.last = Some(Box::new(Last { reply, verdict, text, again_from }));
        }
        if attempt == Attempt::Unsent && write.handed_over == 0 {
            self.unsay_intent(id, at);
            if !self.is_wanted(id) {
                return self.drop_job(id, at);
            }
        }
        if matches!(attempt, Attempt::Answered(_)) {
            self.learn_from_answer(id, case, at);
        }
        self.decided(id, case, decide(case), at);
    }

    /// Carries out what was decided about a write.
    fn decided(&mut self, id: JobId, case: Case, decision: Decision, at: Moment) {
        match decision {
            Decision::Resend(resend) => {
                let Some(Job { work: Work::Change(write), .. }) = self.jobs.get_mut(&id) else { return };
                // Of an attempt that was not sent nothing is to be decided; what was before it stands.
                if resend.counted {
                    write.fallback = Some(Box::new(Fallback::Decide(case)));
                }
                let code = write.last.as_ref().and_then(|last| U::number(&last.reply));
                self.resend(id, Purpose::Command, resend, Cause::of(case.attempt(), code), at);
            }
            Decision::Accept => {
                self.budget.earn();
                self.close_by_reply(id, at, Standing::Accepted);
            }
            Decision::Refuse => {
                self.close_by_reply(id, at, |summary| Standing::Refused { summary, for_now: false });
            }
            Decision::RefuseForNow => {
                self.close_by_reply(id, at, |summary| Standing::Refused { summary, for_now: true });
            }
            Decision::ReadBack(how) => self.read_back(id, how, at),
            // A write never comes to these: reads fail, and the login is probed before it is decided.
            Decision::Doubt | Decision::Fail | Decision::Probe => {
                self.close_in_doubt(id, DoubtReason::Unsettleable, at);
            }
        }
    }

    /// It was to be sent again, and there is no try or no time for it.
    pub(super) fn give_up(&mut self, id: JobId, why: &Refused, at: Moment) {
        let fallback = match self.jobs.get(&id).map(|job| &job.work) {
            Some(Work::Change(write)) if write.handed_over > 0 => write.fallback.as_deref().copied(),
            _ => return self.fail_unsent(id, why, at),
        };
        match fallback {
            Some(Fallback::NotApplied(_)) => self.close_not_applied(id, true, at),
            Some(Fallback::Decide(case)) => {
                self.decided(id, case, decide(case.may_resend(false)), at);
            }
            None => self.close_in_doubt(id, DoubtReason::Unavailable, at),
        }
    }

    fn close_by_reply(&mut self, id: JobId, at: Moment, standing: impl FnOnce(Summary) -> Standing) {
        let Some(Job { work: Work::Change(write), .. }) = self.jobs.get(&id) else { return };
        let Some(last) = &write.last else { return };
        let summary = U::summary(&last.reply, &last.text, Proof::Reply);
        // That a deletion is "pending in 30 days" says nothing about queues.
        let sent = write.sent(&self.keyed);
        let queued =
            summary.job().is_some() || write.nature().kind() == Kind::Creation || sent.form() == Form::Opaque;
        if summary.is_pending() && queued {
            self.queued.learn(&sent);
        }
        self.close(id, standing(summary), at);
    }

    /// Begins to look what became of a write.
    fn read_back(&mut self, id: JobId, how: ReadBack, at: Moment) {
        let Some(Job { work: Work::Change(write), another_session, .. }) = self.jobs.get_mut(&id) else {
            return;
        };
        let looks = match write.resolver {
            Some(resolver) => self.upstream.reads(resolver, &write.sent(&self.keyed)),
            None => Vec::new(),
        };
        if looks.is_empty() {
            return self.close_in_doubt(id, DoubtReason::Unsettleable, at);
        }
        let after = |when: std::time::Instant, wait| when.checked_add(wait).unwrap_or(when);
        let after_reply = after(at.now, self.config.first_negative_after_reply);
        let after_loss = |when| after(when, self.config.first_negative);
        let from = match how.negatives {
            Trust::Later => after_loss(at.now),
            Trust::AtOnce => after_reply,
        };
        // What was lost earlier may still come.
        let from = write.lost_at.map_or(from, |lost| from.max(after_loss(lost)));
        write.looking = Some(Box::new(Looking::new(looks, from, how.not_applied)));
        self.statistics.read_backs.begin();
        // A reply that comes late must not be taken for the read's.
        *another_session = true;
        self.hurry_all(id, at);
        self.want(id, Purpose::Look, at);
    }
}

/// The wait that an answer asks for at least.
fn least_wait(attempt: Attempt) -> Duration {
    match attempt {
        Attempt::Answered(verdict) => verdict.advice().wait().unwrap_or_default(),
        Attempt::Unsent | Attempt::Unanswered => Duration::ZERO,
    }
}

fn new_entry<U: Upstream>(write: &Write<U>, keyed: &Keyed, ticket: super::Ticket, wall: u64) -> Entry {
    debug_assert_eq!(write.nature().effect(), Effect::Write);
    let intent = Intent {
        ticket,
        sent: write.sent(keyed),
        resolver: write.resolver,
        billable: write.nature().billable(),
        safety: write.safety,
        user: (&*write.owner.user).into(),
        key: write.owner.key.clone(),
        payload: U::payload(&write.command, keyed),
        begun_at: wall,
        before: write.before().to_vec(),
    };
    Entry {
        intent: Arc::new(intent),
        standing: Standing::Open,
        attempts: 0,
        changed_at: wall,
        notes: Vec::new(),
    }
}
