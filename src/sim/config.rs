//! What the registry is like: its registrars, limits, prices and manners.

use core::time::Duration;
use std::collections::BTreeMap;

use super::calendar::Stamp;
use super::wire::{LineEnds, Style, Terminator};
use crate::command::Dialect;
use crate::secret::Secret;

const DAY: Duration = Duration::from_secs(86_400);

/// A registrar's account.
#[derive(Clone, Debug)]
pub struct Registrar {
    pub(super) id: String,
    pub(super) password: Secret,
    pub(super) balance: i64,
    pub(super) sessions: usize,
    pub(super) suspended: bool,
}

impl Registrar {
    /// A registrar with 1,000,000.00 on the account and room for five sessions. Ids compare with case.
    #[must_use]
    pub fn new(id: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { id: id.into(), password: password.into(), balance: 100_000_000, sessions: 5, suspended: false }
    }

    /// What is on the account, in cents. A command that costs more than is there is refused with 546.
    #[must_use]
    pub const fn balance(mut self, cents: i64) -> Self {
        self.balance = cents;
        self
    }

    /// How many sessions it may have at once; one more is refused with 521.
    #[must_use]
    pub const fn sessions(mut self, limit: usize) -> Self {
        self.sessions = limit;
        self
    }

    /// Whether its logins are refused with 531, password or not.
    #[must_use]
    pub const fn suspended(mut self, yes: bool) -> Self {
        self.suspended = yes;
        self
    }
}

/// What is charged, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    pub(super) add: i64,
    pub(super) renew: i64,
    pub(super) transfer: i64,
    pub(super) restore: i64,
    pub(super) sms: i64,
    pub(super) zone: i64,
}

impl Prices {
    /// 10.00 a year for registrations and renewals, 9.00 a transfer, 80.00 a restore, 0.10 a message, zones free.
    pub const DEFAULT: Self =
        Self { add: 1_000, renew: 1_000, transfer: 900, restore: 8_000, sms: 10, zone: 0 };

    /// A registration, for each year.
    #[must_use]
    pub const fn add(mut self, cents: i64) -> Self {
        self.add = cents;
        self
    }

    /// A renewal, for each year.
    #[must_use]
    pub const fn renew(mut self, cents: i64) -> Self {
        self.renew = cents;
        self
    }

    /// A transfer; charged when it is requested, returned if it comes to nothing.
    #[must_use]
    pub const fn transfer(mut self, cents: i64) -> Self {
        self.transfer = cents;
        self
    }

    /// Restoring a deleted domain.
    #[must_use]
    pub const fn restore(mut self, cents: i64) -> Self {
        self.restore = cents;
        self
    }

    /// A text message.
    #[must_use]
    pub const fn sms(mut self, cents: i64) -> Self {
        self.sms = cents;
        self
    }

    /// A DNS zone.
    #[must_use]
    pub const fn zone(mut self, cents: i64) -> Self {
        self.zone = cents;
        self
    }
}

impl Default for Prices {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A limit of commands, belonging to the account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) commands: usize,
    pub(super) per: Duration,
    pub(super) lock: Duration,
}

/// How a simulated registry is to be.
///
/// ```
/// use std::time::Duration;
/// use rrp::sim::{Config, Registrar};
///
/// let config = Config::new()
///     .registrar(Registrar::new("registrarA", "i-am-registrarA").balance(50_00).sessions(2))
///     .rate(1, Duration::from_secs(1), Duration::from_secs(300))
///     .idle_limit(Duration::from_secs(600))
///     .seed(7);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) registrars: BTreeMap<String, Registrar>,
    pub(super) seed: u64,
    pub(super) dialect: Dialect,
    pub(super) greeting: String,
    pub(super) latency: Duration,
    pub(super) idle: Option<Duration>,
    pub(super) lifetime: Option<Duration>,
    pub(super) connections: usize,
    pub(super) ghosts: Duration,
    pub(super) rate: Option<Rate>,
    pub(super) prices: Prices,
    pub(super) start: Stamp,
    pub(super) style: Style,
    pub(super) bare_errors: bool,
    pub(super) sequence_code: u16,
    pub(super) zones: Vec<String>,
    pub(super) default_period: i32,
    pub(super) add_grace: Duration,
    pub(super) redemption: Duration,
    pub(super) renewal_window: Option<Duration>,
    pub(super) transfer_approval: Option<Duration>,
    pub(super) queued_zones: Vec<String>,
    pub(super) queue_delay: Option<Duration>,
}

impl Config {
    /// XRRP for `com`, `net` and `org`; answers at once; idle limit 10 minutes, sessions 24 hours, 64 connections; no
    /// limit of commands; five days of add grace; nothing is queued. The clock starts at 2026-01-01 00:00:00.
    #[must_use]
    pub fn new() -> Self {
        Self {
            registrars: BTreeMap::new(),
            seed: 0,
            dialect: Dialect::Xrrp,
            greeting: "Simulated RRP Server version 1.1.0".to_owned(),
            latency: Duration::ZERO,
            idle: Some(Duration::from_secs(600)),
            lifetime: Some(DAY),
            connections: 64,
            ghosts: Duration::ZERO,
            rate: None,
            prices: Prices::DEFAULT,
            start: Stamp::midnight(2026, 1, 1),
            style: Style::new(),
            bare_errors: false,
            sequence_code: 547,
            zones: ["com", "net", "org"].map(str::to_owned).to_vec(),
            default_period: 1,
            add_grace: DAY.saturating_mul(5),
            redemption: DAY.saturating_mul(30),
            renewal_window: None,
            transfer_approval: None,
            queued_zones: Vec::new(),
            queue_delay: None,
        }
    }

