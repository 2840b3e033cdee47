//! Commands among many that wait for the sessions of an account: each is a closure that can be run twice.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rrp::Reply;
use rrp::command::{Check, ToCommand};
use rrp::dispatch::{Account, Action, CallId, Config, Dispatch, Moment, Options, Slot};
use rrp::pace::Rate;
use rrp::pool::{self, Machine, Pool};
use rrp::reply::ReplyBuilder;
use rrp::session::Fate;
use rrp::settle::Keyed;
use rrp::wire::deframe::{Deframer, Grammar, Limits};

/// What is done with so many commands while others wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    what: What,
    others: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// They are asked.
    Ask,
    /// Their callers leave.
    Leave,
    /// Their time is over.
    Expire,
    /// They get the slot of a session, and are answered.
    Serve,
}

impl Waiting {
    pub(crate) const ALL: [Self; 8] = [
        Self { what: What::Ask, others: 1_000 },
        Self { what: What::Ask, others: 100_000 },
        Self { what: What::Leave, others: 1_000 },
        Self { what: What::Leave, others: 100_000 },
        Self { what: What::Expire, others: 1_000 },
        Self { what: What::Expire, others: 100_000 },
        Self { what: What::Serve, others: 1_000 },
        Self { what: What::Serve, others: 100_000 },
    ];
    /// How many commands a run is.
    pub(crate) const EACH: usize = 250;
    /// How many bytes they have on the wire.
    pub(crate) const BYTES: usize = Self::EACH * 65;

    /// One run of it, of two: the first is to warm up.
    pub(crate) fn work(self) -> Box<dyn FnMut()> {
        let mut line = Line::new();
        match self.what {
            What::Ask => {
                line.ask(self.others);
                Box::new(move || line.ask(Self::EACH))
            }
            What::Leave => {
                line.ask(self.others + 2 * Self::EACH);
                // From all over the line.
                let step = line.calls.len() / (2 * Self::EACH);
                let mut leaving: Vec<CallId> = line.calls.iter().copied().step_by(step).collect();
                Box::new(move || {
                    for call in leaving.drain(..Self::EACH) {
                        line.dispatch.leave(call, line.at(0));
                    }
                })
            }
            What::Expire => {
                line.ask(self.others + 2 * Self::EACH);
                let mut over = 0;
                Box::new(move || {
                    over += Self::EACH;
                    line.dispatch.handle_timeout(line.at(over));
                    assert_eq!(line.told().1, Self::EACH);
                })
            }
            What::Serve => {
                line.ask(self.others + 2 * Self::EACH);
                line.open();
                let reply = reply();
                let mut slot = line.told().0.expect("the session is free");
                Box::new(move || {
                    for _ in 0..Self::EACH {
                        let fate = Ok(Fate::Answered(reply.clone()));
                        line.dispatch.handle_fate(slot, fate, true, line.at(0));
                        slot = line.told().0.expect("the session is free again");
                    }
                })
            }
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Ask => "ask",
            What::Leave => "leave",
            What::Expire => "expire",
            What::Serve => "serve",
        };
        write!(f, "{what}/{}_wait", self.others)
    }
}

/// An account and who waits for it.
struct Line {
    dispatch: Dispatch<Pool>,
    begun: Instant,
    calls: Vec<CallId>,
}

impl Line {
    fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an instant comes from nowhere else; nothing waits for it"
        )]
        let begun = Instant::now();
        let at = Moment::new(begun, 0);
        let options = pool::Options::new(1).rate(Rate::UNLIMITED);
        let pool = Pool::new(options, Machine::new(), [0; 16], &Account::default(), at);
        let config = Config::new(1).jobs(usize::MAX);
        let dispatch = Dispatch::new(config, pool, Keyed::new(&[7; 32]), [], 1, at);
        Self { dispatch, begun, calls: Vec::with_capacity(200_000) }
    }

    /// When so many deadlines are over.
    fn at(&self, over: usize) -> Moment {
        let seconds = if over == 0 { 0 } else { 3_600 + over as u64 - 1 };
        Moment::new(self.begun + Duration::from_secs(seconds), 0)
    }

    /// A hundred callers ask, each for names of his own.
    fn ask(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.calls.len();
            let domain = format!("domain-{number:07}.example.com").parse().expect("a name");
            let options = Options::new()
                .user("customer-17")
                .caller(&format!("connection {}", number % 100))
                .deadline(self.at(number + 1).now());
            let call = self.dispatch.query(Check::domain(&domain).to_command(), options, self.at(0));
            self.calls.push(black_box(call));
        }
    }

    /// A session opens.
    fn open(&mut self) {
        let at = self.at(0);
        loop {
            let pool = self.dispatch.slots_mut();
            match pool.poll_action(at).expect("a session opens, for somebody waits") {
                pool::Action::Remember(_) => pool.remembered(true, at.now()),
                pool::Action::Connect { session, .. } => pool.greeted(session, at.now()),
                pool::Action::LogIn(session) => {
                    pool.opened(session, at.now());
                    return self.dispatch.handle_timeout(at);
                }
                action => panic!("{action:?}"),
            }
        }
    }

    /// What is to be sent now, and how many were told something.
    fn told(&mut self) -> (Option<Slot>, usize) {
        let (mut slot, mut told) = (None, 0);
        while let Some(action) = self.dispatch.poll_action() {
            match black_box(action) {
                Action::Send { slot: given, .. } => slot = Some(given),
                Action::Tell { .. } => told += 1,
                action => panic!("{action:?}"),
            }
        }
        (slot, told)
    }
}

fn reply() -> Reply {
    let mut bytes = BytesMut::new();
    let reply =
        ReplyBuilder::new("211".parse().expect("a code"), "Domain name not available").expect("a reply");
    reply.encode(Grammar::Rrp, &mut bytes);
    let frame = Deframer::new(Limits::REPLY).deframe(&mut bytes).expect("a frame").expect("a whole one");
    Reply::parse(&frame).expect("a reply")
}
