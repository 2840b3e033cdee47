//! The task that owns an account: it moves calls, time, records and commands between a dispatcher and the world, and
//! decides nothing.

use core::error::Error;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use tokio::sync::broadcast;
use tracing::{Level, debug, enabled, error, info, trace, warn};

use super::account::{Changing, Connections};
use super::connect::{Dial, Logins};
use super::event::Event;
use super::flight::{Flights, Landed, send};
use super::lock::AccountLock;
use super::message::{Asked, Call, Caller, Message};
use super::snapshot::Snapshot;
use super::statistics::{Statistics, Tally};
use super::wall::Wall;
use crate::command::Command;
use crate::concurrent::{AbortHandle, AtomicBool, OwnedSemaphorePermit, mpsc, oneshot};
use crate::dispatch::{
    Action, CallId, Dispatch, DoubtReason, Moment, Outcome, Put, RecordId, Refused, Settled, Standing, Told,
};
use crate::journal::{Journal, Lease};
use crate::net::Alarm;
use crate::pool::Pool;
use crate::session::Fate;
use crate::settle::Keyed;

/// At its end, a client gives a journal that does not work so long to record what is left.
const LAST_RECORDS: Duration = Duration::from_secs(10);
/// And sessions, which end one after the other at the account's pace, so long and besides so much for each of them.
const LAST_QUIT: Duration = Duration::from_secs(15);
const LAST_QUIT_OF_EACH: Duration = Duration::from_secs(1);
/// But no longer than this, however slow its pace.
const LAST_QUIT_OF_ALL: Duration = Duration::from_secs(120);

/// So much of what has come back is taken in one turn.
const MAX_AT_ONCE: usize = 64;

pub(super) struct Driver {
    pub(super) dispatch: Dispatch<Pool>,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) dial: Dial,
    pub(super) logins: Logins,
    pub(super) keyed: Keyed,
    pub(super) wall: Wall,
    pub(super) alarm: Alarm,
    pub(super) retrying: Arc<AtomicBool>,
    pub(super) callers: BTreeMap<CallId, Caller>,
    pub(super) flights: Flights,
    pub(super) connections: Connections,
    /// What closes each connection at once, from its greeting to its end.
    pub(super) aborts: HashMap<u64, AbortHandle>,
    /// Connections that were closed before their login, and are not gone yet.
    pub(super) closing: HashSet<u64>,
    /// Whom to tell that a person's word is recorded.
    pub(super) resolving: HashMap<RecordId, Resolving>,
    pub(super) statistics: Tally,
    pub(super) changing: Option<Changing>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) frozen: bool,
    /// Commands and proofs of the login that were begun and have not come back.
    pub(super) on_the_wire: usize,
    pub(super) leaving: Option<Leaving>,
    /// Keeps other clients from the journal, for as long as anything may be written.
    pub(super) lease: Option<Lease>,
    /// Keeps other clients of this machine from the account, for as long as there may be a session.
    pub(super) lock: Option<AccountLock>,
}

/// Who has given a word on a doubt.
pub(super) type Resolving = (oneshot::Sender<Result<(), Refused>>, OwnedSemaphorePermit);

/// How far the end has come.
pub(super) struct Leaving {
    /// Whom to tell.
    over: Vec<(oneshot::Sender<()>, OwnedSemaphorePermit)>,
    /// When the journal's time is over, once nothing is on the wire.
    records_until: Option<Instant>,
    /// When the sessions' time is over, once nothing is left to be done on them.
    sessions_until: Option<Instant>,
}

/// What happened first.
enum Happened {
    Landed(Landed),
    Time,
    Asked(Option<Message>),
}

