//! A session on a live connection.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

use futures_channel::mpsc;
use tokio::sync::watch;

use super::cause::Cause;
use super::driver::{Asked, Opened, Request};
use super::greeted::{Greeted, Task, wait};
use super::proof::Proof;
use super::transport::Transport;
use crate::command::Command;
use crate::concurrent::{AbortHandle, Semaphore, oneshot};
use crate::reply::Reply;
use crate::session::{Config, End, Fate, Rejected, Stage, Why};
use crate::wire::{EncodeError, Greeting};

/// A logged-in session with a registry.
///
/// A task of its own owns the connection; this is the handle to it. Commands go one at a time, in the order in which
/// they were sent. Dropping a future desynchronises nothing: a command that was not begun is not sent, one that was
/// begun is finished, and its reply read and dropped. When the last handle goes, the session ends by QUIT.
///
/// Nothing is sent twice here: a command has one attempt, and its [`Fate`] says what became of it.
pub struct Connection {
    /// What waits in it has a place, but for the login and QUIT, which come once.
    requests: mpsc::UnboundedSender<Request>,
    /// Places for commands that wait.
    places: Arc<Semaphore>,
    ended: watch::Receiver<Option<Arc<End>>>,
    task: AbortHandle,
    greeting: Option<Greeting>,
    login: Reply,
    password_changed: bool,
}

impl Connection {
    /// So many commands may wait for their turn, those whose callers have left included.
    pub const MAX_WAITING: usize = 1_024;

    /// Waits for the greeting, and logs in at once, whatever `config` says of when.
    ///
    /// Needs a tokio runtime with its timer (and its I/O, for sockets). If the future is dropped, the session ends by
    /// itself, by QUIT if it has logged in.
    ///
    /// # Errors
    /// [`OpenError`] if the registry does not greet, refuses the login or is silent. A refused login is not repeated.
    pub async fn open(transport: impl Transport, config: Config) -> Result<Self, OpenError> {
        Task::begin(transport, config.login_at_once())?.opened(None, true).await
    }

    /// Waits for the greeting alone; the login follows by [`Greeted::log_in`], whatever `config` says of when.
    ///
    /// Needs what [`open`](Self::open) does. If the future is dropped, the connection is closed at once.
    ///
    /// # Errors
    /// [`OpenError`] if the registry does not greet.
    pub async fn greet(transport: impl Transport, config: Config) -> Result<Greeted, OpenError> {
        Greeted::open(transport, config).await
    }

    /// One that has logged in.
    pub(super) fn new(
        requests: mpsc::UnboundedSender<Request>,
        ended: watch::Receiver<Option<Arc<End>>>,
        task: AbortHandle,
        greeting: Option<Greeting>,
        opened: Opened,
    ) -> Self {
        let Opened { reply, password_changed } = opened;
        let places = Arc::new(Semaphore::new(Self::MAX_WAITING));
        Self { requests, places, ended, task, greeting, login: reply, password_changed }
    }

