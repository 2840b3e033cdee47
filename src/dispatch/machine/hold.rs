//! While the registry has locked the account: whoever cannot wait for the end of that is told at once.

use core::num::NonZeroU64;
use std::time::Instant;

use super::super::calls::{Asked, CallId};
use super::super::config::Moment;
use super::super::job::Work;
use super::super::slots::{JobId, Slots};
use super::super::told::Refused;
use super::super::upstream::Upstream;
use super::Dispatch;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// The registry has locked the account, as it said to somebody else: nothing is sent for so long. Whoever's deadline
    /// lies before the end of that, or leaves no time for a reply after it, is told so
    /// ([`Refused::Held`]), unless something was sent for it.
    pub fn hold(&mut self, wait: core::time::Duration, at: Moment) {
        self.slots.hold(wait, at.now);
        self.pump(at);
    }

    /// Until when the account is locked; `None` if it is not now.
    pub(super) fn held_until(&self, now: Instant) -> Option<Instant> {
        self.slots.held_until().filter(|until| *until > now)
    }

    /// If the account is locked since the last look, or for longer: those that cannot wait so long are told.
    pub(super) fn check_hold(&mut self, at: Moment) {
        let until = self.held_until(at.now);
        if core::mem::replace(&mut self.held, until) == until {
            return;
        }
        let Some(until) = until else { return };
        // Only those whose time ends too early are looked at.
        let early: Vec<CallId> = match until.checked_add(self.config.least_reply) {
            Some(end) => {
                self.deadlines.range(..(end, CallId(NonZeroU64::MIN))).map(|(_, call)| *call).collect()
            }
            None => self.deadlines.iter().map(|(_, call)| *call).collect(),
        };
        for call in early {
            self.hold_back(call, at);
        }
    }

    /// Refuses a call for which nothing was sent, if its time ends too early for the lock of the account.
    pub(super) fn hold_back(&mut self, call: CallId, at: Moment) {
        let (Some(until), Some(known)) = (self.held_until(at.now), self.calls.get(&call)) else { return };
        let end = until.checked_add(self.config.least_reply);
        let early = known.deadline.is_some_and(|deadline| end.is_none_or(|end| deadline < end));
        let Some((id, job)) = known.job.and_then(|id| Some((id, self.jobs.get(&id)?))) else { return };
        let unsent = match (&known.asked, &job.work) {
            // Nothing of the read was sent, so nothing is lost by not asking.
            (Asked::Settle(_), Work::Settle(_)) => job.session.is_none(),
            (Asked::Settle(_), _) => false,
            _ => job.is_unsent(),
        };
        if early && unsent {
            let left = until.saturating_duration_since(at.now);
            self.refuse_call(call, Refused::Held { left });
            self.detach(call, id, at);
        }
    }

    /// The same for all calls of a job that goes back to its line.
    pub(super) fn hold_back_all(&mut self, id: JobId, at: Moment) {
        if self.held_until(at.now).is_some()
            && let Some(job) = self.jobs.get(&id)
        {
            let calls: Vec<CallId> = job.calls.wanting().collect();
            for call in calls {
                self.hold_back(call, at);
            }
        }
    }
}
