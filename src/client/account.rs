//! The sessions of the account: what its pool wants done, and what becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{debug, error, info, warn};

use super::connect::{greet, log_in, lost};
use super::driver::Driver;
use super::event::Event;
use super::flight::{Landed, keep_alive};
use super::password::PasswordError;
use crate::command::Session as Login;
use crate::concurrent::{OwnedSemaphorePermit, oneshot};
use crate::dispatch::{Moment, Put, Slot};
use crate::net::{Connection, Greeted};
use crate::pool::{self, Action, Failure, Kept, Rotated};
use crate::secret::Secret;
use crate::session::{End, Fate, Rejected};
use crate::settle::Keyed;
use crate::wire::encode;

/// How far a connection has come. Its session is over when it is told to be, and not when it is not here.
pub(super) enum Held {
    /// Calls its connecting back when it goes.
    Connecting {
        _called_back: oneshot::Sender<()>,
    },
    Greeted(Greeted),
    /// With its end, if that came first.
    LoggingIn(Option<Arc<End>>),
    Open(Arc<Connection>),
    /// A command or a keepalive is on it. With its end, if that came before what became of them.
    Sending(Arc<Connection>, Option<Arc<End>>),
}

pub(super) type Connections = BTreeMap<u64, Held>;

/// Whom to tell of the change of the password that is under way.
pub(super) struct Changing {
    pub(super) answer: oneshot::Sender<Result<(), PasswordError>>,
    /// Free again once it is over.
    pub(super) _place: OwnedSemaphorePermit,
}

impl Changing {
    fn tell(self, answer: Result<(), PasswordError>) {
        // Whoever has left is not told.
        let _ = self.answer.send(answer);
    }
}

/// A keyed hash of a login, which tells whether it is another one.
pub(super) fn credential(config: &crate::session::Config, keyed: &Keyed) -> [u8; 16] {
    let mut out = bytes::BytesMut::new();
    // One that cannot be written is refused before this.
    let _ = encode(crate::command::ToCommand::to_command(config.login()).body(), config.spoken(), &mut out);
    keyed.hash([b"credential".as_slice(), &out])
}

impl Driver {
    /// Does what the sessions want done now; whether it was anything.
    pub(super) fn about_sessions(&mut self, at: Moment) -> bool {
        let pool = self.dispatch.slots_mut();
        let (action, probed, rotated) = (pool.poll_action(at), pool.poll_probed(), pool.poll_rotated());
        let mut events = false;
        while let Some(event) = self.dispatch.slots_mut().poll_event() {
            events = true;
            trace_event(&event);
            self.statistics.happened(&event);
            self.observe(Event::Sessions(event));
        }
        let any = events || action.is_some() || probed.is_some() || rotated.is_some();
        // First which password holds: the next login is to have it.
        if let Some(rotated) = rotated {
            self.rotated(rotated);
        }
        if let Some(action) = action {
            self.carry_out_session(action, at);
        }
        if let Some(probed) = probed {
            debug!(
                job = probed.slot.job.get(),
                session = probed.slot.session,
                holds = probed.holds,
                "login proven or not"
            );
            self.on_the_wire = self.on_the_wire.saturating_sub(1);
            self.dispatch.handle_probed(probed.slot, probed.holds, probed.alive, at);
        }
        any
    }

