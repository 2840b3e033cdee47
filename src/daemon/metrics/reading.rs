//! How a daemon stands at one moment: what metrics and health are told from.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::timeout;

use super::super::account::Account;
use super::super::config::Environment;
use super::super::shared::{Counters, Phase, Shared};
use crate::client::{Snapshot, Statistics};
use crate::dispatch::Refused;

/// An account that does not tell how it stands within this time is said to be stuck.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a daemon stands at one moment.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) phase: Phase,
    pub(super) uptime: Duration,
    pub(super) local: Local,
    pub(super) accounts: Vec<Reported>,
}

/// Local connections, and what they have done so far.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// By user; those that have not logged in belong to nobody.
    pub(super) connections: BTreeMap<Arc<str>, u64>,
    /// Those that wait for an answer.
    pub(super) busy: u64,
    pub(super) most: u64,
    pub(super) accepted: u64,
    pub(super) turned_away: u64,
    pub(super) logins: u64,
    pub(super) logins_refused: u64,
    pub(super) requests: u64,
    pub(super) refused: u64,
    pub(super) offences: u64,
    pub(super) timeouts: u64,
    pub(super) undelivered: u64,
    pub(super) joined: u64,
}

/// What an account told of itself.
#[derive(Debug)]
pub(super) struct Reported {
    pub(super) name: Box<str>,
    pub(super) environment: Environment,
    /// Whether it records writes in a file, and so sends any.
    pub(super) takes_writes: bool,
    pub(super) state: Told,
    /// What it has counted.
    pub(super) counted: Option<Box<Statistics>>,
}

/// What was heard of an account.
#[derive(Debug)]
pub(super) enum Told {
    Standing(Box<Snapshot>),
    /// It has ended.
    Stopped,
    /// Nothing was heard in time.
    Silent,
}

impl Reading {
    /// Asks all accounts, at the same time.
    pub(super) async fn take(shared: &Shared) -> Self {
        let state = shared.state();
        let most = u64::try_from(state.config.limits.connections).unwrap_or(u64::MAX);
        let accounts = state.accounts.values().map(|account| report(account));
        let accounts = futures_util::future::join_all(accounts).await;
        Self {
            phase: *shared.phase.borrow(),
            uptime: shared.since.elapsed(),
            local: Local::of(shared, most),
            accounts,
        }
    }
}

impl Local {
    fn of(shared: &Shared, most: u64) -> Self {
        let nobody: Arc<str> = "".into();
        let mut local = Self { most, ..Self::default() };
        for connected in shared.connections.list() {
            let user = connected.user().unwrap_or_else(|| Arc::clone(&nobody));
            let count = local.connections.entry(user).or_default();
            *count = count.saturating_add(1);
            local.busy = local.busy.saturating_add(u64::from(connected.doing().is_some()));
        }
        let counters = &shared.counters;
        Self {
            accepted: Counters::get(&counters.accepted),
            turned_away: Counters::get(&counters.turned_away),
            logins: Counters::get(&counters.logins),
            logins_refused: Counters::get(&counters.logins_refused),
            requests: Counters::get(&counters.requests),
            refused: Counters::get(&counters.refused),
            offences: Counters::get(&counters.offences),
            timeouts: Counters::get(&counters.timeouts),
            undelivered: Counters::get(&counters.undelivered),
            joined: Counters::get(&counters.joined),
            ..local
        }
    }
}

async fn report(account: &Account) -> Reported {
    let asked = async { Ok((account.client.snapshot().await?, account.client.statistics().await?)) };
    let asked: Result<Result<_, Refused>, _> = timeout(PATIENCE, asked).await;
    let (state, counted) = match asked {
        Ok(Ok((snapshot, counted))) => (Told::Standing(Box::new(snapshot)), Some(Box::new(counted))),
        Ok(Err(_)) => (Told::Stopped, None),
        Err(_) => (Told::Silent, None),
    };
    Reported {
        name: account.config.name.clone(),
        environment: account.config.environment,
        takes_writes: account.takes_writes(),
        state,
        counted,
    }
}
