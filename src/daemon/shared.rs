//! What all parts of a running daemon share.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::account::Account;
use super::config::{Config, User};
use super::users::Users;
use crate::command::Command;

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
    pub(super) users: Users,
    /// Bytes of all requests together that are not whole yet.
    pub(super) unfinished: AtomicUsize,
    /// Bytes of long answers that wait to be read.
    pub(super) unread: AtomicUsize,
    /// Since when it runs.
    pub(super) since: Instant,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        let users = Users::new(&state.config);
        Self {
            state: RwLock::new(Arc::new(state)),
            phase: watch::Sender::new(Phase::Running),
            connections: Connections::default(),
            counters: Counters::default(),
            users,
            unfinished: AtomicUsize::new(0),
            unread: AtomicUsize::new(0),
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
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    all: BTreeMap<u64, Arc<Connected>>,
    /// Those that have not logged in.
    anonymous: BTreeSet<u64>,
    /// How many each user has.
    of_user: HashMap<Arc<str>, usize>,
    next: u64,
}

/// A command, and since when it is waited for.
type Doing = (Command, Instant);

/// One local connection, as an operator sees it.
pub(super) struct Connected {
    pub(super) number: u64,
    /// Where it comes from: `unix`, with the process if that is known, or an address.
    pub(super) from: Box<str>,
    pub(super) since: Instant,
    /// Whose it is, once it has logged in.
    user: OnceLock<Arc<str>>,
    pub(super) requests: AtomicU64,
    /// The command that it waits for.
    doing: Mutex<Option<Doing>>,
    killed: AtomicBool,
    /// Told when an operator closes it, or when the daemon ends.
    pub(super) kill: Notify,
}

impl Connected {
    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.user.get().cloned()
    }

    /// The command that it waits for, and since when.
    pub(super) fn doing(&self) -> Option<Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_doing(&self, command: Option<Command>) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) =
            command.map(|command| (command, Instant::now()));
    }

    /// Whether it is to end at once.
    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        self.kill.notify_one();
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection; `None` if there are `most` already that have logged in. One that has not makes room, the oldest first:
    /// whoever connects and says nothing keeps nobody out.
    pub(super) fn enter(&self, from: Box<str>, most: usize) -> Option<Arc<Connected>> {
        let mut known = self.lock();
        if known.all.len() >= most {
            let oldest = known.anonymous.pop_first()?;
            known.all.remove(&oldest)?.kill();
        }
        let number = known.next;
        known.next = number.wrapping_add(1);
        let connected = Arc::new(Connected {
            number,
            from,
            since: Instant::now(),
            user: OnceLock::new(),
            requests: AtomicU64::new(0),
            doing: Mutex::new(None),
            killed: AtomicBool::new(false),
            kill: Notify::new(),
        });
        known.all.insert(number, Arc::clone(&connected));
        known.anonymous.insert(number);
        Some(connected)
    }

    /// It belongs to this user from now on; `false` if the user has `most` already, or it has been closed meanwhile.
    pub(super) fn belongs_to(&self, connected: &Connected, user: &str, most: usize) -> bool {
        let mut known = self.lock();
        let name =
            known.of_user.get_key_value(user).map_or_else(|| user.into(), |(name, _)| Arc::clone(name));
        if known.of_user.get(user).is_some_and(|count| *count >= most)
            || !known.anonymous.remove(&connected.number)
        {
            return false;
        }
        let count = known.of_user.entry(Arc::clone(&name)).or_default();
        *count = count.saturating_add(1);
        // It is said once.
        let _ = connected.user.set(name);
        true
    }

    pub(super) fn leave(&self, connected: &Connected) {
        let mut known = self.lock();
        known.all.remove(&connected.number);
        known.anonymous.remove(&connected.number);
        if let Some(user) = connected.user.get()
            && let Some(count) = known.of_user.get_mut(user)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                known.of_user.remove(user);
            }
        }
    }

    /// All of them, oldest first.
    pub(super) fn list(&self) -> Vec<Arc<Connected>> {
        self.lock().all.values().map(Arc::clone).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().all.len()
    }

    /// Closes this one; `false` if there is none.
    pub(super) fn kill(&self, number: u64) -> bool {
        self.lock().all.get(&number).map(|connected| connected.kill()).is_some()
    }

    /// Lets each see how far the daemon has come.
    pub(super) fn wake(&self) {
        for connected in self.list() {
            connected.kill.notify_one();
        }
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