    fn carry_out_session(&mut self, action: Action, at: Moment) {
        match action {
            Action::Remember(account) => {
                let write = self.journal.write(vec![Put::Account(account)], at.wall());
                let begun = at.now();
                self.flights.add(async move { Landed::Remembered { begun, result: write.await } });
            }
            Action::Connect { session, credential } => {
                debug!(session, "opening a session");
                let greet = greet(Arc::clone(&self.dial), self.logins.config(credential), session);
                let (called_back, call) = oneshot::channel::<()>();
                self.connections.insert(session, Held::Connecting { _called_back: called_back });
                self.flights.add(async move {
                    tokio::select! {
                        biased;
                        _ = call => Landed::CalledBack { number: session },
                        landed = greet => landed,
                    }
                });
            }
            Action::LogIn(session) => {
                // If it is not there, it has ended, and that was told.
                if let Some(Held::Greeted(greeted)) = self.connections.remove(&session) {
                    debug!(session, "logging in");
                    self.connections.insert(session, Held::LoggingIn(None));
                    self.flights.add(log_in(greeted, session));
                }
            }
            Action::KeepAlive(session) => {
                if let Some(connection) = self.connection(session) {
                    debug!(session, "keepalive");
                    self.flights.add(keep_alive(connection, session));
                }
            }
            Action::End(session) => {
                debug!(session, "ending the session");
                // The last handle: the session ends by QUIT, and says when it has.
                drop(self.connections.remove(&session));
            }
            Action::Reset(session) => {
                debug!(session, "closing the connection, whatever is on it");
                // If it is not there, its end is about to be told.
                if let Some(abort) = self.aborts.remove(&session) {
                    abort.abort();
                }
            }
            Action::Close(session) => {
                debug!(session, "closing the connection");
                if self.connections.remove(&session).is_some() {
                    self.closing.insert(session);
                }
            }
        }
    }

    /// The connection of a session, for something that is sent on it.
    pub(super) fn connection(&mut self, session: u64) -> Option<Arc<Connection>> {
        let held = self.connections.get_mut(&session)?;
        let Held::Open(connection) = held else { return None };
        let connection = Arc::clone(connection);
        *held = Held::Sending(Arc::clone(&connection), None);
        Some(connection)
    }

    /// What was sent has come to its end; the end of the session, if that came before. `stays`: if it did not.
    fn came_back(&mut self, session: u64, stays: bool) -> Option<Arc<End>> {
        if stays
            && let Some(held) = self.connections.get_mut(&session)
            && let Held::Sending(connection, None) = held
        {
            *held = Held::Open(Arc::clone(connection));
            return None;
        }
        let Some(Held::Sending(connection, end)) = self.connections.remove(&session) else { return None };
        if stays && end.is_none() {
            self.connections.insert(session, Held::Open(connection));
        }
        end
    }

    /// What became of a command comes first, and then the end of its session.
    pub(super) fn sent(&mut self, slot: Slot, fate: Result<Fate, Rejected>, alive: bool, at: Moment) {
        let over = self.came_back(slot.session, alive);
        self.dispatch.handle_fate(slot, fate, alive && over.is_none(), at);
        if let Some(end) = over {
            self.ended(slot.session, end, at);
        }
    }

    /// What a keepalive was answered comes first, too: it may be that the account is locked.
    pub(super) fn kept_alive(&mut self, session: u64, kept: Option<Kept>, at: Moment) {
        let over = self.came_back(session, true);
        if let Some(kept) = kept {
            self.dispatch.slots_mut().kept_alive(session, kept, at.now());
        }
        if let Some(end) = over {
            self.ended(session, end, at);
        }
    }

    pub(super) fn greeted(&mut self, session: u64, result: Result<Greeted, Failure>, at: Moment) {
        // Whoever was called back is not wanted any more.
        let Some(Held::Connecting { .. }) = self.connections.remove(&session) else {
            match result {
                Ok(greeted) => self.watch(session, &greeted),
                Err(_) => {
                    self.closing.remove(&session);
                }
            }
            return;
        };
        match result {
            Ok(greeted) => {
                self.watch(session, &greeted);
                self.aborts.insert(session, greeted.abort_handle());
                self.connections.insert(session, Held::Greeted(greeted));
                self.dispatch.slots_mut().greeted(session, at.now());
            }
            Err(failure) => self.dispatch.slots_mut().failed(session, failure, at),
        }
    }

    fn watch(&self, session: u64, greeted: &Greeted) {
        let ended = greeted.when_ended();
        self.flights.add(async move { Landed::Ended { number: session, end: ended.await } });
    }

    pub(super) fn opened(&mut self, session: u64, result: Result<Connection, Failure>, at: Moment) {
        let held = self.connections.remove(&session);
        let pool = self.dispatch.slots_mut();
        match (result, held) {
            (Ok(_), Some(Held::LoggingIn(Some(end)))) => {
                pool.opened(session, at.now());
                self.statistics.ended(&end);
                pool.ended(session, end.code(), end.remains(), at.now());
            }
            (Ok(connection), _) => {
                pool.opened(session, at.now());
                self.connections.insert(session, Held::Open(Arc::new(connection)));
            }
            (Err(failure), _) => pool.failed(session, failure, at),
        }
    }

