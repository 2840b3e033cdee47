//! What callers are told, held against the registry's ledger.

// Another simulation uses this file, too, from its own place.
#[path = "oracle/tally.rs"]
mod tally;
#[path = "oracle/told.rs"]
mod told;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use rrp::command::Safety;
use rrp::dispatch::{Entry, Put, Standing, Ticket};
use rrp::session::Fate;
use rrp::settle::Resolver;
use rrp::sim::{Change, ConnectionId, Registry};

use crate::faults::Kind;
use crate::mark::Mark;

pub(crate) use tally::Tally;

/// What somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Query(Mark),
    Change { mark: Mark, keyed: bool, deadline: bool },
    Settle(Ticket),
}

/// How an attempt ended at the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    NotYet,
    Answered(u16),
    Unanswered,
}

/// At least a byte of a write was handed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) connection: u64,
    pub(crate) at: Instant,
    pub(crate) fault: Kind,
    pub(crate) ended: Ended,
    pub(crate) executed: bool,
}

/// One intent, and all that is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub(crate) client: usize,
    pub(crate) ticket: Ticket,
    pub(crate) command: String,
    pub(crate) object: String,
    pub(crate) safety: Safety,
    pub(crate) resolver: Option<Resolver>,
    pub(crate) refused_twice: bool,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) executions: u32,
    pub(crate) queued: u32,
    /// It was said that it was not done.
    pub(crate) denied: bool,
    /// It was said that it was done.
    pub(crate) affirmed: bool,
    /// Nothing of it may have been handed over: the process ended before.
    pub(crate) phantom: bool,
    /// Its object was deleted after it was executed: a registry refuses no second creation then.
    pub(crate) freed: bool,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Violation {
    Double,
    ToldDone,
    ToldNotDone,
    Rule,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) command: String,
    /// The name of the first object that it is about.
    pub(crate) object: String,
    pub(crate) safety: Safety,
    pub(crate) resolver: Option<Resolver>,
    /// It costs, and the registry refuses a second one: a registration, or a renewal with a guard.
    pub(crate) refused_twice: bool,
}

#[derive(Default)]
pub(crate) struct Oracle {
    /// Whether what is wrong ends the test at once.
    pub(crate) strict: bool,
    /// Nothing goes wrong any more, and nothing is under way: what can be settled is.
    pub(crate) calm: bool,
    /// Registrations may wait in a queue.
    pub(crate) may_queue: bool,
    /// Callers are told that something is in doubt before their time is over.
    pub(crate) hurries: bool,
    pub(crate) violations: Vec<(Violation, String, Option<usize>)>,
    pub(crate) intents: Vec<Intent>,
    asked: HashMap<Mark, Asked>,
    by_ticket: HashMap<(usize, Ticket), usize>,
    by_mark: HashMap<Mark, usize>,
    faults: HashMap<Mark, Kind>,
    on_connection: HashMap<u64, Vec<(usize, usize)>>,
    queued: HashMap<String, Vec<usize>>,
    not_sent: HashSet<Mark>,
    lost: HashSet<u64>,
    journal: BTreeMap<(usize, Ticket), &'static str>,
    /// How many of these are open.
    open: usize,
    /// What was being written when a crash came.
    perhaps: HashSet<(usize, Ticket)>,
    unsent_intents: BTreeMap<usize, HashSet<Ticket>>,
    /// What was created by commands of the clients.
    created: HashSet<String>,
    /// When a request for a domain ended last, by whomever.
    transfers_ended: HashMap<String, Instant>,
    seen: usize,
    connected: u64,
    pub(crate) contacts: Vec<String>,
    pub(crate) tally: Tally,
}

impl Oracle {
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// How many connections the registry has had.
    pub(crate) const fn connected(&self) -> u64 {
        self.connected
    }

    pub(crate) const fn connect(&mut self) {
        self.connected += 1;
    }

    #[track_caller]
    fn violate(&mut self, what: Violation, intent: Option<usize>, text: String) {
        let known = intent.map(|at| self.intents[at].clone());
        assert!(!self.strict, "{what:?}: {text}: {known:#?}");
        self.violations.push((what, text, intent));
    }

    #[track_caller]
    fn check(&mut self, holds: bool, intent: Option<usize>, text: &str) {
        if !holds {
            self.violate(Violation::Rule, intent, text.to_owned());
        }
    }

    /// Somebody is about to ask for a change.
    pub(crate) fn asks(&mut self, mark: Mark, asked: Asked) {
        self.asked.insert(mark, asked);
    }

    /// Whether nothing of this was handed over yet.
    pub(crate) fn is_first(&self, mark: Mark) -> bool {
        !self.by_mark.contains_key(&mark)
    }

    /// This goes wrong about the next attempt of a write.
    pub(crate) fn faulted(&mut self, mark: Mark, kind: Kind, first: bool) {
        self.faults.insert(mark, kind);
        if first {
            self.tally.fault(kind);
        }
    }

