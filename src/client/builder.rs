//! What a client needs to know before it begins.

use core::error::Error;
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tracing::Instrument;

use super::account;
use super::connect::{Dial, Logins, dial_to};
use super::driver::Driver;
use super::event;
use super::flight::Flights;
use super::handle::{Client, Shared};
use super::lock::{Holder, LockError, Locking, NotLocked};
use super::machine;
use super::statistics::Tally;
use super::wall::{self, Wall};
use crate::command::{CommandError, Session as Login};
use crate::concurrent::{self, AtomicBool, Semaphore, mpsc};
use crate::dispatch::{self, Dispatch, Moment};
use crate::journal::{BoxFuture, Journal, JournalError, Memory, Scope};
use crate::net::{Alarm, Connector, Endpoint, Transport};
use crate::pace::Rate;
use crate::pool::{self, Pool};
use crate::retry::Backoff;
use crate::secret::Secret;
use crate::session::{Config, Session};
use crate::settle::Keyed;
use crate::wire::EncodeError;

/// What else than calls may be asked at a time.
const ASIDES: usize = 16;

/// A client that is about to begin. See [`Client::builder`].
#[must_use = "it begins with `connect`"]
pub struct Builder {
    endpoint: Endpoint,
    session: Option<Config>,
    connector: Connector,
    dial: Option<Dial>,
    pool: Option<pool::Options>,
    sessions: Option<RangeInclusive<usize>>,
    rate: Option<Rate>,
    reopening: Option<Backoff>,
    password_before: Option<Secret>,
    journal: Option<Arc<dyn Journal>>,
    config: Option<dispatch::Config>,
    seed: Option<u64>,
    query_deadline: Duration,
    change_deadline: Duration,
    bulk_deadline: Duration,
    calls: usize,
    locking: Locking,
    wall: Wall,
}

