//! A pool, a clock that moves only when it is told to, and somebody who keeps the books of what is sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rrp::ReturnCode;
use rrp::dispatch::{Account, GiveBack, Lane, Moment, Slot, Slots, Unavailable, Wish};
use rrp::pool::{Action, Credential, Event, Kept, Machine, Options, Pool, Probed, Rotated};
use rrp::retry::Backoff;
use rrp::session::Remains;

use crate::books::Books;
pub(crate) use crate::fails::Fails;
use crate::fails::failure;
pub(crate) use crate::held::{Held, Journal};
pub(crate) use crate::jobs::Jobs;
use crate::orders::Orders;
use crate::support::session::base;

/// 2026-09-21 14:13:20 UTC, in milliseconds of Unix time.
pub(crate) const WALL: u64 = 1_790_000_000_000;

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Without waits before a session is opened again, but for those that an answer asks for.
pub(crate) fn options() -> Options {
    Options::new(1).reopening(Backoff::new(Duration::ZERO, Duration::ZERO))
}

pub(crate) fn why(why: &str) -> Unavailable {
    Unavailable::new(why)
}

pub(crate) struct Rig {
    pub(crate) pool: Pool,
    pub(crate) now: Instant,
    pub(crate) jobs: Jobs,
    pub(crate) books: Books,
    pub(crate) held: BTreeMap<u64, Held>,
    pub(crate) max: usize,
    /// Until when the registry may count sessions that were lost in silence.
    silent: Vec<Instant>,
    pub(crate) journal: Journal,
    pub(crate) unanswered: usize,
    pub(crate) account: Account,
    /// Whether a slot is used as soon as it is given.
    pub(crate) sends: bool,
    /// Whether slots are asked for before all else.
    pub(crate) slots_first: bool,
    pub(crate) asking: BTreeMap<usize, Option<u64>>,
    pub(crate) orders: Orders,
    pub(crate) probed: Vec<Probed>,
    pub(crate) rotated: Vec<Rotated>,
    pub(crate) events: Vec<Event>,
    /// What was done since the last look, each with its second.
    log: Vec<String>,
}

impl Rig {
    pub(crate) fn new(options: Options, max: usize) -> Self {
        Self::with(options.sessions(0..=max), max, Machine::new(), &Account::default())
    }

    pub(crate) fn with(options: Options, max: usize, machine: Machine, account: &Account) -> Self {
        Self::at(options, max, machine, account, base())
    }

    pub(crate) fn at(
        options: Options,
        max: usize,
        machine: Machine,
        account: &Account,
        now: Instant,
    ) -> Self {
        let pool = Pool::new(options, machine, [1; 16], account, moment(now));
        let rate = pool.snapshot().rate;
        Self {
            pool,
            now,
            jobs: Jobs::new(),
            books: Books::new(rate, now),
            held: BTreeMap::new(),
            max,
            silent: Vec::new(),
            journal: Journal::Writes,
            unanswered: 0,
            account: Account::default(),
            sends: true,
            slots_first: false,
            asking: BTreeMap::new(),
            orders: Orders::default(),
            probed: Vec::new(),
            rotated: Vec::new(),
            events: Vec::new(),
            log: Vec::new(),
        }
    }

    /// The process dies, and another one begins with what it has remembered. Nobody asks of it yet.
    pub(crate) fn restart(&mut self, options: Options, machine: Machine) {
        let mut next = Self::at(options, self.max, machine, &self.account, self.now);
        next.silent = std::mem::take(&mut self.silent);
        (next.sends, next.slots_first) = (self.sends, self.slots_first);
        next.account = self.account.clone();
        next.books.quiet_until = self.books.quiet_until.map(|until| until - millis(2));
        *self = next;
        self.act();
    }

    pub(crate) fn moment(&self) -> Moment {
        moment(self.now)
    }

    fn note(&mut self, what: String) {
        let millis = (self.now - base()).as_millis();
        let time = format!("{}.{:03}", millis / 1000, millis % 1000);
        self.log.push(format!("{} {what}", time.trim_end_matches('0').trim_end_matches('.')));
    }

