//! One process: a dispatcher, its session, its journal, as the runtime drives them.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rrp::Command;
use rrp::command::Effect;
use rrp::command::Safety;
use rrp::dispatch::{
    Action, CallId, Config, Dispatch, Entry, Moment, Options, Put, RecordId, SessionAction, SingleSession,
    Slot, Standing, Ticket, Unavailable,
};
use rrp::retry::Backoff;
use rrp::session::{self, Event, Fate, Why};
use rrp::settle::Keyed;
use rrp::sim::Registry;

use crate::faults::{self, Kind};
use crate::keep::Keep;
use crate::line::{Cut, InHand, Line};
use crate::mark;
use crate::oracle::{Call, Oracle};
use crate::pair::{Break, Dice};

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
}

impl Weather {
    /// Nothing goes wrong.
    pub(crate) const CALM: Self =
        Self { writes: 0, others: 0, journal: 0, connections: false, only: None, cut: None };
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
    pub(crate) pace: Duration,
    pub(crate) session: session::Config,
    pub(crate) latencies: Vec<u64>,
    pub(crate) chunks: Vec<usize>,
}

pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) setup: Setup,
    pub(crate) dispatch: Dispatch<SingleSession>,
    pub(crate) lines: Vec<Line>,
    pub(crate) keep: Box<dyn Keep>,
    records: VecDeque<(Instant, RecordId, Vec<Put>)>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    /// An intent was recorded of which nothing was handed over yet.
    fresh: Option<Ticket>,
    retry_login: Option<Instant>,
    /// The process ends before the record of this number, or right behind it.
    pub(crate) crash_at: Option<(u64, bool)>,
    pub(crate) recorded: u64,
    pub(crate) crashed: bool,
}

fn dispatch(setup: &Setup, (entries, next): (Vec<Entry>, u64), at: Moment) -> Dispatch<SingleSession> {
    let reopening = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));
    let slots = SingleSession::new(setup.pace, 7).reopening(reopening);
    Dispatch::new(setup.config.clone(), slots, Keyed::new(&[7; 32]), entries, next, at)
}

impl Client {
    pub(crate) fn new(number: usize, setup: Setup, mut keep: Box<dyn Keep>, at: Moment, wall: u64) -> Self {
        Self {
            number,
            dispatch: dispatch(&setup, keep.crash(wall), at),
            setup,
            lines: Vec::new(),
            keep,
            records: VecDeque::new(),
            calls: BTreeMap::new(),
            fresh: None,
            retry_login: None,
            crash_at: None,
            recorded: 0,
            crashed: false,
        }
    }