impl Builder {
    /// The time of a query that has no other. 60 s.
    pub const QUERY_DEADLINE: Duration = Duration::from_secs(60);
    /// The time of a change or a settling that has no other. 300 s: to prove that a lost change was *not* done takes more
    /// than one minute.
    pub const CHANGE_DEADLINE: Duration = Duration::from_secs(300);
    /// The time of a call in the lane [`Bulk`](crate::pace::Lane::Bulk) that has no other: 24 hours, for 40,000 commands at one per second
    /// take eleven to fourteen if nothing else is sent.
    pub const BULK_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);
    /// So many calls may be not over.
    pub const CALLS: usize = 100_000;

    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            session: None,
            connector: Connector::plain(),
            dial: None,
            pool: None,
            sessions: None,
            rate: None,
            reopening: None,
            password_before: None,
            journal: None,
            config: None,
            seed: None,
            query_deadline: Self::QUERY_DEADLINE,
            change_deadline: Self::CHANGE_DEADLINE,
            bulk_deadline: Self::BULK_DEADLINE,
            calls: Self::CALLS,
            locking: Locking::default(),
            wall: Box::new(wall::system),
        }
    }

    /// Logs in with this, and with sessions as [`Config::new`] has them. A login that changes the password is refused: a
    /// client does so by [`Client::change_password`].
    pub fn login(self, login: Login) -> Self {
        self.session(Config::new(login))
    }

    /// With sessions like this, the login included. Keepalives are the account's, and pay its pace: when they are sent,
    /// [`pool::Options::idle`] says and not this.
    pub fn session(mut self, config: Config) -> Self {
        self.session = Some(config);
        self
    }

    /// Connects by this. Without one, [`Connector::plain`], which goes to loopback only.
    pub fn connector(mut self, connector: Connector) -> Self {
        self.connector = connector;
        self
    }

    /// Connects by this, whatever the endpoint and the connector: through a tunnel, or in memory. The endpoint still says
    /// whose journal it must be. It is called for each
    /// session anew, and given up after two minutes.
    pub fn dial<D, F, T, E>(mut self, dial: D) -> Self
    where
        D: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Transport,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.dial = Some(Arc::new(move || {
            let dialled = dial();
            Box::pin(async move {
                match dialled.await {
                    Ok(transport) => Ok(Box::new(transport) as Box<dyn Transport>),
                    Err(error) => Err(error.into()),
                }
            }) as BoxFuture<'static, _>
        }));
        self
    }

    /// With so many sessions: those that the range begins with are kept open even if nothing waits, and there are never more
    /// than it ends with, also while they are opened, ended or replaced. None to five, which is what CNR allows an account.
    pub fn sessions(mut self, sessions: RangeInclusive<usize>) -> Self {
        self.sessions = Some(sessions);
        self
    }

    /// At this rate for the whole account: everything that is sent pays it, logins, keepalives and QUIT too. One command per
    /// second, which is what CNR allows an account. The first leaves one interval after the start.
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Sends as fast as the registry answers.
    pub const fn unlimited(self) -> Self {
        self.rate(Rate::UNLIMITED)
    }

    /// With this wait before a session is opened again that could not be opened. [`Backoff::DEFAULT`].
    pub const fn reopening(mut self, backoff: Backoff) -> Self {
        self.reopening = Some(backoff);
        self
    }

    /// With these numbers for sessions, of which [`sessions`](Self::sessions), [`rate`](Self::rate) and
    /// [`reopening`](Self::reopening) are the ones most wanted; what is said by those wins.
    pub fn pool(mut self, options: pool::Options) -> Self {
        self.pool = Some(options);
        self
    }

    /// A change of the password was begun by an earlier process, which did not hear what became of it: the login has the
    /// new one, and this is the one before. One login is tried with each, the new one first, and then no more: nor by a later
    /// process with the same two, before [`retry_login`](Client::retry_login).
    pub fn password_before(mut self, password: impl Into<Secret>) -> Self {
        self.password_before = Some(password.into());
        self
    }

    /// With this journal. Without one it is a [`Memory`], with which a crash forgets what was on its way: no doubt is
    /// listed afterwards, no key is known, and whoever then repeats what was lost may pay twice. Where money is spent, take one that
    /// survives, such as `Embedded` (feature `journal`). One client has it at a time, until its task has ended.
    pub fn journal(mut self, journal: impl Journal) -> Self {
        self.journal = Some(Arc::new(journal));
        self
    }

    /// With these numbers for resending and reading back. The dialect is that of the sessions.
    pub fn config(mut self, config: dispatch::Config) -> Self {
        self.config = Some(config);
        self
    }

    /// With this seed for jitter, which is otherwise random. [`config`](Self::config) has one of its own.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// With this time for queries that have no other. [`QUERY_DEADLINE`](Self::QUERY_DEADLINE).
    pub const fn query_deadline(mut self, deadline: Duration) -> Self {
        self.query_deadline = deadline;
        self
    }

    /// With this time for changes and settlings that have no other. [`CHANGE_DEADLINE`](Self::CHANGE_DEADLINE).
    pub const fn change_deadline(mut self, deadline: Duration) -> Self {
        self.change_deadline = deadline;
        self
    }

    /// With this time for calls in the lane [`Bulk`](crate::pace::Lane::Bulk) that have no other, if it is longer than that of the others.
    /// [`BULK_DEADLINE`](Self::BULK_DEADLINE).
    pub const fn bulk_deadline(mut self, deadline: Duration) -> Self {
        self.bulk_deadline = deadline;
        self
    }

    /// With room for so many calls that are not over; one more is refused at once
    /// ([`Refused::Backlog`](dispatch::Refused::Backlog)). [`CALLS`](Self::CALLS).
    pub fn calls(mut self, most: usize) -> Self {
        self.calls = most.min(Semaphore::MAX_PERMITS);
        self
    }

    /// With the lock of the account in this directory, which must be there. See the [module](super). All processes on the
    /// machine that use the account must name the same one.
    pub fn account_lock(mut self, directory: impl Into<PathBuf>) -> Self {
        self.locking = Locking::In(directory.into());
        self
    }

    /// Without a lock of the account, neither taken nor heeded. Somebody else must see to it that it has one client: two on one account
    /// exceed its sessions and its pace together, and get it locked for minutes (422) or refused (521).
    pub fn without_account_lock(mut self) -> Self {
        self.locking = Locking::Off;
        self
    }

    /// With this clock for what is written down: milliseconds of Unix time. The system's by default. It decides whether a
    /// domain was created within a day of the sending, and after a restart how much is left of a lock (an hour at the most) and
    /// how long lost sessions count (the registry's idle limit at the most).
    pub fn wall_clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.wall = Box::new(clock);
        self
    }

    /// Locks the account, restores what the journal remembers, and starts the task. Nothing is waited for: a session is opened
    /// when something waits for one, unless [`sessions`](Self::sessions) wants some open always.
    ///
    /// Needs a tokio runtime with its timer (and its I/O, for sockets); the task lives on it.
    ///
    /// # Errors
    /// [`StartError`] if there is no runtime, the login is missing or cannot be used, the account is in use on this machine (by this
    /// process too: wait for the [`shutdown`](Client::shutdown) of the one before), or the journal cannot be read or is
    /// another account's, or another client's still ([`Locked`](crate::journal::JournalErrorKind::Locked)).
    pub async fn connect(self) -> Result<Client, StartError> {
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let session = self.session.ok_or(StartError::NoLogin)?;
        let begun = tokio::time::Instant::now().into_std();
        let tried = Session::new(session.clone(), begun).map_err(StartError::Login)?;
        if tried.changes_password() {
            return Err(StartError::ChangesPassword);
        }
        let seconds = (self.wall)() / 1_000;
        let login = session.account().to_owned();
        let lock = self.locking.lock(&self.endpoint, &login, seconds)?;
        let journal = self.journal.unwrap_or_else(|| Arc::new(Memory::new(wall::random_key())));
        let mut restored = journal.restore((self.wall)()).await.map_err(StartError::Journal)?;
        if let Some(journal) = restored.scope() {
            let client = Scope::new(&self.endpoint.to_string(), session.account());
            // A journal may be for a host whatever its port.
            if *journal != client && *journal != Scope::new(self.endpoint.host(), session.account()) {
                return Err(StartError::OtherJournal { journal: journal.clone(), client });
            }
        }
        let lease = restored.take_lease();
        let restored_account = restored.account().clone();
        let seed = self.seed.unwrap_or_else(wall::random);
        let config = self.config.unwrap_or_else(|| dispatch::Config::new(seed)).dialect(session.spoken());
        let mut options = self.pool.unwrap_or_else(|| pool::Options::new(seed));
        options = match self.sessions {
            Some(sessions) => options.sessions(sessions),
            None => options,
        };
        options = match self.rate {
            Some(rate) => options.rate(rate),
            None => options,
        };
        options = match self.reopening {
            Some(reopening) => options.reopening(reopening),
            None => options,
        };
        let (keyed, next_ticket) = (Keyed::new(restored.key()), restored.next_ticket());
        let at = Moment::new(tokio::time::Instant::now().into_std(), (self.wall)());
        // Keepalives are the pool's, for they pay the account's pace.
        let session = session.keepalive_after(None);
        let dialect = session.spoken();
        let mut credential = account::credential(&session, &keyed);
        let resumes = self.password_before.is_some();
        let mut logins = Logins::new(session);
        if let Some(before) = self.password_before {
            logins.set_before(before).map_err(StartError::Password)?;
            let config = logins.config(pool::Credential::Current);
            Session::new(config.clone(), begun).map_err(StartError::Login)?;
            // Of both together: where each was refused, a restart with the same two tries neither again.
            credential =
                keyed.hash([b"credentials".as_slice(), &credential, &account::credential(&config, &keyed)]);
        }
        let mut slots = Pool::new(options, machine::this(), credential, &restored_account, at);
        if resumes {
            slots.resume_rotation();
        }
        let dispatch = Dispatch::new(config, slots, keyed.clone(), restored.into_entries(), next_ticket, at);
        let doubts = dispatch.doubts().len();
        if doubts > 0 {
            tracing::warn!(doubts, "the journal has writes in doubt");
        }
        let (messages, received) = mpsc::unbounded_channel();
        let (events, _) = broadcast::channel(event::MAX_EVENTS);
        let observed = events.downgrade();
        let retrying = Arc::new(AtomicBool::new(false));
        let driver = Driver {
            dispatch,
            messages: received,
            journal,
            dial: self.dial.unwrap_or_else(|| dial_to(self.connector, self.endpoint.clone())),
            logins,
            keyed,
            wall: self.wall,
            alarm: Alarm::default(),
            retrying: Arc::clone(&retrying),
            callers: BTreeMap::new(),
            flights: Flights::default(),
            connections: account::Connections::new(),
            aborts: HashMap::new(),
            closing: HashSet::new(),
            resolving: HashMap::new(),
            statistics: Tally::default(),
            changing: None,
            events,
            frozen: false,
            on_the_wire: 0,
            leaving: None,
            lease,
            lock,
        };
        let span = tracing::info_span!("client", endpoint = %self.endpoint, login = %login.escape_debug());
        concurrent::spawn_on(&runtime, driver.run().instrument(span));
        Ok(Client(Arc::new(Shared {
            messages,
            places: Arc::new(Semaphore::new(self.calls)),
            asides: Arc::new(Semaphore::new(ASIDES)),
            passwords: Arc::new(Semaphore::new(1)),
            dialect,
            retrying,
            events: observed,
            query_deadline: self.query_deadline,
            change_deadline: self.change_deadline,
            bulk_deadline: self.bulk_deadline,
        })))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("endpoint", &self.endpoint)
            .field("session", &self.session)
            .field("sessions", &self.sessions)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

/// Why a client did not begin. Nothing was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It was not begun inside a tokio runtime.
    NoRuntime,
    /// It was given no login.
    NoLogin,
    /// The dialect does not allow the login.
    Login(EncodeError),
    /// The password before could not be that of a login.
    Password(CommandError),
    /// The login changes the password, which can be done once only: see [`Client::change_password`].
    ChangesPassword,
    /// Another client has the account, in this process or in another one of this machine. Its end gives the account free.
    AccountLocked {
        /// The host, on loopback with its port, and the login.
        account: Scope,
        /// Who, if that is known.
        holder: Option<Holder>,
        /// The file that it holds.
        path: PathBuf,
    },
    /// It cannot be said whether another client has the account.
    Lock(LockError),
    /// The journal could not be read.
    Journal(JournalError),
    /// The journal is that of another account, or of another host: its doubts and keys are not this client's.
    OtherJournal {
        /// Whose the journal is.
        journal: Scope,
        /// Who the client is.
        client: Scope,
    },
}