    // What is asked of it.

    pub(crate) fn ask(&mut self, job: usize) {
        self.ask_for(job, Lane::Normal, "", None);
    }

    pub(crate) fn ask_not_on(&mut self, job: usize, session: u64) {
        self.ask_for(job, Lane::Normal, "", Some(session));
    }

    pub(crate) fn ask_for(&mut self, job: usize, lane: Lane, caller: &str, not_on: Option<u64>) {
        let wish = Wish { job: self.jobs.id(job), lane, caller: caller.into(), again: false, not_on };
        self.pool.ask(wish, self.now);
        self.asking.insert(job, not_on);
        self.act();
    }

    /// Asks for what a job has had its turn for.
    pub(crate) fn ask_next(&mut self, job: usize, not_on: Option<u64>) {
        let wish =
            Wish { job: self.jobs.id(job), lane: Lane::Settle, caller: "".into(), again: true, not_on };
        self.pool.ask_next(wish, self.now);
        self.asking.insert(job, not_on);
        self.act();
    }

    pub(crate) fn withdraw(&mut self, job: usize) {
        let id = self.jobs.id(job);
        self.pool.withdraw(id);
        self.asking.remove(&job);
        self.act();
    }

    // What it does.

    /// Does all that is to be done now.
    #[track_caller]
    pub(crate) fn act(&mut self) {
        // Whoever is in line may be put aside by asking for a slot, so that something is to be done after all.
        let mut quiet = 0;
        for _ in 0..10_000 {
            let first = if self.slots_first { self.pool.poll_slot(self.now) } else { None };
            let action = if first.is_none() { self.pool.poll_action(self.moment()) } else { None };
            let slot = if action.is_none() { first.or_else(|| self.pool.poll_slot(self.now)) } else { None };
            quiet = if action.is_none() && slot.is_none() { quiet + 1 } else { 0 };
            if let Some(action) = action {
                self.carry_out(action);
            }
            if let Some(slot) = slot {
                self.granted(slot);
            }
            self.hear();
            let due = self.pool.poll_timeout();
            if quiet > 0 && due.is_none_or(|due| due > self.now) {
                return;
            }
            assert!(quiet < 2, "it is still due at {:?}: {:?}", self.now, self.pool);
        }
        panic!("it comes to no end: {:?}", self.pool);
    }

    fn hear(&mut self) {
        while let Some(event) = self.pool.poll_event() {
            self.events.push(event);
        }
        self.rotated.extend(std::iter::from_fn(|| self.pool.poll_rotated()));
        self.probed.extend(std::iter::from_fn(|| self.pool.poll_probed()));
        self.lawful();
    }

    /// What holds at any time.
    #[track_caller]
    fn lawful(&self) {
        assert!(self.held.len() <= self.max && self.pool.sessions() <= self.max, "{:?}", self.held);
        let silent = self.silent.iter().filter(|until| **until > self.now).count();
        assert!(self.held.len() + silent <= self.max, "{:?} and {silent} lost ones", self.held);
        assert!(self.held.values().filter(|held| held.opens()).count() <= 1, "{:?}", self.held);
        let shown = self.pool.snapshot();
        let Sum { sessions, waiting } = sum(&shown);
        assert_eq!(sessions, self.pool.sessions(), "{shown:?}");
        assert_eq!(waiting + shown.parked, self.asking.len(), "{shown:?}");
        let granted = self.held.values().filter(|held| matches!(held, Held::Granted(_))).count();
        assert!(granted <= 1 || shown.rate.is_unlimited(), "one at a time: {:?}", self.held);
        let idle = self.held.values().filter(|held| matches!(held, Held::Idle)).count();
        assert!(shown.sessions.idle <= idle, "{shown:?} {:?}", self.held);
        self.shown_well(&shown);
    }

