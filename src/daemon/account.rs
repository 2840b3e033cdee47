//! An account in a running daemon: its client, and its journal.

use core::error::Error;
use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::{info, warn};

use super::config::{self, Journal};
use super::identical::Identical;
use super::watched::Watched;
use crate::client::{Client, PasswordError, StartError};
use crate::dispatch::{self, Refused, Settled};
use crate::journal::{Embedded, JournalError, Memory, Options, Scope};
use crate::pool;
use crate::secret::Secret;
use crate::settle::Keyed;

/// An account that is being served.
pub(super) struct Account {
    pub(super) config: Arc<config::Account>,
    pub(super) client: Client,
    /// What logins are made with.
    password: Mutex<Secret>,
    /// Writes without a key.
    pub(super) identical: Arc<Identical>,
    pub(super) clock: Clock,
    /// To be closed at the end.
    journal: Option<Embedded>,
}

/// A clock on the wall: milliseconds of Unix time.
pub(super) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

impl Account {
    /// Opens the journal, locks the account, and begins. Nothing is connected before something is asked.
    pub(super) async fn start(config: Arc<config::Account>, clock: Clock) -> Result<Self, AccountError> {
        let failed = |problem| AccountError { account: config.name.clone(), problem };
        let scope = Scope::new(&config.endpoint.to_string(), config.session.account());
        let journal = match &config.journal {
            Journal::File(path) => Some(
                Embedded::open(path, &scope, &Options::new(), clock())
                    .map_err(|error| failed(Problem::Journal(error)))?,
            ),
            Journal::Memory | Journal::None => None,
        };
        let mut numbers =
            dispatch::Config::new(crate::client::random_seed()).settle_wait(Some(config.settle_wait));
        if let Some((after_loss, after_reply, again)) = config.negatives {
            numbers = numbers.negatives(after_loss, after_reply, again);
        }
        let mut pool = pool::Options::new(crate::client::random_seed());
        if let Some(after) = config.keepalive {
            pool = pool.idle(after, after.max(pool::Options::IDLE_LIMIT));
        }
        let mut builder = Client::builder(config.endpoint.clone())
            .pool(pool)
            .session(config.session.clone())
            .connector(config.connector.clone())
            .sessions(config.sessions.clone())
            .rate(config.rate)
            .config(numbers)
            .query_deadline(config.query_deadline)
            .change_deadline(config.change_deadline)
            .bulk_deadline(config.bulk_deadline);
        if let Some(directory) = &config.lock {
            builder = builder.account_lock(directory);
        }
        let inner: Arc<dyn crate::journal::Journal> = match &journal {
            Some(journal) => Arc::new(journal.clone()),
            None => Arc::new(Memory::new(crate::client::random_key())),
        };
        let watched = Watched::new(inner, config.undelivered);
        let identical = watched.identical();
        let wall = Arc::clone(&clock);
        let builder = builder.journal(watched).wall_clock(move || wall());
        let client = builder.connect().await.map_err(|error| failed(Problem::Client(error)))?;
        // The client has restored its journal.
        let identical = identical
            .get()
            .map(Arc::clone)
            .unwrap_or_else(|| Arc::new(Identical::new(Keyed::new(&[0; 32]), config.undelivered)));
        tokio::spawn(Self::settle_doubts(client.clone(), config.name.clone()));
        let password = Mutex::new(config.session.login().password());
        Ok(Self { config, client, password, identical, clock, journal })
    }

    /// Finds out what became of writes that an earlier process has left in doubt, one after the other, as far as a read can tell.
    /// It only reads, and at the pace of what settles.
    async fn settle_doubts(client: Client, account: Box<str>) {
        let Ok(doubts) = client.doubts().await else { return };
        for entry in doubts.into_iter().filter(|entry| entry.intent().resolver().is_some()) {
            match client.settle(entry.ticket()).await {
                Ok(Settled::StillInDoubt(doubt)) => {
                    warn!(%account, ticket = %doubt.ticket(), why = %doubt.reason(), "still in doubt");
                }
                Ok(_) => info!(%account, ticket = %entry.ticket(), "settled what was in doubt"),
                Err(Refused::Stopped) => return,
                Err(why) => warn!(%account, ticket = %entry.ticket(), %why, "not settled"),
            }
        }
    }

    fn password(&self) -> MutexGuard<'_, Secret> {
        self.password.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether logins are made with another password.
    pub(super) fn lacks(&self, password: &Secret) -> bool {
        self.password().expose() != password.expose()
    }

    /// Logs in with this password from now on.
    pub(super) async fn use_password(&self, password: Secret) -> Result<(), PasswordError> {
        self.client.use_password(password.clone()).await?;
        *self.password() = password;
        Ok(())
    }

    /// Ends in order: what is on the wire is finished and recorded.
    pub(super) async fn shutdown(&self) {
        self.client.shutdown().await;
        if let Some(journal) = &self.journal {
            // It is whole without being closed, too.
            let _ = journal.close().await;
        }
    }

    /// Whether writes may go out.
    pub(super) fn takes_writes(&self) -> bool {
        self.config.journal != Journal::None
    }
}

/// Why an account is not served.
#[derive(Debug)]
pub(super) struct AccountError {
    account: Box<str>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Journal(JournalError),
    Client(StartError),
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account `{}` is not served", self.account.escape_debug())
    }
}

impl Error for AccountError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Journal(source) => Some(source),
            Problem::Client(source) => Some(source),
        }
    }
}
