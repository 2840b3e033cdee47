//! A dispatcher and its callers against the toy, through every fault and crash, held against the toy's ledger.

#[path = "faults.rs"]
mod faults;
#[path = "told.rs"]
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rrp::command::Safety;
use rrp::dispatch::{
    Action, CallId, Config, Dispatch, Entry, Moment, Opaque, OpaqueCommand, OpaqueReply, Options, Places,
    Put, Queues, Reads, RecordId, Resolution, Slot, Standing, Ticket,
};
use rrp::pace::Rate;
use rrp::session::Fate;

use crate::rig::{WALL, base, keyed};
use crate::toy::{Api, Dice, Sort};

pub(crate) use told::Tally;

/// What happens at a time.
enum Event {
    /// What became of a request reaches the dispatcher.
    Fate(Slot, Fate<OpaqueCommand, OpaqueReply>),
    /// The toy executes what was lost.
    Late(Attempt, String),
    /// The other operation that stood in its way comes to its end.
    Another(Attempt),
    /// The journal takes no more.
    NotTaken(RecordId),
    /// The journal is to write.
    Record(RecordId, Vec<Put>),
}

/// A write that was handed over.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    mark: u64,
    ticket: Ticket,
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Query,
    Change { mark: u64, keyed: bool },
    Settle(Ticket),
}

/// What was asked, under this number.
#[derive(Clone, Debug)]
struct Asked {
    sort: Sort,
    object: String,
    safety: Safety,
    keyed: bool,
}

pub(crate) struct World<R: Reads> {
    reads: R,
    config: Config,
    most: usize,
    rate: Rate,
    pub(crate) dice: Dice,
    dispatch: Dispatch<Places, Opaque<R>>,
    api: Api,
    now: Instant,
    events: BTreeMap<(Instant, u64), Event>,
    number: u64,
    /// What is written to, and how.
    objects: &'static [&'static str],
    sorts: &'static [Sort],
    /// Whether anything goes wrong.
    stormy: bool,
    /// What the journal holds, and the next ticket after all that it ever held.
    journal: BTreeMap<Ticket, Entry>,
    next_ticket: u64,
    calls: BTreeMap<CallId, Call>,
    asked: BTreeMap<u64, Asked>,
    handed_over: BTreeMap<u64, usize>,
    executed: BTreeMap<Ticket, u64>,
    executed_marks: BTreeMap<u64, u64>,
    /// Of which was said that they were not done.
    denied: BTreeSet<Ticket>,
    /// Of which was said that nothing of them was sent.
    not_sent: BTreeSet<u64>,
    meddled: BTreeSet<String>,
    /// Which were answered that another operation was in progress.
    named: BTreeSet<Ticket>,
    /// The same, and its process ended before the journal knew.
    unknowable: BTreeSet<Ticket>,
    /// Which was answered to be done later.
    promised: BTreeSet<Ticket>,
    late: BTreeSet<String>,
    /// Whether anything was answered to be done later.
    pending: bool,
    /// Whether it is known from the beginning that this may be.
    queues: bool,
    /// Until when the journal writes little.
    broken: Instant,
    /// Of how much the clock on the wall is wrong, in milliseconds.
    wrong: u64,
    pub(crate) tally: Tally,
}

const OBJECTS: [&str; 4] = ["a", "b", "c", "d"];

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn mark_of(entry: &Entry) -> u64 {
    entry.intent().sent().value("job").and_then(|kept| kept.as_clear()).unwrap().parse().unwrap()
}

fn dispatch<R: Reads>(
    world: (&R, &Config, usize, Rate),
    entries: Vec<Entry>,
    next: u64,
    at: Moment,
) -> Dispatch<Places, Opaque<R>> {
    let (reads, config, most, rate) = world;
    let places = Places::new(most, rate, at.now());
    Dispatch::with_upstream(Opaque::new(reads.clone()), config.clone(), places, keyed(), entries, next, at)
}

