//! Several clients, their callers, third parties and one registry on one clock.

use std::time::{Duration, Instant};

use rrp::Command;
use rrp::command::{Repeat, Safety};
use rrp::dispatch::{CallId, Moment, Options, Ticket};
use rrp::pace::Rate;
use rrp::pool;
use rrp::retry::Backoff;
use rrp::settle::{Resolver, resolver};
use rrp::sim::{self, Domain, Registrar, Registry, Stamp};

use crate::client::{Client, Place, Weather};
use crate::operations::{AUTH, Asker, domain_name};
use crate::oracle::{Asked, Call, Oracle};
use crate::others::{PASSWORD, THIRD, Third};
use crate::pair::Dice;
use crate::support::session::base;

/// 2026-01-01, when the registry's clock starts.
const START: u64 = 1_767_225_600_000;

pub(crate) const ACCOUNTS: [&str; 2] = ["registrar", "second"];

/// A call that may be made again, by its key.
struct Keyed {
    client: usize,
    mark: usize,
    key: String,
    command: Command,
    safety: Safety,
}

pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) clients: Vec<Client>,
    /// The account of each client.
    pub(crate) accounts: Vec<&'static str>,
    pub(crate) oracle: Oracle,
    pub(crate) dice: Dice,
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    /// Our clock against the registry's, in milliseconds.
    pub(crate) skew: i64,
    pub(crate) third: Third,
    /// With this safety every change is asked for; `None`: with any.
    pub(crate) safety: Option<Safety>,
    marks: usize,
    /// Objects are taken from here on.
    window: usize,
    keyed: Vec<Keyed>,
    leaving: Vec<(Instant, usize, CallId)>,
}

/// What a registry is like that knows all accounts.
pub(crate) fn registry() -> sim::Config {
    sim::Config::new()
        .registrar(Registrar::new(ACCOUNTS[0], crate::support::session::PASSWORD))
        .registrar(Registrar::new(ACCOUNTS[1], crate::support::session::PASSWORD))
        .registrar(Registrar::new(THIRD, PASSWORD))
        .zones(["example.com"])
}

/// One session with so long between two commands, and none that is kept open.
pub(crate) fn one_session(pace: Duration) -> pool::Options {
    pool::Options::new(7).sessions(0..=1).rate(Rate::every(pace)).reopening(REOPENING)
}

pub(crate) const REOPENING: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));

impl World {
    pub(crate) fn new(registry: sim::Config, seed: u64, oracle: Oracle) -> Self {
        Self {
            registry: Registry::new(registry, base()),
            clients: Vec::new(),
            accounts: Vec::new(),
            oracle,
            dice: Dice(seed),
            now: base(),
            weather: Weather::CALM,
            skew: 0,
            third: Third::new(None),
            safety: None,
            marks: 0,
            window: 0,
            keyed: Vec::new(),
            leaving: Vec::new(),
        }
    }

    pub(crate) fn wall(&self) -> u64 {
        let millis = u64::try_from((self.now - base()).as_millis()).unwrap();
        (START + millis).checked_add_signed(self.skew).unwrap()
    }

    pub(crate) fn at(&self) -> Moment {
        Moment::new(self.now, self.wall())
    }

    /// Old domains of ours and of the third party, from this number on.
    pub(crate) fn furnish(&mut self, from: usize, count: usize) {
        let (created, expires) = (Stamp::midnight(2020, 3, 1), Stamp::midnight(2027, 3, 1));
        for number in from..from + count {
            let owner = match number % 5 {
                0 | 1 => ACCOUNTS[0],
                2 => self.accounts[number % self.accounts.len()],
                3 => THIRD,
                _ => continue,
            };
            self.registry
                .insert_domain(Domain::new(&domain_name(number), owner, created, expires).with_auth(AUTH));
        }
    }

