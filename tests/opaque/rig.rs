//! A dispatcher of opaque requests on places, a scripted transport, a scripted journal, and a clock that moves only when it
//! is told to.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rrp::command::Safety;
use rrp::dispatch::{
    Accepted, Action, CallId, Config, Dispatch, Doubt, Entry, Moment, NoReads, Opaque, OpaqueCommand,
    OpaqueReply, Options, Outcome, Places, Put, QueryError, Reads, RecordId, Refusal, Resolution, Settled,
    Slot, Standing, Summary, Ticket, Told,
};
use rrp::pace::Rate;
use rrp::retry::Backoff;
use rrp::session::Fate;
use rrp::settle::Keyed;

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

/// No jitter: what is waited for is what the rule says.
pub(crate) fn config() -> Config {
    Config::new(1).backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

pub(crate) fn keyed() -> Keyed {
    Keyed::new(&[7; 32])
}

/// A dispatcher, and what has come of it so far. Calls are named `a`, `b`, … in the order in which they were made.
pub(crate) struct Rig<R: Reads = NoReads> {
    pub(crate) dispatch: Dispatch<Places, Opaque<R>>,
    pub(crate) now: Instant,
    calls: Vec<CallId>,
    pub(crate) told: Vec<Told<Opaque<R>>>,
    pub(crate) sends: VecDeque<(Slot, OpaqueCommand)>,
    records: VecDeque<(RecordId, Vec<Put>)>,
    /// What was recorded, in order.
    pub(crate) journal: Vec<Put>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(NoReads, config(), [])
    }

    pub(crate) fn restored(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self::with(NoReads, config(), entries)
    }
}

impl<R: Reads> Rig<R> {
    pub(crate) fn with(reads: R, config: Config, entries: impl IntoIterator<Item = Entry>) -> Self {
        let slots = Places::new(1, Rate::UNLIMITED, base());
        let at = Moment::new(base(), WALL);
        let dispatch = Dispatch::with_upstream(Opaque::new(reads), config, slots, keyed(), entries, 1, at);
        Self {
            dispatch,
            now: base(),
            calls: Vec::new(),
            told: Vec::new(),
            sends: VecDeque::new(),
            records: VecDeque::new(),
            journal: Vec::new(),
        }
    }

    pub(crate) fn at(&self) -> Moment {
        let passed = self.now.duration_since(base()).as_millis();
        Moment::new(self.now, WALL + u64::try_from(passed).unwrap())
    }

    /// A deadline so many seconds from now.
    pub(crate) fn within(&self, after: u64) -> Options {
        Options::new().deadline(self.now + seconds(after))
    }

    pub(crate) fn query(&mut self, command: OpaqueCommand) -> CallId {
        let call = self.dispatch.query(command, Options::new(), self.at());
        self.calls.push(call);
        call
    }

    pub(crate) fn change(&mut self, command: OpaqueCommand, safety: Safety, options: Options) -> CallId {
        let call = self.dispatch.change(command, safety, options, self.at());
        self.calls.push(call);
        call
    }

    pub(crate) fn settle(&mut self, ticket: u64) {
        let call = self.dispatch.settle(Ticket::new(ticket), Options::new(), self.at());
        self.calls.push(call);
    }

