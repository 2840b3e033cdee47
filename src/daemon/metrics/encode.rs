//! A reading as OpenMetrics text. Names, types and meanings are the table in docs/metrics.md; a test holds the two together.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::super::shared::Phase;
use super::counted::counted;
use super::health::alive;
use super::reading::{Local, Reading, Reported, Told};
use crate::client::Snapshot;
use crate::dispatch::Histogram;
use crate::pool::HeldBy;

/// The text of a scrape.
pub(super) fn encode(reading: Reading) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(reading));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

/// What tells a value from the others of its name.
pub(super) type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

type Sample<'a, V> = (Labels<'a>, V);

/// Writes metrics, each name once.
pub(super) struct Writer<'a>(pub(super) DescriptorEncoder<'a>);

impl Writer<'_> {
    pub(super) fn gauges<'s, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'s, V>>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        samples.into_iter().try_for_each(|(labels, value)| match &*labels {
            [] => family.encode_gauge(&value),
            _ => family.encode_family(&labels)?.encode_gauge(&value),
        })
    }

    pub(super) fn counters<'s, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'s, V>>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        samples.into_iter().try_for_each(|(labels, value)| match &*labels {
            [] => family.encode_counter::<NoLabelSet, V, u64>(&value, None),
            _ => family.encode_family(&labels)?.encode_counter::<NoLabelSet, V, u64>(&value, None),
        })
    }

    pub(super) fn histograms<'s>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'s, &'s Histogram>>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        samples.into_iter().try_for_each(|(labels, times)| {
            // The encoder adds them up itself.
            let mut before = 0_u64;
            let mut buckets: Vec<(f64, u64)> = times
                .cumulated()
                .map(|(most, up_to)| {
                    let count = up_to.saturating_sub(before);
                    before = up_to;
                    (most.as_secs_f64(), count)
                })
                .collect();
            buckets.push((f64::INFINITY, times.count().saturating_sub(before)));
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                times.sum().as_secs_f64(),
                times.count(),
                &buckets,
                None,
            )
        })
    }
}

impl Collector for Reading {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut Writer(encoder);
        let mut build =
            to.0.encode_descriptor("rrp_build", "The version that runs", None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        to.gauges("rrp_uptime_seconds", "Since the daemon began", [(vec![], self.uptime.as_secs_f64())])?;
        let phases = [Phase::Running, Phase::Draining, Phase::Ending];
        let phases =
            phases.map(|phase| (vec![("phase", phase.as_str().into())], u64::from(phase == self.phase)));
        to.gauges("rrp_phase", "1 for the phase that the daemon is in", phases)?;
        self.local.encode(to)?;
        accounts(&self.accounts, to)?;
        standing(&self.accounts, to)?;
        counted(&self.accounts, to)
    }
}

impl Local {
    fn encode(&self, to: &mut Writer<'_>) -> fmt::Result {
        let connections =
            self.connections.iter().map(|(user, count)| (vec![("user", (&**user).into())], *count));
        to.gauges(
            "rrp_local_connections",
            "Local connections by user; before the login by none",
            connections,
        )?;
        to.gauges(
            "rrp_local_connections_busy",
            "Local connections that wait for an answer",
            [(vec![], self.busy)],
        )?;
        to.gauges(
            "rrp_local_connections_max",
            "Local connections that are let in at most",
            [(vec![], self.most)],
        )?;
        let logins = [("accepted", self.logins), ("refused", self.logins_refused)];
        let logins = logins.map(|(result, count)| (vec![("result", result.into())], count));
        to.counters("rrp_local_logins", "Logins of local clients by result", logins)?;
        for (name, help, count) in [
            ("rrp_local_accepted", "Local connections that were let in", self.accepted),
            (
                "rrp_local_turned_away",
                "Local connections closed because there were too many",
                self.turned_away,
            ),
            ("rrp_local_requests", "Requests of local clients", self.requests),
            (
                "rrp_local_requests_refused",
                "Requests that were refused here: no command, or not allowed",
                self.refused,
            ),
            ("rrp_local_offences", "Local connections closed for what they sent", self.offences),
            ("rrp_local_timeouts", "Local connections closed for taking too long", self.timeouts),
            ("rrp_local_undelivered", "Outcomes whose client had gone", self.undelivered),
            ("rrp_local_joined", "Requests that were told the outcome of an identical one", self.joined),
        ] {
            to.counters(name, help, [(vec![], count)])?;
        }
        Ok(())
    }
}

/// The labels that tell accounts apart.
pub(super) fn labels(account: &Reported) -> Labels<'_> {
    vec![("account", (&*account.name).into()), ("environment", account.environment.as_str().into())]
}

/// Those, and one more.
pub(super) fn labels_and<'a>(account: &'a Reported, key: &'static str, value: &'a str) -> Labels<'a> {
    let mut labels = labels(account);
    labels.push((key, value.into()));
    labels
}

fn accounts(accounts: &[Reported], to: &mut Writer<'_>) -> fmt::Result {
    let all = |of: fn(&Reported) -> bool| {
        accounts.iter().map(move |account| (labels(account), u64::from(of(account))))
    };
    to.gauges(
        "rrp_account_up",
        "Whether the account's task told how it stands",
        all(|account| matches!(account.state, Told::Standing(_))),
    )?;
    to.gauges(
        "rrp_account_ready",
        "Whether commands of the account can be sent",
        all(|account| account.why_not().is_none()),
    )?;
    to.gauges(
        "rrp_account_takes_writes",
        "Whether writes are sent: not without a journal",
        all(|account| account.takes_writes),
    )
}