    /// Bytes of a write were handed to a connection.
    pub(crate) fn handed_over(
        &mut self,
        client: usize,
        mark: Mark,
        ticket: Option<Ticket>,
        connection: ConnectionId,
        now: Instant,
        bytes: &[u8],
    ) {
        assert!(!bytes.is_empty());
        let Some(ticket) = ticket else {
            return self.violate(Violation::Rule, None, format!("{mark} sent without an intent"));
        };
        let known = self.by_ticket.get(&(client, ticket)).copied();
        let at = known.unwrap_or_else(|| self.intent(client, ticket, mark));
        let own = self.by_mark.get(&mark) == Some(&at);
        self.check(own, Some(at), "a ticket was given twice");
        let standing = self.journal.get(&(client, ticket)).copied();
        self.check(standing == Some("open"), Some(at), "sent, and the journal does not say so");
        let not_sent = self.not_sent.contains(&mark);
        self.check(!not_sent, Some(at), "sent, and told that it was not");
        let lost = self.lost.contains(&connection.number());
        self.check(!lost, Some(at), "sent on a session that lost a reply");
        let over = self.intents[at].affirmed || self.intents[at].denied;
        self.check(!over, Some(at), "sent, and told before how it ended");
        let fault = self.faults.remove(&mark).unwrap_or(Kind::None);
        let connection = connection.number();
        let intent = &mut self.intents[at];
        intent.attempts.push(Attempt { connection, at: now, fault, ended: Ended::NotYet, executed: false });
        self.on_connection.entry(connection).or_default().push((at, intent.attempts.len() - 1));
        self.unsent_intents.entry(client).or_default().remove(&ticket);
    }

    fn intent(&mut self, client: usize, ticket: Ticket, mark: Mark) -> usize {
        let Asked { command, object, safety, resolver, refused_twice } = self.asked[&mark].clone();
        let at = self.intents.len();
        self.intents.push(Intent {
            client,
            ticket,
            command,
            object,
            safety,
            resolver,
            refused_twice,
            attempts: Vec::new(),
            executions: 0,
            queued: 0,
            denied: false,
            affirmed: false,
            phantom: false,
            freed: false,
        });
        self.by_ticket.insert((client, ticket), at);
        self.by_mark.insert(mark, at);
        at
    }

    /// The end of an attempt at the wire.
    pub(crate) fn fate(&mut self, mark: Mark, fate: &Fate) {
        let Some(at) = self.by_mark.get(&mark).copied() else { return };
        let Some(attempt) = self.intents[at].attempts.last_mut() else { return };
        match fate {
            Fate::Unsent(_) => {}
            Fate::Answered(reply) => attempt.ended = Ended::Answered(reply.code().as_u16()),
            Fate::Unanswered => {
                attempt.ended = Ended::Unanswered;
                self.lost.insert(attempt.connection);
            }
        }
    }

    /// What a journal holds from now on.
    pub(crate) fn recorded(&mut self, client: usize, puts: &[Put]) {
        for put in puts {
            match put {
                Put::Entry(entry) => {
                    let key = (client, entry.ticket());
                    let standing = entry.standing().as_str();
                    let before = self.journal.insert(key, standing);
                    self.open += usize::from(standing == "open");
                    self.open -= usize::from(before == Some("open"));
                    if entry.standing() == &Standing::Open && !self.by_ticket.contains_key(&key) {
                        self.unsent_intents.entry(client).or_default().insert(entry.ticket());
                    }
                }
                Put::Remove(ticket) => {
                    let known = self.by_ticket.get(&(client, *ticket)).copied();
                    self.check(known.is_none(), known, "forgotten, though it was sent");
                    let before = self.journal.remove(&(client, *ticket));
                    self.open -= usize::from(before == Some("open"));
                    self.unsent_intents.entry(client).or_default().remove(ticket);
                }
                Put::Account(_) => {}
            }
        }
        self.tally.most_open = self.tally.most_open.max(self.open);
        let unsent = self.unsent_intents.get(&client).map_or(0, HashSet::len);
        // One being recorded, and one of which it could not be recorded that it was not sent.
        self.tally.most_unsent = self.tally.most_unsent.max(unsent);
    }

    /// A crash came while this was written.
    pub(crate) fn perhaps_recorded(&mut self, client: usize, puts: &[Put]) {
        for put in puts {
            self.perhaps.extend(put.ticket().map(|ticket| (client, ticket)));
        }
    }

    /// What a journal holds after a crash: all that it had said that it has.
    pub(crate) fn restored(&mut self, client: usize, entries: &[Entry]) {
        let found: BTreeMap<(usize, Ticket), &'static str> =
            entries.iter().map(|entry| ((client, entry.ticket()), entry.standing().as_str())).collect();
        let mut all: Vec<(usize, Ticket)> = found.keys().chain(self.journal.keys()).copied().collect();
        all.retain(|key| key.0 == client && !self.perhaps.contains(key));
        for key in all {
            let same = found.get(&key) == self.journal.get(&key);
            self.check(same, None, &format!("{} is not as it was recorded", key.1));
        }
        self.perhaps.clear();
        self.journal.retain(|key, _| key.0 != client);
        self.journal.extend(found);
        self.open = self.journal.values().filter(|standing| **standing == "open").count();
    }

