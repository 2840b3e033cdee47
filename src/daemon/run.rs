//! From the start of a daemon to its end.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use super::account::{Account, AccountError};
use super::admin::{AdminAsk, AdminError, AdminSocket, Reloaded};
use super::config::{Config, ConfigError, Log};
use super::descriptors;
use super::front::{Fronts, ListenError, Listener};
use super::metrics::{self, MetricsError, Serving};
use super::shared::{Phase, Shared, State};
use super::systemd::{Activated, ActivationError, Notifier};

/// What is asked of a running daemon from outside: by signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// Read the configuration again, and serve that.
    Reload,
    /// Take nothing new, finish what is under way, and end. The second time: end at once.
    Drain,
}

/// What a daemon asks of whoever runs it.
#[non_exhaustive]
pub struct Hooks {
    /// Reads the configuration again.
    pub reload: Box<dyn FnMut() -> Result<Config, Box<dyn Error + Send + Sync>> + Send + Sync>,
    /// How to log from now on.
    pub log: Box<dyn FnMut(&Log) + Send + Sync>,
    /// The clock on the wall, in milliseconds of Unix time: the system's by default. It dates what is written down, and says
    /// whether a domain was created within a day of the sending. Another one is for registries that play, whose own clock may
    /// be a different one.
    pub clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            reload: Box::new(|| Err("there is nothing to read again".into())),
            log: Box::new(|_| {}),
            clock: Arc::new(crate::client::system_wall),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// Once all accounts have ended, local clients have so long to take their last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(20);

/// Why a daemon did not begin. Nothing was sent.
#[derive(Debug)]
pub struct RunError(Problem);

#[derive(Debug)]
pub(super) enum Problem {
    Account(AccountError),
    Listen(ListenError),
    Activation(ActivationError),
    Metrics(MetricsError),
    Admin(AdminError),
    Config(ConfigError),
}

impl RunError {
    pub(super) const fn new(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("daemon does not start")
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Account(source) => Some(source),
            Problem::Listen(source) => Some(source),
            Problem::Activation(source) => Some(source),
            Problem::Metrics(source) => Some(source),
            Problem::Admin(source) => Some(source),
            Problem::Config(source) => Some(source),
        }
    }
}

/// A daemon that runs.
pub(super) struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) fronts: Fronts,
    pub(super) hooks: Hooks,
    /// What it was started with.
    pub(super) started: Arc<Config>,
    /// Accounts that are not served any more, on their way to the end.
    pub(super) ending: JoinSet<()>,
    notifier: Arc<Notifier>,
    /// What is asked by the admin socket.
    asks: mpsc::Receiver<AdminAsk>,
    /// Until the very end, as the metrics.
    _admin: Option<JoinHandle<()>>,
    _metrics: Option<Serving>,
    pings: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.pings.abort();
    }
}

/// What somebody wants of the daemon as a whole.
enum Asked {
    Reload(Option<oneshot::Sender<Reloaded>>),
    Drain,
}

/// So many orders wait for the daemon.
const ASKS: usize = 8;

/// Runs a daemon until it is told to end, or nobody is left to tell it.
///
/// It takes a current-thread runtime for itself. A drain ends when all is finished and recorded, or after the time that the
/// configuration gives it; what is still on the wire then is in the journal, and in doubt.
///
/// # Errors
/// [`RunError`] if it does not begin: no account is served then.
pub async fn run(config: Config, hooks: Hooks, mut control: mpsc::Receiver<Control>) -> Result<(), RunError> {
    let mut running = Running::start(config, hooks).await?;
    running.notifier.ready();
    running.notifier.status(&running.status());
    info!(version = env!("CARGO_PKG_VERSION"), "{}", running.status());
    loop {
        match running.asked(&mut control).await {
            Asked::Reload(None) => running.reload().await.log(),
            Asked::Reload(Some(answer)) => {
                let report = running.reload().await;
                report.log();
                // Whoever has left reads the log.
                let _ = answer.send(report);
            }
            Asked::Drain => break,
        }
    }
    running.drain(&mut control).await;
    Ok(())
}