    /// A person says what became of it, and the journal writes that.
    #[track_caller]
    pub(crate) fn resolve(&mut self, ticket: u64, resolution: Resolution) {
        self.dispatch.resolve(Ticket::new(ticket), resolution, "looked by hand", self.at()).unwrap();
        self.drain();
        self.recorded();
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

    fn take(&mut self, action: Action<Opaque<R>>) -> String {
        match action {
            Action::Record { id, puts } => {
                let all: Vec<String> = puts.iter().map(put).collect();
                self.records.push_back((id, puts));
                format!("record {}", all.join(", "))
            }
            Action::Send { slot, command } => {
                let text = format!("send {}", command.name());
                self.sends.push_back((slot, command));
                text
            }
            Action::Probe { slot } => {
                self.sends.push_back((slot, OpaqueCommand::read("probe", "")));
                "probe".to_owned()
            }
            Action::Tell { call, told } => {
                // What is told before the call returns has no place yet.
                let at = self.calls.iter().position(|known| *known == call).unwrap_or(self.calls.len());
                let name = char::from(b'a' + u8::try_from(at % 26).unwrap());
                let text = format!("tell {name}: {}", outcome(&told));
                self.told.push(told);
                text
            }
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

    /// The newest of what is to be recorded is not: no more is taken, and what was before it still waits.
    #[track_caller]
    pub(crate) fn not_taken(&mut self) {
        let (id, _) = self.records.pop_back().expect("nothing is being recorded");
        let failure: Arc<dyn Error + Send + Sync> = Arc::from(Box::from("backlog"));
        self.dispatch.handle_recorded(id, Err(failure), self.at());
    }

    /// A whole answer to the oldest request on its way.
    #[track_caller]
    pub(crate) fn answer(&mut self, reply: OpaqueReply) {
        let (slot, _) = self.sends.pop_front().expect("nothing is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Answered(reply)), true, self.at());
    }

    /// The answer to the oldest request on its way is lost.
    #[track_caller]
    pub(crate) fn lost(&mut self) {
        let (slot, _) = self.sends.pop_front().expect("nothing is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Unanswered), false, self.at());
    }

    /// The connection for the oldest request on its way was refused.
    #[track_caller]
    pub(crate) fn unsent(&mut self) {
        let (slot, command) = self.sends.pop_front().expect("nothing is on its way");
        self.dispatch.handle_fate(slot, Ok(Fate::Unsent(command)), false, self.at());
    }

    #[track_caller]
    pub(crate) fn probed(&mut self, holds: bool) {
        let (slot, _) = self.sends.pop_front().expect("nothing is being probed");
        self.dispatch.handle_probed(slot, holds, true, self.at());
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, time: u64) {
        self.now += seconds(time);
        self.dispatch.handle_timeout(self.at());
    }

    /// After so many seconds something is due, and not before. 0: it is due now.
    #[track_caller]
    pub(crate) fn due_in(&mut self, time: u64) {
        let due = self.dispatch.poll_timeout().map(|when| when.saturating_duration_since(self.now));
        assert_eq!(due, Some(seconds(time)));
        if time > 0 {
            self.dispatch.handle_timeout(self.at());
            assert_eq!(self.drain(), [""; 0], "too early");
        }
        self.pass(time);
    }

    pub(crate) fn leave(&mut self, call: CallId) {
        self.dispatch.leave(call, self.at());
    }

    /// A write up to the point where it is on its way, under this ticket.
    #[track_caller]
    pub(crate) fn sent(&mut self, command: OpaqueCommand, safety: Safety, options: Options, ticket: u64) {
        let name = command.name().to_owned();
        self.change(command, safety, options);
        self.goes_out(&name, ticket);
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
        assert_eq!((self.dispatch.jobs(), self.dispatch.calls(), self.dispatch.unrecorded()), (0, 0, 0));
        assert_eq!((self.dispatch.slots().busy(), self.dispatch.poll_timeout()), (0, None));
        assert!(self.sends.is_empty() && self.records.is_empty());
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
    #[track_caller]
    pub(crate) fn last(&self) -> &Told<Opaque<R>> {
        self.told.last().expect("nothing was told")
    }

    /// The last thing told, which was that it was accepted.
    #[track_caller]
    pub(crate) fn accepted(&self) -> &Accepted<Opaque<R>> {
        match self.last() {
            Told::Change(Ok(Outcome::Accepted(accepted))) | Told::Settle(Ok(Settled::Applied(accepted))) => {
                accepted
            }
            told => panic!("not accepted: {told:?}"),
        }
    }

    /// The last thing told, which was that it was refused.
    #[track_caller]
    pub(crate) fn refusal(&self) -> &Refusal<Opaque<R>> {
        match self.last() {
            Told::Change(Ok(Outcome::Refused(refusal))) | Told::Settle(Ok(Settled::Refused(refusal))) => {
                refusal
            }
            told => panic!("not refused: {told:?}"),
        }
    }
}

fn put(put: &Put) -> String {
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
            format!("refused {}{}", word(summary), if *for_now { " for now" } else { "" })
        }
        other => other.as_str().to_owned(),
    }
}

fn word(summary: &Summary) -> &str {
    summary.word().unwrap_or("without a code")
}

/// What was told, in short.
pub(crate) fn outcome<R: Reads>(told: &Told<Opaque<R>>) -> String {
    let marks = |recorded: bool, replayed: bool| {
        let unrecorded = if recorded { "" } else { ", unrecorded" };
        format!("{unrecorded}{}", if replayed { ", replayed" } else { "" })
    };
    let accepted = |how: &Accepted<Opaque<R>>| {
        let marks = marks(how.is_recorded(), how.is_replayed());
        format!("{} by {}{marks}", how.ticket(), how.summary().proof().as_str())
    };
    let refused = |how: &Refusal<Opaque<R>>| {
        let for_now = if how.is_for_now() { " for now" } else { "" };
        format!("{} {}{for_now}{}", how.ticket(), word(how.summary()), marks(how.is_recorded(), false))
    };
    let doubt =
        |how: &Doubt| format!("{}, {}{}", how.ticket(), how.reason(), marks(how.is_recorded(), false));
    match told {
        Told::Query(Ok(answer)) => format!("answer {}", answer.reply().code()),
        Told::Query(Err(QueryError::Refused(answer))) => format!("refused {}", answer.reply().code()),
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
