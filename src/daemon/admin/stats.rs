//! What has happened so far: to local connections, and to each account.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::ask::Refusal;
use super::show::seconds;
use crate::client::{Ended, Statistics};
use crate::code::ReturnCode;
use crate::daemon::account::Account;
use crate::daemon::shared::{Counters, Shared};

/// All that is counted, since the daemon has begun.
pub(super) async fn tell(shared: &Shared, accounts: Vec<Arc<Account>>) -> Result<Value, Refusal> {
    let counters = &shared.counters;
    let get = Counters::get;
    let mut rows = Vec::new();
    for account in accounts {
        let statistics = account.client.statistics().await?;
        let mut map = Map::new();
        map.insert("account".to_owned(), json!(&*account.config.name));
        map.extend(of(&statistics));
        rows.push(Value::Object(map));
    }
    Ok(json!({
        "up_s": seconds(shared.since.elapsed()),
        "connections": shared.connections.len(),
        "accepted": get(&counters.accepted),
        "turned_away": get(&counters.turned_away),
        "logins": get(&counters.logins),
        "logins_refused": get(&counters.logins_refused),
        "requests": get(&counters.requests),
        "refused": get(&counters.refused),
        "offences": get(&counters.offences),
        "timeouts": get(&counters.timeouts),
        "undelivered": get(&counters.undelivered),
        "joined": get(&counters.joined),
        "accounts": rows,
    }))
}

fn of(statistics: &Statistics) -> Map<String, Value> {
    let mut codes: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for answered in statistics.answers() {
        let code = answered.code().map_or_else(|| "other".to_owned(), |code| code.to_string());
        let count = codes.entry(code).or_default();
        *count = count.saturating_add(answered.count());
    }
    let ended = |ended: Ended| {
        let name = match ended.code().map(ReturnCode::as_u16) {
            Some(code) => format!("{} {code}", ended.cause()),
            None => ended.cause().to_owned(),
        };
        (name, json!(ended.count()))
    };
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("replies", json!(codes));
    put("sessions_opened", json!(statistics.opened()));
    put("sessions_not_opened", json!(statistics.not_opened()));
    put("sessions_ended", statistics.ended().map(ended).collect::<Map<String, Value>>().into());
    put("logins_refused", json!(statistics.logins_refused()));
    put("locks", json!(statistics.locks()));
    put("sessions_full", json!(statistics.full()));
    put("foreign_use", json!(statistics.foreign_use()));
    put("journal_failures", json!(statistics.journal_failures()));
    map
}