    /// Does something with a client; the others stand still.
    pub(crate) fn with<R>(&mut self, client: usize, act: impl FnOnce(&mut Client, &mut Place<'_>) -> R) -> R {
        let mut place = Place {
            wall: self.wall(),
            registry: &mut self.registry,
            oracle: &mut self.oracle,
            dice: &mut self.dice,
            now: self.now,
            weather: self.weather,
        };
        act(&mut self.clients[client], &mut place)
    }

    /// Does all that is to be done at this moment.
    pub(crate) fn settle(&mut self) {
        for _ in 0..100_000 {
            let mut quiet = true;
            for client in 0..self.clients.len() {
                quiet &= !self.with(client, |client, place| client.step(place));
                if self.clients[client].crashed {
                    self.crash(client);
                    quiet = false;
                }
            }
            for client in &mut self.clients {
                for line in &mut client.lines {
                    quiet &= !line.deliver(&mut self.registry, self.now, |_, _| {});
                }
            }
            while let Some((id, action)) = self.registry.poll(self.now) {
                quiet = false;
                let mut lines = self.clients.iter_mut().flat_map(|client| &mut client.lines);
                if let Some(line) = lines.find(|line| line.id == id) {
                    line.act(action, self.now);
                }
            }
            self.oracle.read(&self.registry);
            if quiet {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    /// When something happens next.
    fn due(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(Client::due).min();
        let leaving = self.leaving.iter().map(|(when, ..)| *when).min();
        [clients, leaving, self.third.next, self.registry.poll_timeout()].into_iter().flatten().min()
    }

    /// Lets the time pass until then.
    pub(crate) fn pass_until(&mut self, end: Instant) {
        let mut stuck = 0;
        loop {
            self.settle();
            if self.third.next.is_some_and(|when| when <= self.now) {
                let number = self.number();
                self.third.act(number, &mut self.registry, &mut self.oracle, &mut self.dice, self.now);
                continue;
            }
            let due = self.leaving.iter().position(|(when, ..)| *when <= self.now);
            if let Some(at) = due {
                let (_, client, call) = self.leaving.swap_remove(at);
                self.with(client, |client, place| client.leave(call, place));
                continue;
            }
            match self.due() {
                Some(due) if due <= end => {
                    stuck = if due <= self.now { stuck + 1 } else { 0 };
                    assert!(
                        stuck < 100,
                        "something is due, and nothing happens: {:#?}",
                        self.clients[0].dispatch
                    );
                    self.now = due.max(self.now);
                }
                _ => break,
            }
        }
        self.now = end;
        self.settle();
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.pass_until(self.now + time);
    }

    /// Lets the time pass until everybody was told.
    pub(crate) fn rest(&mut self) {
        for _ in 0..20_000 {
            self.settle();
            if self.clients.iter().all(|client| client.dispatch.calls() == 0 && client.dispatch.jobs() == 0) {
                return;
            }
            self.pass(Duration::from_secs(5));
        }
        panic!("somebody is never told: {:#?}", self.clients[0].dispatch);
    }

    pub(crate) fn crash(&mut self, client: usize) {
        self.leaving.retain(|(_, of, _)| *of != client);
        self.with(client, Client::crash);
    }

    /// The number of some objects.
    fn number(&mut self) -> usize {
        self.window + self.dice.below(14)
    }

    /// A number that no other call has. RRP's marks are not zero.
    pub(crate) fn mark(&mut self) -> usize {
        self.marks += 1;
        self.marks
    }

    /// Some caller asks for something.
    pub(crate) fn ask(&mut self) {
        let client = self.dice.below(self.clients.len());
        self.window += usize::from(self.dice.percent(30));
        let number = self.number();
        let mark = self.mark();
        let query = self.dice.percent(8);
        let asker = Asker {
            registry: &self.registry,
            account: self.accounts[client],
            contacts: &self.oracle.contacts,
        };
        let mut options = Options::new();
        let deadline = self.dice.percent(25);
        if deadline {
            let most = self.dice.one_of(&[6, 60, 400, 1_000]);
            options = options.deadline(self.now + Duration::from_secs(1 + self.dice.next() % most));
        }
        if query {
            let command = asker.query(number, mark, &mut self.dice);
            self.with(client, |client, place| client.query(command, options, Call::Query(mark), place));
            return;
        }
        let keyed = self.dice.percent(20);
        let again = self.keyed.iter().position(|keyed| keyed.client == client);
        if let Some(at) = again.filter(|_| keyed && self.dice.percent(40)) {
            let Keyed { mark, ref key, ref command, safety, .. } = self.keyed[at];
            let (options, command) = (options.key(key), command.clone());
            let call = Call::Change { mark, keyed: true, deadline };
            self.with(client, |client, place| client.change(command, safety, options, call, place));
            if self.dice.percent(40) {
                self.keyed.remove(at);
            }
            return;
        }
        let command = asker.change(number, mark, &mut self.dice);
        let safety = self.safety.unwrap_or_else(|| {
            let repeatable = self.dice.percent(4);
            let others =
                self.dice.one_of(&[Safety::ReadBack, Safety::ReadBack, Safety::TrustReply, Safety::Once]);
            if repeatable { Safety::Repeatable } else { others }
        });
        if keyed {
            let (key, command) = (format!("key-{mark}"), command.clone());
            options = options.key(&key);
            self.keyed.push(Keyed { client, mark, key, command, safety });
        }
        let id = self.change(client, command, safety, options, mark, keyed, deadline);
        if self.dice.percent(5) {
            let when = self.now + Duration::from_millis(self.dice.next() % 20_000);
            self.leaving.push((when, client, id));
        }
    }

    /// Asks for a change that bears this mark.
    #[expect(clippy::too_many_arguments, reason = "all that there is to say")]
    pub(crate) fn change(
        &mut self,
        client: usize,
        command: Command,
        safety: Safety,
        options: Options,
        mark: usize,
        keyed: bool,
        deadline: bool,
    ) -> CallId {
        let object = command.objects().first().map_or("", |object| object.name()).to_owned();
        let (resolver, repeat) = (resolver(&command), command.nature().repeat());
        let refused_twice = resolver == Some(Resolver::AddDomain)
            || resolver == Some(Resolver::Renew) && repeat == Repeat::Guarded;
        let asked = Asked { command: command.name().to_owned(), object, safety, resolver, refused_twice };
        self.oracle.asks(mark, asked);
        let call = Call::Change { mark, keyed, deadline };
        self.with(client, |client, place| client.change(command, safety, options, call, place))
    }

    /// What a client has in doubt.
    pub(crate) fn doubts(&self, client: usize) -> Vec<Ticket> {
        self.clients[client].dispatch.doubts().map(|entry| entry.ticket()).collect()
    }

    /// Somebody settles something, or all.
    pub(crate) fn settle_doubts(&mut self, client: usize, all: bool) {
        let doubts = self.doubts(client);
        for ticket in doubts {
            if all || self.dice.percent(30) {
                self.with(client, |client, place| client.settle(ticket, Options::new(), place));
            }
        }
    }

    /// The faults stop: all that is under way ends, and what is in doubt is settled as far as it can be.
    pub(crate) fn calm(&mut self) {
        self.weather = Weather::CALM;
        self.registry.faults().clear();
        self.third.next = None;
        self.rest();
        // What comes late, and what waits in queues.
        self.pass(Duration::from_secs(7_200));
        self.oracle.calm = true;
        for client in 0..self.clients.len() {
            self.settle_doubts(client, true);
        }
        self.rest();
        for client in 0..self.clients.len() {
            assert!(self.clients[client].calls.is_empty(), "somebody was not told");
        }
    }
}