/// The runtime's clock, which a test may hold in its hand.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Driver {
    pub(super) async fn run(mut self) {
        let mut at = self.at();
        loop {
            self.act(at);
            if self.is_over() {
                break;
            }
            let happened = self.wait().await;
            at = self.at();
            match happened {
                Happened::Landed(landed) => {
                    self.hear(at);
                    self.landed(landed, at);
                }
                Happened::Time => self.dispatch.handle_timeout(at),
                Happened::Asked(Some(message)) => {
                    self.asked(message, at);
                    self.hear(at);
                }
                // Nobody holds the client any more.
                Happened::Asked(None) => self.leave(at),
            }
            // What else is there already goes with it.
            for _ in 0..MAX_AT_ONCE {
                let Some(landed) = self.flights.next().now_or_never() else { break };
                self.hear(at);
                self.landed(landed, at);
            }
        }
        self.close();
    }

    fn at(&self) -> Moment {
        Moment::new(now(), (self.wall)())
    }

    async fn wait(&mut self) -> Happened {
        let leaving = self.leaving.as_ref();
        let records = leaving.and_then(|leaving| leaving.records_until);
        let sessions = leaving.and_then(|leaving| leaving.sessions_until);
        let due = [self.dispatch.poll_timeout(), records, sessions].into_iter().flatten().min();
        // What is asked is answered to the end, but for the last client gone there is nobody to ask.
        let listens = self.leaving.is_none() || !self.messages.is_closed();
        tokio::select! {
            biased;
            landed = self.flights.next() => Happened::Landed(landed),
            () = self.alarm.until(due) => Happened::Time,
            message = self.messages.recv(), if listens => Happened::Asked(message),
        }
    }

    /// What was said before something came back is heard first: for whoever has left, nothing more is sent.
    fn hear(&mut self, at: Moment) {
        for _ in 0..self.messages.len() {
            if let Ok(message) = self.messages.try_recv() {
                self.asked(message, at);
            }
        }
    }

    fn asked(&mut self, message: Message, at: Moment) {
        // Before what is asked after it, even by whoever relied on another one whose message is not here yet.
        if self.retrying.load(Ordering::SeqCst) {
            self.retrying.store(false, Ordering::SeqCst);
            self.dispatch.slots_mut().retry_login();
            self.dispatch.handle_timeout(at);
        }
        match message {
            Message::Call(call) => self.begin(*call, at),
            Message::Leave(mark) => {
                if let Some(call) = mark.call()
                    && self.callers.remove(&call).is_some()
                {
                    debug!(%call, "caller has left");
                    self.dispatch.leave(call, at);
                }
            }
            Message::Doubts { answer, place } => {
                let _ = answer.send(self.dispatch.doubts().cloned().collect());
                drop(place);
            }
            Message::Snapshot { answer, place } => {
                let now = at.now();
                let sessions = self.dispatch.slots().snapshot();
                let _ = answer.send(Snapshot { at: now, sessions, work: self.dispatch.snapshot(now) });
                drop(place);
            }
            Message::Statistics { answer, place } => {
                let (own, work) = (self.statistics.clone(), self.dispatch.statistics().clone());
                let _ = answer.send(Statistics { own, work });
                drop(place);
            }
            Message::Entry { ticket, answer, place } => {
                let _ = answer.send(self.dispatch.entry(ticket).cloned());
                drop(place);
            }
            Message::Waiting { most, answer, place } => {
                let _ = answer.send(self.dispatch.waiting(most, at.now()));
                drop(place);
            }
            Message::Resolve { ticket, resolution, note, answer, place } => {
                match self.dispatch.resolve(ticket, resolution, &note, at) {
                    Ok(id) => {
                        info!(%ticket, ?resolution, "a person says what became of a doubt");
                        self.resolving.insert(id, (answer, place));
                    }
                    Err(why) => {
                        let _ = answer.send(Err(why));
                    }
                }
            }
            Message::ChangePassword { password, answer, place } => {
                self.change_password(password, Changing { answer, _place: place });
            }
            Message::Order { order, place } => {
                self.order(order, at);
                drop(place);
            }
            Message::Shutdown { over, place } => {
                self.leave(at);
                if let Some(leaving) = &mut self.leaving {
                    leaving.over.push((over, place));
                }
            }
            // Done already.
            Message::RetryLogin => {}
        }
    }

    fn begin(&mut self, call: Call, at: Moment) {
        let Call { asked, options, caller } = call;
        // Whoever has left already is not waited for.
        if caller.done.is_closed() {
            return;
        }
        let id = match asked {
            Asked::Query(command) => {
                let name = name_to_tell(&command);
                let id = self.dispatch.query(command, options, at);
                debug!(call = %id, name = %name.escape_debug(), "query");
                id
            }
            Asked::Change(command, safety) => {
                let name = name_to_tell(&command);
                let id = self.dispatch.change(command, safety, options, at);
                debug!(call = %id, name = %name.escape_debug(), safety = safety.as_str(), "change");
                id
            }
            Asked::Settle(ticket) => {
                let id = self.dispatch.settle(ticket, options, at);
                debug!(call = %id, %ticket, "settle");
                id
            }
        };
        caller.mark.set_call(id);
        // It has joined one that is under way.
        if let Some(ticket) = self.dispatch.ticket(id) {
            caller.mark.set_ticket(ticket);
        }
        self.callers.insert(id, caller);
    }

    /// Does all that is to be done now.
    fn act(&mut self, at: Moment) {
        loop {
            if let Some(action) = self.dispatch.poll_action() {
                self.carry_out(action, at);
            } else if self.about_sessions(at) {
                // Whatever the sessions have come to, slots may follow.
                self.dispatch.handle_timeout(at);
            } else {
                return self.watch_journal();
            }
        }
    }

    fn carry_out(&mut self, action: Action, at: Moment) {
        match action {
            Action::Record { id, puts } => self.record(id, puts, at),
            Action::Send { slot, command } => {
                for caller in self.dispatch.callers(slot.job).filter_map(|call| self.callers.get(&call)) {
                    caller.mark.set_sent();
                }
                let (job, session) = (slot.job.get(), slot.session);
                match self.connection(slot.session) {
                    Some(connection) => {
                        debug!(job, session, name = %command.name().escape_debug(), "sending");
                        self.on_the_wire = self.on_the_wire.saturating_add(1);
                        self.flights.add(send(connection, slot, command, at.now()));
                    }
                    None => {
                        debug!(job, session, "not sent: the session has ended");
                        self.dispatch.handle_fate(slot, Ok(Fate::Unsent(command)), false, at);
                    }
                }
            }
            Action::Probe { slot } => {
                debug!(job = slot.job.get(), session = slot.session, "proving the login");
                self.on_the_wire = self.on_the_wire.saturating_add(1);
                self.dispatch.slots_mut().prove_login(slot, at.now());
            }
            Action::Tell { call, told } => {
                trace_told(call, &told);
                if let Some(Caller { done, place, .. }) = self.callers.remove(&call) {
                    // Whoever was told has room for his next call.
                    drop(place);
                    // Whoever has left is not told.
                    let _ = done.send(told);
                }
            }
        }
    }

    fn record(&self, id: RecordId, puts: Vec<Put>, at: Moment) {
        let mut removed = Vec::new();
        let (mut intent, begun) = (false, at.now());
        for put in &puts {
            match put {
                // Before the journal has it, that no caller ever knows less.
                Put::Entry(entry) if *entry.standing() == Standing::Open => {
                    intent = true;
                    let callers = self.dispatch.callers_of(entry.ticket());
                    for caller in callers.filter_map(|call| self.callers.get(&call)) {
                        caller.mark.set_ticket(entry.ticket());
                    }
                }
                // Whether anybody waits for it or not.
                Put::Entry(entry) if *entry.standing() == Standing::InDoubt => {
                    self.observe(Event::InDoubt(entry.ticket()));
                }
                Put::Entry(_) | Put::Account(_) => {}
                Put::Remove(ticket) => removed.push(*ticket),
            }
        }
        trace!(puts = puts.len(), "recording");
        let write = self.journal.write(puts, at.wall());
        self.flights.add(async move { Landed::Recorded { id, begun, intent, removed, result: write.await } });
    }

    /// Tells those who watch whether the journal records.
    fn watch_journal(&mut self) {
        let frozen = self.dispatch.is_frozen();
        if frozen != self.frozen {
            self.frozen = frozen;
            if !frozen {
                info!("journal records again");
            }
            self.observe(if frozen { Event::JournalFails } else { Event::JournalWorks });
        }
    }

    fn landed(&mut self, landed: Landed, at: Moment) {
        match landed {
            Landed::Recorded { id, begun, intent, removed, result } => {
                self.statistics.recorded(at.now().saturating_duration_since(begun), intent, result.is_ok());
                match &result {
                    Ok(()) => {
                        // Nobody is to be found by a ticket that is gone.
                        for ticket in removed {
                            self.callers.values().for_each(|caller| caller.mark.unset_ticket(ticket));
                        }
                    }
                    Err(error) => warn!(%error, "journal does not record"),
                }
                let result: Result<(), Arc<dyn Error + Send + Sync>> =
                    result.map_err(|error| Arc::new(error) as _);
                let resolving = self.resolving.remove(&id);
                self.dispatch.handle_recorded(id, result.clone(), at);
                if let Some((answer, place)) = resolving {
                    drop(place);
                    let _ = answer.send(result.map_err(Refused::Journal));
                }
            }
            Landed::Remembered { begun, result } => {
                self.statistics.recorded(at.now().saturating_duration_since(begun), false, result.is_ok());
                if let Err(error) = &result {
                    warn!(%error, "journal does not record what is known of the account");
                }
                self.dispatch.slots_mut().remembered(result.is_ok(), at.now());
                self.dispatch.handle_timeout(at);
            }
            Landed::Fate { slot, begun, effect, fate, alive } => {
                if !matches!(fate, Ok(Fate::Unsent(_)) | Err(_)) {
                    self.statistics.fate(at.now().saturating_duration_since(begun), effect);
                }
                self.on_the_wire = self.on_the_wire.saturating_sub(1);
                self.sent(slot, fate, alive, at);
                self.dispatch.handle_timeout(at);
            }
            Landed::Greeted { number, result } => {
                self.greeted(number, result, at);
                self.dispatch.handle_timeout(at);
            }
            Landed::Opened { number, code, result } => {
                self.statistics.login(code);
                self.opened(number, result, at);
                self.dispatch.handle_timeout(at);
            }
            Landed::KeptAlive { number, code, kept } => {
                self.statistics.kept_alive(code);
                self.kept_alive(number, kept, at);
                self.dispatch.handle_timeout(at);
            }
            Landed::Ended { number, end } => {
                self.ended(number, end, at);
                self.dispatch.handle_timeout(at);
            }
            Landed::CalledBack { number } => {
                self.closing.remove(&number);
            }
        }
    }

    /// Begins the end.
    fn leave(&mut self, at: Moment) {
        if self.leaving.is_none() {
            debug!("client ends");
            self.leaving = Some(Leaving { over: Vec::new(), records_until: None, sessions_until: None });
            self.dispatch.stop(at);
            self.dispatch.slots_mut().stop(at.now());
            self.dispatch.handle_timeout(at);
        }
    }

    /// Whether nothing is left to be done.
    fn is_over(&mut self) -> bool {
        let Some(leaving) = &mut self.leaving else { return false };
        let (jobs, unrecorded) = (self.dispatch.jobs(), self.dispatch.unrecorded());
        let now = now();
        if jobs > 0 || unrecorded > 0 {
            // What is on the wire has deadlines of its own, and what waits was given up: all else waits for the journal.
            if self.on_the_wire > 0 {
                leaving.records_until = None;
                return false;
            }
            let until =
                *leaving.records_until.get_or_insert_with(|| now.checked_add(LAST_RECORDS).unwrap_or(now));
            if now < until {
                return false;
            }
            error!(jobs, unrecorded, "client ends, and the journal did not record what became of writes");
            return true;
        }
        // A time that is over and was not needed would wake the task for ever.
        leaving.records_until = None;
        let pool = self.dispatch.slots();
        if pool.is_over() && self.closing.is_empty() {
            return true;
        }
        let sessions = u32::try_from(pool.sessions()).unwrap_or(u32::MAX);
        let of_each = pool.rate().interval().saturating_add(LAST_QUIT_OF_EACH);
        let time = LAST_QUIT.saturating_add(of_each.saturating_mul(sessions)).min(LAST_QUIT_OF_ALL);
        let until = *leaving.sessions_until.get_or_insert_with(|| now.checked_add(time).unwrap_or(now));
        if now >= until {
            warn!(sessions, "client ends before its sessions have");
        }
        now >= until
    }

    /// Tells that it is over.
    fn close(mut self) {
        // Whoever asks now is told that nobody listens.
        self.messages.close();
        // What is left of sessions goes by itself.
        self.connections.clear();
        debug!("client has ended");
        // Whoever is told that it is over may begin anew.
        drop(self.lease.take());
        drop(self.lock.take());
        for (over, _place) in self.leaving.take().into_iter().flat_map(|leaving| leaving.over) {
            let _ = over.send(());
        }
    }
}