    /// The process ends here, and another one begins with what its journal holds.
    pub(crate) fn crash(&mut self, place: &mut Place<'_>) {
        for line in &mut self.lines {
            line.drop(place.now);
        }
        self.records.clear();
        self.fresh = None;
        self.crashed = false;
        let lost = std::mem::take(&mut self.calls);
        let kept = self.keep.crash(place.wall);
        place.oracle.restored(self.number, &kept.0);
        self.dispatch = dispatch(&self.setup, kept, place.at());
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
        let record = self.records.front().map(|(when, ..)| *when);
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
            while !self.lines[at].dropped
                && let Some(bytes) = self.lines[at].write(now)
            {
                acted = true;
                let line = &self.lines[at];
                if let InHand::Command(slot, _, mark, true) = &line.in_hand {
                    let id = line.id;
                    let mark = mark.expect("every write has a mark");
                    place.oracle.handed_over(self.number, mark, &mut self.fresh, id, now, *slot, &bytes);
                }
                acted |= self.take_events(at, place);
            }
        }
        if self.dispatch.poll_timeout().is_some_and(|when| when <= now) {
            self.dispatch.handle_timeout(place.at());
        }
        while let Some(action) = self.dispatch.poll_action() {
            acted = true;
            self.act(action, place);
        }
        while let Some(action) = self.dispatch.slots_mut().poll_session(now) {
            acted = true;
            self.act_on_session(action, place);
        }
        acted |= self.write_records(place);
        self.lines.retain(|line| !line.is_over());
        acted
    }

    fn write_records(&mut self, place: &mut Place<'_>) -> bool {
        let mut acted = false;
        while self.records.front().is_some_and(|(when, ..)| *when <= place.now) && !self.crashed {
            let Some((_, id, puts)) = self.records.pop_front() else { break };
            acted = true;
            let number = self.recorded;
            self.recorded += 1;
            if self.crash_at == Some((number, false)) {
                self.crashed = true;
                return true;
            }
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
            if let ([Put::Entry(entry)], Ok(())) = (&puts[..], &result)
                && *entry.standing() == Standing::Open
                && entry.attempts() == 0
            {
                self.fresh = Some(entry.ticket());
            }
            self.dispatch.handle_recorded(id, result, place.at());
        }
        acted
    }

    fn act(&mut self, action: Action, place: &mut Place<'_>) {
        trace(place, format_args!("{}: {action:?}", self.number));
        match action {
            Action::Record { id, puts } => {
                if puts.iter().any(|put| matches!(put, Put::Remove(ticket) if Some(*ticket) == self.fresh)) {
                    self.fresh = None;
                }
                let wait = Duration::from_millis(place.dice.one_of(&[0, 0, 1, 20]));
                let due = self.records.back().map_or(place.now, |(when, ..)| (*when).max(place.now)) + wait;
                self.records.push_back((due, id, puts));
            }
            Action::Send { slot, command } => self.send(slot, command, place),
            Action::Probe { slot } => {
                let line = self.lines.iter_mut().find(|line| line.number == slot.session && !line.dropped);
                if let Some(line) = line
                    && line.session.keep_alive(place.now).is_ok()
                {
                    line.in_hand = InHand::Probe(slot, 0);
                } else {
                    self.dispatch.handle_probed(slot, false, false, place.at());
                }
            }
            Action::Tell { call, told } => {
                let call = self.calls.remove(&call).expect("every call is told once, if it has not left");
                place.oracle.told(self.number, &call, told);
            }
        }
    }

    fn send(&mut self, slot: Slot, command: Command, place: &mut Place<'_>) {
        let mark = mark::of(&command);
        let writes = command.nature().effect() == Effect::Write;
        let billable = command.nature().billable().at_stake();
        let line = self.lines.iter_mut().find(|line| line.number == slot.session && !line.dropped);
        let Some(line) = line else {
            return self.dispatch.handle_fate(slot, Ok(Fate::Unsent(command)), false, place.at());
        };
        match line.session.submit(command, place.now) {
            Err(rejected) => {
                assert!(line.session.has_ended() || !line.session.is_ready(), "{rejected:?}");
                let alive = !line.session.has_ended();
                self.dispatch.handle_fate(slot, Err(rejected), alive, place.at());
            }
            Ok(id) => {
                line.in_hand = InHand::Command(slot, id, mark, writes);
                let first = writes && mark.is_some_and(|mark| place.oracle.is_first(mark));
                let Weather { writes: often, others, only, .. } = place.weather;
                let kind = if !place.dice.percent(if first { often } else { others }) {
                    Kind::None
                } else {
                    only.unwrap_or_else(|| Kind::any(place.dice))
                };
                line.cut = place.weather.cut.filter(|_| first).or_else(|| kind.cut(place.dice));
                let effects = kind.effects(billable, line.is_whole(), place.dice);
                trace(
                    place,
                    format_args!("{} on {}: with {effects:?} {:?}", self.number, line.id.number(), line.cut),
                );
                if place.registry.faults().pending() == 0 {
                    place.registry.faults().clear();
                }
                if let Some(fault) = faults::next_on(line.id.number(), effects) {
                    place.registry.faults().add(fault);
                }
                if let (true, Some(mark)) = (writes, mark) {
                    place.oracle.faulted(mark, kind, first);
                }
            }
        }
    }

    fn act_on_session(&mut self, action: SessionAction, place: &mut Place<'_>) {
        let now = place.now;
        match action {
            SessionAction::Open(number) => {
                assert!(self.lines.iter().all(|line| line.dropped), "two sessions at once");
                if place.weather.connections && place.dice.percent(4) {
                    let why = Unavailable::new("connection refused");
                    self.dispatch.slots_mut().failed(number, why, Duration::ZERO, now);
                    return self.dispatch.handle_timeout(place.at());
                }
                let connection = place.oracle.connected() + 1;
                let latency = Duration::from_millis(place.dice.one_of(&self.setup.latencies));
                if place.weather.connections {
                    for fault in faults::of_connection(connection, latency.is_zero(), place.dice) {
                        place.registry.faults().add(fault);
                    }
                }
                let id = place.registry.connect(now);
                assert_eq!(id.number(), connection);
                place.oracle.connect();
                let session = session::Session::new(self.setup.session.clone(), now).unwrap();
                let chunk = place.dice.one_of(&self.setup.chunks);
                let mut cut = || {
                    let how = place.dice.one_of(&[Break::Fin, Break::Reset]);
                    (place.weather.connections && place.dice.percent(2))
                        .then(|| (place.dice.below(3_000), how))
                };
                let cuts = (cut(), cut());
                self.lines.push(Line::new(number, id, session, latency, chunk, cuts));
            }
            SessionAction::End(number) => {
                let line = self.lines.iter_mut().find(|line| line.number == number && !line.dropped);
                match line {
                    Some(line) => line.session.quit(now),
                    None => {
                        self.dispatch.slots_mut().ended(number);
                        self.dispatch.handle_timeout(place.at());
                    }
                }
            }
        }
    }

    /// What a session tells, told to the dispatcher; whether there was anything.
    fn take_events(&mut self, at: usize, place: &mut Place<'_>) -> bool {
        let now = place.now;
        let mut events = self.lines[at].events();
        let line = &mut self.lines[at];
        let done = |event: &Event| matches!(event, Event::Done { .. } | Event::KeptAlive { .. });
        if events.iter().any(done) && !line.session.is_ready() && !line.session.has_ended() {
            // Something has come behind the reply: nobody uses it any more, so that another one may be opened.
            line.session.abandon();
            events.extend(line.events());
        }
        let any = !events.is_empty();
        for event in events {
            let line = &mut self.lines[at];
            let alive = line.session.is_ready();
            let number = line.number;
            match event {
                Event::LoggedIn { .. } => {
                    self.dispatch.slots_mut().opened(number, now);
                    self.dispatch.handle_timeout(place.at());
                }
                Event::Done { id, fate } => {
                    let InHand::Command(slot, sent, mark, writes) =
                        std::mem::replace(&mut line.in_hand, InHand::Nothing)
                    else {
                        panic!("an end of what nobody sent");
                    };
                    assert_eq!(id, sent);
                    if let (true, Some(mark)) = (writes, mark) {
                        place.oracle.fate(mark, &fate);
                    }
                    trace(place, format_args!("{} on {number}: {fate:?}", self.number));
                    self.dispatch.handle_fate(slot, Ok(fate), alive, place.at());
                }
                Event::KeptAlive { proven, .. } => {
                    let InHand::Probe(slot, proofs) = line.in_hand else { continue };
                    if proven && proofs == 0 && line.session.keep_alive(now).is_ok() {
                        line.in_hand = InHand::Probe(slot, 1);
                        continue;
                    }
                    line.in_hand = InHand::Nothing;
                    let holds = proven && proofs > 0;
                    self.dispatch.handle_probed(slot, holds, alive, place.at());
                }
                Event::Ended(end) => self.ended(at, &end, place),
                _ => {}
            }
        }
        any
    }

    fn ended(&mut self, at: usize, end: &session::End, place: &Place<'_>) {
        trace(place, format_args!("{} on {}: ended: {end}", self.number, self.lines[at].number));
        let now = place.now;
        let line = &mut self.lines[at];
        let number = line.number;
        line.drop(now);
        let probing = match std::mem::replace(&mut line.in_hand, InHand::Nothing) {
            InHand::Probe(slot, _) => Some(slot),
            _ => None,
        };
        let why = Unavailable::new("session ended");
        match end.why() {
            Why::LoginRefused(reply) if reply.code().as_u16() == 530 => {
                self.dispatch.slots_mut().refused(number, why, now);
                // Somebody corrects what was not wrong.
                self.retry_login = Some(now + Duration::from_secs(30));
            }
            _ => {
                self.dispatch.slots_mut().failed(number, why, Duration::ZERO, now);
                self.dispatch.slots_mut().ended(number);
            }
        }
        if let Some(slot) = probing {
            self.dispatch.handle_probed(slot, false, false, place.at());
        }
        self.dispatch.handle_timeout(place.at());
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
