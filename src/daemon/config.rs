//! What a daemon is told to do: checked, and ready to be done.

mod account;
mod environment;
mod error;
mod mregd;
mod raw;
mod read;
mod reader;
mod surroundings;
mod told;
mod upstream;
mod user;
mod value;

pub use environment::Environment;
pub use error::ConfigError;
pub use mregd::FromMregd;
pub use surroundings::Surroundings;
pub use told::{Change, ChangeKind, Part};
pub use upstream::{Unverified, pin_of};
pub use user::DENIED_BY_DEFAULT;

use core::fmt;
use core::net::SocketAddr;
use core::ops::RangeInclusive;
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::net::{Connector, Endpoint};
use crate::pace::{Lane, Rate};
use crate::secret::Secret;
use crate::session;

/// Everything that a daemon is told. It is replaced as a whole when it is reloaded.
#[derive(Debug)]
pub struct Config {
    /// By their names.
    pub(super) accounts: BTreeMap<Box<str>, Arc<Account>>,
    /// By their names.
    pub(super) users: BTreeMap<Box<str>, Arc<User>>,
    pub(super) listen: Vec<Listen>,
    pub(super) admin: Option<Admin>,
    /// Where metrics and health are told; on loopback.
    pub(super) metrics: Option<SocketAddr>,
    pub(super) log: Log,
    pub(super) limits: Limits,
    /// So long a daemon that is told to end waits for what is under way.
    pub(super) drain: Duration,
    pub(super) notes: Notes,
}

/// What reading a configuration found out beside it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Accounts that would believe whoever answers.
    unverified: Vec<Unverified>,
    warnings: Vec<String>,
    /// What all of it says, to be shown and compared.
    told: told::Told,
}

/// An account at a registry.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: Box<str>,
    pub(super) endpoint: Endpoint,
    pub(super) environment: Environment,
    pub(super) connector: Connector,
    /// With the login.
    pub(super) session: session::Config,
    pub(super) sessions: RangeInclusive<usize>,
    pub(super) rate: Rate,
    pub(super) journal: Journal,
    /// The directory of the account lock, if it is not the usual one.
    pub(super) lock: Option<PathBuf>,
    /// So long a reply is held back while a doubt is being settled.
    pub(super) settle_wait: Duration,
    pub(super) doubt_answer: DoubtAnswer,
    /// So long an outcome is kept that could not be delivered.
    pub(super) undelivered: Duration,
    /// Whether the local connection is closed after a bare 220, 420, 520 or 521, as mregd does.
    pub(super) close_as_mregd: bool,
    /// So long a query and a change wait that say nothing else, and a call in the lane bulk.
    pub(super) query_deadline: Duration,
    pub(super) change_deadline: Duration,
    pub(super) bulk_deadline: Duration,
    /// After how long without a command an idle session is kept alive, if not after the usual time.
    pub(super) keepalive: Option<Duration>,
    /// Times of read-backs: after a loss, after a reply, and again. For registries that play.
    pub(super) negatives: Option<(Duration, Duration, Duration)>,
}

/// Where an account's writes are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Journal {
    File(PathBuf),
    /// A crash forgets what was under way: it was asked for in so many words.
    Memory,
    /// Writes are refused.
    None,
}

/// What a local client is told of a write in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoubtAnswer {
    /// 549, with the ticket.
    Code,
    /// Nothing: the connection is closed.
    Close,
}

/// Where local clients are listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listen {
    Unix(UnixSocket),
    Tcp(SocketAddr),
}

/// A socket in the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnixSocket {
    pub(super) path: PathBuf,
    /// 0660 by default.
    pub(super) mode: u32,
    /// User and group by name or number; those of the process by default.
    pub(super) owner: Option<Box<str>>,
    pub(super) group: Option<Box<str>>,
}

/// A local user: who it is, and what it may do.
#[derive(Debug)]
pub(super) struct User {
    pub(super) name: Box<str>,
    pub(super) password: Password,
    pub(super) account: Box<str>,
    /// The lane of what says nothing else.
    pub(super) lane: Lane,
    /// Those that it may ask for: its own, later ones, and what is said.
    pub(super) lanes: Vec<Lane>,
    pub(super) commands_per_second: Option<u32>,
    pub(super) billable_per_day: Option<u32>,
    /// Names of commands, lower case; `*` at an end stands for anything. Empty: all. See `may_send`.
    pub(super) allow: Vec<Box<str>>,
    /// The same; what is denied is denied even if it is allowed too.
    pub(super) deny: Vec<Box<str>>,
    /// Whether a `cltrid` is taken for a key.
    pub(super) cltrid_is_key: bool,
    /// The most connections at once; the one of `Limits` otherwise.
    pub(super) connections: Option<usize>,
}

/// How a local password is checked.
pub(super) enum Password {
    /// A PHC string of argon2.
    Hash(Box<str>),
    /// Out of a credential, the environment, or mregd's configuration.
    Plain(Secret),
}

impl fmt::Debug for Password {
    /// A hash can be guessed at, and is as secret as what it is of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Hash(***)",
            Self::Plain(_) => "Plain(***)",
        })
    }
}

/// The socket of whoever runs the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Admin {
    pub(super) socket: PathBuf,
    /// Users and `@groups`, by name or number, beside root and the daemon's own user, who may do everything.
    pub(super) read_write: Vec<Box<str>>,
    pub(super) read_only: Vec<Box<str>>,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// The least level.
    pub level: tracing::Level,
    /// Where to; standard error if it is `None`.
    pub file: Option<PathBuf>,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
    /// As mregd writes it.
    Mregd,
}

/// What one local connection, and all of them, may take. Each has a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Local connections in all; those beyond are closed at once.
    pub(super) connections: usize,
    pub(super) connections_per_user: usize,
    /// Bytes of a line, without its end.
    pub(super) line: usize,
    /// Bytes of a request.
    pub(super) request: usize,
    /// Lines of a request.
    pub(super) lines: usize,
    /// Bytes of all requests together that are not whole yet.
    pub(super) unfinished: usize,
    /// From the accept to a right password.
    pub(super) login_time: Duration,
    /// From the end of a reply, or the login, to the end of a request.
    pub(super) request_time: Duration,
    /// For a reply to be taken.
    pub(super) write_time: Duration,
    /// Logins that are checked at a time.
    pub(super) logins: usize,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self {
        connections: 1_024,
        connections_per_user: 256,
        // A name, a blank on each side of `=`, and the longest value.
        line: 33_024,
        request: 262_144,
        lines: 1_200,
        unfinished: 16_777_216,
        login_time: Duration::from_secs(10),
        request_time: Duration::from_secs(90),
        write_time: Duration::from_secs(30),
        logins: 2,
    };
}