    pub(super) fn ended(&mut self, session: u64, end: Arc<End>, at: Moment) {
        let given_up = self.closing.remove(&session);
        self.aborts.remove(&session);
        match self.connections.remove(&session) {
            Some(Held::Greeted(_)) => self.dispatch.slots_mut().failed(session, lost(&end), at),
            Some(Held::LoggingIn(_)) => {
                self.connections.insert(session, Held::LoggingIn(Some(end)));
            }
            Some(Held::Sending(connection, _)) => {
                self.connections.insert(session, Held::Sending(connection, Some(end)));
            }
            _ => {
                debug!(session, %end, "session is over");
                if !given_up {
                    self.statistics.ended(&end);
                }
                self.dispatch.slots_mut().ended(session, end.code(), end.remains(), at.now());
            }
        }
    }

    /// The new password is kept: one login is to send it.
    pub(super) fn change_password(&mut self, password: Secret, changing: Changing) {
        let login = self.logins.config(pool::Credential::Current).login().clone();
        let alone = Login::login(login.id(), password.clone());
        let both = login.new_password(password);
        match (both, alone) {
            (Ok(both), Ok(alone)) if self.changing.is_none() && self.dispatch.slots_mut().rotate() => {
                info!("changing the password");
                self.logins.set_next(both, alone);
                self.changing = Some(changing);
            }
            (Err(error), _) | (_, Err(error)) => changing.tell(Err(PasswordError::Invalid(error))),
            (Ok(_), Ok(_)) => changing.tell(Err(PasswordError::NotBegun)),
        }
    }

    fn rotated(&mut self, rotated: Rotated) {
        let changed = rotated == Rotated::Changed;
        self.logins.settle(changed);
        // Which was tried first is known no more where a process began with two.
        if !matches!(rotated, Rotated::Unknown(_)) {
            let config = self.logins.config(pool::Credential::Current);
            let credential = credential(&config, &self.keyed);
            self.dispatch.slots_mut().set_credential(credential);
        }
        let answer = match rotated {
            Rotated::Changed => Ok(()),
            Rotated::NotChanged(why) => Err(PasswordError::NotChanged(why)),
            // It was not tried to the end.
            Rotated::Unknown(_) if self.leaving.is_some() => Err(PasswordError::Stopped),
            Rotated::Unknown(why) => Err(PasswordError::Unknown(why)),
        };
        match &answer {
            Ok(()) => info!("password is changed"),
            Err(error) => warn!(%error, "password is not changed, or nobody knows"),
        }
        if let Some(changing) = self.changing.take() {
            changing.tell(answer);
        }
    }

    pub(super) fn observe(&self, event: Event) {
        // Nobody may be watching.
        let _ = self.events.send(event);
    }
}

fn trace_event(event: &pool::Event) {
    match event {
        pool::Event::Opened { session } => info!(session, "session is open"),
        pool::Event::NotOpened { session, why } => warn!(session, %why, "session not opened"),
        pool::Event::LoginRefused { why } => {
            error!(%why, "login refused: none is tried until somebody corrects it");
        }
        pool::Event::Held { wait } => error!(?wait, "account is locked"),
        pool::Event::HoldOver => info!("account is not locked any more"),
        pool::Event::HeldByOperator { wait, reason } => {
            warn!(?wait, reason = &**reason, "operator holds the account")
        }
        pool::Event::Released => info!("operator's hold is over"),
        pool::Event::Paused => warn!("paused by an operator"),
        pool::Event::Resumed => info!("resumed by an operator"),
        pool::Event::Reconnects => info!("operator has sessions replaced"),
        pool::Event::Killed { session } => warn!(session, "operator has a session closed"),
        pool::Event::Full { ours, ghosts, target } => {
            warn!(ours, ghosts, target, "registry takes no more sessions");
        }
        pool::Event::ForeignUse { ours, ghosts, max } => {
            error!(
                ours,
                ghosts,
                max,
                "registry takes no more sessions, and ours do not explain it: somebody else uses the account"
            );
        }
        event => debug!(?event, "sessions"),
    }
}