/// The name of a command, if anybody is to be told.
fn name_to_tell(command: &Command) -> String {
    enabled!(Level::DEBUG).then(|| command.name().to_owned()).unwrap_or_default()
}

/// What is told, without what the registry said.
fn trace_told(call: CallId, told: &Told) {
    match told {
        Told::Query(Ok(answer)) => debug!(%call, code = %answer.reply().code(), "query answered"),
        Told::Query(Err(error)) => debug!(%call, %error, "query failed"),
        Told::Change(Ok(Outcome::Accepted(accepted))) => {
            debug!(%call, ticket = %accepted.ticket(), recorded = accepted.is_recorded(), "change accepted");
        }
        Told::Change(Ok(Outcome::Refused(refusal))) => {
            debug!(%call, ticket = %refusal.ticket(), recorded = refusal.is_recorded(), "change refused");
        }
        Told::Change(Ok(Outcome::InDoubt(doubt))) if doubt.reason() == DoubtReason::Deadline => {
            info!(%call, ticket = %doubt.ticket(), "caller's time is over; the change goes on");
        }
        Told::Change(Ok(Outcome::InDoubt(doubt))) => {
            warn!(%call, ticket = %doubt.ticket(), reason = %doubt.reason(), "change is in doubt");
        }
        Told::Change(Err(not_sent)) => debug!(%call, why = %not_sent.why(), "change not sent"),
        Told::Settle(Ok(Settled::StillInDoubt(doubt))) => {
            warn!(%call, ticket = %doubt.ticket(), reason = %doubt.reason(), "still in doubt");
        }
        Told::Settle(Ok(_)) => debug!(%call, "settled"),
        Told::Settle(Err(why)) => debug!(%call, %why, "not settled"),
    }
}
