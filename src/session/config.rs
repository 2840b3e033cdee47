//! What a session is told before it begins.

use core::time::Duration;

use crate::command::session::Session as Login;
use crate::command::{Command, Describe, Dialect, PtfCommand, ToCommand};
use crate::wire::deframe::Limits;

/// How long a reply may take, from the moment when the whole command was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    first_byte: Duration,
    whole: Duration,
}

impl Wait {
    /// At most `first_byte` until something of the reply is there, and `whole` until all of it is. The shorter of the
    /// two holds before the first byte.
    #[must_use]
    pub const fn new(first_byte: Duration, whole: Duration) -> Self {
        Self { first_byte, whole }
    }

    /// Until something of the reply is there.
    #[must_use]
    pub const fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// Until all of the reply is there.
    #[must_use]
    pub const fn whole(&self) -> Duration {
        self.whole
    }
}

/// How long each stage of a session may take. What is over ends the session.
///
/// DNS, TCP and TLS have theirs where the connection is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    greeting: Duration,
    login: Duration,
    write: Duration,
    query: Wait,
    change: Wait,
    quit: Duration,
}

impl Deadlines {
    /// Greeting 30 s, login 60 s, writing a command 30 s, the first byte of an answer to a query 60 s and all of it
    /// 180 s, both 180 s for a change, quit 10 s.
    pub const DEFAULT: Self = Self {
        greeting: Duration::from_secs(30),
        login: Duration::from_secs(60),
        write: Duration::from_secs(30),
        query: Wait::new(Duration::from_secs(60), Duration::from_secs(180)),
        // A registry works before it answers; cutting that short makes doubt.
        change: Wait::new(Duration::from_secs(180), Duration::from_secs(180)),
        quit: Duration::from_secs(10),
    };

    /// With this time for the greeting, from the connection's beginning.
    #[must_use]
    pub const fn with_greeting(mut self, greeting: Duration) -> Self {
        self.greeting = greeting;
        self
    }

    /// With this time for the login, its writing included.
    #[must_use]
    pub const fn with_login(mut self, login: Duration) -> Self {
        self.login = login;
        self
    }

    /// With this time for the transport to take a command.
    #[must_use]
    pub const fn with_write(mut self, write: Duration) -> Self {
        self.write = write;
        self
    }

    /// With this time for the answer to a query or a keepalive.
    #[must_use]
    pub const fn with_query(mut self, query: Wait) -> Self {
        self.query = query;
        self
    }

    /// With this time for the answer to a change.
    #[must_use]
    pub const fn with_change(mut self, change: Wait) -> Self {
        self.change = change;
        self
    }

    /// With this time for QUIT, its writing included.
    #[must_use]
    pub const fn with_quit(mut self, quit: Duration) -> Self {
        self.quit = quit;
        self
    }

    /// The time for the greeting.
    #[must_use]
    pub const fn greeting(&self) -> Duration {
        self.greeting
    }

    /// The time for the login.
    #[must_use]
    pub const fn login(&self) -> Duration {
        self.login
    }

    /// The time for writing a command.
    #[must_use]
    pub const fn write(&self) -> Duration {
        self.write
    }

    /// The time for the answer to a query.
    #[must_use]
    pub const fn query(&self) -> Wait {
        self.query
    }

    /// The time for the answer to a change.
    #[must_use]
    pub const fn change(&self) -> Wait {
        self.change
    }

    /// The time for QUIT.
    #[must_use]
    pub const fn quit(&self) -> Duration {
        self.quit
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The command that keeps an idle session alive, and proves that its login still holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keepalive {
    /// DESCRIBE of RRP (RFC 2832 §4.3.4).
    #[default]
    Describe,
    /// PTF `Describe`, which is what the vendor's own daemon sends.
    PtfDescribe,
}

impl Keepalive {
    pub(super) fn command(self) -> Command {
        match self {
            Self::PtfDescribe => match PtfCommand::new("Describe") {
                Ok(command) => Command::new(command),
                // `Describe` is a word, so this is not reached; the other form serves as well.
                Err(_) => Describe::new().to_command(),
            },
            Self::Describe => Describe::new().to_command(),
        }
    }
}

/// What a session needs to know: who logs in, and how long everything may take.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) login: Login,
    pub(super) dialect: Dialect,
    pub(super) deadlines: Deadlines,
    pub(super) keepalive: Keepalive,
    pub(super) keepalive_after: Option<Duration>,
    pub(super) limits: Limits,
    pub(super) login_when_told: bool,
}

impl Config {
    /// Nine minutes: a registry that closes after ten is kept awake.
    pub const KEEPALIVE_AFTER: Duration = Duration::from_secs(540);
    /// No keepalive comes sooner than this after another command.
    pub const MIN_KEEPALIVE_AFTER: Duration = Duration::from_secs(1);

    /// With this login (which may change the password), [`Dialect::Xrrp`], the default deadlines, and DESCRIBE after
    /// nine idle minutes.
    #[must_use]
    pub const fn new(login: Login) -> Self {
        Self {
            login,
            dialect: Dialect::Xrrp,
            deadlines: Deadlines::DEFAULT,
            keepalive: Keepalive::Describe,
            keepalive_after: Some(Self::KEEPALIVE_AFTER),
            limits: Limits::REPLY,
            login_when_told: false,
        }
    }

    /// With these rules for what is sent.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Who logs in.
    #[cfg(feature = "net")]
    pub(crate) fn account(&self) -> &str {
        self.login.id()
    }

    /// The login.
    #[cfg(feature = "net")]
    pub(crate) const fn login(&self) -> &Login {
        &self.login
    }

    /// With another login.
    #[cfg(feature = "net")]
    pub(crate) fn with_login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// How long the answer to a change may take.
    #[cfg(feature = "daemon")]
    pub(crate) const fn change_wait(&self) -> Duration {
        self.deadlines.change().whole()
    }

    /// The rules for what is sent.
    #[cfg(feature = "net")]
    pub(crate) const fn spoken(&self) -> Dialect {
        self.dialect
    }

    /// With these deadlines.
    #[must_use]
    pub const fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// With this command to keep the session alive.
    #[must_use]
    pub const fn keepalive(mut self, keepalive: Keepalive) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// With a keepalive after so long without a command, at least [`MIN_KEEPALIVE_AFTER`](Self::MIN_KEEPALIVE_AFTER); `None`: only when [`Session::keep_alive`] is called.
    ///
    /// [`Session::keep_alive`]: super::Session::keep_alive
    #[must_use]
    pub fn keepalive_after(mut self, idle: Option<Duration>) -> Self {
        self.keepalive_after = idle.map(|idle| idle.max(Self::MIN_KEEPALIVE_AFTER));
        self
    }

    /// With a login that waits for [`Session::log_in`]; otherwise it goes out as soon as the registry has greeted. For an
    /// owner of several sessions who paces what they send: a login is a command, and pays when it is written.
    ///
    /// [`Session::log_in`]: super::Session::log_in
    #[must_use]
    pub const fn login_when_told(mut self) -> Self {
        self.login_when_told = true;
        self
    }

    /// With a login that goes out as soon as the registry has greeted.
    #[cfg(feature = "net")]
    pub(crate) const fn login_at_once(mut self) -> Self {
        self.login_when_told = false;
        self
    }

    /// With these limits for replies. What comes before the login is accepted has its own: lines of 4 KiB, 64 KiB and
    /// 1,024 lines.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