    /// One more registrar; the last of an id stands.
    #[must_use]
    pub fn registrar(mut self, registrar: Registrar) -> Self {
        self.registrars.insert(registrar.id.clone(), registrar);
        self
    }

    /// What all chance comes from: ids, codes, faults by probability, garbled bytes.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Pure RFC 2832 (no PTF, second-level names, passwords of 4 to 16 characters), or XRRP.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The first line of the greeting (§3); the second is the date, then comes the dot.
    #[must_use]
    pub fn greeting(mut self, line: impl Into<String>) -> Self {
        self.greeting = line.into();
        self
    }

    /// How long after a command (or a connect) its answer (or the greeting) is sent. The command is executed at once.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// After how long without a command a connection is closed with an unsolicited 520; `None`: never.
    #[must_use]
    pub fn idle_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// How long after its login a session is closed with an unsolicited 520; `None`: never.
    #[must_use]
    pub fn session_lifetime(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.lifetime = limit.into();
        self
    }

    /// How many connections there may be at once, logged in or not; one more gets 521 in place of the greeting.
    #[must_use]
    pub const fn connections(mut self, limit: usize) -> Self {
        self.connections = limit;
        self
    }

    /// How long a session still counts after its connection was lost without QUIT.
    #[must_use]
    pub const fn ghosts(mut self, time: Duration) -> Self {
        self.ghosts = time;
        self
    }

    /// At most so many commands of one account in each such time, logins included. What exceeds it is answered with
    /// 422, and so is every command of the account while the lock lasts, QUIT among them.
    #[must_use]
    pub const fn rate(mut self, commands: usize, per: Duration, lock: Duration) -> Self {
        self.rate = Some(Rate { commands, per, lock });
        self
    }

    /// What is charged.
    #[must_use]
    pub const fn prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }

    /// The registry's time at the moment that [`Registry::new`](super::Registry::new) is given.
    #[must_use]
    pub const fn start_date(mut self, start: Stamp) -> Self {
        self.start = start;
        self
    }

    /// What ends a PTF answer.
    #[must_use]
    pub fn terminator(mut self, terminator: Terminator) -> Self {
        self.style = self.style.terminator(terminator);
        self
    }

    /// What ends the lines of answers.
    #[must_use]
    pub fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.style = self.style.line_ends(line_ends);
        self
    }

    /// How answers are written altogether; replaces [`terminator`](Self::terminator) and
    /// [`line_ends`](Self::line_ends).
    #[must_use]
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Whether refusals of PTF commands come as bare RRP lines.
    #[must_use]
    pub const fn bare_errors(mut self, yes: bool) -> Self {
        self.bare_errors = yes;
        self
    }

    /// What a command before login is answered with: 547 (the default), or 530.
    #[must_use]
    pub const fn before_login(mut self, code: u16) -> Self {
        self.sequence_code = code;
        self
    }

    /// The zones under which names are registered.
    #[must_use]
    pub fn zones<Z: Into<String>>(mut self, zones: impl IntoIterator<Item = Z>) -> Self {
        self.zones = zones.into_iter().map(|zone| zone.into().to_ascii_lowercase()).collect();
        self
    }

    /// The years of a registration or renewal that does not say (§4.3.1.1, §4.3.7); 1 to 10.
    #[must_use]
    pub fn default_period(mut self, years: u8) -> Self {
        self.default_period = i32::from(years.clamp(1, 10));
        self
    }

    /// How long after its registration a domain may be deleted at no cost; its name is free at once.
    #[must_use]
    pub const fn add_grace(mut self, time: Duration) -> Self {
        self.add_grace = time;
        self
    }

    /// How long a domain that was deleted later can be restored; then its name is free.
    #[must_use]
    pub const fn redemption(mut self, time: Duration) -> Self {
        self.redemption = time;
        self
    }

    /// How long before its expiry a domain may be renewed, else 548; `None` (the default): always.
    #[must_use]
    pub fn renewal_window(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.renewal_window = time.into();
        self
    }

    /// After how long a transfer that nobody answers is approved; `None` (the default): never.
    #[must_use]
    pub fn transfer_approval(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.transfer_approval = time.into();
        self
    }

    /// After how long AddDomain is executed, being answered with `jobqueue = 1`; `None` (the default): at once.
    ///
    /// For all zones, unless [`queued_zones`](Self::queued_zones) names some.
    #[must_use]
    pub fn queue_jobs(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.queue_delay = delay.into();
        self
    }

    /// The zones whose registrations are queued.
    #[must_use]
    pub fn queued_zones<Z: Into<String>>(mut self, zones: impl IntoIterator<Item = Z>) -> Self {
        self.queued_zones = zones.into_iter().map(|zone| zone.into().to_ascii_lowercase()).collect();
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
