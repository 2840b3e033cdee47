//! One process: a dispatcher, its sessions, its journal, as the runtime drives them.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rrp::Command;
use rrp::command::Safety;
use rrp::dispatch::{Account, Action, CallId, Config, Dispatch, Moment, Options, Put, RecordId, Ticket};
use rrp::pace::Shares;
use rrp::pool::{self, Event, Machine, Pool};
use rrp::session;
use rrp::settle::Keyed;
use rrp::sim::Registry;

use crate::faults::Kind;
use crate::keep::{Keep, Kept};
use crate::line::{Cut, Delay, Line};
use crate::oracle::{Call, Oracle};
use crate::pair::Dice;
use crate::watched::Watched;

/// How things go wrong for a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Of a hundred first attempts of writes, so many go wrong.
    pub(crate) writes: usize,
    /// Of a hundred other commands.
    pub(crate) others: usize,
    /// Of a hundred records.
    pub(crate) journal: usize,
    /// Whether connections and logins do.
    pub(crate) connections: bool,
    /// Only this goes wrong about a write.
    pub(crate) only: Option<Kind>,
    /// The network does this about the first attempt of each write.
    pub(crate) cut: Option<Cut>,
    /// Of a hundred connections so many fall silent within an hour.
    pub(crate) silence: usize,
}

impl Weather {
    /// Nothing goes wrong.
    pub(crate) const CALM: Self =
        Self { writes: 0, others: 0, journal: 0, connections: false, only: None, cut: None, silence: 0 };
}

/// What a client acts on.
pub(crate) struct Place<'p> {
    pub(crate) registry: &'p mut Registry,
    pub(crate) oracle: &'p mut Oracle,
    pub(crate) dice: &'p mut Dice,
    pub(crate) now: Instant,
    pub(crate) wall: u64,
    pub(crate) weather: Weather,
}

impl Place<'_> {
    pub(crate) const fn at(&self) -> Moment {
        Moment::new(self.now, self.wall)
    }
}

/// How a client is set up; the same after a crash.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) pool: pool::Options,
    /// So many sessions at the most, as the pool is told.
    pub(crate) sessions: usize,
    pub(crate) session: session::Config,
    /// Each connection has one of these.
    pub(crate) delays: Vec<Delay>,
    pub(crate) chunks: Vec<usize>,
}

/// A machine that has not been booted since.
pub(crate) const BOOT: &str = "boot";

pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) setup: Setup,
    pub(crate) dispatch: Dispatch<Watched>,
    pub(crate) lines: Vec<Line>,
    pub(crate) keep: Box<dyn Keep>,
    records: VecDeque<(Instant, Record)>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    pub(crate) retry_login: Option<Instant>,
    /// What left last, and when its reply came.
    pub(crate) last_left: LastLeft,
    /// What the pool has told.
    pub(crate) events: Vec<Event>,
    /// The process ends before the record of this number, or right behind it.
    pub(crate) crash_at: Option<(u64, bool)>,
    pub(crate) recorded: u64,
    pub(crate) crashed: bool,
}

/// The command that left last, on whatever session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LastLeft {
    pub(crate) session: u64,
    pub(crate) at: Option<Instant>,
    pub(crate) answered: Option<Instant>,
}

impl LastLeft {
    pub(crate) fn leaves(&mut self, session: u64, now: Instant) {
        *self = Self { session, at: Some(now), answered: None };
    }

    pub(crate) fn answered(&mut self, session: u64, now: Instant) {
        if self.session == session && self.answered.is_none() {
            self.answered = Some(now);
        }
    }
}

/// What the journal is to write, and for whom.
enum Record {
    Puts(RecordId, Vec<Put>),
    Account(Account),
}

fn dispatch(setup: &Setup, kept: Kept, machine: Machine, at: Moment) -> Dispatch<Watched> {
    let pool = Pool::new(setup.pool.clone(), machine, [7; 16], &kept.account, at);
    let pool = Watched::new(pool, Shares::DEFAULT);
    Dispatch::new(setup.config.clone(), pool, Keyed::new(&[7; 32]), kept.entries, kept.next, at)
}

