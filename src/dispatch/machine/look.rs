//! Reading: before a write, and to learn what became of one.

use core::time::Duration;

use super::super::calls::CallId;
use super::super::config::Moment;
use super::super::entry::{Standing, Summary};
use super::super::job::{Before, Fallback, Job, Looking, Purpose, Work};
use super::super::slots::{JobId, Slots};
use super::super::statistics::Cause;
use super::super::told::{DoubtReason, Refused};
use super::super::upstream::Upstream;
use super::Dispatch;
use crate::command::{Nature, Safety};
use crate::retry::{Attempt, Case, Decision, Login, NotApplied, Resend, decide};
use crate::settle::{Finding, Proof, Reading, Resolver, Sight};
use crate::verdict::{Class, Verdict};

/// What is pending is looked at again so much later.
const WHILE_PENDING: Duration = Duration::from_secs(60);
/// The longest that an answer to a look may ask to be waited: meanwhile nobody else can settle it.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// All that is read before one write takes so many bytes of its record at the most. A journal takes records of 8 MiB; what else
/// there is of an intent, and what is noted of it later, has room beside this.
const MAX_BEFORE: usize = 3 << 20;
/// So often may a session end before a read was handed over, one after the other, until that counts as a look in vain.
const MAX_UNSENT: u32 = 20;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// The read that comes next.
    pub(super) fn next_read(&self, id: JobId, purpose: Purpose) -> Option<U::Command> {
        let job = self.jobs.get(&id)?;
        match (&job.work, purpose) {
            (Work::Change(write), Purpose::Before) => {
                let reads = self.upstream.reads(write.resolver?, &write.sent(&self.keyed));
                reads.into_iter().nth(write.before().len())
            }
            (Work::Change(write), Purpose::Look) => write.looking.as_ref()?.next(),
            (Work::Settle(doubt), Purpose::Look) => doubt.looking.as_ref()?.next(),
            _ => None,
        }
    }

    /// There is no read any more where there was one: whoever knows them may know others by now.
    pub(super) fn unreadable(&mut self, id: JobId, purpose: Purpose, at: Moment) {
        if purpose == Purpose::Look {
            self.close_in_doubt(id, DoubtReason::Unsettleable, at);
        } else {
            self.refuse(id, &Refused::NoEarlierReading, at);
        }
    }

    pub(super) fn read_attempted(
        &mut self,
        id: JobId,
        purpose: Purpose,
        attempt: Attempt,
        reply: Option<U::Reply>,
        login: Login,
        at: Moment,
    ) {
        if purpose == Purpose::Look {
            return self.look_attempted(id, attempt, reply, login, at);
        }
        if self.jobs.get(&id).is_some_and(|job| job.calls.is_empty()) {
            return self.drop_job(id, at);
        }
        let may = self.may_resend(id, Duration::ZERO, at);
        let case = Case::new(Nature::READ, Safety::Once, attempt).login(login).may_resend(may);
        let cause = Cause::of(attempt, reply.as_ref().and_then(U::number));
        let reading = reply.and_then(|reply| self.upstream.reading(&reply, &self.keyed));
        match (decide(case), reading) {
            (Decision::Resend(resend), _) => self.resend(id, Purpose::Before, resend, cause, at),
            (Decision::Accept | Decision::Refuse, Some(reading))
                if self.upstream.is_earlier_reading(&reading) =>
            {
                self.read_before(id, reading, at);
            }
            // An answer that does not show the object, such as "failed", is as good as none.
            (Decision::Accept | Decision::Refuse, _) if may => {
                let resend = Resend { after: Duration::ZERO, another_session: false, counted: true };
                self.resend(id, Purpose::Before, resend, cause, at);
            }
            _ => self.refuse(id, &Refused::NoEarlierReading, at),
        }
    }

    fn read_before(&mut self, id: JobId, reading: Reading, at: Moment) {
        let Some(Job { work: Work::Change(write), attempts, .. }) = self.jobs.get_mut(&id) else { return };
        // It counts from when its reply came, and the oldest counts.
        let none = || Box::new(Before { readings: Vec::new(), since: at.now });
        write.before.get_or_insert_with(none).readings.push(reading);
        let size = write.before().iter().map(Reading::size).fold(0, usize::saturating_add);
        if size > MAX_BEFORE {
            return self.refuse(id, &Refused::NoEarlierReading, at);
        }
        let upstream = &self.upstream;
        let all =
            write.resolver.map_or(0, |resolver| upstream.reads(resolver, &write.sent(&self.keyed)).len());
        if write.before().len() < all {
            return self.want(id, Purpose::Before, at);
        }
        // The tries of the write are its own.
        *attempts = 0;
        self.want(id, Purpose::Command, at);
    }

    /// Somebody wants a doubt to be settled.
    pub(super) fn look_at_doubt(&mut self, id: JobId, at: Moment) {
        let first_negative = self.config.first_negative;
        let Some(Job { work: Work::Settle(doubt), .. }) = self.jobs.get_mut(&id) else { return };
        let intent = &doubt.entry.intent;
        let upstream = &self.upstream;
        let resolver = intent.resolver.or_else(|| upstream.resolver_of(&intent.sent));
        let looks = resolver.map(|resolver| upstream.reads(resolver, &intent.sent)).unwrap_or_default();
        if looks.is_empty() {
            // Nothing new is known, and nothing is recorded.
            let recorded = !self.records.lack(intent.ticket);
            return self.conclude(id, recorded, at);
        }
        let from = doubt.since.checked_add(first_negative).unwrap_or(doubt.since);
        doubt.looking = Some(Box::new(Looking::new(looks, from, NotApplied::RefusedForNow)));
        self.statistics.settlings.begin();
        self.want(id, Purpose::Look, at);
    }

    fn look_attempted(
        &mut self,
        id: JobId,
        attempt: Attempt,
        reply: Option<U::Reply>,
        login: Login,
        at: Moment,
    ) {
        match (attempt, reply) {
            (Attempt::Unsent, _) => {
                let Some(job) = self.jobs.get_mut(&id) else { return };
                job.unsent = job.unsent.saturating_add(1);
                job.another_session = true;
                if job.unsent < MAX_UNSENT {
                    return self.want(id, Purpose::Look, at);
                }
                job.unsent = 0;
                self.looked_in_vain(id, "no session lasts", Duration::ZERO, at);
            }
            (Attempt::Answered(verdict), Some(reply)) if shows_something(&verdict, login) => {
                let Some(reading) = self.upstream.reading(&reply, &self.keyed) else {
                    return self.looked_in_vain(id, "the answer shows nothing", Duration::ZERO, at);
                };
                let Some(job) = self.jobs.get_mut(&id) else { return };
                job.unsent = 0;
                let Some(looking) = job.looking() else { return };
                looking.seen.push(reading);
                if looking.next().is_some() {
                    return self.want(id, Purpose::Look, at);
                }
                self.looked(id, at);
            }
            // A lost read counts for nothing.
            (attempt, _) => {
                let least = match attempt {
                    Attempt::Answered(verdict) => verdict.advice().wait().unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let least = least.min(LONGEST_WAIT);
                self.looked_in_vain(id, "no answer to the read", least, at);
            }
        }
    }

    /// All that is to be read was read once.
    fn looked(&mut self, id: JobId, at: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let (entry, before, resolver) = match &job.work {
            Work::Change(write) => {
                let Some(entry) = &write.entry else { return };
                (&**entry, write.before(), write.resolver)
            }
            Work::Settle(doubt) => {
                let intent = &doubt.entry.intent;
                let resolver = intent.resolver.or_else(|| self.upstream.resolver_of(&intent.sent));
                (&doubt.entry, &*intent.before, resolver)
            }
            Work::Query(_) => return,
        };
        let (sent, sent_at) = (&entry.intent.sent, entry.intent.begun_at);
        let looking = match &job.work {
            Work::Change(write) => write.looking.as_deref(),
            Work::Settle(doubt) => doubt.looking.as_deref(),
            Work::Query(_) => None,
        };
        let (Some(resolver), Some(looking)) = (resolver, looking) else { return };
        let may_be_queued = self.queued.may_queue_for(resolver, Some(entry));
        let now = &looking.seen;
        let other = resolver == Resolver::Other;
        // What other reads than these have shown is no reading before.
        let before = if other && before.len() != now.len() { &[] } else { before };
        let compares = other && self.upstream.wants_earlier_reading(resolver, sent);
        let another = other && self.written.another(resolver, sent, entry.ticket());
        // Whoever judges for another API is not trusted with these.
        let finding = match self.upstream.judge(resolver, Sight { sent, before, now, sent_at, may_be_queued })
        {
            Finding::NotApplied if other && may_be_queued => Finding::Pending,
            Finding::Applied { .. } if before.is_empty() && (another || compares) => {
                Finding::Unproved("nobody looked before it, and it may have been so")
            }
            Finding::Applied { .. } if other && self.written.another_late(sent, compares, entry.ticket()) => {
                Finding::Unproved("an earlier one is done later, and may have been only now")
            }
            // It was named to this one, whose record has lost what was read before, or to one before it.
            Finding::Applied { .. }
                if other
                    && !before.is_empty()
                    && (entry.intent.before.is_empty()
                        || (another || compares) && self.named.any(sent.objects())) =>
            {
                Finding::Unproved("another operation was in progress, and may have done it")
            }
            finding => finding,
        };
        let summary = match finding {
            Finding::Applied { proof, .. } => Summary::of_reading(looking.seen.first(), proof),
            _ => Summary::plain(Proof::ReadBack),
        };
        self.note(id, &describe(&finding), at);
        if let Some(looking) = self.jobs.get_mut(&id).and_then(Job::looking) {
            looking.seen.clear();
        }
        match finding {
            Finding::Applied { twice: false, .. } => self.close(id, Standing::Accepted(summary), at),
            Finding::Applied { twice: true, .. } => {
                if self.counts(id, true, at) {
                    self.close(id, Standing::Accepted(summary), at);
                }
            }
            Finding::NotApplied => {
                if self.counts(id, false, at) {
                    self.found_not_applied(id, at);
                }
            }
            Finding::Pending => self.look_later(id, DoubtReason::Pending, WHILE_PENDING, at),
            Finding::Unproved(why) => self.leave_in_doubt(id, DoubtReason::Unproved(why), at),
            Finding::Unreadable(why) => self.looked_in_vain(id, why, Duration::ZERO, at),
        }
    }

    /// Whether what was *not* seen counts by now. If it does not, it is looked at again.
    fn counts(&mut self, id: JobId, applied: bool, at: Moment) -> bool {
        let between = self.config.between_negatives;
        let Some(looking) = self.jobs.get_mut(&id).and_then(Job::looking) else { return false };
        let again = match looking.once {
            _ if at.now < looking.counts_from => Some(looking.counts_from),
            Some((same, when)) if same == applied => {
                if at.now.saturating_duration_since(when) >= between {
                    return true;
                }
                when.checked_add(between)
            }
            _ => {
                looking.once = Some((applied, at.now));
                at.now.checked_add(between)
            }
        };
        self.pause(id, Purpose::Look, again);
        false
    }

    fn found_not_applied(&mut self, id: JobId, at: Moment) {
        match self.jobs.get(&id).map(|job| &job.work) {
            Some(Work::Change(_)) => self.not_applied(id, at),
            Some(Work::Settle(doubt)) => {
                let standing = match doubt.refusal.clone() {
                    Some(summary) => Standing::Refused { summary, for_now: false },
                    None => Standing::NotApplied,
                };
                self.close(id, standing, at);
            }
            _ => {}
        }
    }

    /// A read has shown that it was not applied.
    pub(super) fn not_applied(&mut self, id: JobId, at: Moment) {
        // Whoever asked for it while it was in doubt has come to have it done, and now waits for that.
        let calls: Vec<CallId> =
            self.jobs.get(&id).map(|job| job.calls.wanting().collect()).unwrap_or_default();
        for call in calls {
            if let Some(known) = self.calls.get_mut(&call).filter(|known| known.joined) {
                known.joined = false;
                self.take_time(call);
            }
        }
        // What the last answer asks for is still to be waited.
        let after = self.jobs.get(&id).map_or(Duration::ZERO, |job| job.wait_asked(at.now));
        let may = self.may_resend(id, after, at);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Work::Change(write) = &mut job.work else { return };
        let then = write.looking.take().map_or(NotApplied::RefusedForNow, |looking| looking.not_applied);
        write.lost_at = None;
        self.statistics.read_backs.end(&Standing::NotApplied);
        match then {
            NotApplied::Again if may => {
                write.fallback = Some(Box::new(Fallback::NotApplied(at.now)));
                self.resend(
                    id,
                    Purpose::Command,
                    Resend { after, another_session: false, counted: true },
                    Cause::NotApplied,
                    at,
                );
            }
            NotApplied::Refused => self.close_not_applied(id, false, at),
            NotApplied::Again | NotApplied::RefusedForNow => self.close_not_applied(id, true, at),
        }
    }

    pub(super) fn close_not_applied(&mut self, id: JobId, for_now: bool, at: Moment) {
        if for_now && !self.is_wanted(id) {
            return self.close(id, Standing::NotApplied, at);
        }
        let Some(Job { work: Work::Change(write), .. }) = self.jobs.get(&id) else { return };
        let summary = match &write.last {
            Some(last) if !last.verdict.completed() => U::summary(&last.reply, &last.text, Proof::ReadBack),
            _ => Summary::plain(Proof::ReadBack),
        };
        self.close(id, Standing::Refused { summary, for_now }, at);
    }

    fn looked_in_vain(&mut self, id: JobId, why: &'static str, least: Duration, at: Moment) {
        let vain = self.jobs.get_mut(&id).and_then(Job::looking).map_or(1, |looking| looking.vain);
        let wait = self.config.backoff.wait(vain.saturating_add(1), least, &mut self.random);
        self.look_later(id, DoubtReason::Unreadable(why), wait, at);
    }

    /// The look has shown nothing: another one later, or it is left to people.
    fn look_later(&mut self, id: JobId, reason: DoubtReason, wait: Duration, at: Moment) {
        let most = self.config.looks;
        let Some(looking) = self.jobs.get_mut(&id).and_then(Job::looking) else { return };
        looking.seen.clear();
        looking.once = None;
        looking.vain = looking.vain.saturating_add(1);
        if looking.vain >= most {
            return self.leave_in_doubt(id, reason, at);
        }
        match at.now.checked_add(wait) {
            Some(until) => self.pause(id, Purpose::Look, Some(until)),
            // A wait without an end is none.
            None => self.leave_in_doubt(id, reason, at),
        }
    }

    pub(super) fn leave_in_doubt(&mut self, id: JobId, reason: DoubtReason, at: Moment) {
        self.close_in_doubt(id, reason, at);
    }
}

impl<U: Upstream> Looking<U> {
    /// The read that comes next.
    pub(super) fn next(&self) -> Option<U::Command> {
        self.reads.get(self.seen.len()).cloned()
    }
}

/// Whether a reply to a read is one that can show something: not one of another command, and not "later".
fn shows_something(verdict: &Verdict, login: Login) -> bool {
    let final_answer = match verdict.class() {
        Class::Success => true,
        Class::Permanent => !verdict.closes_connection(),
        _ => false,
    };
    verdict.fits() && login != Login::Lost && final_answer
}

fn describe(finding: &Finding) -> String {
    match finding {
        Finding::Applied { proof, .. } => format!("looked: it was applied ({})", proof.as_str()),
        Finding::NotApplied => "looked: nothing shows that it was applied".to_owned(),
        Finding::Pending => "looked: something is pending".to_owned(),
        Finding::Unproved(why) => format!("looked, and it proves nothing: {why}"),
        Finding::Unreadable(why) => format!("looked in vain: {why}"),
    }
}
