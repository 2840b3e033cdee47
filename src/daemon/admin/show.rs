//! How things stand, as an operator asks for it. Times are in seconds.

use core::error::Error;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::ask::Refusal;
use super::peer::Role;
use crate::client::Snapshot;
use crate::daemon::account::Account;
use crate::daemon::config::Journal;
use crate::daemon::shared::{Connected, Counters, Shared};
use crate::pool::HeldBy;

/// The most rows of a list. How many more there are is told.
pub(super) const MAX_ROWS: usize = 1_000;

/// `error: cause: cause of the cause`.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        line.push_str(": ");
        line.push_str(&error.to_string());
        next = error.source();
    }
    line
}

/// Seconds, to the millisecond.
pub(super) fn seconds(time: Duration) -> f64 {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).as_secs_f64()
}

/// The first rows, and how many more there are.
pub(super) fn rows(name: &str, mut rows: Vec<Value>) -> Value {
    let more = rows.len().saturating_sub(MAX_ROWS);
    rows.truncate(MAX_ROWS);
    let mut map = Map::new();
    map.insert(name.to_owned(), rows.into());
    map.insert("more".to_owned(), more.into());
    map.into()
}

/// What the daemon is, and whom it serves.
pub(super) fn hello(shared: &Shared, role: Role) -> Value {
    let state = shared.state();
    let account = |account: &Arc<Account>| {
        let config = &account.config;
        json!({
            "name": &*config.name,
            "host": config.endpoint.to_string(),
            "login": config.session.account(),
            "environment": config.environment.as_str(),
            "journal": match &config.journal {
                Journal::File(_) => "file",
                Journal::Memory => "memory",
                Journal::None => "none",
            },
            "journal_file": match &config.journal {
                Journal::File(path) => Some(path.to_string_lossy()),
                Journal::Memory | Journal::None => None,
            },
        })
    };
    json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": 1,
        "pid": std::process::id(),
        "role": role.as_str(),
        "phase": shared.phase.borrow().as_str(),
        "up_s": seconds(shared.since.elapsed()),
        "accounts": state.accounts.values().map(account).collect::<Vec<_>>(),
    })
}

/// An account at one moment.
pub(super) struct View {
    pub(super) account: Arc<Account>,
    pub(super) now: Snapshot,
}

impl View {
    pub(super) async fn of(accounts: Vec<Arc<Account>>) -> Result<Vec<Self>, Refusal> {
        let mut views = Vec::new();
        for account in accounts {
            let now = account.client.snapshot().await?;
            views.push(Self { account, now });
        }
        Ok(views)
    }

    fn since(&self, then: Instant) -> Duration {
        self.now.at.saturating_duration_since(then)
    }

    fn until(&self, then: Instant) -> Duration {
        then.saturating_duration_since(self.now.at)
    }

    /// What an object about it begins with.
    pub(super) fn head(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("account".to_owned(), json!(&*self.account.config.name));
        map.insert("environment".to_owned(), json!(self.account.config.environment.as_str()));
        map
    }

    fn with(&self, more: Value) -> Value {
        let mut map = self.head();
        if let Value::Object(more) = more {
            map.extend(more);
        }
        map.into()
    }

    /// How long the one waits that has waited longest.
    fn longest(&self) -> Option<Duration> {
        let oldest = self.now.sessions.lanes.iter().filter_map(|(_, waiting)| waiting.oldest()).min();
        oldest.map(|oldest| self.since(oldest))
    }

    fn waiting(&self) -> usize {
        let lanes = self.now.sessions.lanes.iter().map(|(_, waiting)| waiting.waiting());
        lanes.fold(self.now.sessions.parked, usize::saturating_add)
    }

    pub(super) fn pool(&self) -> Value {
        let (sessions, work) = (&self.now.sessions.sessions, &self.now.work);
        self.with(json!({
            "host": self.account.config.endpoint.to_string(),
            "state": self.state(),
            "sessions": {
                "idle": sessions.idle,
                "busy": sessions.busy,
                "opening": sessions.opening,
                "proving": sessions.proving,
                "ending": sessions.ending,
                "ghosts": sessions.ghosts,
                "min": sessions.min,
                "target": sessions.target,
                "max": sessions.max,
            },
            "calls": work.calls(),
            "callers": work.callers(),
            "waiting": self.waiting(),
            "maxwait_s": self.longest().map(seconds),
            "on_the_wire": work.on_the_wire(),
            "pausing": work.pausing(),
            "behind": work.behind(),
            "recording": work.recording(),
            "doubts": work.doubts(),
            "unrecorded": work.unrecorded(),
        }))
    }