    fn carry_out(&mut self, action: Action) {
        self.orders.look_at(&action);
        match action {
            Action::Reset(session) => self.note(format!("reset {session}")),
            Action::Remember(account) => {
                self.account = account;
                self.unanswered += 1;
                assert!(self.unanswered == 1, "one write at a time");
                match self.journal {
                    Journal::Writes => self.remembered(true),
                    Journal::Fails => self.remembered(false),
                    Journal::Hangs => {}
                }
            }
            Action::Connect { session, credential } => {
                let with = match credential {
                    Credential::Current => "",
                    Credential::Change => " to change",
                    Credential::Next => " with next",
                };
                self.note(format!("connect {session}{with}"));
                self.books.heeds_hold(self.now, "a connection");
                assert!(self.held.insert(session, Held::Connecting(credential)).is_none(), "a number twice");
            }
            Action::LogIn(session) => {
                let number = self.books.sent(self.now, "a login");
                self.note(format!("log in {session}"));
                let Some(Held::Greeted(credential)) = self.held.get(&session).copied() else {
                    panic!("log in {session}: {:?}", self.held)
                };
                self.held.insert(session, Held::LoggingIn(credential, number));
            }
            Action::KeepAlive(session) => {
                let number = self.books.sent(self.now, "a keepalive");
                let slot = match self.held.get(&session) {
                    Some(Held::Idle) => None,
                    Some(Held::Proving(slot)) => Some(*slot),
                    other => panic!("keepalive {session}: {other:?}"),
                };
                self.note(format!("{} {session}", if slot.is_some() { "prove" } else { "keepalive" }));
                self.held.insert(session, Held::KeepingAlive(number, slot));
            }
            Action::End(session) => {
                self.books.sent(self.now, "a QUIT");
                self.note(format!("end {session}"));
                let before = self.held.insert(session, Held::Ending);
                assert_eq!(before, Some(Held::Idle), "end {session}");
            }
            Action::Close(session) => {
                self.note(format!("close {session}"));
                let before = self.held.remove(&session);
                assert!(matches!(before, Some(Held::Connecting(_) | Held::Greeted(_))), "{before:?}");
            }
        }
    }

    fn granted(&mut self, slot: Slot) {
        let job = self.jobs.number(slot.job);
        self.note(format!("{job} on {}", slot.session));
        let wished = self.asking.remove(&job).expect("whoever gets a slot has asked");
        assert_ne!(wished, Some(slot.session), "it must not be this one");
        self.orders.granted(slot);
        let before = self.held.insert(slot.session, Held::Granted(slot));
        assert_eq!(before, Some(Held::Idle), "{slot:?}");
        if self.sends {
            self.send(slot);
        }
    }

    /// The command of a slot goes out.
    pub(crate) fn send(&mut self, slot: Slot) {
        assert_eq!(self.held.get(&slot.session), Some(&Held::Granted(slot)));
        self.pool.sent(slot, self.now);
        let number = self.books.sent(self.now, "a command");
        self.held.insert(slot.session, Held::Busy(slot, number));
    }

    // What happens.

    pub(crate) fn remembered(&mut self, done: bool) {
        self.unanswered -= 1;
        self.pool.remembered(done, self.now);
    }

    #[track_caller]
    pub(crate) fn greeted(&mut self, session: u64) {
        let Some(Held::Connecting(credential)) = self.held.get(&session).copied() else {
            panic!("greeted {session}: {:?}", self.held)
        };
        self.held.insert(session, Held::Greeted(credential));
        self.pool.greeted(session, self.now);
        self.act();
    }

    #[track_caller]
    pub(crate) fn opened(&mut self, session: u64) {
        let Some(Held::LoggingIn(_, number)) = self.held.get(&session).copied() else {
            panic!("opened {session}: {:?}", self.held)
        };
        self.books.answered(number, self.now);
        self.held.insert(session, Held::Idle);
        self.pool.opened(session, self.now);
        self.act();
    }

