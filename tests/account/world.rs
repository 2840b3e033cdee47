//! One account's client, its callers and the registry on one clock.

use std::time::{Duration, Instant};

use rrp::command::{Body, Repeat};
use rrp::dispatch::{CallId, Config, Lane, Moment, Options, Slots, Ticket};
use rrp::pace::Rate;
use rrp::pool::{self, Machine};
use rrp::session;
use rrp::settle::{Resolver, resolver};
use rrp::sim::{self, Domain, Registrar, Registry, Stamp};

use crate::callers::{DOMAINS, Wanted, domain_name, pause, wants};
use crate::client::{BOOT, Client, Place, Setup, Weather};
use crate::eyes::Eyes;
use crate::keep::Map;
use crate::line::Delay;
use crate::oracle::{Asked, Call, Oracle};
use crate::pair::Dice;
use crate::spent::Spent;
use crate::support::session::{PASSWORD, base, login};

/// 2026-01-01, when the registry's clock starts.
const START: u64 = 1_767_225_600_000;

/// What an account is allowed.
pub(crate) const SESSIONS: usize = 5;
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);
pub(crate) const ALLOWED_DELAY: Duration = Duration::from_millis(250);

/// A registry that allows an account five sessions and one command per second, and locks it for five minutes.
pub(crate) fn registry(seed: u64) -> sim::Config {
    sim::Config::new()
        .registrar(Registrar::new("registrar", PASSWORD).sessions(SESSIONS))
        .zones(["example.com"])
        .seed(seed)
        .rate(1, INTERVAL, Duration::from_secs(300))
}

pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) client: Client,
    pub(crate) oracle: Oracle,
    pub(crate) eyes: Eyes,
    pub(crate) spent: Spent,
    pub(crate) dice: Dice,
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    /// Nobody is there: the process has ended, and the next one has not begun.
    down: bool,
    boots: usize,
    marks: usize,
    /// When somebody of these lanes asks for something.
    pub(crate) next: Vec<(Instant, Lane)>,
    /// Who leaves without a word, and when.
    leaving: Vec<(Instant, CallId)>,
    /// So many wait in the lane for much at the least.
    pub(crate) backlog: usize,
}

impl World {
    pub(crate) fn new(
        config: sim::Config,
        seed: u64,
        delays: Vec<Delay>,
        options: pool::Options,
        eyes: Eyes,
    ) -> Self {
        let mut registry = Registry::new(config, base());
        let (created, expires) = (Stamp::midnight(2020, 3, 1), Stamp::midnight(2027, 3, 1));
        for number in 0..DOMAINS {
            registry.insert_domain(Domain::new(&domain_name(number), "registrar", created, expires));
        }
        registry.set_balance("registrar", i64::MAX / 4);
        let setup = Setup {
            config: Config::new(seed),
            pool: options.sessions(0..=SESSIONS).rate(Rate::PER_SECOND),
            sessions: SESSIONS,
            session: session::Config::new(login()).keepalive_after(None).login_when_told(),
            delays,
            chunks: vec![usize::MAX],
        };
        let at = Moment::new(base(), START);
        let client = Client::new(0, setup, Box::new(Map::default()), at, START);
        Self {
            registry,
            client,
            oracle: Oracle::new(true),
            eyes,
            spent: Spent::default(),
            dice: Dice(seed),
            now: base(),
            weather: Weather::CALM,
            down: false,
            boots: 0,
            marks: 0,
            next: Vec::new(),
            leaving: Vec::new(),
            backlog: 0,
        }
    }

    fn wall(&self) -> u64 {
        START + u64::try_from((self.now - base()).as_millis()).unwrap()
    }

    pub(crate) fn at(&self) -> Moment {
        Moment::new(self.now, self.wall())
    }

