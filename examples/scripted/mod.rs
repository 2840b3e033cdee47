//! What both examples of other APIs share: a dispatcher, a transport that answers by a script, and a clock that is moved on
//! whenever nothing else happens.
//!
//! A program has an HTTP client in place of the script, and a journal in place of the list: with the feature `journal`,
//! `rrp::journal::Store` has all that this needs, in a file and without a runtime (`restore`, `write`).

use std::collections::VecDeque;
use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rrp::command::Safety;
use rrp::dispatch::{
    Action, Answer, Config, Dispatch, Moment, Opaque, OpaqueCommand, OpaqueReply, Options, Outcome, Places,
    Put, QueryError, Reads, Settled, Ticket, Told,
};
use rrp::gateway::BodyError;
use rrp::pace::Rate;
use rrp::session::Fate;
use rrp::settle::Keyed;

/// What happens to one request.
pub(crate) enum Exchange {
    /// It is answered with this HTTP status and this body.
    Answer(u16, &'static str),
    /// It is sent, and the connection breaks before an answer comes.
    Lost,
    /// Nobody can be connected to: not a byte of it is sent.
    NoConnection,
}

/// How the API's answers are read.
type Read = fn(u16, Bytes) -> Result<OpaqueReply, BodyError>;

pub(crate) struct Api<R: Reads> {
    dispatch: Dispatch<Places, Opaque<R>>,
    read: Read,
    script: VecDeque<Exchange>,
    /// All that was to be remembered.
    pub(crate) journal: Vec<Put>,
    /// What went out: the first line of each request.
    pub(crate) sent: Vec<String>,
    started: Instant,
    now: Instant,
}

impl<R: Reads> Api<R> {
    pub(crate) fn new(reads: R, read: Read) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it begins somewhere, and is moved on by hand")]
        let now = Instant::now();
        // Two requests at a time, one a second.
        let slots = Places::new(2, Rate::PER_SECOND, now);
        // A program takes the key and the entries out of its journal: what was on its way when it ended is in doubt.
        let (keyed, entries, next_ticket) = (Keyed::new(&[7; 32]), [], 1);
        let at = Moment::new(now, 0);
        let dispatch = Dispatch::with_upstream(
            Opaque::new(reads),
            Config::new(1),
            slots,
            keyed,
            entries,
            next_ticket,
            at,
        );
        let (script, journal, sent) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { dispatch, read, script, journal, sent, started: now, now }
    }

    /// What happens to the next requests.
    pub(crate) fn expect(&mut self, script: impl IntoIterator<Item = Exchange>) {
        self.script.extend(script);
    }

    pub(crate) fn query(&mut self, read: OpaqueCommand) -> Result<Answer<Opaque<R>>, QueryError<Opaque<R>>> {
        self.dispatch.query(read, Options::new(), self.at());
        match self.run() {
            Told::Query(told) => told,
            other => panic!("a query is told as such: {other:?}"),
        }
    }

    /// An error means that nothing was sent.
    pub(crate) fn change(
        &mut self,
        write: OpaqueCommand,
        safety: Safety,
        key: &str,
    ) -> Result<Outcome<Opaque<R>>, Box<dyn Error>>
    where
        R: 'static,
    {
        self.dispatch.change(write, safety, Options::new().key(key), self.at());
        match self.run() {
            Told::Change(told) => Ok(told?),
            other => panic!("a change is told as such: {other:?}"),
        }
    }

    pub(crate) fn settle(&mut self, ticket: Ticket) -> Result<Settled<Opaque<R>>, Box<dyn Error>> {
        self.dispatch.settle(ticket, Options::new(), self.at());
        match self.run() {
            Told::Settle(told) => Ok(told?),
            other => panic!("settling is told as such: {other:?}"),
        }
    }

    pub(crate) const fn dispatch(&mut self) -> &mut Dispatch<Places, Opaque<R>> {
        &mut self.dispatch
    }

    pub(crate) fn at(&self) -> Moment {
        let wall = self.now.saturating_duration_since(self.started).as_millis();
        Moment::new(self.now, u64::try_from(wall).unwrap_or(u64::MAX))
    }

    /// Does what the dispatcher wants until a call is told.
    pub(crate) fn run(&mut self) -> Told<Opaque<R>> {
        loop {
            match self.dispatch.poll_action() {
                Some(Action::Record { id, puts }) => {
                    self.journal.extend(puts);
                    self.dispatch.handle_recorded(id, Ok(()), self.at());
                }
                Some(Action::Send { slot, command }) => {
                    let fate = self.exchange(command);
                    // Each request stands alone: there is no session that could end with it.
                    self.dispatch.handle_fate(slot, Ok(fate), true, self.at());
                }
                // There is no login.
                Some(Action::Probe { slot }) => self.dispatch.handle_probed(slot, true, true, self.at()),
                Some(Action::Tell { told, .. }) => return told,
                None => {
                    let due = self.dispatch.poll_timeout().expect("somebody waits");
                    self.now = self.now.max(due);
                    self.dispatch.handle_timeout(self.at());
                }
            }
        }
    }

    fn exchange(&mut self, command: OpaqueCommand) -> Fate<OpaqueCommand, OpaqueReply> {
        let exchange = self.script.pop_front().expect("the script has an answer");
        // The bytes are the whole request: its first line, and its body.
        let request = String::from_utf8_lossy(command.body());
        let line = request.lines().next().unwrap_or_default().to_owned();
        println!("  {} s: {line}", self.now.saturating_duration_since(self.started).as_secs());
        self.now += Duration::from_millis(300);
        let (status, body) = match exchange {
            Exchange::NoConnection => return Fate::Unsent(command),
            Exchange::Lost => {
                self.sent.push(line);
                println!("      no answer");
                return Fate::Unanswered;
            }
            Exchange::Answer(status, body) => (status, body),
        };
        self.sent.push(line);
        // Of a request whose answer says nothing nobody knows what became of it: so does the reply that is made of the error.
        let reply =
            (self.read)(status, Bytes::from_static(body.as_bytes())).unwrap_or_else(OpaqueReply::from);
        println!("      {} {}", reply.code(), reply.text());
        Fate::Answered(reply)
    }
}
