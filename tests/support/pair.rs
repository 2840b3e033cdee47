//! A session and the simulated registry on one virtual clock, with a network between them that is as bad as asked for.
//!
//! Time passes only when nothing is left to be done at a moment, and then goes on to the next moment at which something
//! is: twenty-four hours of keepalives take no longer than their bytes.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use rrp::command::Command;
use rrp::session::{Config, End, Event, Fate, Session};
use rrp::sim::{self, Action, Close, ConnectionId, Registrar, Registry};

use crate::support::session::{PASSWORD, base, in_words};

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The reader sees the end of the stream; the other direction goes on.
    Fin,
    /// Both ends see a reset.
    Reset,
}

/// What the network is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// How long bytes are on their way, in each direction.
    pub(crate) latency: Duration,
    /// The most bytes that arrive at once.
    pub(crate) chunk: usize,
    /// After how many bytes from the client the connection breaks.
    pub(crate) up: Option<(usize, Break)>,
    /// After how many bytes from the registry the connection breaks.
    pub(crate) down: Option<(usize, Break)>,
}

impl Link {
    /// Nothing is late, cut or lost.
    pub(crate) const GOOD: Self = Self { latency: Duration::ZERO, chunk: usize::MAX, up: None, down: None };
}

pub(crate) enum Item {
    Bytes(Vec<u8>),
    End(Break),
}

/// One direction.
#[derive(Default)]
pub(crate) struct Way {
    pub(crate) items: VecDeque<(Instant, Item)>,
    pub(crate) cut: Option<(usize, Break)>,
    pub(crate) carried: usize,
    pub(crate) closed: bool,
}

impl Way {
    pub(crate) fn new(cut: Option<(usize, Break)>) -> Self {
        Self { cut, ..Self::default() }
    }

    /// Takes bytes, and says if the connection breaks behind them.
    pub(crate) fn put(&mut self, bytes: &[u8], chunk: usize, due: Instant) -> Option<Break> {
        if self.closed {
            return None;
        }
        let room = self.cut.map_or(usize::MAX, |(at, _)| at - self.carried);
        let taken = &bytes[..room.min(bytes.len())];
        self.carried += taken.len();
        self.items.extend(taken.chunks(chunk.max(1)).map(|part| (due, Item::Bytes(part.to_vec()))));
        self.cut.filter(|(at, _)| *at == self.carried).map(|(_, how)| how)
    }

    pub(crate) fn end(&mut self, how: Break, due: Instant) {
        if !self.closed {
            self.items.push_back((due, Item::End(how)));
            self.closed = true;
        }
    }

    pub(crate) fn due(&mut self, now: Instant) -> Option<Item> {
        let (when, _) = self.items.front()?;
        if *when <= now { self.items.pop_front().map(|(_, item)| item) } else { None }
    }
}

/// A registry, the session of one client with it, and the moment.
pub(crate) struct Pair {
    pub(crate) registry: Registry,
    pub(crate) session: Session,
    pub(crate) now: Instant,
    /// What has happened and was not yet asked for.
    pub(crate) events: Vec<Event>,
    /// All bytes of this connection, from the client and from the registry, as they were sent.
    pub(crate) sent: Vec<u8>,
    pub(crate) answered: Vec<u8>,
    id: ConnectionId,
    link: Link,
    up: Way,
    down: Way,
}

impl Pair {
    /// What a registry is like that knows the login of `support::session`; its one zone is `example.com`.
    pub(crate) fn registry() -> sim::Config {
        sim::Config::new().registrar(Registrar::new("registrar", PASSWORD)).zones(["example.com"])
    }

    /// On a fresh registry, before the greeting has arrived.
    pub(crate) fn new(registry: sim::Config, config: Config, link: Link) -> Self {
        Self::on(Registry::new(registry, base()), base(), config, link)
    }

    /// On a registry that is there already.
    pub(crate) fn on(mut registry: Registry, now: Instant, config: Config, link: Link) -> Self {
        let id = registry.connect(now);
        Self {
            session: Session::new(config, now).unwrap(),
            registry,
            now,
            events: Vec::new(),
            sent: Vec::new(),
            answered: Vec::new(),
            id,
            link,
            up: Way::new(link.up),
            down: Way::new(link.down),
        }
    }

    /// The same, logged in; the events up to there are dropped.
    #[track_caller]
    pub(crate) fn logged_in(registry: sim::Config, config: Config, link: Link) -> Self {
        let mut pair = Self::new(registry, config, link);
        assert!(pair.log_in(), "{:?}", pair.words());
        pair.events.clear();
        pair
    }

    /// Gives the connection up without a word, and opens another one with a session of its own.
    pub(crate) fn reconnect(self, config: Config, link: Link) -> Self {
        let Self { mut registry, now, id, .. } = self;
        registry.disconnect(id, now);
        while registry.poll(now).is_some() {}
        Self::on(registry, now, config, link)
    }

    pub(crate) const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Drives it until it is logged in, or over.
    pub(crate) fn log_in(&mut self) -> bool {
        self.drive(|pair| pair.session.is_ready() || pair.session.has_ended());
        !self.session.has_ended()
    }

