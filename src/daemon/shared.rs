//! What all parts of a running daemon share.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::account::Account;
use super::config::{Config, User};

/// How far a daemon has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// Nothing new is taken; what is under way is finished.
    Draining,
    /// Every connection is closed at once.
    Ending,
}

impl Phase {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Ending => "ending",
        }
    }
}

/// What a reload replaces, as a whole.
pub(super) struct State {
    pub(super) config: Arc<Config>,
    /// By their names.
    pub(super) accounts: BTreeMap<Box<str>, Arc<Account>>,
}

impl State {
    pub(super) fn user(&self, name: &str) -> Option<&Arc<User>> {
        self.config.users.get(name)
    }

    pub(super) fn account(&self, name: &str) -> Option<&Arc<Account>> {
        self.accounts.get(name)
    }
}

/// What all parts of a running daemon share.
pub(super) struct Shared {
    state: RwLock<Arc<State>>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) connections: Connections,
    pub(super) counters: Counters,
    /// Since when it runs.
    pub(super) since: Instant,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: RwLock::new(Arc::new(state)),
            phase: watch::Sender::new(Phase::Running),
            connections: Connections::default(),
            counters: Counters::default(),
            since: Instant::now(),
        }
    }

    /// How things are now. What is reloaded later is not seen by whoever keeps it.
    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_state(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }
}

/// Local connections.
#[derive(Default)]
pub(super) struct Connections {
    all: Mutex<BTreeMap<u64, Arc<Connected>>>,
    next: AtomicU64,
}

/// One local connection, as an operator sees it.
pub(super) struct Connected {
    pub(super) number: u64,
    /// Where it comes from: `unix`, with the process if that is known, or an address.
    pub(super) from: Box<str>,
    pub(super) since: Instant,
    /// Whose it is, once it has logged in.
    user: Mutex<Option<Arc<str>>>,
    pub(super) requests: AtomicU64,
    /// The command that it waits for.
    doing: Mutex<Option<(Box<str>, Instant)>>,
    /// Told when an operator closes it.
    pub(super) kill: Notify,
}

impl Connected {
    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.user.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The command that it waits for, and since when.
    pub(super) fn doing(&self) -> Option<(Box<str>, Instant)> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_doing(&self, name: Option<&str>) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) =
            name.map(|name| (name.into(), Instant::now()));
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connected>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection; `None` if there are `most` already.
    pub(super) fn enter(&self, from: Box<str>, most: usize) -> Option<Arc<Connected>> {
        let mut all = self.lock();
        if all.len() >= most {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let connected = Arc::new(Connected {
            number,
            from,
            since: Instant::now(),
            user: Mutex::new(None),
            requests: AtomicU64::new(0),
            doing: Mutex::new(None),
            kill: Notify::new(),
        });
        all.insert(number, Arc::clone(&connected));
        Some(connected)
    }

    /// It belongs to this user from now on; `false` if the user has `most` already.
    pub(super) fn belongs_to(&self, connected: &Connected, user: &str, most: usize) -> bool {
        let all = self.lock();
        let known = all.values().filter_map(|other| other.user()).filter(|name| **name == *user);
        let (mut count, mut name) = (0_usize, None);
        for known in known {
            count = count.saturating_add(1);
            name = Some(known);
        }
        if count >= most {
            return false;
        }
        *connected.user.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(name.unwrap_or_else(|| user.into()));
        true
    }

    pub(super) fn leave(&self, connected: &Connected) {
        self.lock().remove(&connected.number);
    }

    /// All of them, oldest first.
    pub(super) fn list(&self) -> Vec<Arc<Connected>> {
        self.lock().values().map(Arc::clone).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Closes this one; `false` if there is none.
    pub(super) fn kill(&self, number: u64) -> bool {
        let all = self.lock();
        let Some(connected) = all.get(&number) else { return false };
        connected.kill.notify_one();
        true
    }
}

/// What has happened so far, for metrics and operators.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    /// Connections closed because there were too many.
    pub(super) turned_away: AtomicU64,
    pub(super) logins: AtomicU64,
    pub(super) logins_refused: AtomicU64,
    pub(super) requests: AtomicU64,
    /// Requests that were refused here: they were no command, or not allowed.
    pub(super) refused: AtomicU64,
    /// Connections that were closed for what they sent.
    pub(super) offences: AtomicU64,
    /// Connections that were closed for taking too long.
    pub(super) timeouts: AtomicU64,
    /// Outcomes that could not be delivered.
    pub(super) undelivered: AtomicU64,
    /// Outcomes that were told to an identical request.
    pub(super) joined: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