    /// In one word, the worst first.
    fn state(&self) -> &'static str {
        let (sessions, work) = (&self.now.sessions, &self.now.work);
        if work.is_stopping() {
            "ending"
        } else if sessions.login_refused.is_some() {
            "login-refused"
        } else if sessions.paused {
            "paused"
        } else if sessions.held_until.is_some() || !sessions.holds.is_empty() {
            "held"
        } else if work.frozen().is_some() {
            "journal-fails"
        } else if sessions.trouble.is_some() && sessions.sessions.idle == 0 && sessions.sessions.busy == 0 {
            "away"
        } else {
            "running"
        }
    }

    pub(super) fn pace(&self) -> Value {
        let rate = &self.now.sessions.rate;
        let interval = rate.interval().as_secs_f64();
        self.with(json!({
            "interval_s": interval,
            "per_second": (interval > 0.0).then(|| 1.0 / interval),
            "next_in_s": seconds(self.now.sessions.next_at.map_or(Duration::ZERO, |next| self.until(next))),
            "waiting": self.waiting(),
            "maxwait_s": self.longest().map(seconds),
        }))
    }

    /// One row for each session; those that are lost and still charged, too.
    pub(super) fn sessions(&self) -> Vec<Value> {
        let (open, lost) = (&self.now.sessions.each, &self.now.sessions.ghosts);
        let open = open.iter().map(|session| {
            self.with(json!({
                "session": session.number,
                "state": session.state.as_str(),
                "state_s": seconds(self.since(session.since)),
                "age_s": session.opened_at.map(|opened| seconds(self.since(opened))),
                "commands": session.commands,
                "retiring": session.retiring,
            }))
        });
        let lost = lost.iter().map(|ghost| {
            self.with(json!({
                "session": null,
                "state": "lost",
                "why": ghost.why.as_str(),
                "charged_s": seconds(self.until(ghost.until)),
            }))
        });
        open.chain(lost).collect()
    }

    /// One row for each lane.
    pub(super) fn lanes(&self) -> impl Iterator<Item = Value> {
        self.now.sessions.lanes.iter().map(|(lane, waiting)| {
            self.with(json!({
                "lane": lane.as_str(),
                "waiting": waiting.waiting(),
                "callers": waiting.callers(),
                "maxwait_s": waiting.oldest().map(|oldest| seconds(self.since(oldest))),
            }))
        })
    }

    /// What holds it up: why, for how long, and what to do.
    pub(super) fn holds(&self) -> Vec<Value> {
        let (sessions, work) = (&self.now.sessions, &self.now.work);
        let mut holds = Vec::new();
        let mut hold = |kind: &str, left: Option<Duration>, reason: String, todo: &str| {
            holds.push(self.with(json!({
                "kind": kind,
                "left_s": left.map(seconds),
                "reason": reason,
                "to_do": todo,
            })));
        };
        for held in &sessions.holds {
            let left = Some(self.until(held.until));
            let said = held.reason.as_deref();
            match held.by {
                HeldBy::Registry => {
                    let todo =
                        "wait: nothing is sent before it is over, and one keepalive shows whether it is";
                    let reason = said.unwrap_or("the registry has locked the account (422)");
                    hold("registry-lock", left, reason.to_owned(), todo);
                }
                HeldBy::Operator => {
                    let reason = said.unwrap_or_default().to_owned();
                    hold("operator", left, reason, "`rrp admin release` ends it");
                }
            }
        }
        if sessions.paused {
            let reason = "an operator has paused it: what comes waits".to_owned();
            hold("paused", None, reason, "`rrp admin resume` ends it");
        }
        if let Some(why) = &sessions.login_refused {
            let todo =
                "correct it here, then `rrp admin reload`; at the registry, then `rrp admin retry-login`";
            hold("login-refused", None, why.to_string(), todo);
        }
        if let Some(why) = work.frozen() {
            hold(
                "journal",
                None,
                chain(why),
                "look at the journal's file and disk: no write is sent before it records",
            );
        }
        if let (Some(why), None) = (&sessions.trouble, &sessions.login_refused) {
            let left = self.until(sessions.opens_at);
            hold("no-session", Some(left), why.to_string(), "`rrp doctor` tells which stage fails");
        }
        holds
    }
}

/// Local connections, oldest first.
pub(super) fn clients(shared: &Shared) -> Value {
    let state = shared.state();
    let row = |connected: &Arc<Connected>| {
        let user = connected.user();
        let account = user.as_deref().and_then(|user| state.user(user)).map(|user| user.account.clone());
        let doing = connected.doing();
        json!({
            "client": connected.number,
            "from": &*connected.from,
            "user": user.as_deref(),
            "account": account.as_deref(),
            "age_s": seconds(connected.since.elapsed()),
            "requests": Counters::get(&connected.requests),
            "command": doing.as_ref().map(|(command, _)| command.name()),
            "waits_s": doing.map(|(_, since)| seconds(since.elapsed())),
        })
    };
    rows("clients", shared.connections.list().iter().map(row).collect())
}

/// Who waits: by lane, and each of the oldest.
pub(super) async fn queue(accounts: Vec<Arc<Account>>) -> Result<Value, Refusal> {
    let views = View::of(accounts).await?;
    let mut lanes = rows("lanes", views.iter().flat_map(View::lanes).collect());
    let (mut waiting, mut more) = (Vec::new(), 0_usize);
    for view in &views {
        let listed = view.account.client.waiting(MAX_ROWS.saturating_sub(waiting.len())).await?;
        let work = &view.now.work;
        let all = [work.queued(), work.pausing(), work.behind(), work.recording(), work.on_the_wire()];
        let all = all.into_iter().fold(0, usize::saturating_add);
        more = more.saturating_add(all.saturating_sub(listed.len()));
        for one in listed {
            waiting.push(view.with(json!({
                "command": one.name(),
                "object": one.object(),
                "state": one.state(),
                "purpose": one.purpose(),
                "lane": one.lane().as_str(),
                "user": one.user(),
                "caller": one.caller(),
                "calls": one.calls(),
                "ticket": one.ticket().map(crate::dispatch::Ticket::get),
                "attempts": one.attempts(),
                "waits_s": seconds(one.age()),
            })));
        }
    }
    if let Some(map) = lanes.as_object_mut() {
        map.insert("waiting".to_owned(), waiting.into());
        map.insert("more".to_owned(), more.into());
    }
    Ok(lanes)
}
