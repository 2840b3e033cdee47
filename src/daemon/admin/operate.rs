//! Orders: to an account, a connection, or the daemon.

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::accounts;
use super::ask::{Refusal, Request};
use super::{AdminAsk, Reloaded};
use crate::daemon::shared::{Shared, State};

/// Tries a login again that was refused: somebody has corrected it.
pub(super) fn retry_login(mut request: Request, state: &State) -> Result<Value, Refusal> {
    let account = accounts::one(&mut request, state)?;
    request.done()?;
    account.client.retry_login();
    Ok(json!({"account": &*account.config.name}))
}

/// Closes a local connection.
pub(super) fn kill(mut request: Request, shared: &Shared) -> Result<Value, Refusal> {
    let Some(client) = request.number("client")? else {
        return Err(Refusal::request("no `client` is named"));
    };
    request.done()?;
    if !shared.connections.kill(client) {
        return Err(Refusal::not_found(format!("there is no client {client}")));
    }
    Ok(json!({"client": client}))
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
