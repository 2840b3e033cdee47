//! A connection whose registry has greeted, and whose login waits.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_channel::mpsc;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Instrument;

use super::alarm::Alarm;
use super::connection::{Connection, OpenError};
use super::driver::{Driver, Opened, Request, now};
use super::transport::Transport;
use crate::concurrent::{self, AbortHandle, oneshot};
use crate::session::{Config, End, Session};
use crate::wire::Greeting;

/// A connection on which the registry has greeted, and nothing was sent yet.
///
/// For an owner of several sessions who paces what they send: whoever waits for the turn of a login does so here, and
/// [`when_ended`](Self::when_ended) tells if the connection is lost meanwhile. How long it may wait, the registry decides;
/// there is no deadline. Dropping it closes the connection at once, without a word: before the login not even QUIT may be
/// sent (RFC 2832 §4.3.8).
pub struct Greeted {
    greeting: Greeting,
    task: Task,
}

/// What is held of a task from its beginning to the login.
pub(super) struct Task {
    requests: mpsc::UnboundedSender<Request>,
    greeted: oneshot::Receiver<Greeting>,
    opened: oneshot::Receiver<Opened>,
    ended: watch::Receiver<Option<Arc<End>>>,
    abort: AbortHandle,
    changes_password: bool,
    source: Option<IpAddr>,
    tls: bool,
}

impl Task {
    pub(super) fn begin(transport: impl Transport, config: Config) -> Result<Self, OpenError> {
        let session = Session::new(config, now()).map_err(OpenError::encode)?;
        let (source, tls) = (transport.source_address(), transport.is_tls());
        let changes_password = session.changes_password();
        let (requests, received) = mpsc::unbounded();
        let (tell_greeted, greeted) = oneshot::channel();
        let (tell_opened, opened) = oneshot::channel();
        let (end, ended) = watch::channel(None);
        let mut driver = Driver {
            transport,
            session,
            requests: received,
            greeted: Some(tell_greeted),
            opened: Some(tell_opened),
            ended: end,
            waiting: None,
            probing: None,
            output: Bytes::new(),
            flushing: false,
            closing: false,
            alarm: Alarm::default(),
        };
        // Borrowed, for a future that owns its argument keeps it twice.
        let run = async move {
            let end = driver.run().await;
            let Driver { transport, ended, greeted, opened, .. } = driver;
            drop(transport);
            ended.send_replace(Some(end));
            // Whoever waits for these looks for the end.
            drop((greeted, opened));
        };
        let span = tracing::debug_span!("session");
        let abort = concurrent::spawn_on(&Handle::current(), run.instrument(span));
        Ok(Self { requests, greeted, opened, ended, abort, changes_password, source, tls })
    }

    async fn greeted(mut self) -> Result<Greeted, OpenError> {
        match (&mut self.greeted).await {
            Ok(greeting) => Ok(Greeted { greeting, task: self }),
            Err(_) => Err(self.failed(None, false).await),
        }
    }

    /// Waits for the login. `greeting`: what is known of it; `asked`: whether there is to be a login.
    pub(super) async fn opened(
        mut self,
        mut greeting: Option<Greeting>,
        asked: bool,
    ) -> Result<Connection, OpenError> {
        let opened = (&mut self.opened).await;
        // It was told before, if at all.
        greeting = greeting.or_else(|| self.greeted.try_recv().ok());
        match opened {
            Ok(opened) => Ok(Connection::new(self.requests, self.ended, self.abort, greeting, opened)),
            Err(_) => Err(self.failed(greeting, asked).await),
        }
    }

    /// Why it came no further.
    async fn failed(mut self, greeting: Option<Greeting>, asked: bool) -> OpenError {
        let end = wait(&mut self.ended, asked, asked && self.changes_password).await;
        OpenError::ended(end, greeting, self.source, self.tls)
    }
}

impl Greeted {
    /// Begins the task, and waits for the greeting.
    pub(super) async fn open(transport: impl Transport, config: Config) -> Result<Self, OpenError> {
        Task::begin(transport, config.login_when_told())?.greeted().await
    }

    /// Logs in.
    ///
    /// If the future is dropped, the session ends by itself, by QUIT if it has logged in.
    ///
    /// # Errors
    /// [`OpenError`] if the connection was lost while it waited, or the registry refuses the login or is silent. A refused
    /// login is not repeated.
    pub async fn log_in(self) -> Result<Connection, OpenError> {
        let Self { greeting, task } = self;
        let asked = task.requests.unbounded_send(Request::LogIn).is_ok();
        task.opened(Some(greeting), asked).await
    }

    /// What closes the connection at once, whatever is on it by then: a command in hand becomes
    /// [`Fate::Unanswered`](crate::session::Fate::Unanswered), and the end says [`Why::Abandoned`](crate::session::Why::Abandoned).
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.task.abort.clone()
    }

    /// How the registry introduced itself.
    #[must_use]
    pub const fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Whether the login changes the password.
    #[must_use]
    pub const fn changes_password(&self) -> bool {
        self.task.changes_password
    }

    /// The end of the session, for whoever does not hold on to the connection. It comes before a login only if the
    /// connection is lost, or this is dropped.
    pub fn when_ended(&self) -> impl Future<Output = Arc<End>> + Send + use<> {
        let (mut ended, changes_password) = (self.task.ended.clone(), self.task.changes_password);
        // Whether it was told to log in meanwhile is not known here.
        async move { wait(&mut ended, true, changes_password).await }
    }

    /// Whether the connection has not ended yet, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.task.abort.is_finished() && self.task.ended.borrow().is_none()
    }
}

impl fmt::Debug for Greeted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.is_open();
        f.debug_struct("Greeted")
            .field("greeting", &self.greeting)
            .field("open", &open)
            .finish_non_exhaustive()
    }
}

/// Waits for the end of a session. If its task was taken away before it could say, `login_asked` is whether it was told to
/// log in, and `password_in_doubt` whether that may have changed the password.
pub(super) async fn wait(
    ended: &mut watch::Receiver<Option<Arc<End>>>,
    login_asked: bool,
    password_in_doubt: bool,
) -> Arc<End> {
    match ended.wait_for(Option::is_some).await {
        Ok(end) => end.clone(),
        Err(_) => None,
    }
    .unwrap_or_else(|| Arc::new(End::vanished(login_asked, password_in_doubt)))
}
