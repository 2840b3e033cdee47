//! The handle to a client.

use core::error::Error;
use core::fmt;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::answer::Typed;
use super::builder::{Builder, StartError};
use super::call::{ChangeCall, QueryCall, SettleCall};
use super::event::{Event, Events};
use super::list::List;
use super::lock::Locking;
use super::message::Message;
use super::password::PasswordError;
use super::snapshot::Snapshot;
use super::wall;
#[cfg(feature = "daemon")]
use crate::command::Command;
use crate::command::{Change, Dialect, Query, Safety, Session as Login, ToCommand};
use crate::concurrent::{AtomicBool, Semaphore, mpsc, oneshot};
use crate::dispatch::{Entry, Refused, Ticket};
use crate::net::Endpoint;
use crate::secret::Secret;
use crate::wire::encode;

/// An account at a registry. See the [module](super).
///
/// Clones are handles to one task, and cheap. When the last one goes, the task ends in order by itself.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) messages: mpsc::UnboundedSender<Message>,
    /// Places for calls: what bounds the channel.
    pub(super) places: Arc<Semaphore>,
    /// Places for all else that is asked.
    pub(super) asides: Arc<Semaphore>,
    /// One place, for a change of the password.
    pub(super) passwords: Arc<Semaphore>,
    /// That of the sessions.
    pub(super) dialect: Dialect,
    /// Whether the task has been asked to try the login and has not done so yet.
    pub(super) retrying: Arc<AtomicBool>,
    /// The task holds the other end, so that it ends with it.
    pub(super) events: broadcast::WeakSender<Event>,
    pub(super) query_deadline: Duration,
    pub(super) change_deadline: Duration,
    pub(super) bulk_deadline: Duration,
}

impl Client {
    /// A client of the registry at this endpoint.
    pub fn builder(endpoint: Endpoint) -> Builder {
        Builder::new(endpoint)
    }

    /// Whether no client on this machine has the account of this login, for whoever connects without one. It says nothing of
    /// the moment after. It looks where a client locks by default, and blocks for as long as that takes.
    ///
    /// # Errors
    /// [`StartError::AccountLocked`] says who has it; [`StartError::Lock`] that nobody can tell.
    pub fn account_is_free(endpoint: &Endpoint, login: &str) -> Result<(), StartError> {
        Locking::default().lock(endpoint, login, wall::system() / 1_000)?;
        Ok(())
    }

    /// Asks something. It is repeated as often as the rule of resending allows.
    ///
    /// Awaiting it gives the answer, of the type that belongs to the query ([`Typed`]), or a [`QueryError`](crate::dispatch::QueryError),
    /// none of which says "no". [`raw`](QueryCall::raw) gives the reply itself.
    pub fn query<Q: Typed>(&self, query: &Q) -> QueryCall<Q::Answer> {
        QueryCall::new(self.clone(), query.to_command(), query.reader())
    }

    /// Asks this, to be answered with the reply as it came.
    #[cfg(feature = "daemon")]
    pub(crate) fn ask(&self, command: Command) -> QueryCall {
        QueryCall::new(self.clone(), command, Box::new(Ok))
    }

    /// Makes this change, once.
    #[cfg(feature = "daemon")]
    pub(crate) fn make(&self, command: Command, safety: Safety) -> ChangeCall {
        ChangeCall::new(self.clone(), command, safety)
    }

    /// Asks for a list, page by page: any command of PTF that takes `first` and `limit`. A query that is no list is one page.
    pub fn list<Q: Query>(&self, query: &Q) -> List {
        List::new(self.clone(), query.to_command())
    }

    /// Changes something, once.
    ///
    /// Awaiting it gives an [`Outcome`](crate::dispatch::Outcome), or [`NotSent`](crate::dispatch::NotSent) with the command if nothing of it was
    /// sent.
    pub fn change<C: Change>(&self, change: &C, safety: Safety) -> ChangeCall {
        ChangeCall::new(self.clone(), change.to_command(), safety)
    }

    /// Settles a doubt by reading what became of it, and never by sending it again.
    ///
    /// Awaiting it gives a [`Settled`](crate::dispatch::Settled), or a [`Refused`] if nothing could be asked. To be sure of what is *not*
    /// there takes minutes: see [`Config::negatives`](crate::dispatch::Config::negatives).
    pub fn settle(&self, doubt: impl Into<Ticket>) -> SettleCall {
        SettleCall::new(self.clone(), doubt.into())
    }

