//! The task that owns an account: it moves calls, time, records and commands between a dispatcher and the world, and
//! decides nothing.

use core::future::pending;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::{debug, error, info, trace, warn};

use super::connect::{Dial, NotOpened, Then, open};
use super::flight::{Flights, Landed, probe, send};
use super::lock::AccountLock;
use super::message::{Asked, Call, Caller, Message};
use super::wall::Wall;
use crate::dispatch::{
    Action, CallId, Dispatch, DoubtReason, Moment, Outcome, Put, RecordId, SessionAction, Settled,
    SingleSession, Slot, Standing, Told,
};
use crate::journal::{Journal, Lease};
use crate::net::Connection;
use crate::session::{Config, Fate};

/// At its end, a client gives a journal that does not work so long to record what is left.
const LAST_RECORDS: Duration = Duration::from_secs(10);
/// And a session, beside its own deadline for QUIT, so long to end.
const LAST_QUIT: Duration = Duration::from_secs(15);

pub(super) struct Driver {
    pub(super) dispatch: Dispatch<SingleSession>,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) dial: Dial,
    pub(super) config: Config,
    pub(super) pace: Duration,
    pub(super) wall: Wall,
    pub(super) retrying: Arc<AtomicBool>,
    pub(super) callers: HashMap<CallId, Caller>,
    pub(super) flights: Flights,
    pub(super) session: Option<(u64, Arc<Connection>)>,
    /// Sessions that were opened and whose end is not known yet.
    pub(super) open: usize,
    /// Commands and proofs of the login that were begun and have not come back.
    pub(super) on_the_wire: usize,
    pub(super) leaving: Option<Leaving>,
    /// Keeps other clients from the journal, for as long as anything may be written.
    pub(super) lease: Option<Lease>,
    /// Keeps other clients of this machine from the account, for as long as there may be a session.
    pub(super) lock: Option<AccountLock>,
}

/// How far the end has come.
pub(super) struct Leaving {
    /// Whom to tell.
    over: Vec<(oneshot::Sender<()>, OwnedSemaphorePermit)>,
    /// When the journal's time is over, once nothing is on the wire.
    records_until: Option<Instant>,
}

/// What happened first.
enum Happened {
    Landed(Landed),
    Time,
    Asked(Option<Message>),
}

