//! What the registry sees of an account: which connections and sessions there are, and which commands arrive when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rrp::pool::Event;
use rrp::sim::{Action, ConnectionId, Registry};

use crate::line::Line;

/// What a keepalive, and a proof of anything, is.
const PROOF: &str = "describe";

/// A command that arrived whole.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "it is shown when something is wrong")]
pub(crate) struct Arrival {
    pub(crate) when: Instant,
    pub(crate) on: ConnectionId,
    pub(crate) what: String,
}

/// A lock of the account, as its client has read it.
#[derive(Clone, Copy, Debug)]
struct Held {
    since: Instant,
    until: Instant,
    /// When the last proof that it is over has arrived.
    proof: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct Eyes {
    /// No two commands arrive closer.
    interval: Duration,
    /// So long may a command be on its way.
    delay: Duration,
    sessions: usize,
    /// What has arrived of a command.
    begun: BTreeMap<ConnectionId, Vec<u8>>,
    /// Commands that were not answered yet.
    owed: BTreeSet<ConnectionId>,
    /// Since when nobody holds the other end.
    lost: BTreeMap<ConnectionId, Instant>,
    /// Those whose time began anew after nobody held the other end.
    late: BTreeSet<ConnectionId>,
    held: Option<Held>,
    pub(crate) last: Option<Arrival>,
    pub(crate) closest: Option<Duration>,
    /// How many of each.
    pub(crate) arrived: BTreeMap<String, usize>,
    pub(crate) events: BTreeMap<String, usize>,
    pub(crate) most_sessions: usize,
}

impl Eyes {
    pub(crate) fn new(interval: Duration, delay: Duration, sessions: usize) -> Self {
        Self {
            interval,
            delay,
            sessions,
            begun: BTreeMap::new(),
            owed: BTreeSet::new(),
            lost: BTreeMap::new(),
            late: BTreeSet::new(),
            held: None,
            last: None,
            closest: None,
            arrived: BTreeMap::new(),
            events: BTreeMap::new(),
            most_sessions: 0,
        }
    }

    /// Bytes arrive.
    pub(crate) fn see(&mut self, on: ConnectionId, bytes: &[u8], now: Instant) {
        let begun = self.begun.entry(on).or_default();
        begun.extend_from_slice(bytes);
        while let Some(end) = begun.windows(5).position(|five| five == b"\r\n.\r\n") {
            let frame: Vec<u8> = begun.drain(..end + 5).collect();
            let text = String::from_utf8(frame).expect("what we send is text");
            let mut lines = text.lines();
            let first = lines.next().unwrap_or_default();
            let name = lines.find_map(|line| line.strip_prefix("command=")).filter(|_| first == "[COMMAND]");
            let what = name.unwrap_or(first).to_ascii_lowercase();
            self.owed.insert(on);
            Self::arrive(
                Arrival { when: now, on, what },
                (&mut self.last, &mut self.closest, &mut self.held),
                (self.interval, self.delay),
                &mut self.arrived,
            );
        }
    }

    fn arrive(
        arrival: Arrival,
        (last, closest, held): (&mut Option<Arrival>, &mut Option<Duration>, &mut Option<Held>),
        (interval, delay): (Duration, Duration),
        arrived: &mut BTreeMap<String, usize>,
    ) {
        let Arrival { when, ref what, .. } = arrival;
        if let Some(last) = &*last {
            let between = when - last.when;
            assert!(between >= interval, "{between:?} between {last:?} and {arrival:?}");
            *closest = Some(closest.map_or(between, |closest| closest.min(between)));
        }
        if let Some(held) = held {
            let left_before = when <= held.since + delay;
            assert!(left_before || when >= held.until, "while the account is locked: {arrival:?}, {held:?}");
            if !left_before {
                assert!(matches!(&what[..], PROOF | "session"), "before the proof: {arrival:?}, {held:?}");
                // One proof, and another one only after that has come to nothing.
                let before = held.proof.filter(|_| what == PROOF);
                let soon = before.is_some_and(|proof| when < proof + Duration::from_secs(9));
                assert!(!soon, "two proofs: {arrival:?}, {held:?}");
                if what == PROOF {
                    held.proof = Some(when);
                }
            }
        }
        *arrived.entry(what.clone()).or_default() += 1;
        *last = Some(arrival);
    }

    /// What the pool has told.
    pub(crate) fn told(&mut self, event: &Event, now: Instant) {
        let name = format!("{event:?}");
        let name = name.split([' ', '{']).next().unwrap_or_default().to_owned();
        *self.events.entry(name).or_default() += 1;
        match event {
            Event::Held { wait } => {
                let until = self.held.map_or(now + *wait, |held| held.until.max(now + *wait));
                self.held = Some(Held { since: now, until, proof: None });
            }
            Event::HoldOver => self.held = None,
            _ => {}
        }
    }

    /// The process ends. What it has not written yet is not known to the next one.
    pub(crate) fn crashed(&mut self, now: Instant) {
        self.held = self.held.filter(|held| now > held.since + Duration::from_secs(6));
    }

    /// The registry does something.
    pub(crate) fn act(&mut self, on: ConnectionId, action: &Action) {
        if matches!(action, Action::Send(_)) {
            self.owed.remove(&on);
            if self.lost.contains_key(&on) {
                self.late.insert(on);
            }
        }
    }

    /// Counts connections and sessions at the registry: those whose other end somebody holds, and sessions that nobody
    /// holds any more and of which the registry is not just about to learn that. Of these, those count of which it may be
    /// known when they end: their last command was answered before.
    ///
    /// Ends those that would last for ever, as an operator does.
    pub(crate) fn count(&mut self, registry: &mut Registry, lines: &[Line], now: Instant) {
        let (mut counted, mut over) = (0, Vec::new());
        for id in registry.connections() {
            let line = lines.iter().find(|line| line.id == id);
            if line.is_some_and(|line| !line.dropped) {
                counted += 1;
                continue;
            }
            let since = *self.lost.entry(id).or_insert(now);
            if now >= since + Duration::from_secs(13 * 60) {
                over.push(id);
            }
            let ends = line.is_some_and(|line| line.brings_something(now));
            let unknown = self.late.contains(&id) || self.owed.contains(&id);
            counted += usize::from(registry.logged_in(id).is_some() && !ends && !unknown);
        }
        self.most_sessions = self.most_sessions.max(counted);
        assert!(counted <= self.sessions, "{counted} sessions at the registry");
        for id in over {
            registry.disconnect(id, now);
            self.lost.remove(&id);
        }
    }
}