    /// What is in doubt and nobody is working on, oldest first.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task, which knew.
    pub async fn doubts(&self) -> Result<Vec<Entry>, Refused> {
        self.aside(|answer, place| Message::Doubts { answer, place }).await
    }

    /// Everything that an operator wants to know of the account at this moment. It costs the same however much waits.
    ///
    /// # Errors
    /// [`Refused::Stopped`] after the end of the task, which knew.
    pub async fn snapshot(&self) -> Result<Snapshot, Refused> {
        self.aside(|answer, place| Message::Snapshot { answer, place }).await
    }

    /// What happens to the account from now on. It does not keep the client from ending.
    #[must_use]
    pub fn events(&self) -> Events {
        let live = self.0.events.upgrade().map(|events| events.subscribe());
        Events(live.unwrap_or_else(|| broadcast::channel(1).1))
    }

    /// Changes the password of the account while it is in use.
    ///
    /// First `store` keeps the new one, durably and beside the one before: nothing is sent unless it has. Then one login changes
    /// it, and all sessions are replaced, one at a time. If the reply to that login is lost, one login is tried with
    /// the new password and, if that is refused, one with the old one; if neither is accepted, no other is tried. If the process
    /// ends before it is known, begin the next one with [`Builder::password_before`].
    ///
    /// It takes as long as it takes, through a lock of the account and while nobody can be reached. If the future is dropped after
    /// `store` is done, it goes on. A password whose change cannot begin is not stored: while another one is under way or the
    /// login is refused.
    ///
    /// # Errors
    /// [`PasswordError`], which says which password holds, if anybody knows.
    pub async fn change_password<S, F, E>(
        &self,
        password: impl Into<Secret>,
        store: S,
    ) -> Result<(), PasswordError>
    where
        S: FnOnce(Secret) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let password = password.into();
        // What no login can carry is not kept either.
        let login = Login::login("id", password.clone()).map_err(PasswordError::Invalid)?;
        encode(login.to_command().body(), self.0.dialect, &mut bytes::BytesMut::new())
            .map_err(PasswordError::NotAllowed)?;
        // What cannot be begun is not kept either; and one at a time, or what is kept is not what is sent.
        let place = Arc::clone(&self.0.passwords).try_acquire_owned().map_err(|_| PasswordError::NotBegun)?;
        let now = self.snapshot().await.map_err(|_| PasswordError::NotBegun)?;
        if now.work.is_stopping() || now.sessions.changes_password || now.sessions.login_refused.is_some() {
            return Err(PasswordError::NotBegun);
        }
        store(password.clone()).await.map_err(|error| PasswordError::NotStored(error.into()))?;
        let (answer, answered) = oneshot::channel();
        let message = Message::ChangePassword { password, answer, place };
        self.0.messages.send(message).map_err(|_| PasswordError::NotBegun)?;
        answered.await.unwrap_or(Err(PasswordError::Stopped))
    }

    /// Ends the client, whatever other handles there are, and waits until it has: what waits is told
    /// [`Refused::Stopped`], what is on the wire is finished and recorded, what would have to be read back stays in doubt, and each
    /// session ends by QUIT, at the account's pace.
    ///
    /// What is on the wire has the deadline of its session: a change takes 180 s at the most
    /// ([`Deadlines`](crate::session::Deadlines)). After that a journal that does not work is given ten seconds; what it has not recorded by then
    /// is told as [`DoubtReason::Stopped`](crate::dispatch::DoubtReason). Sessions that do not end are left after 15 s, one more
    /// second and one interval of the pace for each, two minutes at the most. If the future is dropped, it goes on.
    pub async fn shutdown(&self) {
        let Ok(place) = Arc::clone(&self.0.asides).acquire_owned().await else { return };
        let (over, waiting) = oneshot::channel();
        let _ = self.0.messages.send(Message::Shutdown { over, place });
        // Answered or not, it is over.
        let _ = waiting.await;
    }

    /// The credentials were corrected at the registry: a login that was refused is tried again when something waits.
    ///
    /// Until this is called, or a client begins with another password, no login is tried, and once no session is left
    /// everything is refused at once: registries lock accounts.
    pub fn retry_login(&self) {
        if !self.0.retrying.swap(true, Ordering::SeqCst) {
            let _ = self.0.messages.send(Message::RetryLogin);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("stopped", &self.0.messages.is_closed())
            .field("free", &self.0.places.available_permits())
            .finish_non_exhaustive()
    }
}