    #[track_caller]
    pub(crate) fn failed(&mut self, session: u64, fails: Fails) {
        let before = self.held.remove(&session);
        let credential = match before {
            Some(
                Held::Connecting(credential) | Held::Greeted(credential) | Held::LoggingIn(credential, _),
            ) => credential,
            other => panic!("failed {session}: {other:?}"),
        };
        if fails == Fails::Timeout {
            self.silent.push(self.now + Options::IDLE_LIMIT);
        }
        let moment = self.moment();
        self.pool.failed(session, failure(fails, credential), moment);
        self.act();
    }

    /// The next session from its connection to its login, which is accepted at once. Time passes until it is its turn.
    #[track_caller]
    pub(crate) fn open(&mut self, session: u64) {
        self.log_in(session);
        self.opened(session);
    }

    /// The same, up to its login.
    #[track_caller]
    pub(crate) fn log_in(&mut self, session: u64) {
        if !self.held.contains_key(&session) {
            self.until(|rig| rig.held.contains_key(&session));
        }
        self.greeted(session);
        self.until(|rig| matches!(rig.held[&session], Held::LoggingIn(..)));
    }

    /// The session is over.
    #[track_caller]
    pub(crate) fn ended(&mut self, session: u64, code: Option<u16>, remains: Remains) {
        assert!(self.held.remove(&session).is_some(), "{session} is over");
        if remains == Remains::Silent {
            self.silent.push(self.now + Options::IDLE_LIMIT);
        }
        let code = code.map(|code| ReturnCode::from_u16(code).unwrap());
        self.pool.ended(session, code, remains, self.now);
        self.act();
    }

    #[track_caller]
    pub(crate) fn quit(&mut self, session: u64) {
        assert_eq!(self.held.get(&session), Some(&Held::Ending));
        self.ended(session, None, Remains::Nothing);
    }

    /// The session that this job has.
    #[track_caller]
    pub(crate) fn slot(&mut self, job: usize) -> Slot {
        let id = self.jobs.id(job);
        let all = self.held.values().find_map(|held| match held {
            Held::Granted(slot) | Held::Busy(slot, _) | Held::Proving(slot) if slot.job == id => Some(*slot),
            Held::KeepingAlive(_, Some(slot)) if slot.job == id => Some(*slot),
            _ => None,
        });
        all.unwrap_or_else(|| panic!("{job} has no slot: {:?} {:?}", self.held, self.pool))
    }

    /// The command of this job is answered, or not, and its slot given back.
    #[track_caller]
    pub(crate) fn back(&mut self, job: usize, how: GiveBack) {
        let slot = self.slot(job);
        if let Some(Held::Busy(_, number)) = self.held.get(&slot.session)
            && matches!(how, GiveBack::Alive | GiveBack::Evict)
        {
            self.books.answered(*number, self.now);
        }
        self.held.insert(slot.session, Held::Idle);
        self.pool.give_back(slot, how, self.now);
        self.act();
    }

    #[track_caller]
    pub(crate) fn answer(&mut self, job: usize) {
        self.back(job, GiveBack::Alive);
    }

    /// The command of this job is answered with a code that ends the session.
    #[track_caller]
    pub(crate) fn closes(&mut self, job: usize, code: u16) {
        let session = self.slot(job).session;
        self.back(job, GiveBack::Closed);
        self.ended(session, Some(code), Remains::Nothing);
    }

    /// The session of this job is lost with its command.
    #[track_caller]
    pub(crate) fn lost(&mut self, job: usize, remains: Remains) {
        let session = self.slot(job).session;
        self.back(job, GiveBack::Ended);
        self.ended(session, None, remains);
    }

    /// The command of this job is answered as if nobody were logged in.
    #[track_caller]
    pub(crate) fn prove(&mut self, job: usize) {
        let slot = self.slot(job);
        let Some(Held::Busy(_, number)) = self.held.insert(slot.session, Held::Proving(slot)) else {
            panic!("{slot:?} is not busy")
        };
        self.books.answered(number, self.now);
        self.pool.prove_login(slot, self.now);
        self.act();
    }

