//! Another configuration for a daemon that runs.

use core::error::Error;
use std::sync::Arc;

use tracing::{error, info, warn};

use super::account::Account;
use super::admin::Reloaded;
use super::config::Config;
use super::front::Listener;
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

impl Running {
    /// Serves this from now on: all of it, or nothing of it.
    pub(super) async fn replace(&mut self, config: Config) -> Reloaded {
        let old = self.shared.state();
        let config = Arc::new(config);
        let mut report = Reloaded::default();
        // First all that may fail.
        let mut listeners = Vec::new();
        for listen in config.listen.iter().filter(|listen| !old.config.listen.contains(listen)) {
            match Listener::open(listen, &mut Activated::default()) {
                Ok(listener) => listeners.push(listener),
                Err(error) => return Reloaded::not(&error),
            }
        }
        let mut accounts = std::collections::BTreeMap::new();
        let mut begun = Vec::new();
        for (name, account) in &config.accounts {
            if let Some(running) = old.account(name) {
                accounts.insert(name.clone(), Arc::clone(running));
                continue;
            }
            match Account::start(Arc::clone(account)).await {
                Ok(account) => {
                    let account = Arc::new(account);
                    begun.push(Arc::clone(&account));
                    accounts.insert(name.clone(), account);
                    report.changed.push(format!("account.{name}"));
                }
                Err(error) => {
                    for account in begun {
                        account.shutdown().await;
                    }
                    return Reloaded::not(&error);
                }
            }
        }
        for (name, account) in old.accounts.iter().filter(|(name, _)| !config.accounts.contains_key(*name)) {
            report.changed.push(format!("account.{name}"));
            let account = Arc::clone(account);
            tokio::spawn(async move { account.shutdown().await });
        }
        for listen in old.config.listen.iter().filter(|listen| !config.listen.contains(listen)) {
            self.fronts.close_one(listen);
            report.changed.push("listen".to_owned());
        }
        for listener in listeners {
            self.fronts.serve(listener, &self.shared);
            report.changed.push("listen".to_owned());
        }
        (self.hooks.log)(&config.log);
        self.shared.set_state(State { config, accounts });
        report
    }
}
