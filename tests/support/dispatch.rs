//! A dispatcher on scripted slots, a scripted journal and a clock that moves only when it is told to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rrp::command::{Body, Command, Safety};
use rrp::dispatch::{
    Action, CallId, Config, Dispatch, Entry, GiveBack, Moment, Options, Outcome, Put, QueryError, RecordId,
    Settled, Slot, Slots, Standing, Ticket, Told, Unavailable, Wish,
};
use rrp::reply::ReplyBuilder;
use rrp::retry::Backoff;
use rrp::session::Fate;
use rrp::settle::Keyed;
use rrp::wire::deframe::{Deframer, Grammar, Limits};
use rrp::{Reply, ReturnCode};

/// 2026-09-21 14:13:20 UTC, in milliseconds of Unix time.
pub(crate) const WALL: u64 = 1_790_000_000_000;

/// One instant to count from.
pub(crate) fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "an instant comes from nowhere else; nothing waits for it")]
    *BASE.get_or_init(Instant::now)
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The reply of these lines, a code and what follows it, in the grammar of the command.
pub(crate) fn reply(command: &Command, lines: &str) -> Reply {
    let (head, rest) = lines.split_once('\n').unwrap_or((lines, ""));
    let (code, text) = head.split_once(' ').unwrap();
    let ptf = matches!(command.body(), Body::Ptf(_));
    let mut reply = ReplyBuilder::new(code.parse().unwrap(), text).unwrap();
    for (name, value) in rest.lines().map(|line| line.trim().split_once(':').unwrap()) {
        reply = reply.property(name, 0, value).unwrap();
    }
    let mut bytes = BytesMut::new();
    reply.encode(if ptf { Grammar::Ptf } else { Grammar::Rrp }, &mut bytes);
    let frame = Deframer::new(Limits::REPLY).deframe(&mut bytes).unwrap().unwrap();
    Reply::parse(&frame).unwrap()
}

/// Slots that come at once, while the script lets them.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) wishes: VecDeque<Wish>,
    /// So many may be out at a time.
    pub(crate) most: usize,
    pub(crate) out: Vec<Slot>,
    /// The session that takes the next command, if one is open.
    pub(crate) session: Option<u64>,
    pub(crate) sessions: u64,
    pub(crate) unavailable: Option<Unavailable>,
    pub(crate) trouble: Option<Unavailable>,
    pub(crate) held: Vec<Duration>,
    /// Until when the account is locked. Told by nobody but the test.
    pub(crate) held_until: Option<Instant>,
    /// What was told of sessions: `alive`, `ended`, `evict`; and what was asked for on another one: `not on 1`.
    pub(crate) said: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Script(pub(crate) Rc<RefCell<Given>>);

impl Slots for Script {
    fn ask(&mut self, wish: Wish, _now: Instant) {
        let mut given = self.0.borrow_mut();
        assert!(given.wishes.iter().all(|other| other.job != wish.job), "a job has one wish at a time");
        if let Some(session) = wish.not_on {
            given.said.push(format!("not on {session}"));
            given.session = given.session.filter(|open| *open != session);
        }
        given.wishes.push_back(wish);
    }

    fn withdraw(&mut self, job: rrp::dispatch::JobId) {
        self.0.borrow_mut().wishes.retain(|wish| wish.job != job);
    }

    fn poll_slot(&mut self, now: Instant) -> Option<Slot> {
        let mut given = self.0.borrow_mut();
        given.held_until = given.held_until.filter(|until| *until > now);
        if given.held_until.is_some() || given.out.len() >= given.most || given.unavailable.is_some() {
            return None;
        }
        // Those that settle go first.
        let settles = |wish: &Wish| wish.lane == rrp::dispatch::Lane::Settle;
        let first = given.wishes.iter().position(settles).unwrap_or(0);
        let wish = given.wishes.remove(first)?;
        let session = given.session.take().unwrap_or_else(|| {
            given.sessions += 1;
            given.sessions
        });
        let slot = Slot { job: wish.job, session };
        given.out.push(slot);
        Some(slot)
    }

    fn give_back(&mut self, slot: Slot, how: GiveBack, _now: Instant) {
        let mut given = self.0.borrow_mut();
        let at = given.out.iter().position(|out| *out == slot).expect("a slot is given back once");
        given.out.remove(at);
        if how == GiveBack::Alive {
            given.session = Some(slot.session);
        }
        given.said.push(format!("{how:?}").to_lowercase());
    }

    fn hold(&mut self, wait: Duration, _now: Instant) {
        self.0.borrow_mut().held.push(wait);
    }