impl Running {
    async fn start(config: Config, hooks: Hooks) -> Result<Self, RunError> {
        config.verify_upstreams().await.map_err(|error| RunError::new(Problem::Config(error)))?;
        descriptors::prepare(&config);
        let config = Arc::new(config);
        let mut activated =
            Activated::from_env().map_err(|error| RunError::new(Problem::Activation(error)))?;
        // What fails most often first, and before anybody is asked for anything.
        let listeners: Vec<Listener> = config
            .listen
            .iter()
            .map(|listen| Listener::open(listen, &mut activated))
            .collect::<Result<_, _>>()
            .map_err(|error| RunError::new(Problem::Listen(error)))?;
        let metrics = match config.metrics {
            Some(address) => Some(match activated.take_tcp(address).map(metrics::Server::listening) {
                Some(Ok(server)) => server,
                _ => {
                    metrics::Server::bind(address).map_err(|error| RunError::new(Problem::Metrics(error)))?
                }
            }),
            None => None,
        };
        activated.finish().map_err(|error| RunError::new(Problem::Activation(error)))?;
        let admin = match &config.admin {
            Some(admin) => {
                Some(AdminSocket::open(admin).map_err(|error| RunError::new(Problem::Admin(error)))?)
            }
            None => None,
        };
        let mut accounts = BTreeMap::new();
        for (name, account) in &config.accounts {
            let account = Account::start(Arc::clone(account), Arc::clone(&hooks.clock))
                .await
                .map_err(|error| RunError::new(Problem::Account(error)))?;
            accounts.insert(name.clone(), Arc::new(account));
        }
        let started = Arc::clone(&config);
        let shared = Arc::new(Shared::new(State { config, accounts }));
        let mut fronts = Fronts::default();
        for listener in listeners {
            fronts.serve(listener, &shared);
        }
        let notifier = Arc::new(Notifier::from_env());
        let pings = tokio::spawn(Arc::clone(&notifier).keep_pinging()).abort_handle();
        let metrics = metrics.map(|server| server.serve(&shared));
        let (sender, asks) = mpsc::channel(ASKS);
        let admin = admin.map(|socket| socket.serve(&shared, sender));
        Ok(Self {
            shared,
            fronts,
            hooks,
            started,
            ending: JoinSet::new(),
            notifier,
            asks,
            _admin: admin,
            _metrics: metrics,
            pings,
        })
    }

    /// What is wanted next. Whoever runs the daemon and is gone wants it to end.
    async fn asked(&mut self, control: &mut mpsc::Receiver<Control>) -> Asked {
        tokio::select! {
            order = control.recv() => match order {
                Some(Control::Reload) => Asked::Reload(None),
                Some(Control::Drain) | None => Asked::Drain,
            },
            Some(ask) = self.asks.recv() => match ask {
                AdminAsk::Reload(answer) => Asked::Reload(Some(answer)),
                AdminAsk::Drain => Asked::Drain,
            },
        }
    }

    /// For whoever looks at the service.
    fn status(&self) -> String {
        let state = self.shared.state();
        let accounts: Vec<String> = state
            .accounts
            .values()
            .map(|account| format!("{} ({})", account.config.name, account.config.environment.as_str()))
            .collect();
        format!("serving {}", accounts.join(", "))
    }

    /// Reads the configuration again, and serves that: all of it, or nothing.
    async fn reload(&mut self) -> Reloaded {
        self.notifier.reloading();
        let report = match (self.hooks.reload)() {
            Ok(config) => match config.verify_upstreams().await {
                Ok(()) => self.replace(config).await,
                Err(error) => Reloaded::not(&error),
            },
            Err(error) => Reloaded::not(&*error),
        };
        self.notifier.ready();
        self.notifier.status(&self.status());
        report
    }

    /// Takes nothing new, and ends when what is under way is finished.
    async fn drain(&mut self, control: &mut mpsc::Receiver<Control>) {
        info!("draining: nothing new is taken");
        self.notifier.stopping();
        self.notifier.status("draining");
        self.fronts.close();
        self.shared.phase.send_replace(Phase::Draining);
        self.shared.connections.wake();
        let state = self.shared.state();
        let ending = &mut self.ending;
        let finish = async {
            join_all(state.accounts.values().map(|account| account.shutdown())).await;
            while ending.join_next().await.is_some() {}
            answered(&self.shared).await;
        };
        let asks = &mut self.asks;
        let at_once = async {
            loop {
                tokio::select! {
                    order = control.recv() => match order {
                        Some(Control::Drain) => break,
                        Some(Control::Reload) => warn!("not reloaded: draining"),
                        None => core::future::pending().await,
                    },
                    Some(ask) = asks.recv() => {
                        if let AdminAsk::Reload(answer) = ask {
                            let failed = vec!["the daemon is draining".to_owned()];
                            let _ = answer.send(Reloaded { failed, ..Reloaded::default() });
                        }
                    }
                }
            }
        };
        tokio::select! {
            done = timeout(state.config.drain, finish) => match done {
                Ok(()) => info!("drained"),
                Err(_) => error!("not drained in time: what is on the wire is in doubt"),
            },
            () = at_once => warn!("ending at once: what is on the wire is in doubt"),
        }
        self.shared.phase.send_replace(Phase::Ending);
        self.shared.connections.wake();
    }
}

/// Waits until local clients have their last answers.
async fn answered(shared: &Shared) {
    let since = Instant::now();
    while shared.connections.len() > 0 && since.elapsed() < LAST_ANSWERS {
        sleep(LOOK).await;
    }
}