impl Client {
    pub(crate) fn new(number: usize, setup: Setup, mut keep: Box<dyn Keep>, at: Moment, wall: u64) -> Self {
        Self {
            number,
            dispatch: dispatch(&setup, keep.crash(wall), Machine::booted(BOOT, None), at),
            setup,
            lines: Vec::new(),
            keep,
            records: VecDeque::new(),
            calls: BTreeMap::new(),
            retry_login: None,
            last_left: LastLeft::default(),
            events: Vec::new(),
            crash_at: None,
            recorded: 0,
            crashed: false,
        }
    }

    /// The process ends here, its kernel closes its connections, and another one begins with what its journal holds.
    pub(crate) fn crash(&mut self, place: &mut Place<'_>) {
        self.crash_on(Machine::booted(BOOT, None), place);
    }

    /// The same, and the other one finds this machine.
    pub(crate) fn crash_on(&mut self, machine: Machine, place: &mut Place<'_>) {
        for line in &mut self.lines {
            line.drop(place.now);
        }
        self.records.clear();
        self.crashed = false;
        let lost = std::mem::take(&mut self.calls);
        let kept = self.keep.crash(place.wall);
        place.oracle.restored(self.number, &kept.entries);
        self.dispatch = dispatch(&self.setup, kept, machine, place.at());
        place.oracle.restarted(self.number, lost.into_values(), self.dispatch.doubts());
    }

    pub(crate) fn query(
        &mut self,
        command: Command,
        options: Options,
        call: Call,
        place: &Place<'_>,
    ) -> CallId {
        let id = self.dispatch.query(command, options, place.at());
        self.calls.insert(id, call);
        id
    }

    pub(crate) fn change(
        &mut self,
        command: Command,
        safety: Safety,
        options: Options,
        call: Call,
        place: &Place<'_>,
    ) -> CallId {
        let id = self.dispatch.change(command, safety, options, place.at());
        self.calls.insert(id, call);
        id
    }

    pub(crate) fn settle(&mut self, ticket: Ticket, options: Options, place: &Place<'_>) -> CallId {
        let id = self.dispatch.settle(ticket, options, place.at());
        self.calls.insert(id, Call::Settle(ticket));
        id
    }

    /// A caller leaves without a word.
    pub(crate) fn leave(&mut self, call: CallId, place: &Place<'_>) {
        self.calls.remove(&call);
        self.dispatch.leave(call, place.at());
    }

    /// When something happens next.
    pub(crate) fn due(&self) -> Option<Instant> {
        let record = self.records.front().map(|(when, _)| *when);
        let lines = self.lines.iter().filter_map(Line::due).min();
        [self.dispatch.poll_timeout(), record, lines, self.retry_login].into_iter().flatten().min()
    }

    /// Does what is to be done now; whether anything was.
    pub(crate) fn step(&mut self, place: &mut Place<'_>) -> bool {
        let now = place.now;
        let mut acted = false;
        if self.retry_login.is_some_and(|when| when <= now) {
            self.retry_login = None;
            self.dispatch.slots_mut().retry_login();
            self.dispatch.handle_timeout(place.at());
            acted = true;
        }
        for at in 0..self.lines.len() {
            acted |= self.lines[at].read(now);
            acted |= self.take_events(at, place);
            while self.write(at, place) {
                acted = true;
                self.take_events(at, place);
            }
        }
        if self.dispatch.poll_timeout().is_some_and(|when| when <= now) {
            self.dispatch.handle_timeout(place.at());
        }
        acted |= self.act_all(place);
        acted |= self.write_records(place);
        self.lines.retain(|line| !line.is_over());
        acted
    }