/// The runtime's clock, which a test may hold in its hand.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Driver {
    pub(super) async fn run(mut self) {
        loop {
            self.act();
            if self.is_over() {
                break;
            }
            match self.wait().await {
                Happened::Landed(landed) => {
                    // What was said before is heard first: for whoever has left, nothing more is sent.
                    for _ in 0..self.messages.len() {
                        if let Ok(message) = self.messages.try_recv() {
                            self.asked(message);
                        }
                    }
                    self.landed(landed);
                }
                Happened::Time => {
                    let at = self.at();
                    self.dispatch.handle_timeout(at);
                }
                Happened::Asked(Some(message)) => self.asked(message),
                // Nobody holds the client any more.
                Happened::Asked(None) => self.leave(),
            }
        }
        self.close().await;
    }

    fn at(&self) -> Moment {
        Moment::new(now(), (self.wall)())
    }

    async fn wait(&mut self) -> Happened {
        let last = self.leaving.as_ref().and_then(|leaving| leaving.records_until);
        let due = [self.dispatch.poll_timeout(), last].into_iter().flatten().min();
        let time = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => pending().await,
            }
        };
        // What is asked is answered to the end, but for the last client gone there is nobody to ask.
        let listens = self.leaving.is_none() || !self.messages.is_closed();
        tokio::select! {
            biased;
            landed = self.flights.next() => Happened::Landed(landed),
            () = time => Happened::Time,
            message = self.messages.recv(), if listens => Happened::Asked(message),
        }
    }

    fn asked(&mut self, message: Message) {
        let at = self.at();
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
            Message::Shutdown { over, place } => {
                self.leave();
                if let Some(leaving) = &mut self.leaving {
                    leaving.over.push((over, place));
                }
            }
            Message::RetryLogin => {
                self.retrying.store(false, Ordering::SeqCst);
                self.dispatch.slots_mut().retry_login();
                self.dispatch.handle_timeout(at);
            }
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
                let name = command.name().to_owned();
                let id = self.dispatch.query(command, options, at);
                debug!(call = %id, name = %name.escape_debug(), "query");
                id
            }
            Asked::Change(command, safety) => {
                let name = command.name().to_owned();
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
    fn act(&mut self) {
        loop {
            if let Some(action) = self.dispatch.poll_action() {
                self.carry_out(action);
            } else if let Some(action) = self.dispatch.slots_mut().poll_session(now()) {
                self.about_session(action);
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Record { id, puts } => self.record(id, puts),
            Action::Send { slot, command } => {
                for caller in self.dispatch.callers(slot.job).filter_map(|call| self.callers.get(&call)) {
                    caller.mark.set_sent();
                }
                let (job, session) = (slot.job.get(), slot.session);
                match self.connection(slot) {
                    Some(connection) => {
                        debug!(job, session, name = %command.name().escape_debug(), "sending");
                        self.on_the_wire = self.on_the_wire.saturating_add(1);
                        self.flights.add(send(connection, slot, command));
                    }
                    None => {
                        debug!(job, session, "not sent: the session has ended");
                        let at = self.at();
                        self.dispatch.handle_fate(slot, Ok(Fate::Unsent(command)), false, at);
                    }
                }
            }
            Action::Probe { slot } => match self.connection(slot) {
                Some(connection) => {
                    debug!(job = slot.job.get(), session = slot.session, "proving the login");
                    self.on_the_wire = self.on_the_wire.saturating_add(1);
                    self.flights.add(probe(connection, slot, self.pace));
                }
                None => {
                    let at = self.at();
                    self.dispatch.handle_probed(slot, false, false, at);
                }
            },
            Action::Tell { call, told } => {
                trace_told(call, &told);
                if let Some(caller) = self.callers.remove(&call) {
                    // Whoever has left is not told.
                    let _ = caller.done.send(told);
                }
            }
        }
    }

    fn record(&mut self, id: RecordId, puts: Vec<Put>) {
        let mut removed = Vec::new();
        for put in &puts {
            match put {
                // Before the journal has it, that no caller ever knows less.
                Put::Entry(entry) if *entry.standing() == Standing::Open => {
                    let callers = self.dispatch.callers_of(entry.ticket());
                    for caller in callers.filter_map(|call| self.callers.get(&call)) {
                        caller.mark.set_ticket(entry.ticket());
                    }
                }
                Put::Entry(_) | Put::Account(_) => {}
                Put::Remove(ticket) => removed.push(*ticket),
            }
        }
        trace!(puts = puts.len(), "recording");
        let write = self.journal.write(puts, (self.wall)());
        self.flights.add(async move { Landed::Recorded { id, removed, result: write.await } });
    }

    fn connection(&self, slot: Slot) -> Option<Arc<Connection>> {
        let (number, connection) = self.session.as_ref()?;
        (*number == slot.session).then(|| Arc::clone(connection))
    }

    fn about_session(&mut self, action: SessionAction) {
        match action {
            SessionAction::Open(number) => {
                debug!(session = number, "opening a session");
                let open = open(Arc::clone(&self.dial), self.config.clone());
                self.flights.add(async move { Landed::Opened { number, result: open.await } });
            }
            SessionAction::End(number) => {
                debug!(session = number, "ending the session");
                match self.session.take_if(|(known, _)| *known == number) {
                    // The last handle: the session ends by QUIT, and says when it has.
                    Some(handle) => drop(handle),
                    None => {
                        let at = self.at();
                        self.dispatch.slots_mut().ended(number);
                        self.dispatch.handle_timeout(at);
                    }
                }
            }
        }
    }

    fn landed(&mut self, landed: Landed) {
        let at = self.at();
        match landed {
            Landed::Recorded { id, removed, result } => {
                match &result {
                    Ok(()) => {
                        // Nobody is to be found by a ticket that is gone.
                        for ticket in removed {
                            self.callers.values().for_each(|caller| caller.mark.unset_ticket(ticket));
                        }
                    }
                    Err(error) => warn!(%error, "journal does not record"),
                }
                let result = result.map_err(|error| Arc::new(error) as _);
                self.dispatch.handle_recorded(id, result, at);
            }
            Landed::Fate { slot, fate, alive } => {
                self.on_the_wire = self.on_the_wire.saturating_sub(1);
                if !alive {
                    self.session.take_if(|(number, _)| *number == slot.session);
                }
                self.dispatch.handle_fate(slot, fate, alive, at);
            }
            Landed::Probed { slot, holds, alive } => {
                debug!(job = slot.job.get(), session = slot.session, holds, "login proven or not");
                self.on_the_wire = self.on_the_wire.saturating_sub(1);
                if !alive {
                    self.session.take_if(|(number, _)| *number == slot.session);
                }
                self.dispatch.handle_probed(slot, holds, alive, at);
            }
            Landed::Opened { number, result } => self.opened(number, result, at),
            Landed::Ended { number, end } => {
                debug!(session = number, %end, "session is over");
                self.open = self.open.saturating_sub(1);
                self.session.take_if(|(known, _)| *known == number);
                self.dispatch.slots_mut().ended(number);
                self.dispatch.handle_timeout(at);
            }
        }
    }

    fn opened(&mut self, number: u64, result: Result<Connection, NotOpened>, at: Moment) {
        let when = now();
        let slots = self.dispatch.slots_mut();
        match result {
            Ok(connection) => {
                info!(session = number, "session is open");
                slots.opened(number, when);
                let ended = connection.when_ended();
                self.flights.add(async move { Landed::Ended { number, end: ended.await } });
                self.session = Some((number, Arc::new(connection)));
                self.open = self.open.saturating_add(1);
            }
            Err(NotOpened { why, then: Then::Refused }) => {
                error!(session = number, %why, "login refused: none is tried until somebody corrects it");
                slots.refused(number, why, when);
            }
            Err(NotOpened { why, then: Then::Hold(wait) }) => {
                error!(session = number, %why, ?wait, "account is locked");
                slots.failed(number, why, wait, when);
                self.dispatch.hold(wait, at);
            }
            Err(NotOpened { why, then: Then::Retry(least) }) => {
                warn!(session = number, %why, "session not opened");
                slots.failed(number, why, least, when);
            }
        }
        self.dispatch.handle_timeout(at);
    }

    /// Begins the end.
    fn leave(&mut self) {
        if self.leaving.is_none() {
            debug!("client ends");
            self.leaving = Some(Leaving { over: Vec::new(), records_until: None });
            let at = self.at();
            self.dispatch.stop(at);
        }
    }

    /// Whether nothing is left to be done but to close the session.
    fn is_over(&mut self) -> bool {
        let Some(leaving) = &mut self.leaving else { return false };
        let (jobs, unrecorded) = (self.dispatch.jobs(), self.dispatch.unrecorded());
        if jobs == 0 && unrecorded == 0 {
            return true;
        }
        // What is on the wire has deadlines of its own, and what waits was given up: all else waits for the journal.
        if self.on_the_wire > 0 {
            return false;
        }
        let now = now();
        let until =
            *leaving.records_until.get_or_insert_with(|| now.checked_add(LAST_RECORDS).unwrap_or(now));
        if now < until {
            return false;
        }
        error!(jobs, unrecorded, "client ends, and the journal did not record what became of writes");
        true
    }

    /// Ends the session by QUIT, and tells that it is over.
    async fn close(mut self) {
        // Whoever asks now is told that nobody listens.
        self.messages.close();
        self.session = None;
        let ended = async {
            while self.open > 0 {
                if let Landed::Ended { .. } = self.flights.next().await {
                    self.open = self.open.saturating_sub(1);
                }
            }
        };
        if tokio::time::timeout(LAST_QUIT, ended).await.is_err() {
            debug!("session did not end in time");
        }
        debug!("client has ended");
        // Whoever is told that it is over may begin anew.
        drop((self.lease.take(), self.lock.take()));
        for (over, _place) in self.leaving.take().into_iter().flat_map(|leaving| leaving.over) {
            let _ = over.send(());
        }
    }
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