    fn sent(&mut self, slot: Slot, _now: Instant) {
        assert!(self.0.borrow().out.contains(&slot), "sent without a slot");
    }

    fn held_until(&self) -> Option<Instant> {
        self.0.borrow().held_until
    }

    fn unavailable(&self) -> Option<Unavailable> {
        self.0.borrow().unavailable.clone()
    }

    fn trouble(&self) -> Option<Unavailable> {
        self.0.borrow().trouble.clone()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let given = self.0.borrow();
        given.held_until.filter(|_| !given.wishes.is_empty())
    }
}

/// A dispatcher, and what has come of it so far. Calls are named `a`, `b`, … in the order in which they were made.
pub(crate) struct Rig {
    pub(crate) dispatch: Dispatch<Script>,
    pub(crate) slots: Rc<RefCell<Given>>,
    pub(crate) now: Instant,
    pub(crate) calls: Vec<CallId>,
    pub(crate) told: Vec<(CallId, Told)>,
    pub(crate) sends: VecDeque<(Slot, Command)>,
    pub(crate) records: VecDeque<(RecordId, Vec<Put>)>,
    /// What was recorded, in order.
    pub(crate) journal: Vec<Put>,
}

/// No jitter: what is waited for is what the rule says.
pub(crate) fn config() -> Config {
    Config::new(1).backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

pub(crate) fn keyed() -> Keyed {
    Keyed::new(&[7; 32])
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(config(), [])
    }

    pub(crate) fn with(config: Config, entries: impl IntoIterator<Item = Entry>) -> Self {
        let slots = Rc::new(RefCell::new(Given { most: 1, ..Given::default() }));
        let at = Moment::new(base(), WALL);
        let dispatch = Dispatch::new(config, Script(slots.clone()), keyed(), entries, 1, at);
        let (calls, told, journal) = (Vec::new(), Vec::new(), Vec::new());
        let (sends, records) = (VecDeque::new(), VecDeque::new());
        Self { dispatch, slots, now: base(), calls, told, sends, records, journal }
    }

    pub(crate) fn at(&self) -> Moment {
        let passed = self.now.duration_since(base()).as_millis();
        Moment::new(self.now, WALL + u64::try_from(passed).unwrap())
    }

    /// A deadline so many seconds from now.
    pub(crate) fn within(&self, after: u64) -> Options {
        Options::new().deadline(self.now + seconds(after))
    }

    pub(crate) fn query(&mut self, command: Command, options: Options) -> CallId {
        let call = self.dispatch.query(command, options, self.at());
        self.calls.push(call);
        call
    }

    pub(crate) fn change(&mut self, command: Command, safety: Safety, options: Options) -> CallId {
        let call = self.dispatch.change(command, safety, options, self.at());
        self.calls.push(call);
        call
    }

    pub(crate) fn settle(&mut self, ticket: u64) -> CallId {
        let call = self.dispatch.settle(Ticket::new(ticket), Options::new(), self.at());
        self.calls.push(call);
        call
    }

    /// What it does now, in order, and nothing else.
    #[track_caller]
    pub(crate) fn does(&mut self, expected: &[&str]) {
        assert_eq!(self.drain(), expected);
    }

    pub(crate) fn drain(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        while let Some(action) = self.dispatch.poll_action() {
            done.push(self.take(action));
        }
        done
    }

    fn take(&mut self, action: Action) -> String {
        match action {
            Action::Record { id, puts } => {
                let all: Vec<String> = puts.iter().map(put).collect();
                self.records.push_back((id, puts));
                format!("record {}", all.join(", "))
            }
            Action::Send { slot, command } => {
                assert!(self.slots.borrow().out.contains(&slot), "sent without a slot");
                let text = format!("send {}", command.name());
                self.sends.push_back((slot, command));
                text
            }
            Action::Probe { slot } => {
                assert!(self.slots.borrow().out.contains(&slot), "probed without a slot");
                self.sends.push_back((slot, rrp::command::PtfCommand::new("Probe").unwrap().into()));
                "probe".to_owned()
            }
            Action::Tell { call, told } => {
                let name = self.name(call);
                let text = format!("tell {name}: {}", outcome(&told));
                self.told.push((call, told));
                text
            }
        }
    }

    fn name(&self, call: CallId) -> String {
        match self.calls.iter().position(|known| *known == call) {
            Some(at) => char::from(b'a' + u8::try_from(at % 26).unwrap()).to_string(),
            // It was told before the call returned.
            None => char::from(b'a' + u8::try_from(self.calls.len() % 26).unwrap()).to_string(),
        }
    }

    /// The oldest of what is to be recorded is.
    #[track_caller]
    pub(crate) fn recorded(&mut self) {
        let (id, puts) = self.records.pop_front().expect("nothing is being recorded");
        self.journal.extend(puts);
        self.dispatch.handle_recorded(id, Ok(()), self.at());
    }

    /// The oldest of what is to be recorded is not.
    #[track_caller]
    pub(crate) fn not_recorded(&mut self) {
        let (id, _) = self.records.pop_front().expect("nothing is being recorded");
        let failure: Arc<dyn Error + Send + Sync> = Arc::from(Box::from("disk full"));
        self.dispatch.handle_recorded(id, Err(failure), self.at());
    }

    /// A whole reply to the oldest command on its way. By its code the session lives on or not.
    #[track_caller]
    pub(crate) fn answer(&mut self, lines: &str) {
        let closes = ["220", "420", "520", "521"].iter().any(|code| lines.starts_with(code));
        self.answer_on(lines, !closes);
    }

    #[track_caller]
    pub(crate) fn answer_on(&mut self, lines: &str, alive: bool) {
        let (slot, command) = self.sends.pop_front().expect("nothing is on its way");
        let reply = reply(&command, lines);
        self.dispatch.handle_fate(slot, Ok(Fate::Answered(reply)), alive, self.at());
    }

    /// The oldest command on its way is lost.
    #[track_caller]
    pub(crate) fn lost(&mut self) {
        let (slot, _) = self.sends.pop_front().expect("nothing is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Unanswered), false, self.at());
    }

    /// Of the oldest command on its way no byte was handed over.
    #[track_caller]
    pub(crate) fn unsent(&mut self) {
        let (slot, command) = self.sends.pop_front().expect("nothing is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Unsent(command)), false, self.at());
    }

    #[track_caller]
    pub(crate) fn probed(&mut self, holds: bool, alive: bool) {
        let (slot, _) = self.sends.pop_front().expect("nothing is being probed");
        self.dispatch.handle_probed(slot, holds, alive, self.at());
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, time: u64) {
        self.now += seconds(time);
        self.dispatch.handle_timeout(self.at());
    }

    pub(crate) fn pass_millis(&mut self, time: u64) {
        self.now += Duration::from_millis(time);
        self.dispatch.handle_timeout(self.at());
    }

    /// Something was told to the slots.
    pub(crate) fn tick(&mut self) {
        self.pass(0);
    }

    /// After so many seconds something is due, and not before.
    #[track_caller]
    pub(crate) fn due_in(&mut self, time: u64) {
        let due = self.dispatch.poll_timeout().map(|when| when.saturating_duration_since(self.now));
        assert_eq!(due, Some(seconds(time)));
        self.dispatch.handle_timeout(self.at());
        assert_eq!(self.drain(), [""; 0], "too early");
        self.pass(time);
    }

    pub(crate) fn leave(&mut self, call: CallId) {
        self.dispatch.leave(call, self.at());
    }

    /// How sessions were given back, and what was asked for on others, since the last time.
    #[track_caller]
    pub(crate) fn sessions_were(&self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut self.slots.borrow_mut().said), expected);
    }

    /// A write up to the point where it is on its way, under this ticket.
    #[track_caller]
    pub(crate) fn sent(&mut self, command: Command, safety: Safety, options: Options, ticket: u64) -> CallId {
        let name = command.name().to_owned();
        let call = self.change(command, safety, options);
        self.goes_out(&name, ticket);
        call
    }

    /// The intent is recorded, and the write goes out.
    #[track_caller]
    pub(crate) fn goes_out(&mut self, name: &str, ticket: u64) {
        self.does(&[&format!("record {ticket} open")]);
        self.recorded();
        self.does(&[&format!("send {name}")]);
    }

    /// The outcome is recorded, and then told.
    #[track_caller]
    pub(crate) fn ends(&mut self, record: &str, tells: &[&str]) {
        self.does(&[&format!("record {record}")]);
        self.recorded();
        self.does(tells);
    }

    /// Nothing is under way any more, and every call was told once.
    #[track_caller]
    pub(crate) fn is_over(&mut self) {
        self.does(&[]);
        assert_eq!((self.dispatch.jobs(), self.dispatch.calls()), (0, 0));
        self.counts_are_zero();
        assert!(self.slots.borrow().wishes.is_empty() && self.slots.borrow().out.is_empty());
        assert_eq!(self.dispatch.poll_timeout(), None);
    }

    /// Nobody is counted who does not wait any more.
    #[track_caller]
    pub(crate) fn counts_are_zero(&self) {
        let at = self.dispatch.snapshot(self.now);
        let states = [
            at.queued(),
            at.pausing(),
            at.behind(),
            at.recording(),
            at.on_the_wire(),
            at.probing(),
            at.closing(),
        ];
        assert_eq!((states, at.calls(), at.callers()), ([0; 7], 0, 0), "{at:?}");
    }

    /// The registry locks the account for so many seconds, and somebody has heard of it.
    pub(crate) fn held(&self, time: u64) {
        self.slots.borrow_mut().held_until = Some(self.now + seconds(time));
    }

    /// What stands in line, in order: the number of the job's first call from 0, the lane and the caller.
    pub(crate) fn line(&self) -> Vec<(usize, &'static str, String)> {
        let given = self.slots.borrow();
        let of = |job| self.dispatch.callers(job).next().expect("a job that nobody waits for stands in line");
        let at = |call| self.calls.iter().position(|known| *known == call).expect("a call that nobody made");
        let line = given.wishes.iter();
        line.map(|wish| (at(of(wish.job)), wish.lane.as_str(), wish.caller.replace('\0', "/"))).collect()
    }

    /// What a journal would give back after a crash: the last entry of each ticket.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut kept: Vec<Entry> = Vec::new();
        for put in &self.journal {
            let Some(ticket) = put.ticket() else { continue };
            kept.retain(|entry| entry.ticket() != ticket);
            if let Put::Entry(entry) = put {
                kept.push(entry.clone());
            }
        }
        kept
    }

    /// The last thing told.
    pub(crate) fn last(&self) -> &Told {
        &self.told.last().expect("nothing was told").1
    }
}