    /// Sends a command, once, and waits for its end. What to do then, [`Fate`] shows.
    ///
    /// After [`Fate::Unanswered`], and mostly after [`Fate::Unsent`], the session is over: [`ended`](Self::ended) says why.
    /// A command is `Unsent`, too, if [`MAX_WAITING`](Self::MAX_WAITING) others wait already.
    ///
    /// # Errors
    /// [`Rejected`], with the command, if it belongs to the session itself or the dialect does not allow it.
    pub async fn send(&self, command: Command) -> Result<Fate, Rejected> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Ok(Fate::Unsent(command));
        };
        let (done, waiting) = oneshot::channel();
        match self.request(Request::Command(Box::new(Asked { command, done, place }))) {
            // The task gives every command its end. If the runtime takes the task away, nobody knows.
            None => waiting.await.unwrap_or(Ok(Fate::Unanswered)),
            Some(Request::Command(asked)) => Ok(Fate::Unsent(asked.command)),
            Some(_) => Ok(Fate::Unanswered),
        }
    }

    /// Hands a request to the task; gives it back if there is none any more.
    fn request(&self, request: Request) -> Option<Request> {
        self.requests.unbounded_send(request).err().map(mpsc::TrySendError::into_inner)
    }

    /// Asks by the keepalive whether the login still holds. A reply that closes the connection is told, too, before the
    /// session ends.
    ///
    /// # Errors
    /// The end of the session, if it came to that without such a reply: [`End::reply`] has what ended it.
    pub async fn keep_alive(&self) -> Result<Proof, Arc<End>> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Ok(Proof::NOT_ASKED);
        };
        let (done, waiting) = oneshot::channel();
        if self.request(Request::KeepAlive { done, place }).is_none()
            && let Ok(proof) = waiting.await
        {
            return Ok(proof);
        }
        Err(self.ended().await)
    }

    /// Ends the session by QUIT, after whatever was sent before, and waits for its end.
    pub async fn quit(self) -> Arc<End> {
        // If it cannot be asked, it has ended.
        let _ = self.request(Request::Quit);
        self.ended().await
    }

    /// Closes the connection at once, whatever is in hand: a command in hand becomes [`Fate::Unanswered`].
    pub fn abandon(self) {
        self.task.abort();
    }

    /// Waits for the end of the session, and says why.
    pub async fn ended(&self) -> Arc<End> {
        wait(&mut self.ended.clone(), true, false).await
    }

    /// The same for whoever does not hold on to the connection: it does not keep the session from ending.
    pub fn when_ended(&self) -> impl Future<Output = Arc<End>> + Send + use<> {
        let mut ended = self.ended.clone();
        async move { wait(&mut ended, true, false).await }
    }

    /// Whether the session has not ended yet, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.task.is_finished() && self.ended.borrow().is_none()
    }

    /// How the registry introduced itself.
    #[must_use]
    pub const fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// The reply to the login.
    #[must_use]
    pub const fn login(&self) -> &Reply {
        &self.login
    }

    /// Whether the login changed the password.
    #[must_use]
    pub const fn password_changed(&self) -> bool {
        self.password_changed
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

/// Why no session was opened. Nothing but the login was sent.
#[derive(Debug)]
pub struct OpenError(Problem);

#[derive(Debug)]
enum Problem {
    Encode(EncodeError),
    End { end: Arc<End>, greeting: Option<Greeting>, source: Option<IpAddr>, tls: bool },
}

impl OpenError {
    pub(super) const fn encode(source: EncodeError) -> Self {
        Self(Problem::Encode(source))
    }

    pub(super) const fn ended(
        end: Arc<End>,
        greeting: Option<Greeting>,
        source: Option<IpAddr>,
        tls: bool,
    ) -> Self {
        Self(Problem::End { end, greeting, source, tls })
    }

    /// How the session ended, if it got so far.
    #[must_use]
    pub fn session_end(&self) -> Option<&End> {
        match &self.0 {
            Problem::End { end, .. } => Some(end),
            Problem::Encode(_) => None,
        }
    }

    /// How the registry introduced itself, if it got so far.
    #[must_use]
    pub const fn greeting(&self) -> Option<&Greeting> {
        match &self.0 {
            Problem::End { greeting, .. } => greeting.as_ref(),
            Problem::Encode(_) => None,
        }
    }

    /// What the connection has to do with it: closed or silent before the greeting, or refused by TLS after all.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let Problem::End { end, source, tls, .. } = &self.0 else {
            return None;
        };
        #[cfg(feature = "tls")]
        if let Why::Transport(error) = end.why()
            && let Some(cause) = super::tls::explain_io(error)
        {
            return Some(cause);
        }
        match (end.stage(), end.why()) {
            (Stage::Greeting, Why::Eof | Why::Transport(_) | Why::Incomplete { .. }) => {
                Some(Cause::EndedBeforeGreeting { source: *source, tls: *tls })
            }
            (Stage::Greeting, Why::Timeout) => Some(Cause::SilentBeforeGreeting { tls: *tls }),
            _ => None,
        }
    }

    /// One sentence: what to check.
    #[must_use]
    pub fn fix(&self) -> Option<String> {
        match &self.0 {
            Problem::Encode(_) => {
                Some("choose a login that the dialect allows, or the other dialect".to_owned())
            }
            Problem::End { end, .. } => {
                self.cause().map(|cause| cause.fix()).or_else(|| end.fix().map(str::to_owned))
            }
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Encode(_) => f.write_str("login: not encoded"),
            Problem::End { end, .. } => fmt::Display::fmt(end, f),
        }
    }
}

impl core::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.0 {
            Problem::Encode(source) => Some(source),
            Problem::End { end, .. } => end.source(),
        }
    }
}
