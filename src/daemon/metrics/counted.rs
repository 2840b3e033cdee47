//! What the accounts have counted, as OpenMetrics text.

use core::fmt;

use super::encode::{Labels, Writer, labels, labels_and};
use super::reading::Reported;
use crate::client::Statistics;
use crate::code::ReturnCode;
use crate::dispatch::{Cause, Histogram, Results, Sort};

/// A label's value where there was no room for another one.
const OTHER: &str = "other";

type Told<'a> = (&'a Reported, &'a Statistics);

/// Numbers that each account has one of: name, help, value.
type One = (&'static str, &'static str, fn(&Statistics) -> u64);

const ONES: &[One] = &[
    ("rrp_doubts_left", "Writes that were left in doubt", |told| told.work().doubts()),
    ("rrp_doubts_resolved", "Doubts that a person has resolved", |told| told.work().resolved()),
    ("rrp_read_backs_begun", "Writes that were read back before their end", |told| {
        told.work().read_backs().begun()
    }),
    ("rrp_settlings_begun", "Doubts that somebody had settled", |told| told.work().settlings().begun()),
    ("rrp_journal_failures", "Writes of the journal that failed", Statistics::journal_failures),
    ("rrp_sessions_opened", "Sessions that were opened", Statistics::opened),
    ("rrp_sessions_not_opened", "Sessions that could not be opened", Statistics::not_opened),
    ("rrp_logins_refused", "Logins that were refused for their credentials", Statistics::logins_refused),
    ("rrp_locks", "How often the registry has locked the account (422)", Statistics::locks),
    ("rrp_sessions_full", "How often the registry took no more sessions (521)", Statistics::full),
    ("rrp_foreign_use", "How often it took no more and ours did not explain that", Statistics::foreign_use),
];

/// Times of which each account has one or two: name, help, and the histogram of each sort.
type Times = (&'static str, &'static str, fn(&Statistics, Sort) -> Option<&Histogram>);

const TIMES: &[Times] = &[
    ("rrp_command_queue_seconds", "Until a command was the next in line", Statistics::queue),
    (
        "rrp_command_pace_seconds",
        "As the next, until its turn: the pace, or no session was free",
        Statistics::pace,
    ),
    ("rrp_command_wire_seconds", "From its session's hands to its fate", Statistics::wire),
];

/// Writes all of it.
pub(super) fn counted(accounts: &[Reported], to: &mut Writer<'_>) -> fmt::Result {
    let told =
        || accounts.iter().filter_map(|account| account.counted.as_deref().map(|told| (account, told)));
    let answers = told().flat_map(|(account, told)| {
        told.answers().map(move |answered| {
            let labels = with_code(labels_and(account, "sort", answered.sort().as_str()), answered.code());
            (with(labels, "class", answered.class().as_str()), answered.count())
        })
    });
    to.counters("rrp_commands", "Whole replies, by what they answer, class and code", answers)?;
    let lost = told().flat_map(|(account, told)| {
        let sorts = [Sort::Read, Sort::Write, Sort::ReadBack].into_iter();
        sorts.map(move |sort| (labels_and(account, "sort", sort.as_str()), told.work().unanswered(sort)))
    });
    to.counters("rrp_commands_unanswered", "Commands that had no whole reply", lost)?;
    let resends = told().flat_map(|(account, told)| {
        told.work().resends().map(move |(cause, count)| {
            let labels = match cause {
                Cause::Code(code) => with_code(labels_and(account, "cause", "code"), Some(code)),
                cause => with(labels_and(account, "cause", word(cause)), "code", ""),
            };
            (labels, count)
        })
    });
    to.counters("rrp_resends", "How often a command was sent again, and why", resends)?;
    results(to, "rrp_read_backs", "What read-backs have shown", told(), |told| told.work().read_backs())?;
    results(to, "rrp_settlings", "What settling doubts has shown", told(), |told| told.work().settlings())?;
    let ended = told().flat_map(|(account, told)| {
        told.ended().map(move |ended| {
            let labels = labels_and(account, "cause", ended.cause());
            let labels = match ended.code() {
                Some(code) => with_code(labels, Some(code)),
                None => with(labels, "code", ""),
            };
            (labels, ended.count())
        })
    });
    to.counters("rrp_sessions_ended", "Sessions that have ended, by why", ended)?;
    for (name, help, value) in ONES {
        to.counters(name, help, told().map(|(account, told)| (labels(account), value(told))))?;
    }
    for (name, help, times) in TIMES {
        let samples = told().flat_map(|(account, told)| {
            let sorts = [Sort::Read, Sort::Write].into_iter();
            sorts.filter_map(move |sort| {
                Some((labels_and(account, "sort", sort.as_str()), times(told, sort)?))
            })
        });
        to.histograms(name, help, samples)?;
    }
    let intents = told().map(|(account, told)| (labels(account), told.journal()));
    to.histograms(
        "rrp_command_journal_seconds",
        "From a write's turn until its intent was recorded",
        intents,
    )?;
    let writes = told().map(|(account, told)| (labels(account), told.journal_writes()));
    to.histograms("rrp_journal_write_seconds", "All writes of the journal", writes)
}

fn results<'a>(
    to: &mut Writer<'_>,
    name: &str,
    help: &str,
    told: impl Iterator<Item = Told<'a>>,
    of: fn(&Statistics) -> Results,
) -> fmt::Result {
    let samples = told.flat_map(|(account, told)| {
        let results = of(told);
        let all = [
            ("applied", results.applied()),
            ("not-applied", results.not_applied()),
            ("in-doubt", results.in_doubt()),
        ];
        all.into_iter().map(move |(result, count)| (labels_and(account, "result", result), count))
    });
    to.counters(name, help, samples)
}

const fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Unsent => "unsent",
        Cause::Unanswered => "unanswered",
        Cause::Code(_) | Cause::Answered => "code",
        Cause::NotApplied => "not-applied",
    }
}

fn with<'a>(mut labels: Labels<'a>, key: &'static str, value: &'a str) -> Labels<'a> {
    labels.push((key, value.into()));
    labels
}

fn with_code(mut labels: Labels<'_>, code: Option<ReturnCode>) -> Labels<'_> {
    labels.push(("code", code.map_or_else(|| OTHER.into(), |code| code.as_u16().to_string().into())));
    labels
}
