//! What callers ask for.

use std::sync::Arc;

use super::super::calls::{Asked, Call, CallId, Owner};
use super::super::config::{Moment, Options};
use super::super::entry::{Intent, Standing, Ticket};
use super::super::job::{Before, Job, Purpose, Question, Work, Write};
use super::super::slots::{JobId, Slots};
use super::super::told::{Accepted, Doubt, DoubtReason, NotSent, Outcome, QueryError, Refused, Told};
use super::super::upstream::Upstream;
use super::Dispatch;
use crate::command::{Effect, Safety};
use crate::settle::Resolver;

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// Asks something. It is told once, by an [`Action::Tell`](super::Action::Tell).
    pub fn query(&mut self, mut command: U::Command, options: Options, at: Moment) -> CallId {
        let checked = self.check(&command, Effect::Read, &options);
        U::shrink(&mut command);
        let call = self.call(Asked::Query, options);
        match checked.and_then(|()| self.room_for_call(call)) {
            Ok(()) => self.begin_query(call, command, at),
            Err(why) => self.refuse_call(call, why),
        }
        self.pump(at);
        call
    }

    fn begin_query(&mut self, call: CallId, command: U::Command, at: Moment) {
        let mut shared = self.share_key(call, &command);
        if !self.joins_query(call, &command, &mut shared, at) {
            if self.jobs.len() >= self.config.jobs {
                return self.refuse_call(call, Refused::Backlog);
            }
            let id = self.job(Work::Query(Box::new(Question { command, writes: 0, shared })), call, at);
            self.share(id);
            self.want(id, Purpose::Command, at);
        }
        self.hold_back(call, at);
    }

    /// Changes something. It is told once: how it ended, or that it was never sent.
    pub fn change(
        &mut self,
        mut command: U::Command,
        safety: Safety,
        options: Options,
        at: Moment,
    ) -> CallId {
        let checked = self.check(&command, Effect::Write, &options);
        U::shrink(&mut command);
        let call = self.call(Asked::Change { command, safety }, options);
        match checked {
            Ok(()) => self.begin_change(call, at),
            Err(why) => self.refuse_call(call, why),
        }
        self.pump(at);
        call
    }

    /// Settles a doubt by reading, and never by sending it again. It is told once.
    pub fn settle(&mut self, ticket: Ticket, options: Options, at: Moment) -> CallId {
        let call = self.call(Asked::Settle(ticket), options);
        self.begin_settling(call, ticket, at);
        self.hold_back(call, at);
        self.pump(at);
        call
    }

    fn call(&mut self, asked: Asked<U>, options: Options) -> CallId {
        let Options { deadline, user, key, lane, caller } = options;
        let (owner, caller) = self.callers.enter(&user, key, &caller);
        let id = CallId(self.number());
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, id));
        }
        self.calls
            .insert(id, Box::new(Call { asked, deadline, owner, lane, caller, job: None, joined: false }));
        id
    }

    /// Whether it can be refused at once.
    fn check(&self, command: &U::Command, effect: Effect, options: &Options) -> Result<(), Refused> {
        if U::nature(command).effect() != effect {
            return Err(Refused::WrongEffect);
        }
        let too_long = options.user.len().max(options.caller.len()) > Intent::MAX_USER;
        if too_long || options.key.as_ref().is_some_and(|key| key.len() > Intent::MAX_KEY) {
            return Err(Refused::TooLong);
        }
        self.upstream.check(command)
    }

    /// Whether there is room for this call, and anything is begun at all.
    fn room_for_call(&self, call: CallId) -> Result<(), Refused> {
        let of_caller = self.calls.get(&call).map_or(0, |call| self.callers.calls(&call.caller));
        if self.stopping {
            Err(Refused::Stopped)
        } else if self.calls.len() > self.config.jobs {
            Err(Refused::Backlog)
        } else if of_caller > self.config.per_caller {
            Err(Refused::CallerBacklog(self.config.per_caller))
        } else {
            Ok(())
        }
    }

    /// Whether there is room for this call and for a job of its own, and anything is begun at all.
    fn room(&self, call: CallId) -> Result<(), Refused> {
        self.room_for_call(call)?;
        if self.jobs.len() >= self.config.jobs { Err(Refused::Backlog) } else { Ok(()) }
    }

    pub(super) fn job(&mut self, work: Work<U>, call: CallId, at: Moment) -> JobId {
        let asked = self.clock(at.now);
        let id = JobId::new(self.number().get());
        let known = self.calls.get(&call);
        let (lane, caller) = known.map(|call| (call.lane, Arc::clone(&call.caller))).unwrap_or_default();
        self.jobs.insert(id, Job::new(work, lane, caller, asked));
        self.join(call, id, false);
        id
    }

    pub(super) fn join(&mut self, call: CallId, id: JobId, joined: bool) {
        if let (Some(known), Some(job)) = (self.calls.get_mut(&call), self.jobs.get_mut(&id)) {
            known.job = Some(id);
            known.joined = joined;
            job.calls.insert(call, known.wants_attempts());
        }
    }

    /// Joins what was begun by an earlier call.
    fn join_running(&mut self, call: CallId, id: JobId) {
        let full = self.room_for_call(call).err().filter(|why| !matches!(why, Refused::Stopped));
        let ticket = match self.jobs.get(&id).map(|job| &job.work) {
            Some(Work::Change(write)) => write.entry.as_ref().map(|entry| entry.ticket()),
            Some(Work::Settle(doubt)) => Some(doubt.entry.ticket()),
            _ => None,
        };
        let changes = self.calls.get(&call).is_some_and(|call| call.wants_attempts());
        match (full, ticket) {
            (None, _) => self.join(call, id, true),
            (Some(_), Some(ticket)) if changes => {
                // By its key: "not sent" would be wrong of it.
                let doubt = Doubt { ticket, reason: DoubtReason::UnderWay, recorded: true };
                self.tell(call, Told::Change(Ok(Outcome::InDoubt(doubt))));
            }
            (Some(why), _) => self.refuse_call(call, why),
        }
    }

    /// Begins a change, unless its key says that it was begun.
    pub(super) fn begin_change(&mut self, call: CallId, at: Moment) {
        self.begin_or_join(call, at);
        self.hold_back(call, at);
    }

    fn begin_or_join(&mut self, call: CallId, at: Moment) {
        let Some(Call { asked: Asked::Change { command, safety }, owner, .. }) =
            self.calls.get(&call).map(|call| &**call)
        else {
            return;
        };
        let (command, safety, owner) = (command.clone(), *safety, Arc::clone(owner));
        if let Some(key) = &owner.key {
            let payload = U::payload(&command, &self.keyed);
            if self.goes_by_key(call, (&owner.user, key), payload, safety, at) {
                return;
            }
        }
        let write = Write {
            safety,
            resolver: self.upstream.resolver(&command, &self.keyed),
            owner,
            before: None,
            entry: None,
            told: false,
            handed_over: 0,
            lost_at: None,
            last: None,
            fallback: None,
            looking: None,
            command,
        };
        let objects = U::objects(&write.command);
        if let Some(ticket) = self.objects.in_doubt(&objects) {
            return self.refuse_call(call, Refused::ObjectInDoubt(ticket));
        }
        let frozen = self.records.frozen().cloned().map(Refused::Journal);
        if let Some(why) = frozen.or_else(|| self.room(call).err()) {
            return self.refuse_call(call, why);
        }
        let key = self.key_of(&write);
        let id = self.job(Work::Change(Box::new(write)), call, at);
        if let Some(key) = key {
            self.by_key.insert(key, id);
        }
        self.shared.write_asked(&objects, id.get());
        if self.objects.take(id, &objects) {
            self.start(id, at);
        }
    }

    /// By what others find a write that come with its key.
    pub(super) fn key_of(&self, write: &Write<U>) -> Option<[u8; 16]> {
        let Owner { user, key } = &*write.owner;
        Some(self.keyed.hash([user.as_bytes(), key.as_ref()?.as_bytes()]))
    }

    /// Whether the key settles it: a change with it is done, under way, in doubt, or was another.
    fn goes_by_key(
        &mut self,
        call: CallId,
        (user, key): (&str, &str),
        payload: [u8; 16],
        safety: Safety,
        at: Moment,
    ) -> bool {
        if let Some(id) = self.by_key.get(&self.keyed.hash([user.as_bytes(), key.as_bytes()])).copied()
            && let Some(Job { work: Work::Change(write), .. }) = self.jobs.get(&id)
        {
            // Nobody's change is sent by what somebody else has vouched for.
            if U::payload(&write.command, &self.keyed) == payload && write.safety == safety {
                let settles = write.looking.is_some();
                self.join_running(call, id);
                if settles {
                    self.hurry(call, at);
                }
            } else {
                let ticket = write.entry.as_ref().map(|entry| entry.ticket());
                self.refuse_call(call, Refused::KeyConflict(ticket));
            }
            return true;
        }
        let Some(ticket) = self.memory.by_key(user, key) else { return false };
        if let Some(finished) = self.memory.finished(ticket) {
            if finished.payload != payload {
                self.refuse_call(call, Refused::KeyConflict(Some(ticket)));
                return true;
            }
            if let Standing::Accepted(summary) = &finished.standing {
                let summary = summary.clone();
                let accepted = Accepted {
                    ticket,
                    summary,
                    reply: None,
                    recorded: !self.records.lack(ticket),
                    replayed: true,
                };
                self.tell(call, Told::Change(Ok(Outcome::Accepted(accepted))));
                return true;
            }
            return false;
        }
        match self.memory.doubts.get(&ticket) {
            None => false,
            Some(doubt) if doubt.entry.intent.payload != payload => {
                self.refuse_call(call, Refused::KeyConflict(Some(ticket)));
                true
            }
            Some(_) => {
                self.begin_settling(call, ticket, at);
                if let Some(call) = self.calls.get_mut(&call) {
                    call.joined = true;
                }
                self.hurry(call, at);
                true
            }
        }
    }

    /// Nothing stands before it: the earlier reading, if one is needed, and then the command.
    pub(super) fn start(&mut self, id: JobId, at: Moment) {
        let Some(Job { work: Work::Change(write), .. }) = self.jobs.get_mut(&id) else { return };
        let sent = write.sent(&self.keyed);
        let looks = match write.resolver {
            Some(resolver) if self.upstream.wants_earlier_reading(resolver, &sent) => {
                // Twice does no harm, its caller says.
                let needed = write.safety != Safety::Repeatable;
                if needed { self.upstream.reads(resolver, &sent) } else { Vec::new() }
            }
            // What a guard or a date of creation shows may be what an earlier command of ours has done.
            // Of another API nothing is known that such a reading would be needed for, where twice does no harm.
            Some(Resolver::Other) if write.safety == Safety::Repeatable => Vec::new(),
            Some(resolver) if self.written.any(resolver, &sent) => self.upstream.reads(resolver, &sent),
            _ => Vec::new(),
        };
        let restless = self.restless.until(sent.objects(), at.now);
        if restless.is_some() && write.resolver.is_some() && write.safety != Safety::Repeatable {
            let purpose = if looks.is_empty() { Purpose::Command } else { Purpose::Before };
            return self.pause(id, purpose, restless);
        }
        let (recent, upstream, keyed, age) = (&self.recent, &self.upstream, &self.keyed, self.config.recent);
        let known: Option<Vec<_>> =
            looks.iter().map(|look| recent.get(upstream, look, keyed, at.now, age)).collect();
        let purpose = match known {
            Some(known) => {
                let since = known.iter().map(|(when, _)| *when).min();
                let readings = known.into_iter().map(|(_, reading)| reading).collect();
                write.before = since.map(|since| Box::new(Before { readings, since }));
                Purpose::Command
            }
            None => Purpose::Before,
        };
        self.want(id, purpose, at);
    }

    /// Tells a call that nothing was sent for it.
    pub(super) fn refuse_call(&mut self, call: CallId, why: Refused) {
        let told = match self.calls.get_mut(&call).map(|call| &mut call.asked) {
            Some(Asked::Change { command, .. }) => {
                Told::Change(Err(NotSent { command: Box::new(command.clone()), why }))
            }
            Some(Asked::Settle(_)) => Told::Settle(Err(why)),
            Some(Asked::Query) => Told::Query(Err(QueryError::Unsent(why))),
            None => return,
        };
        self.tell(call, told);
    }

    /// Somebody settles a doubt: by a job of its own, or with whoever is at it.
    fn begin_settling(&mut self, call: CallId, ticket: Ticket, at: Moment) {
        if let Some(id) = self.by_ticket.get(&ticket).copied() {
            return self.join_running(call, id);
        }
        if let Some(finished) = self.memory.finished(ticket) {
            let standing = finished.standing.clone();
            return self.tell_finished(call, ticket, &standing);
        }
        match (self.memory.doubts.get(&ticket).cloned(), self.room(call)) {
            (None, _) => self.refuse_call(call, Refused::NoSuchTicket(ticket)),
            (Some(doubt), Err(why)) => match self.calls.get(&call).map(|call| &call.asked) {
                // By its key: "not sent" would be wrong of it.
                Some(Asked::Change { .. }) => {
                    let doubt = Doubt { ticket, reason: doubt.reason, recorded: true };
                    self.tell(call, Told::Change(Ok(Outcome::InDoubt(doubt))));
                }
                _ => self.refuse_call(call, why),
            },
            (Some(doubt), Ok(())) => {
                let id = self.job(Work::Settle(Box::new(doubt)), call, at);
                self.by_ticket.insert(ticket, id);
                self.look_at_doubt(id, at);
            }
        }
    }
}
