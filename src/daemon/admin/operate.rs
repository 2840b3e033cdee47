//! Orders: to an account, a connection, or the daemon.

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::accounts;
use super::ask::{Refusal, Request};
use super::show::chain;
use super::table::What;
use super::{AdminAsk, Reloaded};
use crate::client::Client;
use crate::daemon::account::Account;
use crate::daemon::shared::{Shared, State};
use crate::pool::{HoldError, Pool};

fn of(account: &Account) -> Value {
    json!({"account": &*account.config.name})
}

/// Orders that are all alike: to one account, and nothing more.
pub(super) async fn simple(what: What, mut request: Request, state: &State) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    request.done()?;
    let client: &Client = &account.client;
    match what {
        What::Pause => client.pause().await?,
        What::Resume => client.resume().await?,
        What::Reconnect => client.reconnect().await?,
        What::Release => {
            if !client.release().await? {
                return Err(Refusal::not_found("nothing holds the account"));
            }
        }
        // Somebody has corrected it.
        _ => client.retry_login(),
    }
    Ok(of(&account))
}

/// Leaves an account alone for a time.
pub(super) async fn hold(mut request: Request, state: &State) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    let time = request.seconds("for_s", Pool::MAX_OPERATOR_HOLD.as_secs())?;
    let reason = request.text("reason")?;
    request.done()?;
    let (Some(time), Some(reason)) = (time, reason.filter(|reason| !reason.is_empty())) else {
        return Err(Refusal::request("a hold needs `for_s` and a `reason`"));
    };
    account.client.hold(time, &reason).await.map_err(|error| match error {
        HoldError::Stopped => ending(),
        error => Refusal::request(chain(&error)),
    })?;
    Ok(of(&account))
}

/// Closes a local connection, or the session of this number.
pub(super) async fn kill(mut request: Request, shared: &Shared) -> Result<Value, Refusal> {
    match (request.number("client")?, request.number("session")?) {
        (Some(client), None) => {
            request.done()?;
            if !shared.connections.kill(client) {
                return Err(Refusal::not_found(format!("there is no client {client}")));
            }
            Ok(json!({"client": client}))
        }
        (None, Some(session)) => {
            let account = accounts::one(&mut request, &shared.state())?;
            request.done()?;
            if !account.client.kill_session(session).await? {
                return Err(Refusal::not_found(format!("there is no session {session}")));
            }
            Ok(json!({"account": &*account.config.name, "session": session}))
        }
        _ => Err(Refusal::request("either a `client` or a `session` is named")),
    }
}

fn ending() -> Refusal {
    Refusal::new("ending", "the daemon ends")
}

/// Takes nothing new, and ends.
pub(super) async fn drain(request: Request, asks: &mpsc::Sender<AdminAsk>) -> Result<Value, Refusal> {
    request.done()?;
    asks.send(AdminAsk::Drain).await.map_err(|_| ending())?;
    Ok(json!({}))
}

/// Reads the configuration again.
pub(super) async fn reload(request: Request, asks: &mpsc::Sender<AdminAsk>) -> Result<Value, Refusal> {
    request.done()?;
    let (tell, told) = oneshot::channel();
    asks.send(AdminAsk::Reload(tell)).await.map_err(|_| ending())?;
    let Reloaded { changed, failed, needs_restart } = told.await.map_err(|_| ending())?;
    Ok(json!({"changed": changed, "failed": failed, "needs_restart": needs_restart}))
}
