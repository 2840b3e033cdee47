//! What an operator may do to the account of a client that is running.

use core::time::Duration;
use std::sync::Arc;

use tracing::info;

use super::account::credential;
use super::driver::Driver;
use super::handle::Client;
use super::message::Message;
use super::password::PasswordError;
use crate::command::{Session as Login, ToCommand};
use crate::concurrent::oneshot;
use crate::dispatch::{Moment, Refused};
use crate::pool::{Credential, HoldError};
use crate::secret::Secret;
use crate::wire::encode;

/// What an operator wants done, and whom to tell that it was.
pub(super) enum Order {
    Pause(oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
    Hold { wait: Duration, reason: Box<str>, answer: oneshot::Sender<Result<(), HoldError>> },
    Release(oneshot::Sender<bool>),
    Reconnect(oneshot::Sender<()>),
    Kill { session: u64, answer: oneshot::Sender<bool> },
    UsePassword { password: Secret, answer: oneshot::Sender<Result<(), PasswordError>> },
}

impl Client {
    /// Asks the task for something, and waits until it is done; `None` after its end.
    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let place = Arc::clone(&self.0.asides).acquire_owned().await.ok()?;
        let (answer, answered) = oneshot::channel();
        self.0.messages.send(Message::Order { order: order(answer), place }).ok()?;
        answered.await.ok()
    }

    /// Gives nobody a slot any more, in no lane, reads that settle included, until [`resume`](Self::resume).
    ///
    /// What is on the wire, and whoever has a slot, is finished. Sessions stay open and are kept alive, and end as any that
    /// nobody uses; those that the range begins with are opened. Nobody is refused for it: whose own deadline passes
    /// meanwhile is told [`Refused::Deadline`] with "paused by an operator". It ends with the process.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task.
    pub async fn pause(&self) -> Result<(), Refused> {
        self.order(Order::Pause).await.ok_or(Refused::Stopped)
    }

    /// Goes on after [`pause`](Self::pause). Nothing happens if it was not paused.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task.
    pub async fn resume(&self) -> Result<(), Refused> {
        self.order(Order::Resume).await.ok_or(Refused::Stopped)
    }

    /// Sends nothing at all for so long from now: no command, no keepalive, no login, no QUIT.
    ///
    /// It is like a lock by the registry (422): whoever's deadline lies before its end is refused at once, unsent
    /// ([`Refused::Held`]), what is on the wire is finished, and it outlasts a restart by the journal, to which it goes at once.
    /// But nothing has to be proven at its end. The registry ends idle sessions meanwhile. A client that ends while it lasts
    /// closes its sessions without QUIT, and they stay charged. Another hold takes the place of this one; a lock by the registry
    /// stays beside it.
    ///
    /// `wait` is at most [`Pool::MAX_OPERATOR_HOLD`](crate::pool::Pool::MAX_OPERATOR_HOLD), a day. `reason` is for people,
    /// and [`snapshot`](Self::snapshot) shows it: 1 to 200 bytes without control characters.
    ///
    /// # Errors
    /// [`HoldError`], and then it does not hold.
    pub async fn hold(&self, wait: Duration, reason: &str) -> Result<(), HoldError> {
        let reason: Box<str> = reason.into();
        let told = self.order(|answer| Order::Hold { wait, reason, answer }).await;
        told.unwrap_or(Err(HoldError::Stopped))
    }

    /// Ends a [`hold`](Self::hold) at once, and the waiting for the end of a lock by the registry (422), too: the one read that
    /// proves that this is over goes out next. For an operator who knows that the registry has unlocked the account.
    /// Whether there was any of the two.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task.
    pub async fn release(&self) -> Result<bool, Refused> {
        self.order(Order::Release).await.ok_or(Refused::Stopped)
    }

    /// Has every session replaced that there is now, one at a time and once nobody uses it, as after a change of the password.
    /// Another one opens before, where the account has room for it. It does not wait for that. While no login can be had,
    /// nothing ends.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task.
    pub async fn reconnect(&self) -> Result<(), Refused> {
        self.order(Order::Reconnect).await.ok_or(Refused::Stopped)
    }

    /// Closes the connection of the session of this number at once, whatever is on it: a command in hand is unanswered, and goes
    /// by the rule (a write is in doubt, and read back). Its place stays charged as that of any session that was broken off.
    /// Whether there is such a session; [`snapshot`](Self::snapshot) lists them.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task.
    pub async fn kill_session(&self, session: u64) -> Result<bool, Refused> {
        self.order(|answer| Order::Kill { session, answer }).await.ok_or(Refused::Stopped)
    }

    /// Has sessions log in with this password from now on. Nothing is sent to change it: it is for a password that holds at the
    /// registry already, where the one that this client was given does not.
    ///
    /// Sessions that are logged in stay. If the login was refused (530), it is tried again when something waits, unless this is
    /// the password that was refused ([`retry_login`](Self::retry_login) tries that).
    ///
    /// # Errors
    /// [`PasswordError::Invalid`] and [`NotAllowed`](PasswordError::NotAllowed) if no login can carry it,
    /// [`NotBegun`](PasswordError::NotBegun) while the password is being changed, and
    /// [`Stopped`](PasswordError::Stopped) after the end of the task. Then nothing is changed.
    pub async fn use_password(&self, password: impl Into<Secret>) -> Result<(), PasswordError> {
        let password = password.into();
        let told = self.order(|answer| Order::UsePassword { password, answer }).await;
        told.unwrap_or(Err(PasswordError::Stopped))
    }
}

impl Driver {
    /// Does what an operator wants. Whoever has left is not told.
    pub(super) fn order(&mut self, order: Order, at: Moment) {
        let now = at.now();
        let pool = self.dispatch.slots_mut();
        match order {
            Order::Pause(answer) => {
                pool.pause();
                let _ = answer.send(());
            }
            Order::Resume(answer) => {
                pool.resume();
                let _ = answer.send(());
            }
            Order::Hold { wait, reason, answer } => {
                let _ = answer.send(pool.hold_by_operator(wait, &reason, now));
            }
            Order::Release(answer) => {
                let _ = answer.send(pool.release(now));
            }
            Order::Reconnect(answer) => {
                pool.reconnect();
                let _ = answer.send(());
            }
            Order::Kill { session, answer } => {
                let _ = answer.send(pool.kill(session, now));
            }
            Order::UsePassword { password, answer } => {
                let _ = answer.send(self.use_password(password, at));
            }
        }
        self.dispatch.handle_timeout(at);
    }

    fn use_password(&mut self, password: Secret, at: Moment) -> Result<(), PasswordError> {
        let config = self.logins.config(Credential::Current);
        let login = Login::login(config.login().id(), password).map_err(PasswordError::Invalid)?;
        encode(login.to_command().body(), config.spoken(), &mut bytes::BytesMut::new())
            .map_err(PasswordError::NotAllowed)?;
        let credential = credential(&config.with_login(login.clone()), &self.keyed);
        if self.changing.is_some() || !self.dispatch.slots_mut().correct_credential(credential, at.now()) {
            return Err(PasswordError::NotBegun);
        }
        info!("another password is used from now on");
        self.logins.correct(login);
        Ok(())
    }
}