impl<R: Reads> World<R> {
    pub(crate) fn new(seed: u64, reads: R) -> Self {
        let mut dice = Dice(seed);
        let mut config = Config::new(dice.next());
        if dice.percent(30) {
            config = config.tries(1 + u32::try_from(dice.below(3)).unwrap());
        }
        if dice.percent(20) {
            config = config.settle_wait(Some(millis(45_000)));
        }
        let queues = dice.percent(30);
        if queues {
            config = config.queues(Queues::Everywhere);
        }
        let most = 1 + dice.below(4);
        let rate = dice.one_of(&[Rate::UNLIMITED, Rate::PER_SECOND, Rate::per_second(10)]);
        // In each third world all is about one thing.
        let (objects, sorts): (&[&str], &[Sort]) = match dice.below(6) {
            0 => (&OBJECTS[..1], &[Sort::Modify]),
            1 => (&OBJECTS[..1], &[Sort::Create, Sort::Delete, Sort::Create, Sort::Modify]),
            _ => (&OBJECTS, &Sort::ALL),
        };
        let at = Moment::new(base(), WALL);
        let dispatch = dispatch((&reads, &config, most, rate), Vec::new(), 1, at);
        Self {
            reads,
            config,
            most,
            rate,
            dice,
            dispatch,
            api: Api::default(),
            now: base(),
            events: BTreeMap::new(),
            number: 0,
            objects,
            sorts,
            stormy: true,
            journal: BTreeMap::new(),
            next_ticket: 1,
            calls: BTreeMap::new(),
            asked: BTreeMap::new(),
            handed_over: BTreeMap::new(),
            executed: BTreeMap::new(),
            executed_marks: BTreeMap::new(),
            denied: BTreeSet::new(),
            not_sent: BTreeSet::new(),
            meddled: BTreeSet::new(),
            named: BTreeSet::new(),
            unknowable: BTreeSet::new(),
            promised: BTreeSet::new(),
            late: BTreeSet::new(),
            pending: false,
            queues,
            broken: base(),
            wrong: 0,
            tally: Tally::default(),
        }
    }

    fn at(&self) -> Moment {
        let passed = u64::try_from(self.now.duration_since(base()).as_millis()).unwrap();
        Moment::new(self.now, WALL + passed - self.wrong)
    }

