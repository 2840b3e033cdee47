//! How often what came about.

use std::collections::BTreeMap;
use std::fmt;

use rrp::dispatch::{DoubtReason, Refused};
use rrp::settle::Resolver;

use super::{Ended, Intent, Oracle};
use crate::faults::Kind;

/// Counts of one world, or of many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) worlds: usize,
    /// Changes of which something was handed over.
    pub(crate) writes: usize,
    /// Of those, with a fault about the first attempt.
    pub(crate) faulted: usize,
    pub(crate) faults: BTreeMap<Kind, usize>,
    /// Executed, and no answer came of which somebody could know.
    pub(crate) executed_and_lost: usize,
    pub(crate) attempts: usize,
    pub(crate) told: BTreeMap<String, usize>,
    pub(crate) doubts: BTreeMap<String, usize>,
    pub(crate) settled: BTreeMap<&'static str, usize>,
    pub(crate) left: BTreeMap<String, usize>,
    pub(crate) attributed: usize,
    /// Done twice, as the caller had allowed.
    pub(crate) vouched: usize,
    pub(crate) crashes: usize,
    pub(crate) calls_lost: usize,
    pub(crate) most_open: usize,
    pub(crate) most_unsent: usize,
}

impl Tally {
    pub(crate) fn fault(&mut self, kind: Kind) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub(crate) fn told(&mut self, what: &str) {
        *self.told.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn unsent(&mut self, why: &Refused) {
        let why = format!("{why:?}");
        let end = why.find(['(', ' ']).unwrap_or(why.len());
        self.told(&format!("not sent: {}", &why[..end]));
    }

    pub(crate) fn doubt(&mut self, reason: &DoubtReason, resolver: Option<Resolver>) {
        let resolver = resolver.map_or("none", Resolver::as_str);
        *self.doubts.entry(format!("{resolver}: {reason}")).or_default() += 1;
        self.told("in doubt");
    }

    pub(crate) fn settled(&mut self, how: &'static str) {
        *self.settled.entry(how).or_default() += 1;
    }

    /// Together with another one.
    pub(crate) fn add(&mut self, other: &Self) {
        fn add<K: Ord + Clone>(to: &mut BTreeMap<K, usize>, from: &BTreeMap<K, usize>) {
            for (key, count) in from {
                *to.entry(key.clone()).or_default() += count;
            }
        }
        self.worlds += other.worlds;
        self.writes += other.writes;
        self.faulted += other.faulted;
        add(&mut self.faults, &other.faults);
        self.executed_and_lost += other.executed_and_lost;
        self.attempts += other.attempts;
        add(&mut self.told, &other.told);
        add(&mut self.doubts, &other.doubts);
        add(&mut self.settled, &other.settled);
        add(&mut self.left, &other.left);
        self.attributed += other.attributed;
        self.vouched += other.vouched;
        self.crashes += other.crashes;
        self.calls_lost += other.calls_lost;
        self.most_open = self.most_open.max(other.most_open);
        self.most_unsent = self.most_unsent.max(other.most_unsent);
    }
}

fn is_lost(intent: &Intent) -> bool {
    intent
        .attempts
        .iter()
        .any(|attempt| attempt.executed && !matches!(attempt.ended, Ended::Answered(200 | 220)))
}

impl Oracle {
    /// What a world came to.
    pub(crate) fn into_tally(self) -> Tally {
        let mut tally = self.tally;
        let sent = || self.intents.iter().filter(|intent| !intent.attempts.is_empty());
        tally.worlds = 1;
        tally.writes = sent().count();
        tally.faulted = sent().filter(|intent| intent.attempts[0].fault != Kind::None).count();
        tally.executed_and_lost = sent().filter(|intent| is_lost(intent)).count();
        tally.attempts = sent().map(|intent| intent.attempts.len()).sum();
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} worlds, {} writes sent in {} attempts, {} with a fault at first, {} executed and lost",
            self.worlds, self.writes, self.attempts, self.faulted, self.executed_and_lost
        )?;
        writeln!(f, "crashes {}, calls lost by them {}", self.crashes, self.calls_lost)?;
        writeln!(f, "at most {} intents open, {} of them not sent", self.most_open, self.most_unsent)?;
        writeln!(f, "replies with a mark {}, done twice as vouched {}", self.attributed, self.vouched)?;
        writeln!(f, "faults {:?}", self.faults)?;
        writeln!(f, "told {:#?}", self.told)?;
        writeln!(f, "doubts {:#?}", self.doubts)?;
        writeln!(f, "settled {:?}", self.settled)?;
        writeln!(f, "left in doubt {:#?}", self.left)
    }
}