    /// Does something with the client.
    pub(crate) fn with<R>(&mut self, act: impl FnOnce(&mut Client, &mut Place<'_>) -> R) -> R {
        let mut place = Place {
            wall: self.wall(),
            registry: &mut self.registry,
            oracle: &mut self.oracle,
            dice: &mut self.dice,
            now: self.now,
            weather: self.weather,
        };
        act(&mut self.client, &mut place)
    }

    /// Does all that is to be done at this moment.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            let mut quiet = self.down || !self.with(Client::step);
            for event in std::mem::take(&mut self.client.events) {
                self.eyes.told(&event, self.now);
            }
            for line in &mut self.client.lines {
                let (eyes, now) = (&mut self.eyes, self.now);
                quiet &= !line.deliver(&mut self.registry, now, |on, bytes| eyes.see(on, bytes, now));
            }
            while let Some((id, action)) = self.registry.poll(self.now) {
                quiet = false;
                self.eyes.act(id, &action);
                if let Some(line) = self.client.lines.iter_mut().find(|line| line.id == id) {
                    line.act(action, self.now);
                }
            }
            self.oracle.read(&self.registry);
            self.eyes.count(&mut self.registry, &self.client.lines, self.now);
            if quiet {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    fn due(&self) -> Option<Instant> {
        let client = if self.down {
            self.client.lines.iter().filter_map(crate::line::Line::due).min()
        } else {
            self.client.due()
        };
        let leaves = self.leaving.iter().map(|(when, _)| *when);
        let asks = self.next.iter().map(|(when, _)| *when).chain(leaves).min().filter(|_| !self.down);
        [client, asks, self.registry.poll_timeout()].into_iter().flatten().min()
    }

    /// Lets the time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let mut stuck = 0;
        loop {
            self.settle();
            if !self.down && self.ask_all() {
                continue;
            }
            let due = self.due().filter(|due| *due <= end);
            let next = due.map_or(end, |due| due.max(self.now));
            if !self.down {
                self.spent.pass(&self.client, INTERVAL, ALLOWED_DELAY, self.now, next - self.now);
            }
            stuck = if next == self.now { stuck + 1 } else { 0 };
            assert!(
                stuck < 100,
                "something is due, and nothing happens: {:#?}",
                self.client.dispatch.slots()
            );
            self.now = next;
            if due.is_none() {
                break;
            }
        }
        self.settle();
    }

    /// Whoever wants something now asks for it; whether anybody did.
    fn ask_all(&mut self) -> bool {
        let due = self.next.iter().position(|(when, _)| *when <= self.now);
        if let Some(at) = due {
            let lane = self.next[at].1;
            let mean = if lane == Lane::Interactive { 4 } else { 7 };
            self.next[at].0 = self.now + pause(mean, &mut self.dice);
            self.ask(lane);
            return true;
        }
        if let Some(at) = self.leaving.iter().position(|(when, _)| *when <= self.now) {
            let (_, call) = self.leaving.swap_remove(at);
            self.with(|client, place| client.leave(call, place));
            return true;
        }
        let mut any = false;
        // Whoever is told at once that no login is tried does not ask again and again.
        let refused = self.client.dispatch.slots().unavailable().is_some();
        while !refused && self.client.dispatch.slots().waiting() < self.backlog {
            any = true;
            for _ in 0..20 {
                self.ask(Lane::Bulk);
            }
        }
        any
    }

    /// Somebody of this lane asks for something.
    pub(crate) fn ask(&mut self, lane: Lane) {
        self.marks += 1;
        let mark = self.marks;
        let Wanted { command, writes, safety, mut options } =
            wants(lane, mark, &self.registry, &mut self.dice);
        let deadline = lane != Lane::Bulk && self.dice.percent(25);
        if deadline {
            options = options.deadline(self.now + Duration::from_secs(20 + self.dice.next() % 1_200));
        }
        let id = if writes {
            let object = command.objects().first().map_or("", |object| object.name()).to_owned();
            let (resolver, repeat) = (resolver(&command), command.nature().repeat());
            let refused_twice = resolver == Some(Resolver::AddDomain)
                || resolver == Some(Resolver::Renew) && repeat == Repeat::Guarded;
            assert!(matches!(command.body(), Body::Ptf(_)));
            let command_name = command.name().to_owned();
            self.oracle.asks(mark, Asked { command: command_name, object, safety, resolver, refused_twice });
            let call = Call::Change { mark, keyed: false, deadline };
            self.with(|client, place| client.change(command, safety, options, call, place))
        } else {
            self.with(|client, place| client.query(command, options, Call::Query(mark), place))
        };
        if self.dice.percent(2) {
            self.leaving.push((self.now + pause(300, &mut self.dice), id));
        }
    }

    /// The process ends, and after this time another one begins; on another boot of the machine, nothing of the
    /// connections is closed.
    pub(crate) fn crash(&mut self, other_boot: bool) {
        let now = self.now;
        let least = if other_boot { 30_000 } else { 250 };
        let away = Duration::from_millis(least + self.dice.next() % 60_000);
        for line in &mut self.client.lines {
            if other_boot {
                line.silent_from = Some(line.silent_from.map_or(now, |from| from.min(now)));
            }
            line.drop(now);
        }
        self.eyes.crashed(now);
        self.leaving.clear();
        self.down = true;
        self.pass(away);
        self.down = false;
        self.boots += usize::from(other_boot);
        let boot = if self.boots == 0 { BOOT.to_owned() } else { format!("boot {}", self.boots) };
        let up = other_boot.then(|| Duration::from_millis(self.dice.next() % 30_000));
        self.with(|client, place| client.crash_on(Machine::booted(&boot, up), place));
        self.client.lines.retain(|line| !line.is_over());
    }

    pub(crate) fn doubts(&self) -> Vec<Ticket> {
        self.client.dispatch.doubts().map(|entry| entry.ticket()).collect()
    }

    /// Somebody settles so many of a hundred doubts.
    pub(crate) fn settle_doubts(&mut self, percent: usize) {
        for ticket in self.doubts() {
            if self.dice.percent(percent) {
                self.with(|client, place| client.settle(ticket, Options::new(), place));
            }
        }
    }

    /// Nobody asks any more: lets the time pass until everybody was told.
    pub(crate) fn rest(&mut self) {
        self.next.clear();
        self.backlog = 0;
        for _ in 0..10_000 {
            if self.client.dispatch.calls() == 0 && self.client.dispatch.jobs() == 0 {
                return;
            }
            self.pass(Duration::from_secs(5));
        }
        panic!("somebody is never told: {:#?}", self.client.dispatch);
    }

    /// The faults stop: all comes to rest, doubts are settled as far as they can be, and all sessions end by QUIT.
    pub(crate) fn end(&mut self) {
        self.weather = Weather::CALM;
        self.registry.faults().clear();
        for line in &mut self.client.lines {
            line.calm(self.now);
        }
        self.rest();
        self.pass(Duration::from_secs(3_600));
        self.oracle.calm = true;
        self.settle_doubts(100);
        self.rest();
        assert!(self.client.calls.is_empty(), "somebody was not told");
        let quit = |world: &Self| world.eyes.arrived.get("quit").copied().unwrap_or_default();
        let (open, before) = (self.registry.sessions("registrar"), quit(self));
        let (at, now) = (self.at(), self.now);
        self.client.dispatch.stop(at);
        self.client.dispatch.slots_mut().stop(now);
        self.client.dispatch.handle_timeout(at);
        self.pass(Duration::from_secs(300));
        assert!(self.client.dispatch.slots().is_over(), "{:#?}", self.client.dispatch.slots());
        assert_eq!(quit(self) - before, open, "each session ends by QUIT");
        assert_eq!(self.registry.connections().len(), 0);
    }
}
