//! From the start of a daemon to its end.

use core::error::Error;
use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::{Account, AccountError};
use super::config::Config;
use super::front;
use super::shared::{Phase, Shared, State};
use tokio::sync::mpsc;

/// What is asked of a running daemon from outside: by signals.
#[derive(Debug)]
#[non_exhaustive]
pub enum Control {
    /// Serve this from now on.
    Reload(Box<Config>),
    /// Take nothing new, finish what is under way, and end.
    Drain,
    /// End at once: what is under way is in doubt, and recorded.
    Stop,
}

/// Why a daemon did not begin.
#[derive(Debug)]
pub struct RunError(Problem);

#[derive(Debug)]
enum Problem {
    Account(AccountError),
    Listen(front::ListenError),
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
        }
    }
}

/// Runs a daemon until it is told to end, by [`Control::Drain`] or [`Control::Stop`], or nobody is left to tell it.
///
/// # Errors
/// [`RunError`] if it does not begin: no account of it is served then.
pub async fn run(config: Config, mut control: mpsc::Receiver<Control>) -> Result<(), RunError> {
    let config = Arc::new(config);
    let mut accounts = BTreeMap::new();
    for (name, account) in &config.accounts {
        let started =
            Account::start(Arc::clone(account)).await.map_err(|error| RunError(Problem::Account(error)))?;
        accounts.insert(name.clone(), Arc::new(started));
    }
    let shared = Arc::new(Shared::new(State { config: Arc::clone(&config), accounts }));
    let mut fronts = front::Fronts::default();
    for listen in &config.listen {
        let listener = front::Listener::open(listen).map_err(|error| RunError(Problem::Listen(error)))?;
        fronts.serve(listener, &shared);
    }
    match control.recv().await {
        Some(Control::Drain) | None => shared.phase.send_replace(Phase::Draining),
        Some(_) => shared.phase.send_replace(Phase::Ending),
    };
    let state = shared.state();
    for account in state.accounts.values() {
        account.shutdown().await;
    }
    Ok(())
}
