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
        let mut report = Reloaded::default();
        for change in old.config.changes(&config) {
            match self.effect(&change, &old, &config).await {
                Effect::Now => report.changed.push(change.to_string()),
                Effect::Restart => report.needs_restart.push(change.to_string()),
            }
        }
        for (name, account) in &old.accounts {
            if !config.accounts.contains_key(name) {
                let account = Arc::clone(account);
                tokio::spawn(async move { account.shutdown().await });
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

    /// When a change holds, after what could be done about it.
    async fn effect(&self, change: &Change, old: &State, new: &Config) -> Effect {
        match (change.part(), change.kind()) {
            (Part::Account(name), ChangeKind::Changed) => {
                let password = change.settings().iter().all(|name| PASSWORD.contains(name));
                match (old.account(name), new.accounts.get(name)) {
                    (Some(running), Some(account)) if password => {
                        let password = account.session.login().password();
                        match running.client.use_password(password).await {
                            Ok(()) => Effect::Now,
                            Err(error) => {
                                warn!(account = %name, %error, "the password stays as it was");
                                Effect::Restart
                            }
                        }
                    }
                    _ => Effect::Restart,
                }
            }
            // The socket is the same one.
            (Part::Listen(_), ChangeKind::Changed) | (Part::Admin | Part::Metrics, _) => Effect::Restart,
            _ => Effect::Now,
        }
    }
}

/// When a change holds.
enum Effect {
    Now,
    Restart,
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