    /// Submits, and drives it until that has its end. `None`: the session did not take it.
    pub(crate) fn send(&mut self, command: Command) -> Option<Fate> {
        let id = self.session.submit(command, self.now).ok()?;
        let done = |event: &Event| matches!(event, Event::Done { id: done, .. } if *done == id);
        self.drive(|pair| pair.events.iter().any(done));
        let at = self.events.iter().position(done).expect("every command has its end");
        match self.events.remove(at) {
            Event::Done { fate, .. } => Some(fate),
            _ => unreachable!(),
        }
    }

    /// Submits, and expects the code of the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: Command) -> rrp::Reply {
        match self.send(command) {
            Some(Fate::Answered(reply)) => reply,
            other => panic!("{other:?}, {:?}", self.words()),
        }
    }

    /// The events in words, taken.
    pub(crate) fn words(&mut self) -> Vec<String> {
        self.events.drain(..).map(|event| in_words(&event)).collect()
    }

    /// How the session ended, if it has; the other events stay.
    pub(crate) fn end(&mut self) -> Option<End> {
        let at = self.events.iter().position(|event| matches!(event, Event::Ended(_)))?;
        match self.events.remove(at) {
            Event::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// Lets the time pass until this is so.
    #[track_caller]
    pub(crate) fn drive(&mut self, until: impl Fn(&Self) -> bool) {
        for _ in 0..1_000_000 {
            self.settle();
            if until(self) {
                return;
            }
            self.now = self.due().expect("something is still to happen").max(self.now);
        }
        panic!("it does not come: {:?}", self.session);
    }

    /// Lets this much time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            match self.due() {
                Some(due) if due <= end => self.now = due.max(self.now),
                _ => break,
            }
        }
        self.now = end;
        self.settle();
    }

    /// Lets this much time pass in which nobody looks after the session: what comes stays unread.
    pub(crate) fn doze(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.registry_acts();
            match self.registry.poll_timeout() {
                Some(due) if due <= end => self.now = due.max(self.now),
                _ => break,
            }
        }
        self.now = end;
        self.registry_acts();
    }

    /// Hands what is due to the network; whether anything was.
    fn registry_acts(&mut self) -> bool {
        let mut acted = false;
        while let Some((id, action)) = self.registry.poll(self.now) {
            if id == self.id {
                acted = true;
                self.act(action);
            }
        }
        acted
    }

    /// When something happens next.
    fn due(&self) -> Option<Instant> {
        let ways = [&self.up, &self.down].map(|way| way.items.front().map(|(when, _)| *when));
        let session = self.session.poll_timeout();
        ways.into_iter().chain([session, self.registry.poll_timeout()]).flatten().min()
    }

    /// Does all that is to be done at this moment, as whoever owns a connection does: first what is to be read, then
    /// what is to be written.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(item) = self.down.due(self.now) {
                quiet = false;
                match item {
                    Item::Bytes(bytes) => self.session.handle_input(&bytes, self.now),
                    Item::End(Break::Fin) => self.session.handle_eof(self.now),
                    Item::End(Break::Reset) => {
                        self.session.handle_error(io::ErrorKind::ConnectionReset.into());
                    }
                }
                self.take_events();
            }
            self.session.handle_timeout(self.now);
            if self.session.wants_check() {
                self.session.handle_checked(self.now);
            }
            while let Some(bytes) = self.session.poll_output() {
                quiet = false;
                self.sent.extend_from_slice(&bytes);
                let broken = self.up.put(&bytes, self.link.chunk, self.now + self.link.latency);
                if let Some(how) = broken {
                    self.break_up(how);
                }
                self.session.handle_flushed(self.now);
            }
            self.take_events();
            if self.session.has_ended() {
                // Its owner drops the connection.
                self.up.end(Break::Reset, self.now + self.link.latency);
            }
            while let Some(item) = self.up.due(self.now) {
                quiet = false;
                match item {
                    Item::Bytes(bytes) => self.registry.receive(self.id, &bytes, self.now),
                    Item::End(Break::Fin) => self.registry.receive_eof(self.id, self.now),
                    Item::End(Break::Reset) => self.registry.disconnect(self.id, self.now),
                }
            }
            quiet &= !self.registry_acts();
            if quiet {
                return;
            }
        }
    }

    fn act(&mut self, action: Action) {
        let due = self.now + self.link.latency;
        match action {
            Action::Send(bytes) => {
                self.answered.extend_from_slice(&bytes);
                match self.down.put(&bytes, self.link.chunk, due) {
                    Some(Break::Fin) => self.down.end(Break::Fin, due),
                    Some(Break::Reset) => self.break_up(Break::Reset),
                    None => {}
                }
            }
            Action::Close(Close::Reset) => self.down.end(Break::Reset, due),
            Action::Close(_) => self.down.end(Break::Fin, due),
            other => panic!("an action that this network does not know: {other:?}"),
        }
    }

    /// The way up breaks; by a reset, both do.
    fn break_up(&mut self, how: Break) {
        let due = self.now + self.link.latency;
        self.up.end(how, due);
        if how == Break::Reset {
            self.down.end(how, due);
        }
    }

    fn take_events(&mut self) {
        self.events.extend(std::iter::from_fn(|| self.session.poll_event()));
    }
}

/// The dice of a test: the same seed throws the same numbers (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Comes true so many times in a hundred.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
