//! Which account is meant.

use std::sync::Arc;

use super::ask::{Refusal, Request};
use crate::daemon::account::Account;
use crate::daemon::shared::State;

/// Those that are looked at: the one that is named, or all.
pub(super) fn all(request: &mut Request, state: &State) -> Result<Vec<Arc<Account>>, Refusal> {
    match request.text("account")? {
        Some(name) => Ok(vec![named(&name, state)?]),
        None => Ok(state.accounts.values().map(Arc::clone).collect()),
    }
}

/// The one that an order is for. Where there are several, it must be named.
pub(super) fn one(request: &mut Request, state: &State) -> Result<Arc<Account>, Refusal> {
    if let Some(name) = request.text("account")? {
        return named(&name, state);
    }
    let mut accounts = state.accounts.values();
    match (accounts.next(), accounts.next()) {
        (Some(only), None) => Ok(Arc::clone(only)),
        _ => Err(Refusal::request(format!("no `account` is named: there are {}", names(state)))),
    }
}

fn named(name: &str, state: &State) -> Result<Arc<Account>, Refusal> {
    state.account(name).map(Arc::clone).ok_or_else(|| {
        Refusal::not_found(format!("no account `{}`: there are {}", name.escape_debug(), names(state)))
    })
}

fn names(state: &State) -> String {
    const MOST: usize = 20;
    let mut names: Vec<&str> = state.accounts.keys().map(|name| &**name).take(MOST).collect();
    if state.accounts.len() > MOST {
        names.push("others");
    }
    names.join(", ")
}