    /// Does what dispatcher and pool want done; whether they did.
    fn act_all(&mut self, place: &mut Place<'_>) -> bool {
        let mut acted = false;
        loop {
            let mut quiet = true;
            while let Some(action) = self.dispatch.poll_action() {
                quiet = false;
                self.act(action, place);
            }
            while let Some(action) = self.dispatch.slots_mut().poll_action(place.at()) {
                quiet = false;
                trace(place, format_args!("{}: {action:?}", self.number));
                match action {
                    pool::Action::Remember(account) => self.record(Record::Account(account), place),
                    other => self.act_on_session(other, place),
                }
                self.dispatch.handle_timeout(place.at());
            }
            while let Some(probed) = self.dispatch.slots_mut().poll_probed() {
                quiet = false;
                self.dispatch.handle_probed(probed.slot, probed.holds, probed.alive, place.at());
            }
            while let Some(event) = self.dispatch.slots_mut().poll_event() {
                trace(place, format_args!("{}: {event:?}", self.number));
                self.events.push(event);
            }
            if self.dispatch.slots().snapshot().login_refused.is_some() && self.retry_login.is_none() {
                // Somebody corrects what was not wrong.
                self.retry_login = Some(place.now + Duration::from_secs(30));
            }
            if quiet {
                return acted;
            }
            acted = true;
        }
    }

    fn record(&mut self, record: Record, place: &mut Place<'_>) {
        let wait = Duration::from_millis(place.dice.one_of(&[0, 0, 1, 20]));
        let due = self.records.back().map_or(place.now, |(when, _)| (*when).max(place.now)) + wait;
        self.records.push_back((due, record));
    }

    fn write_records(&mut self, place: &mut Place<'_>) -> bool {
        let mut acted = false;
        while self.records.front().is_some_and(|(when, _)| *when <= place.now) && !self.crashed {
            let Some((_, record)) = self.records.pop_front() else { break };
            acted = true;
            let number = self.recorded;
            self.recorded += 1;
            if self.crash_at == Some((number, false)) {
                self.crashed = true;
                return true;
            }
            let puts = match &record {
                Record::Puts(_, puts) => puts.clone(),
                Record::Account(account) => vec![Put::Account(account.clone())],
            };
            let failing = place.dice.percent(place.weather.journal);
            // Of a write that fails nobody knows what it has written.
            let written = !failing || place.dice.percent(50);
            let mut result = Ok(());
            if written {
                result = self.keep.write(&puts, place.wall);
                if result.is_ok() {
                    place.oracle.recorded(self.number, &puts);
                } else if self.keep.has_gone() {
                    place.oracle.perhaps_recorded(self.number, &puts);
                    self.crashed = true;
                    return true;
                }
            }
            if failing {
                result = Err(Arc::new(io::Error::other("disk full")));
            }
            if self.crash_at == Some((number, true)) {
                self.crashed = true;
                return true;
            }
            match record {
                Record::Puts(id, _) => self.dispatch.handle_recorded(id, result, place.at()),
                Record::Account(_) => {
                    self.dispatch.slots_mut().remembered(result.is_ok(), place.now);
                    self.dispatch.handle_timeout(place.at());
                }
            }
        }
        acted
    }

    fn act(&mut self, action: Action, place: &mut Place<'_>) {
        trace(place, format_args!("{}: {action:?}", self.number));
        match action {
            Action::Record { id, puts } => self.record(Record::Puts(id, puts), place),
            Action::Send { slot, command } => self.send(slot, command, place),
            Action::Probe { slot } => {
                self.dispatch.slots_mut().prove_login(slot, place.now);
                self.dispatch.handle_timeout(place.at());
            }
            Action::Tell { call, told } => {
                let call = self.calls.remove(&call).expect("every call is told once, if it has not left");
                place.oracle.told(self.number, &call, told);
            }
        }
    }
}

/// Tells what happens, if `RRP_TRACE` is set.
pub(crate) fn trace(place: &Place<'_>, what: std::fmt::Arguments<'_>) {
    static TRACE: std::sync::LazyLock<bool> =
        std::sync::LazyLock::new(|| std::env::var_os("RRP_TRACE").is_some());
    if *TRACE {
        println!("{} {what}", place.wall % 100_000_000);
    }
}
