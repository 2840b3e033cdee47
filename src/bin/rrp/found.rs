//! Writes that somebody asks about: in a journal that nobody has open, or in that of a running daemon.

use std::io::Write;
use std::path::Path;

use rrp::dispatch::{Entry, Ticket};
use rrp::journal::{JournalErrorKind, Options, Store, decode};
use serde_json::{Value, json};

use crate::daemon::{Daemon, Place, Served, request};
use crate::doubt::{STAGE, known};
use crate::exit::Exit;
use crate::failure::Refusal;
use crate::journal::{refusal, wall};
use crate::journaled::option;
use crate::target::Target;

/// A write, and how it is meant.
pub(crate) struct Found {
    pub(crate) entry: Entry,
    /// What is said behind `rrp doubt …` to mean its journal.
    pub(crate) reach: String,
    /// The name that a daemon has for the account.
    pub(crate) account: Option<String>,
}

/// Where writes are found.
pub(crate) enum Source {
    Journal {
        store: Box<Store>,
        reach: String,
    },
    /// With the account, if one is meant.
    Daemon {
        daemon: Box<Daemon>,
        account: Option<String>,
        /// How many it has not told of, as they are too many.
        more: u64,
    },
}

/// The entry of a row that a daemon tells.
pub(crate) fn entry_of(row: &Value) -> Option<Entry> {
    decode(&serde_json::to_vec(row.get("entry")?).ok()?).ok()
}

fn unreadable() -> Refusal {
    Refusal::new(
        STAGE,
        "the daemon tells of a write what this program does not understand: is it of another version?",
    )
}

impl Source {
    /// The journal, or the daemon that has it open, or the one that is there.
    pub(crate) fn open(
        journal: Option<&Path>,
        place: &Place,
        account: Option<&str>,
        err: &mut dyn Write,
    ) -> Result<Self, Refusal> {
        let Some(file) = journal else {
            let daemon = place.daemon().map_err(|refusal| {
                refusal.hint("--journal FILE names a journal that nobody has open; --socket PATH or RRP_ADMIN a daemon")
            })?;
            return Ok(Self::Daemon {
                daemon: Box::new(daemon),
                account: account.map(str::to_owned),
                more: 0,
            });
        };
        let error = match Store::open_any(file, &Options::new(), wall()) {
            Ok(store) => return Ok(Self::Journal { store: Box::new(store), reach: option(file) }),
            Err(error) => error,
        };
        if *error.kind() == JournalErrorKind::Locked
            && let Some((daemon, served)) = place.find(None, |served| served.has_journal(file), err)?
        {
            return Ok(Self::Daemon { daemon: Box::new(daemon), account: Some(served.name), more: 0 });
        }
        Err(refusal(error))
    }

    /// What is open or in doubt, oldest first.
    pub(crate) fn unfinished(&mut self) -> Result<Vec<Found>, Refusal> {
        match self {
            Self::Journal { store, reach } => {
                let entries = store.entries().map_err(refusal)?;
                let entries = entries.into_iter().filter(|entry| !entry.standing().is_finished());
                Ok(entries.map(|entry| Found { entry, reach: reach.clone(), account: None }).collect())
            }
            Self::Daemon { daemon, account, more: left } => {
                let told = daemon.ask(&request("doubts", account.as_deref()).into())?;
                *left = more(&told);
                all_of(daemon, &told)
            }
        }
    }

    /// How many writes are open or in doubt beside those that were last told of.
    pub(crate) const fn more(&self) -> u64 {
        match self {
            Self::Journal { .. } => 0,
            Self::Daemon { more, .. } => *more,
        }
    }

    /// One write, as long as nobody knows what became of it, and in a journal for as long as it is kept.
    pub(crate) fn one(&mut self, ticket: Ticket) -> Result<Found, Refusal> {
        match self {
            Self::Journal { store, reach } => {
                let entry = known(store, ticket)?;
                Ok(Found { entry, reach: reach.clone(), account: None })
            }
            Self::Daemon { daemon, account, .. } => {
                let mut map = request("doubt", account.as_deref());
                map.insert("ticket".to_owned(), json!(ticket.get()));
                let told = daemon.ask(&map.into())?;
                found(daemon, &told).ok_or_else(unreadable)
            }
        }
    }

    /// Takes a person's word for what became of it: how it stands now, or `None` if that was known.
    pub(crate) fn resolve(&mut self, found: &Found, applied: bool) -> Result<Option<String>, Refusal> {
        let ticket = found.entry.ticket();
        match self {
            Self::Journal { store, .. } => {
                let resolved = store.resolve(ticket, applied, wall()).map_err(refusal)?;
                Ok(resolved.map(|entry| entry.standing().as_str().to_owned()))
            }
            Self::Daemon { .. } if found.entry.standing().is_finished() => Ok(None),
            Self::Daemon { daemon, .. } => {
                let mut map = request("resolve", found.account.as_deref());
                map.insert("ticket".to_owned(), json!(ticket.get()));
                map.insert("applied".to_owned(), json!(applied));
                let told = daemon.ask(&map.into())?;
                let standing = told.get("standing").and_then(Value::as_str);
                Ok(Some(standing.unwrap_or("resolved").to_owned()))
            }
        }
    }
}

fn found(daemon: &Daemon, row: &Value) -> Option<Found> {
    let account = row.get("account").and_then(Value::as_str)?;
    let served = daemon.accounts.iter().find(|served| served.name == account)?;
    Some(Found { entry: entry_of(row)?, reach: daemon.reach(served), account: Some(account.to_owned()) })
}

/// How many rows an answer has not.
pub(crate) fn more(told: &Value) -> u64 {
    told.get("more").and_then(Value::as_u64).unwrap_or_default()
}

/// The writes of an answer.
pub(crate) fn all_of(daemon: &Daemon, told: &Value) -> Result<Vec<Found>, Refusal> {
    let rows = told.get("doubts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| found(daemon, row).ok_or_else(unreadable)).collect()
}

/// Where the commands of an account go.
pub(crate) fn target(served: &Served) -> Result<Target, Refusal> {
    let no_host = |error| Refusal::new(STAGE, "the daemon names no host").because(error).exit(Exit::Data);
    let endpoint = served.host.parse().map_err(|error: rrp::net::InvalidEndpoint| no_host(error))?;
    let stated = Some((served.environment.as_str(), "the daemon".to_owned()));
    Target::new(endpoint, stated.filter(|(environment, _)| *environment != "simulated"))
}