    const fn unique(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Tells what happens, if `RRP_TRACE` is set.
    fn trace(&self, what: std::fmt::Arguments<'_>) {
        static TRACE: std::sync::LazyLock<bool> =
            std::sync::LazyLock::new(|| std::env::var_os("RRP_TRACE").is_some());
        if *TRACE {
            println!("{} {what}", self.at().wall() - WALL);
        }
    }

    fn later(&mut self, wait: u64, event: Event) {
        let number = self.unique();
        self.events.insert((self.now + millis(wait), number), event);
    }

    /// Somebody asks for something.
    pub(crate) fn ask(&mut self) {
        let sort = self.dice.one_of(self.sorts);
        let object = self.dice.one_of(self.objects).to_owned();
        let safeties =
            [Safety::ReadBack, Safety::ReadBack, Safety::Once, Safety::TrustReply, Safety::Repeatable];
        let mut safety = self.dice.one_of(&safeties);
        // Only of what does no harm somebody says that twice is harmless.
        if safety == Safety::Repeatable && sort != Sort::Modify {
            safety = Safety::ReadBack;
        }
        let keyed = self.dice.percent(60);
        let mark = self.unique();
        self.asked.insert(mark, Asked { sort, object, safety, keyed });
        self.ask_for(mark);
    }

    fn ask_for(&mut self, mark: u64) {
        let Asked { sort, object, safety, keyed } = self.asked[&mark].clone();
        let mut options = Options::new().user("u").caller(self.dice.one_of(&["x", "y"]));
        if keyed {
            options = options.key(&format!("key-{mark}"));
        }
        if self.stormy && self.dice.percent(40) {
            options = options.deadline(self.now + millis(1_000 + self.dice.next() % 120_000));
        }
        let request = sort.request(mark, &object);
        let call = self.dispatch.change(request, safety, options, self.at());
        self.calls.insert(call, Call::Change { mark, keyed });
        self.act();
    }

    /// One of the many things that happen.
    pub(crate) fn stir(&mut self) {
        match self.dice.below(20) {
            0..9 => self.ask(),
            9..12 => {
                // Somebody asks for the same again.
                let keyed: Vec<u64> =
                    self.asked.iter().filter(|(_, it)| it.keyed).map(|(mark, _)| *mark).collect();
                if !keyed.is_empty() {
                    let mark = self.dice.one_of(&keyed);
                    self.ask_for(mark);
                }
            }
            12 => {
                let object = self.dice.one_of(self.objects);
                let look = OpaqueCommand::read("look", format!("look {object}"));
                let call = self.dispatch.query(look, Options::new(), self.at());
                self.calls.insert(call, Call::Query);
                self.act();
            }
            13 | 14 => {
                if let Some(ticket) = self.any_doubt() {
                    self.settle(ticket);
                }
            }
            15 => {
                if let Some(ticket) = self.any_doubt() {
                    self.resolve(ticket);
                }
            }
            16 => {
                let calls: Vec<CallId> = self.calls.keys().copied().collect();
                if !calls.is_empty() {
                    let call = self.dice.one_of(&calls);
                    self.calls.remove(&call);
                    self.dispatch.leave(call, self.at());
                    self.act();
                }
            }
            17 => {
                let (object, value) = (self.dice.one_of(self.objects), self.unique());
                self.meddled.insert(object.to_owned());
                self.api.meddle(object, value);
            }
            18 if self.dice.percent(30) => self.crash(),
            18 if self.dice.percent(30) => self.wrong = self.dice.next() % 400_000,
            19 if self.dice.percent(50) => self.broken = self.now + millis(self.dice.next() % 60_000),
            _ => {}
        }
        let pause = match self.dice.below(10) {
            0..4 => self.dice.next() % 1_000,
            4..9 => self.dice.next() % 20_000,
            _ => self.dice.next() % 200_000,
        };
        self.pass(pause);
    }

    fn any_doubt(&mut self) -> Option<Ticket> {
        let doubts: Vec<Ticket> = self.dispatch.doubts().map(Entry::ticket).collect();
        (!doubts.is_empty()).then(|| self.dice.one_of(&doubts))
    }

    fn settle(&mut self, ticket: Ticket) {
        let call = self.dispatch.settle(ticket, Options::new(), self.at());
        self.calls.insert(call, Call::Settle(ticket));
        self.act();
    }

    /// A person looks, and says the truth, but only once nothing more can come.
    fn resolve(&mut self, ticket: Ticket) {
        let late = |event: &Event| matches!(event, Event::Late(attempt, _) if attempt.ticket == ticket);
        if self.events.values().any(late) {
            return;
        }
        let applied = self.executed.contains_key(&ticket);
        let word = if applied { Resolution::Applied } else { Resolution::NotApplied };
        if self.dispatch.resolve(ticket, word, "", self.at()).is_ok() && !applied {
            self.denied.insert(ticket);
        }
        self.act();
    }

    /// The process ends, and another one begins with what its journal holds.
    fn crash(&mut self) {
        self.tally.crashes += 1;
        self.trace(format_args!("crash"));
        let mut writes = true;
        for (_, event) in std::mem::take(&mut self.events) {
            match event {
                // What was executed, or will be, is not undone by that.
                // Of what nobody has written down the next process knows nothing.
                Event::Another(attempt) if !self.knows_another(attempt) => {}
                Event::Late(..) | Event::Another(_) => {
                    self.number += 1;
                    self.events.insert((self.now + millis(self.number % 20_000), self.number), event);
                }
                Event::Record(_, puts) => {
                    writes &= self.dice.percent(60);
                    if writes {
                        self.write(puts);
                    }
                }
                Event::Fate(..) => {}
                Event::NotTaken(_) => {}
            }
        }
        // What nobody has heard, or written, nobody can know.
        for ticket in &self.named {
            let entry = self.journal.get(ticket).filter(|entry| !entry.intent().before().is_empty());
            self.unknowable.extend(entry.map(Entry::ticket));
        }
        self.calls.clear();
        let entries: Vec<Entry> = self.journal.values().cloned().collect();
        let (next, at) = (self.next_ticket, self.at());
        self.dispatch = dispatch((&self.reads, &self.config, self.most, self.rate), entries, next, at);
        self.act();
    }

    fn write(&mut self, puts: Vec<Put>) {
        for put in puts {
            match put {
                Put::Entry(entry) => {
                    self.next_ticket = self.next_ticket.max(entry.ticket().get() + 1);
                    self.journal.insert(entry.ticket(), entry);
                }
                Put::Remove(ticket) => {
                    self.journal.remove(&ticket);
                }
                Put::Account(_) => panic!("there is no account"),
            }
        }
    }

    /// Time passes.
    fn pass(&mut self, time: u64) {
        let end = self.now + millis(time);
        let mut idle = 0;
        loop {
            let event = self.events.first_key_value().map(|((when, _), _)| *when);
            let due = self.dispatch.poll_timeout();
            let Some(next) = event.into_iter().chain(due).min().filter(|next| *next <= end) else { break };
            idle = if next > self.now { 0 } else { idle + 1 };
            assert!(idle < 10_000, "it goes round and round");
            self.now = self.now.max(next);
            if due.is_some_and(|due| due <= self.now) {
                self.dispatch.handle_timeout(self.at());
            } else if let Some((_, event)) = self.events.pop_first() {
                self.happen(event);
            }
            self.act();
        }
        self.now = end;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Fate(slot, fate) => {
                let alive = matches!(fate, Fate::Answered(_));
                self.dispatch.handle_fate(slot, Ok(fate), alive, self.at());
            }
            Event::Late(attempt, body) => {
                self.execute(attempt, &body);
            }
            Event::Another(attempt) => self.finish_another(attempt),
            Event::NotTaken(id) => {
                let full = std::sync::Arc::from(Box::from("backlog"));
                self.dispatch.handle_recorded(id, Err(full), self.at());
            }
            Event::Record(id, puts) => {
                let broken = self.now < self.broken;
                let fails = self.stormy && self.dice.percent(if broken { 70 } else { 2 });
                // Of a write that fails nobody knows what it has written.
                if !fails || self.dice.percent(50) {
                    self.write(puts);
                }
                let result = if fails { Err(std::sync::Arc::from(Box::from("disk full"))) } else { Ok(()) };
                self.dispatch.handle_recorded(id, result, self.at());
            }
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.dispatch.poll_action() {
            self.trace(format_args!("{action:?}"));
            match action {
                Action::Record { id, puts } => {
                    // The journal writes in order.
                    let record = |(key, event): (&(Instant, u64), &Event)| {
                        matches!(event, Event::Record(..)).then_some(key.0)
                    };
                    let last = self.events.iter().filter_map(record).max().unwrap_or(self.now);
                    let slow = self.stormy && self.dice.percent(if self.now < self.broken { 15 } else { 1 });
                    let wait = if slow { 12_000 } else { self.dice.one_of(&[0, 0, 1, 20]) };
                    let number = self.unique();
                    let when = last.max(self.now) + millis(wait);
                    let waits = when > self.now + millis(500);
                    if waits && self.stormy && self.dice.percent(20) {
                        self.events.insert((self.now, number), Event::NotTaken(id));
                        continue;
                    }
                    self.events.insert((when, number), Event::Record(id, puts));
                }
                Action::Send { slot, command } => self.send(slot, command),
                Action::Tell { call, told } => {
                    let call = self.calls.remove(&call).expect("every call is told once");
                    self.told(call, &told);
                }
                Action::Probe { .. } => panic!("there is no login"),
            }
        }
    }

    /// Nothing goes wrong any more: what can be settled is, and a person says the rest.
    pub(crate) fn calm(&mut self, readable: bool) {
        self.stormy = false;
        self.finish();
        let doubts: Vec<Ticket> = self.dispatch.doubts().map(Entry::ticket).collect();
        for ticket in doubts {
            self.settle(ticket);
        }
        self.finish();
        let left: Vec<Entry> = self.dispatch.doubts().cloned().collect();
        for entry in &left {
            let Asked { sort, object, .. } = &self.asked[&mark_of(entry)];
            // What is compared needs a reading before, which is worth nothing once another operation was named.
            let compares = self.reads.wants_earlier_reading(entry.intent().sent());
            let named = self.named.iter().any(|ticket| {
                let of = self.journal.get(ticket).map(mark_of);
                of.is_none_or(|mark| self.asked[&mark].object == *object)
            });
            let comparable = !named && (!compares || !entry.intent().before().is_empty());
            // Nor is anything proven behind what is done later, nor is what is not found not done.
            let done = self.executed.contains_key(&entry.ticket());
            let comparable =
                comparable && !self.late.contains(object) && (done || !self.pending && !self.queues);
            let shown = match sort {
                Sort::Charge => false,
                Sort::Modify => !self.meddled.contains(object) && comparable,
                _ => comparable,
            };
            assert!(!(readable && shown), "a read could have settled {entry:#?}");
        }
        for entry in left {
            self.resolve(entry.ticket());
        }
        self.finish();
        assert_eq!(self.dispatch.doubts().len(), 0);
        // Nothing stands in the way of anybody, and every key is worth what it was.
        let keyed: Vec<u64> = self.asked.iter().filter(|(_, it)| it.keyed).map(|(mark, _)| *mark).collect();
        for mark in keyed {
            self.ask_for(mark);
            self.finish();
        }
        for entry in self.journal.values() {
            let done = self.executed.contains_key(&entry.ticket());
            match entry.standing() {
                Standing::Accepted(_) => assert!(done || self.is_beyond(entry.ticket()), "{entry:#?}"),
                Standing::Refused { .. } | Standing::NotApplied => assert!(!done, "{entry:#?}"),
                Standing::Open | Standing::InDoubt => panic!("{entry:#?}"),
            }
        }
    }

    /// Everything comes to its end, and every call is told.
    fn finish(&mut self) {
        for _ in 0..1_000 {
            if self.dispatch.jobs() == 0 && self.events.is_empty() && self.dispatch.unrecorded() == 0 {
                break;
            }
            self.pass(60_000);
        }
        let left = (self.dispatch.jobs(), self.dispatch.calls(), self.dispatch.unrecorded());
        assert_eq!((left, self.dispatch.slots().busy()), ((0, 0, 0), 0), "{:#?}", self.dispatch);
        assert_eq!((self.calls.len(), self.dispatch.poll_timeout()), (0, None));
    }
}
