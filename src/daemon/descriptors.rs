//! Descriptors: as many as the process may have, and a word if they are too few.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::config::Config;

/// What a process opens beside all that is counted below: standard streams, the runtime's own, files of certificates and
/// zones while they are read, a lookup of a name.
const RESERVE: u64 = 64;
/// An account's beside its sessions: its lock, its journal, and the journal's copy while that is made compact.
const ACCOUNT: u64 = 4;
/// Connections to metrics, and to whoever runs the daemon.
const WATCHERS: u64 = 64;

/// Raises the soft limit of open files to the hard one, and says so in the log if even that does not hold what the
/// configuration allows at once. The limit as it is then; `None` if there is none.
pub(super) fn prepare(config: &Config) -> Option<u64> {
    let Rlimit { current: before, maximum } = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: maximum, maximum };
    let limit = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the soft limit of open files stays as it is");
            before
        }
    };
    let needed = needed(config);
    if limit.is_some_and(|limit| limit < needed) {
        tracing::warn!(
            limit,
            needed,
            "fewer files may be open than the configured connections and sessions need: raise LimitNOFILE, or lower \
             the limit of connections"
        );
    }
    limit
}

/// Descriptors that are open at the worst moment that this configuration allows.
pub(super) fn needed(config: &Config) -> u64 {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let accounts = config.accounts.values().fold(0_u64, |sum, account| {
        // Each session may be replaced while it ends.
        let sessions = count(*account.sessions.end()).saturating_mul(2);
        sum.saturating_add(sessions).saturating_add(ACCOUNT)
    });
    RESERVE
        .saturating_add(WATCHERS)
        .saturating_add(count(config.listen.len()))
        .saturating_add(count(config.limits.connections))
        .saturating_add(accounts)
}