    #[track_caller]
    pub(crate) fn kept(&mut self, session: u64, kept: Kept) {
        let Some(Held::KeepingAlive(number, slot)) = self.held.get(&session).copied() else {
            panic!("kept {session}: {:?}", self.held)
        };
        self.books.answered(number, self.now);
        self.held.insert(session, slot.map_or(Held::Idle, Held::Proving));
        self.pool.kept_alive(session, kept, self.now);
        self.act();
    }

    /// What has been proven, as its dispatcher would take it.
    #[track_caller]
    pub(crate) fn proven(&mut self) -> Probed {
        let probed = self.probed.remove(0);
        let how = match (probed.alive, probed.holds) {
            (false, _) => GiveBack::Ended,
            (true, true) => GiveBack::Alive,
            (true, false) => GiveBack::Evict,
        };
        if probed.alive {
            self.held.insert(probed.slot.session, Held::Idle);
        }
        self.pool.give_back(probed.slot, how, self.now);
        self.act();
        probed
    }

    #[track_caller]
    pub(crate) fn hold(&mut self, wait: u64) {
        self.pool.hold(seconds(wait), self.now);
        self.act();
    }

    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.pool.stop(self.now);
        self.act();
    }

    // Time.

    /// Time passes; what is due meanwhile is done when it is due.
    #[track_caller]
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.act();
        while let Some(due) = self.pool.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.act();
        }
        self.now = end;
        self.act();
    }

    /// Time passes, and the registry answers all but commands, at once.
    #[track_caller]
    pub(crate) fn pass_well(&mut self, time: Duration) {
        let end = self.now + time;
        self.act();
        self.answer_all();
        while let Some(due) = self.pool.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.act();
            self.answer_all();
        }
        self.now = end;
        self.act();
        self.answer_all();
    }

    #[track_caller]
    fn answer_all(&mut self) {
        while let Some((session, held)) = self.held.iter().find_map(|(session, held)| match held {
            Held::Connecting(_) | Held::LoggingIn(..) | Held::KeepingAlive(..) | Held::Ending => {
                Some((*session, *held))
            }
            _ => None,
        }) {
            match held {
                Held::Connecting(_) => self.greeted(session),
                Held::LoggingIn(..) => self.opened(session),
                Held::Ending => self.quit(session),
                _ => self.kept(session, Kept::Holds),
            }
        }
    }

    /// Time passes from one thing that is due to the next, until this holds.
    #[track_caller]
    pub(crate) fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        self.act();
        for _ in 0..10_000 {
            if holds(self) {
                return;
            }
            let Some(due) = self.pool.poll_timeout() else { break };
            self.now = due;
            self.act();
        }
        panic!("it does not come: {:?} {:?}", self.held, self.pool);
    }

    /// In how many milliseconds something is due.
    pub(crate) fn due(&self) -> Option<u64> {
        let due = self.pool.poll_timeout()?;
        Some(u64::try_from(due.saturating_duration_since(self.now).as_millis()).unwrap())
    }

    // What is looked at.

    /// What was done since the last look.
    pub(crate) fn done(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    #[track_caller]
    pub(crate) fn does(&mut self, expected: &[&str]) {
        assert_eq!(self.done(), expected, "{:?}", self.pool);
    }

    /// The same, without the times.
    #[track_caller]
    pub(crate) fn did(&mut self, expected: &[&str]) {
        let done = self.done();
        let done: Vec<&str> = done.iter().map(|done| done.split_once(' ').unwrap().1).collect();
        assert_eq!(done, expected, "{:?}", self.pool);
    }

    /// What it has told since the last look.
    pub(crate) fn told(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

pub(crate) fn moment(now: Instant) -> Moment {
    let passed = now.duration_since(base()).as_millis();
    Moment::new(now, WALL + u64::try_from(passed).unwrap())
}

struct Sum {
    sessions: usize,
    waiting: usize,
}

fn sum(shown: &rrp::pool::Snapshot) -> Sum {
    let all = &shown.sessions;
    Sum {
        sessions: all.opening + all.idle + all.busy + all.proving + all.ending,
        waiting: shown.lanes.iter().map(|(_, lane)| lane.waiting()).sum(),
    }
}
