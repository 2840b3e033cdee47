//! Another configuration for a daemon that runs.

use core::error::Error;
use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{error, info, warn};

use super::account::{Account, AccountError, Clock};
use super::admin::Reloaded;
use super::config::{Change, ChangeKind, Config, Part};
use super::front::{ListenError, Listener};
use super::run::Running;
use super::shared::State;
use super::systemd::Activated;

impl Reloaded {
    pub(super) fn not(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        Self { failed: vec![text], ..Self::default() }
    }

    pub(super) fn log(&self) {
        if !self.failed.is_empty() {
            error!(why = %self.failed.join("; "), "not reloaded: what was served is served on");
            return;
        }
        for what in &self.needs_restart {
            warn!(%what, "wants a restart");
        }
        info!(changed = %self.changed.join(", "), "reloaded");
    }
}

/// Settings of an account of which only the password is another one.
const PASSWORD: [&str; 3] = ["password-credential", "password-env", "password-file"];

impl Running {
    /// Serves this from now on: all of it, or nothing of it.
    pub(super) async fn replace(&mut self, config: Config) -> Reloaded {
        let old = self.shared.state();
        let config = Arc::new(config);
        // First all that may fail.
        let listeners = match self.listeners(&config) {
            Ok(listeners) => listeners,
            Err(error) => return Reloaded::not(&error),
        };
        let accounts = match accounts(&old, &config, &self.hooks.clock).await {
            Ok(accounts) => accounts,
            Err(error) => return Reloaded::not(&error),
        };
        // And then nothing fails any more.
        let mut report = Reloaded { needs_restart: self.needs_restart(&old, &config), ..Reloaded::default() };
        for change in old.config.changes(&config) {
            if holds_at_once(&change) {
                report.changed.push(change.to_string());
            }
        }
        self.use_passwords(&old, &config, &mut report).await;
        for (name, account) in &old.accounts {
            if !config.accounts.contains_key(name) {
                let account = Arc::clone(account);
                self.ending.spawn(async move { account.shutdown().await });
            }
        }
        self.fronts.close_others(&config.listen);
        for listener in listeners {
            self.fronts.serve(listener, &self.shared);
        }
        (self.hooks.log)(&config.log);
        self.shared.users.reload(&config);
        self.shared.set_state(State { config, accounts });
        report
    }

    /// Sockets that are not listened to yet.
    fn listeners(&self, config: &Config) -> Result<Vec<Listener>, ListenError> {
        let new = config.listen.iter().filter(|listen| !self.fronts.serves_at(listen));
        new.map(|listen| Listener::open(listen, &mut Activated::default())).collect()
    }

    /// What is not as the daemon was started with, and cannot be while it runs.
    fn needs_restart(&self, old: &State, config: &Config) -> Vec<String> {
        let mut wanting = Vec::new();
        for change in self.started.changes(config) {
            match (change.part(), change.kind()) {
                (Part::Account(name), ChangeKind::Changed) if old.account(name).is_some() => {
                    let settings: Vec<&str> =
                        change.settings().iter().copied().filter(|name| !PASSWORD.contains(name)).collect();
                    if !settings.is_empty() {
                        wanting.push(format!("{}: {}", change.part(), settings.join(", ")));
                    }
                }
                _ if !holds_at_once(&change) => wanting.push(change.to_string()),
                _ => {}
            }
        }
        wanting
    }

    /// Has accounts log in with the passwords that they are to have.
    async fn use_passwords(&self, old: &State, config: &Config, report: &mut Reloaded) {
        for (name, account) in &config.accounts {
            let Some(running) = old.account(name) else { continue };
            let login = account.session.login();
            if login.id() != running.config.session.login().id() || !running.lacks(&login.password()) {
                continue;
            }
            match running.use_password(login.password()).await {
                Ok(()) => report.changed.push(format!("account {name}: password")),
                Err(error) => {
                    warn!(account = %name, %error, "the password stays as it was");
                    report.needs_restart.push(format!("account {name}: password"));
                }
            }
        }
    }
}

/// Whether a running daemon can do what a change says. Passwords are another matter.
const fn holds_at_once(change: &Change) -> bool {
    !matches!(
        (change.part(), change.kind()),
        (Part::Account(_) | Part::Listen(_), ChangeKind::Changed) | (Part::Admin | Part::Metrics, _)
    )
}

/// The accounts of a configuration: those that are served already as they are, and new ones.
async fn accounts(
    old: &State,
    config: &Config,
    clock: &Clock,
) -> Result<BTreeMap<Box<str>, Arc<Account>>, AccountError> {
    let mut accounts = BTreeMap::new();
    let mut begun: Vec<Arc<Account>> = Vec::new();
    for (name, account) in &config.accounts {
        if let Some(running) = old.account(name) {
            accounts.insert(name.clone(), Arc::clone(running));
            continue;
        }
        match Account::start(Arc::clone(account), Arc::clone(clock)).await {
            Ok(account) => {
                let account = Arc::new(account);
                begun.push(Arc::clone(&account));
                accounts.insert(name.clone(), account);
            }
            Err(error) => {
                for account in begun {
                    account.shutdown().await;
                }
                return Err(error);
            }
        }
    }
    Ok(accounts)
}
