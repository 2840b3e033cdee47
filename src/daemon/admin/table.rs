//! What can be asked, and who may.

use super::ask::Refusal;
use super::peer::Role;

/// Everything that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Hello,
    Pools,
    Sessions,
    Clients,
    Queue,
    Pace,
    Holds,
    Doubts,
    Doubt,
    Config,
    Stats,
    Pause,
    Resume,
    Reconnect,
    Kill,
    Hold,
    Release,
    Drain,
    RetryLogin,
    Reload,
    Settle,
    Resolve,
    Call,
}

/// Every command: its name, and what it needs.
pub(super) const COMMANDS: [(What, &str, Role); 23] = [
    (What::Hello, "hello", Role::ReadOnly),
    (What::Pools, "pools", Role::ReadOnly),
    (What::Sessions, "sessions", Role::ReadOnly),
    (What::Clients, "clients", Role::ReadOnly),
    (What::Queue, "queue", Role::ReadOnly),
    (What::Pace, "pace", Role::ReadOnly),
    (What::Holds, "holds", Role::ReadOnly),
    (What::Doubts, "doubts", Role::ReadOnly),
    (What::Doubt, "doubt", Role::ReadOnly),
    (What::Config, "config", Role::ReadOnly),
    (What::Stats, "stats", Role::ReadOnly),
    (What::Pause, "pause", Role::ReadWrite),
    (What::Resume, "resume", Role::ReadWrite),
    (What::Reconnect, "reconnect", Role::ReadWrite),
    (What::Kill, "kill", Role::ReadWrite),
    (What::Hold, "hold", Role::ReadWrite),
    (What::Release, "release", Role::ReadWrite),
    (What::Drain, "drain", Role::ReadWrite),
    (What::RetryLogin, "retry-login", Role::ReadWrite),
    (What::Reload, "reload", Role::ReadWrite),
    (What::Settle, "settle", Role::ReadWrite),
    (What::Resolve, "resolve", Role::ReadWrite),
    // Also one that reads: it takes the account's pace.
    (What::Call, "call", Role::ReadWrite),
];

/// What a command of this name is, for somebody of this role. The one place where that is checked.
pub(super) fn permit(name: &str, role: Role) -> Result<(What, Role), Refusal> {
    let found = COMMANDS.iter().find(|(_, known, _)| *known == name);
    let Some((what, _, needs)) = found else {
        let names: Vec<&str> = COMMANDS.iter().map(|(_, name, _)| *name).collect();
        let text = format!("no command `{}`: there are {}", name.escape_debug(), names.join(", "));
        return Err(Refusal::new("request", text));
    };
    if role < *needs {
        let text = format!("`{name}` needs the role {}, and yours is {}", needs.as_str(), role.as_str());
        return Err(Refusal::new("denied", text));
    }
    Ok((*what, *needs))
}
