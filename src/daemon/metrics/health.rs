//! Whether a daemon is of use: what `/readyz` answers.

use core::fmt::Write;

use super::super::shared::Phase;
use super::reading::{Reading, Reported, Told};
use crate::client::Snapshot;
use crate::pool::HeldBy;

impl Reading {
    /// Whether requests should come here, and a line for each account that says why or why not.
    pub(super) fn ready(&self) -> (bool, String) {
        let mut told = format!("{}\n", self.phase.as_str());
        let mut any = false;
        for account in &self.accounts {
            let why = account.why_not();
            any |= why.is_none();
            // It cannot fail.
            let _ = writeln!(
                told,
                "{} ({}): {}",
                account.name.escape_debug(),
                account.environment.as_str(),
                why.or_else(|| account.but()).as_deref().unwrap_or("ready").escape_debug()
            );
        }
        (any && self.phase == Phase::Running, told)
    }
}

impl Reported {
    /// What is to be said of an account that is ready.
    fn but(&self) -> Option<String> {
        let Told::Standing(snapshot) = &self.state else { return None };
        let trouble = snapshot.sessions.trouble.as_ref().filter(|_| alive(snapshot) == 0)?;
        Some(format!("ready, but the last session could not be opened: {trouble}"))
    }

    /// Why nothing can be done for anybody; `None` if something can. What ends by itself within seconds is no reason.
    pub(super) fn why_not(&self) -> Option<String> {
        match &self.state {
            Told::Standing(snapshot) => why_not(snapshot),
            Told::Stopped => Some("stopped".to_owned()),
            Told::Silent => Some("does not answer".to_owned()),
        }
    }
}

/// Sessions on which commands are, or can be, sent.
pub(super) fn alive(snapshot: &Snapshot) -> usize {
    let sessions = &snapshot.sessions.sessions;
    sessions.idle.saturating_add(sessions.busy).saturating_add(sessions.proving)
}

fn why_not(snapshot: &Snapshot) -> Option<String> {
    let (pool, work) = (&snapshot.sessions, &snapshot.work);
    if work.is_stopping() {
        return Some("stopping".to_owned());
    }
    if let Some(why) = &pool.login_refused {
        return Some(format!("login refused: {why}"));
    }
    if let Some(error) = work.frozen() {
        return Some(format!("journal fails, writes are refused: {error}"));
    }
    if let Some(held) = pool.holds.first() {
        let left = held.until.saturating_duration_since(snapshot.at).as_secs();
        return Some(match held.by {
            HeldBy::Registry => format!("held by the registry (422) for {left} s more"),
            HeldBy::Operator => {
                format!(
                    "held by an operator for {left} s more: {}",
                    held.reason.as_deref().unwrap_or_default()
                )
            }
        });
    }
    if pool.paused {
        return Some("paused by an operator".to_owned());
    }
    // Where no session is kept open, none is tried before something is asked, and that must be able to come.
    let kept = pool.sessions.min > 0;
    pool.trouble.as_ref().filter(|_| kept && alive(snapshot) == 0).map(|why| format!("no session: {why}"))
}