pub(crate) fn put(put: &Put) -> String {
    match put {
        Put::Entry(entry) => format!("{} {}", entry.ticket(), standing(entry.standing())),
        Put::Remove(ticket) => format!("remove {ticket}"),
        Put::Account(account) => format!("{account:?}"),
    }
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Accepted(summary) => format!("accepted by {}", summary.proof().as_str()),
        Standing::Refused { summary, for_now } => {
            format!("refused {}{}", code(summary.code()), if *for_now { " for now" } else { "" })
        }
        other => other.as_str().to_owned(),
    }
}

fn code(code: Option<ReturnCode>) -> String {
    code.map_or_else(|| "without a code".to_owned(), |code| code.to_string())
}

fn marks(recorded: bool, replayed: bool) -> String {
    let (recorded, replayed) =
        (if recorded { "" } else { ", unrecorded" }, if replayed { ", replayed" } else { "" });
    format!("{recorded}{replayed}")
}

/// What was told, in short.
pub(crate) fn outcome(told: &Told) -> String {
    let accepted = |accepted: &rrp::dispatch::Accepted| {
        let marks = marks(accepted.is_recorded(), accepted.is_replayed());
        format!("{} by {}{marks}", accepted.ticket(), accepted.summary().proof().as_str())
    };
    let refused = |refusal: &rrp::dispatch::Refusal| {
        let for_now = if refusal.is_for_now() { " for now" } else { "" };
        format!(
            "{} {}{for_now}{}",
            refusal.ticket(),
            code(refusal.code()),
            marks(refusal.is_recorded(), false)
        )
    };
    let doubt = |doubt: &rrp::dispatch::Doubt| {
        format!("{}, {}{}", doubt.ticket(), doubt.reason(), marks(doubt.is_recorded(), false))
    };
    match told {
        Told::Query(Ok(answer)) => format!("answer {}", answer.reply().code()),
        Told::Query(Err(QueryError::Refused(answer))) => format!("refused {}", answer.reply().code()),
        Told::Query(Err(QueryError::Unsent(why))) => format!("unsent, {why}"),
        Told::Query(Err(error)) => error.to_string(),
        Told::Change(Ok(Outcome::Accepted(how))) => format!("accepted {}", accepted(how)),
        Told::Change(Ok(Outcome::Refused(how))) => format!("refused {}", refused(how)),
        Told::Change(Ok(Outcome::InDoubt(how))) => format!("in doubt {}", doubt(how)),
        Told::Change(Err(not_sent)) => format!("not sent, {}", not_sent.why()),
        Told::Settle(Ok(Settled::Applied(how))) => format!("applied {}", accepted(how)),
        Told::Settle(Ok(Settled::Refused(how))) => format!("settled as refused {}", refused(how)),
        Told::Settle(Ok(Settled::NotApplied(ticket))) => format!("not applied {ticket}"),
        Told::Settle(Ok(Settled::StillInDoubt(how))) => format!("still in doubt {}", doubt(how)),
        Told::Settle(Err(why)) => format!("not settled, {why}"),
    }
}