/// Numbers that each account tells of itself: name, help, value.
type Told1 = (&'static str, &'static str, fn(&Snapshot) -> f64);

const STANDING: &[Told1] = &[
    ("rrp_doubts", "Writes in doubt", |told| float(told.work.doubts())),
    (
        "rrp_login_refused",
        "Whether the registry refused the login; none is tried until somebody corrects it",
        |told| truth(told.sessions.login_refused.is_some()),
    ),
    ("rrp_paused", "Whether an operator has paused the account: no command of it is sent", |told| {
        truth(told.sessions.paused)
    }),
    ("rrp_no_session", "Whether the last session could not be opened and none is left", |told| {
        truth(told.sessions.trouble.is_some() && alive(told) == 0)
    }),
    ("rrp_journal_failing", "Whether the journal fails, and writes are refused", |told| {
        truth(told.work.frozen().is_some())
    }),
    ("rrp_journal_unrecorded", "Records that the journal has not confirmed yet", |told| {
        float(told.work.unrecorded())
    }),
    ("rrp_calls", "Calls that have not been told yet", |told| float(told.work.calls())),
    ("rrp_callers", "Callers that wait for something", |told| float(told.work.callers())),
    ("rrp_parked", "Commands that had their turn and wait for another session", |told| {
        float(told.sessions.parked)
    }),
    ("rrp_pace_interval_seconds", "Between two commands of the account; 0 is unlimited", |told| {
        told.sessions.rate.interval().as_secs_f64()
    }),
    ("rrp_pace_wait_seconds", "Until the next command may leave", |told| {
        seconds(told.sessions.next_at.map(|at| at.saturating_duration_since(told.at)))
    }),
    ("rrp_password_changing", "Whether the account's password is being changed", |told| {
        truth(told.sessions.changes_password)
    }),
];

/// Numbers of which each account tells several: name, label, help, values.
type ToldMore = (&'static str, &'static str, &'static str, fn(&Snapshot) -> Vec<(&'static str, f64)>);

const STANDING_BY: &[ToldMore] = &[
    (
        "rrp_held",
        "by",
        "Whether the registry has locked the account (422), or an operator holds it",
        |told| holders().map(|(name, by)| (name, truth(held(told, by).is_some()))).into(),
    ),
    ("rrp_hold_seconds", "by", "How long that still lasts", |told| {
        holders().map(|(name, by)| (name, seconds(held(told, by)))).into()
    }),
    ("rrp_sessions", "state", "Sessions by state; a ghost is lost and still charged", |told| {
        let sessions = &told.sessions.sessions;
        vec![
            ("opening", float(sessions.opening)),
            ("idle", float(sessions.idle)),
            ("busy", float(sessions.busy)),
            ("proving", float(sessions.proving)),
            ("ending", float(sessions.ending)),
            ("ghost", float(sessions.ghosts)),
        ]
    }),
    ("rrp_sessions_limit", "limit", "Sessions kept open, tried at most now, and allowed", |told| {
        let sessions = &told.sessions.sessions;
        vec![("min", float(sessions.min)), ("target", float(sessions.target)), ("max", float(sessions.max))]
    }),
    ("rrp_queue_commands", "lane", "Commands that wait for their turn", |told| {
        told.sessions.lanes.iter().map(|(lane, line)| (lane.as_str(), float(line.waiting()))).collect()
    }),
    ("rrp_queue_callers", "lane", "Callers whose commands wait for their turn", |told| {
        told.sessions.lanes.iter().map(|(lane, line)| (lane.as_str(), float(line.callers()))).collect()
    }),
    ("rrp_queue_oldest_seconds", "lane", "How long the one that waits longest has waited", |told| {
        let age = |oldest: Option<std::time::Instant>| {
            seconds(oldest.map(|oldest| told.at.saturating_duration_since(oldest)))
        };
        told.sessions.lanes.iter().map(|(lane, line)| (lane.as_str(), age(line.oldest()))).collect()
    }),
    ("rrp_commands_now", "state", "Commands by what they wait for", |told| {
        let work = &told.work;
        vec![
            ("slot", float(work.queued())),
            ("pause", float(work.pausing())),
            ("object", float(work.behind())),
            ("intent", float(work.recording())),
            ("reply", float(work.on_the_wire())),
            ("probe", float(work.probing())),
            ("outcome", float(work.closing())),
        ]
    }),
];

fn standing(accounts: &[Reported], to: &mut Writer<'_>) -> fmt::Result {
    let told = || {
        accounts.iter().filter_map(|account| match &account.state {
            Told::Standing(snapshot) => Some((account, &**snapshot)),
            Told::Stopped | Told::Silent => None,
        })
    };
    for (name, help, value) in STANDING {
        to.gauges(name, help, told().map(|(account, snapshot)| (labels(account), value(snapshot))))?;
    }
    for (name, label, help, values) in STANDING_BY {
        let samples = told().flat_map(|(account, snapshot)| {
            values(snapshot).into_iter().map(move |(of, value)| (labels_and(account, label, of), value))
        });
        to.gauges(name, help, samples)?;
    }
    Ok(())
}

const fn holders() -> [(&'static str, HeldBy); 2] {
    [("registry", HeldBy::Registry), ("operator", HeldBy::Operator)]
}

/// How long this one keeps the account from sending, if it does.
fn held(told: &Snapshot, by: HeldBy) -> Option<Duration> {
    let held = told.sessions.holds.iter().find(|held| held.by == by)?;
    Some(held.until.saturating_duration_since(told.at))
}

fn truth(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

/// Nobody counts further than these numbers are exact.
fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn seconds(time: Option<Duration>) -> f64 {
    time.unwrap_or_default().as_secs_f64()
}