    /// A process has ended, and another one begun.
    pub(crate) fn restarted<'e>(
        &mut self,
        client: usize,
        lost: impl Iterator<Item = Call>,
        doubts: impl Iterator<Item = &'e Entry>,
    ) {
        self.tally.crashes += 1;
        self.tally.calls_lost += lost.count();
        let doubts: Vec<&Entry> = doubts.collect();
        for entry in &doubts {
            let key = (client, entry.ticket());
            if !self.by_ticket.contains_key(&key) {
                let at = self.intents.len();
                self.intents.push(Intent {
                    client,
                    ticket: entry.ticket(),
                    command: entry.intent().sent().name().to_owned(),
                    object: entry
                        .intent()
                        .sent()
                        .objects()
                        .first()
                        .map_or("", |object| object.name())
                        .to_owned(),
                    safety: entry.intent().safety(),
                    resolver: entry.intent().resolver(),
                    refused_twice: false,
                    attempts: Vec::new(),
                    executions: 0,
                    queued: 0,
                    denied: false,
                    affirmed: false,
                    phantom: true,
                    freed: false,
                });
                self.by_ticket.insert(key, at);
            }
        }
        self.unsent_intents.remove(&client);
        for at in 0..self.intents.len() {
            let intent = &mut self.intents[at];
            if let Some(last) = intent.attempts.last_mut().filter(|last| last.ended == Ended::NotYet)
                && intent.client == client
            {
                last.ended = Ended::Unanswered;
            }
            if intent.client != client || intent.attempts.is_empty() {
                continue;
            }
            let listed = doubts.iter().any(|entry| entry.ticket() == intent.ticket);
            if let Some(last) = intent.attempts.last_mut().filter(|_| listed) {
                // What it was answered, nobody knows any more.
                last.ended = Ended::Unanswered;
            }
            let standing = self.journal.get(&(client, intent.ticket)).copied();
            let finished = matches!(standing, Some("accepted" | "refused" | "not-applied"));
            self.check(listed != finished, Some(at), "sent, and after a crash neither finished nor in doubt");
        }
    }

    /// Reads what has been executed since the last time.
    pub(crate) fn read(&mut self, registry: &Registry) {
        let entries = registry.ledger().entries();
        while let Some(entry) = entries.get(self.seen) {
            self.seen += 1;
            if std::env::var_os("RRP_TRACE").is_some() {
                println!("    ledger: {:?} {entry}", entry.connection());
            }
            let effective = !matches!(entry.change(), Change::None | Change::Session | Change::Refunded);
            if !effective {
                continue;
            }
            if matches!(entry.change(), Change::Transferred | Change::TransferEnded) {
                self.transfers_ended.insert(entry.object().to_owned(), entry.when());
            }
            if entry.change() == Change::Deleted {
                let of = |intent: &&mut Intent| intent.executions > 0 && intent.object == entry.object();
                self.intents.iter_mut().filter(of).for_each(|intent| intent.freed = true);
            }
            let Some(connection) = entry.connection() else {
                self.created.insert(entry.object().to_owned());
                self.job_done(entry.object());
                continue;
            };
            if entry.command().eq_ignore_ascii_case("AddContact") {
                self.contacts.push(entry.object().to_owned());
            }
            if entry.change() == Change::Created {
                self.created.insert(entry.object().to_owned());
            }
            let Some(attempts) = self.on_connection.get(&connection.number()) else { continue };
            let of = attempts.iter().rev().find(|(at, nth)| {
                let intent = &self.intents[*at];
                intent.attempts[*nth].at <= entry.when()
                    && intent.command.eq_ignore_ascii_case(entry.command())
            });
            let Some((at, nth)) = of.copied() else {
                self.violate(Violation::Rule, None, format!("executed, and nobody sent it: {entry}"));
                continue;
            };
            self.intents[at].attempts[nth].executed = true;
            if entry.change() == Change::Queued {
                self.intents[at].queued += 1;
                self.queued.entry(entry.object().to_owned()).or_default().push(at);
            } else {
                self.executed(at);
            }
            if self.intents[at].denied {
                self.violate(
                    Violation::ToldNotDone,
                    Some(at),
                    "done after it was told that it was not".into(),
                );
            }
        }
    }

    fn executed(&mut self, at: usize) {
        self.intents[at].executions += 1;
        let Intent { executions, safety, denied, .. } = self.intents[at];
        if denied {
            self.violate(Violation::ToldNotDone, Some(at), "done after it was told that it was not".into());
        }
        if executions > 1 {
            if safety == Safety::Repeatable {
                self.tally.vouched += 1;
            } else if self.request_ended(at) {
                self.tally.told("requested again, for somebody else had ended the request");
            } else {
                self.violate(Violation::Double, Some(at), "done twice".into());
            }
        }
    }

    fn job_done(&mut self, object: &str) {
        let queued = self.queued.get(object).into_iter().flatten();
        let of = queued.copied().find(|at| self.intents[*at].executions == 0);
        if let Some(at) = of {
            self.executed(at);
        }
    }
}
