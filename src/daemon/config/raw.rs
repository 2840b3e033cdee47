//! A configuration as it is written, before it is understood.
//!
//! Every value knows where it stands, so that what is found out later can point at it too.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::value::{Count, Scalar};

/// A value, if it is said.
pub(super) type Said<T> = Option<Spanned<T>>;
/// A list whose elements know where they stand.
pub(super) type List = Option<Vec<Spanned<String>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Daemon {
    pub(super) drain: Said<Scalar>,
    pub(super) log: Log,
    pub(super) admin: Said<Admin>,
    pub(super) metrics: Said<Metrics>,
    pub(super) limits: Limits,
    pub(super) listen: Vec<Spanned<Listen>>,
    pub(super) account: BTreeMap<String, Spanned<Account>>,
    pub(super) user: BTreeMap<String, Spanned<User>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Log {
    pub(super) format: Said<String>,
    pub(super) level: Said<String>,
    pub(super) file: Said<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Admin {
    pub(super) socket: Spanned<String>,
    #[serde(default)]
    pub(super) read_write: List,
    #[serde(default)]
    pub(super) read_only: List,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Metrics {
    pub(super) listen: Spanned<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Limits {
    pub(super) connections: Said<i64>,
    pub(super) connections_per_user: Said<i64>,
    pub(super) line: Said<i64>,
    pub(super) request: Said<i64>,
    pub(super) lines: Said<i64>,
    pub(super) unfinished: Said<i64>,
    pub(super) login_time: Said<Scalar>,
    pub(super) request_time: Said<Scalar>,
    pub(super) write_time: Said<Scalar>,
    pub(super) logins: Said<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Listen {
    pub(super) unix: Said<String>,
    pub(super) tcp: Said<String>,
    pub(super) mode: Said<Scalar>,
    pub(super) owner: Said<String>,
    pub(super) group: Said<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Account {
    pub(super) server: Said<String>,
    pub(super) environment: Said<String>,
    #[serde(alias = "user")]
    pub(super) login: Said<String>,
    pub(super) password_file: Said<String>,
    pub(super) password_credential: Said<String>,
    pub(super) password_env: Said<String>,
    pub(super) ca_file: Said<String>,
    pub(super) ca_path: Said<String>,
    pub(super) pin: List,
    pub(super) server_name: Said<String>,
    pub(super) client_certificate: Said<String>,
    pub(super) client_key: Said<String>,
    pub(super) min_tls: Said<String>,
    pub(super) source: List,
    pub(super) ipv4: Said<bool>,
    pub(super) ipv6: Said<bool>,
    pub(super) plain: Said<bool>,
    pub(super) plain_over_the_network: Said<bool>,
    pub(super) accept_any_certificate: Said<bool>,
    pub(super) accept_unverified_upstream: Said<bool>,
    pub(super) dialect: Said<String>,
    pub(super) timeout: Said<Scalar>,
    pub(super) change_timeout: Said<Scalar>,
    pub(super) keepalive: Said<Scalar>,
    pub(super) keepalive_command: Said<String>,
    pub(super) sessions: Said<Count>,
    pub(super) rate: Said<Scalar>,
    pub(super) rate_delay: Said<Scalar>,
    pub(super) journal: Said<String>,
    pub(super) lock: Said<String>,
    pub(super) settle_wait: Said<Scalar>,
    pub(super) doubt_answer: Said<String>,
    pub(super) undelivered: Said<Scalar>,
    pub(super) close_as_mregd: Said<bool>,
    pub(super) query_deadline: Said<Scalar>,
    pub(super) change_deadline: Said<Scalar>,
    pub(super) bulk_deadline: Said<Scalar>,
    pub(super) negatives: Said<Vec<Scalar>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct User {
    pub(super) password_hash: Said<String>,
    pub(super) password_file: Said<String>,
    pub(super) password_credential: Said<String>,
    pub(super) password_env: Said<String>,
    pub(super) account: Said<String>,
    pub(super) lane: Said<String>,
    pub(super) lanes: List,
    pub(super) commands_per_second: Said<i64>,
    pub(super) billable_per_day: Said<i64>,
    pub(super) allow: List,
    pub(super) deny: List,
    pub(super) cltrid_is_key: Said<bool>,
    pub(super) connections: Said<i64>,
}