impl From<NotLocked> for StartError {
    fn from(not_locked: NotLocked) -> Self {
        match not_locked {
            NotLocked::Held { account, holder, path } => Self::AccountLocked { account, holder, path },
            NotLocked::Failed(error) => Self::Lock(error),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NoRuntime => "client: not inside a tokio runtime",
            Self::NoLogin => "client: no login was given",
            Self::Login(_) => "client: login not encoded",
            Self::Password(_) => "client: password before cannot be sent",
            Self::ChangesPassword => "client: login changes the password, and can be sent once only",
            Self::AccountLocked { account, holder: Some(holder), .. } => {
                return write!(f, "client: {account} is in use by {holder}");
            }
            Self::AccountLocked { account, holder: None, path } => {
                let path = path.display().to_string();
                return write!(
                    f,
                    "client: {account} is in use by somebody who holds `{}`",
                    path.escape_debug()
                );
            }
            Self::Lock(_) => "client: account not locked",
            Self::Journal(_) => "client: journal not restored",
            Self::OtherJournal { journal, client } => {
                return write!(f, "client: journal belongs to {journal}, and the client is {client}");
            }
        };
        f.write_str(text)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Login(source) => Some(source),
            Self::Password(source) => Some(source),
            Self::Lock(source) => Some(source),
            Self::Journal(source) => Some(source),
            Self::NoRuntime
            | Self::NoLogin
            | Self::ChangesPassword
            | Self::AccountLocked { .. }
            | Self::OtherJournal { .. } => None,
        }
    }
}
