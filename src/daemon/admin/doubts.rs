//! Writes in doubt: which there are, and how they are settled.

use serde_json::{Map, Value, json};

use super::accounts;
use super::ask::{Refusal, Request};
use super::call::MOST_WAIT;
use super::show::{MAX_ROWS, chain};
use crate::daemon::account::Account;
use crate::daemon::shared::State;
use crate::dispatch::{Entry, Resolution, Settled, TOLD_IN_DOUBT, Ticket};
use crate::journal::encode;

/// An entry, as a journal has it: values that are secret are kept as keyed hashes there.
pub(super) fn record(entry: &Entry) -> Value {
    let bytes = encode(entry).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn row(account: &Account, entry: &Entry) -> Value {
    json!({
        "account": &*account.config.name,
        "host": account.config.endpoint.to_string(),
        "environment": account.config.environment.as_str(),
        "entry": record(entry),
    })
}

/// Adds what somebody was told is in doubt, and is still being read back.
async fn told(account: &Account, entries: &mut Vec<Entry>) -> Result<(), Refusal> {
    for waiting in account.client.waiting(MAX_ROWS).await? {
        let Some(ticket) = waiting.ticket().filter(|_| waiting.attempts() > 0) else { continue };
        if entries.iter().all(|entry| entry.ticket() != ticket)
            && let Some(entry) = account.client.entry(ticket).await?
            && entry.has_note(TOLD_IN_DOUBT)
        {
            entries.push(entry);
        }
    }
    Ok(())
}

/// What is in doubt: what nobody is working on, and what somebody was told of.
pub(super) async fn list(mut request: Request, state: &State) -> Result<Value, Refusal> {
    let accounts = accounts::all(&mut request, state)?;
    request.done()?;
    let (mut doubts, mut more) = (Vec::new(), 0_usize);
    for account in accounts {
        let mut entries = account.client.doubts().await?;
        told(&account, &mut entries).await?;
        let room = MAX_ROWS.saturating_sub(doubts.len());
        more = more.saturating_add(entries.len().saturating_sub(room));
        doubts.extend(entries.iter().take(room).map(|entry| row(&account, entry)));
    }
    Ok(json!({"doubts": doubts, "more": more}))
}

/// One write, however it stands.
pub(super) async fn show(mut request: Request, state: &State) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    let ticket = request.ticket()?;
    request.done()?;
    Ok(row(&account, &known(&account, ticket).await?))
}

/// A write that the client or the journal knows.
async fn known(account: &Account, ticket: Ticket) -> Result<Entry, Refusal> {
    let entry = account.client.entry(ticket).await?;
    entry.ok_or_else(|| Refusal::not_found(format!("there is no ticket `{ticket}` in doubt or under way")))
}

/// Takes a person's word for what became of a write.
pub(super) async fn resolve(mut request: Request, state: &State, user: &str) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    let (ticket, applied) = (request.ticket()?, request.flag("applied")?);
    let note = request.text("note")?;
    request.done()?;
    let (resolution, standing) = match applied {
        Some(true) => (Resolution::Applied, "accepted"),
        Some(false) => (Resolution::NotApplied, "not-applied"),
        None => return Err(Refusal::request("`applied` says true or false")),
    };
    let note = match note {
        Some(note) => format!("by {user}: {note}"),
        None => format!("by {user}"),
    };
    account.client.resolve(ticket, resolution, &note).await?;
    Ok(json!({"account": &*account.config.name, "ticket": ticket.get(), "standing": standing}))
}

/// Reads what became of a write, and sends nothing again.
pub(super) async fn settle(mut request: Request, state: &State, user: &str) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    let (ticket, wait) = (request.ticket()?, request.seconds("wait_s", MOST_WAIT)?);
    request.done()?;
    let call = account.client.settle(ticket).user(user);
    let call = match wait {
        Some(wait) => call.deadline(wait),
        None => call,
    };
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("ticket", json!(ticket.get()));
    let (found, summary, why) = match call.await {
        Ok(Settled::Applied(accepted)) => ("applied", Some(accepted.summary().clone()), None),
        Ok(Settled::Refused(refusal)) => ("refused", Some(refusal.summary().clone()), None),
        Ok(Settled::NotApplied(_)) => ("not-applied", None, None),
        Ok(Settled::StillInDoubt(doubt)) => {
            put("reason", json!(super::call::reason(doubt.reason())));
            ("still-in-doubt", None, Some(doubt.reason().to_string()))
        }
        Err(why) => {
            put("kind", json!(super::call::kind(&why)));
            ("nobody-asked", None, Some(chain(&why)))
        }
    };
    put("found", json!(found));
    put("why", json!(why));
    super::call::summary(summary.as_ref(), &mut map);
    Ok(map.into())
}
