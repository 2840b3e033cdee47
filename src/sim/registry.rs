//! The registry as a machine without I/O: bytes and moments in, actions out.

mod inspect;
mod limits;

use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::calendar::Stamp;
use super::config::Config;
use super::connection::{Connection, ConnectionId, Login};
use super::fault::{FaultScript, Occasion};
use super::ledger::Ledger;
use super::plan::{Execution, Plan};
use super::random::Random;
use super::session::{Answered, Place, over_rate};
use super::wire::{Answer, Form, Request, RequestError, write_reply};
use super::world::{Moment, Sender, World};

/// What the registry does to a connection.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Sends bytes.
    Send(Bytes),
    /// Ends the connection; nothing follows.
    Close(Close),
}

impl fmt::Debug for Action {
    /// Of what is sent, the first line alone: there may be secrets in the others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => {
                let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
                write!(f, "Send(\"{}\" of {} bytes)", line.escape_ascii(), bytes.len())
            }
            Self::Close(close) => write!(f, "Close({close:?})"),
        }
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Close {
    /// TLS `close_notify`, then FIN.
    Orderly,
    /// FIN without `close_notify`.
    Fin,
    /// RST.
    Reset,
}

/// Something that becomes due.
#[derive(Debug)]
enum Due {
    Act(ConnectionId, Action),
    /// The answer is out: the next command may begin.
    Ready(ConnectionId),
    /// A command whose answer is out, or whose connection is lost, is executed. The session is the one it came by.
    Execute {
        connection: ConnectionId,
        registrar: String,
        request: Box<Request>,
    },
}

/// A simulated registry: its objects, accounts, connections, ledger and faults.
///
/// Time is what the caller says it is, and never runs backwards. Call [`poll`](Self::poll) until it returns `None`
/// after each call of another method, and at [`poll_timeout`](Self::poll_timeout).
///
/// ```
/// use std::time::{Duration, Instant};
/// use rrp::sim::{Action, Config, Registrar, Registry};
///
/// # #[expect(clippy::disallowed_methods, reason = "an example needs some moment")]
/// let now = Instant::now();
/// let mut registry = Registry::new(Config::new().registrar(Registrar::new("registrarA", "secret")), now);
/// let client = registry.connect(now);
/// let Some((_, Action::Send(greeting))) = registry.poll(now) else { panic!("no greeting") };
/// assert!(greeting.starts_with(b"Simulated RRP Server"));
/// registry.receive(client, b"session\r\n-Id:registrarA\r\n-Password:secret\r\n.\r\n", now);
/// let answer = Action::Send("200 Command completed successfully\r\n.\r\n".into());
/// assert_eq!(registry.poll(now), Some((client, answer)));
/// assert_eq!(registry.sessions("registrarA"), 1);
/// ```
pub struct Registry {
    config: Config,
    base: Instant,
    now: Instant,
    world: World,
    ledger: Ledger,
    faults: FaultScript,
    /// For garbled bytes.
    random: Random,
    connections: BTreeMap<ConnectionId, Connection>,
    connected: u64,
    commands: u64,
    queue: BTreeMap<(Instant, u64), Due>,
    queued: u64,
    ready: VecDeque<(ConnectionId, Action)>,
}

impl fmt::Debug for Registry {
    /// Shows neither what was received nor what is to be sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("date", &self.date())
            .field("connections", &self.connections.len())
            .field("domains", &self.world.domains.len())
            .field("commands", &self.commands)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// A registry without objects or connections; `now` is the moment that [`Config::start_date`] stands for.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            world: World::new(&config),
            ledger: Ledger::default(),
            faults: FaultScript::new(config.seed ^ 0x4641_554c_5453),
            random: Random::new(config.seed ^ 0x4741_5242_4c45),
            base: now,
            now,
            connections: BTreeMap::new(),
            connected: 0,
            commands: 0,
            queue: BTreeMap::new(),
            queued: 0,
            ready: VecDeque::new(),
            config,
        }
    }

    /// A client has connected: the greeting becomes due, or 521 and the end if there are too many connections.
    pub fn connect(&mut self, now: Instant) -> ConnectionId {
        self.advance(now);
        self.connected = self.connected.saturating_add(1);
        let id = ConnectionId(self.connected);
        let full = self.connections.len() >= self.config.connections;
        self.connections.insert(id, Connection::new(self.config.dialect, self.now));
        let occasion = Occasion { connection: id, request: None, counts: (0, 0) };
        let plan = Plan::new(self.faults.fire(occasion), &self.config.style);
        let (greeting, close) = if full {
            (self.write(&Answer::new(521).form(Form::Rrp)), Some(Close::Orderly))
        } else {
            (self.greeting(), None)
        };
        self.answer(id, &plan, greeting, Form::Rrp, close);
        self.advance(now);
        id
    }

    /// Bytes of the client have arrived. Those of a connection that is no more are dropped.
    pub fn receive(&mut self, id: ConnectionId, bytes: &[u8], now: Instant) {
        self.advance(now);
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.eof) else {
            return;
        };
        if connection.inbox.is_empty() {
            connection.inbox_bytes = 0;
        }
        connection.inbox_bytes = connection.inbox_bytes.saturating_add(bytes.len());
        connection.reader.push(bytes);
        while let Some(read) = connection.reader.next_command() {
            connection.inbox.push_back(read);
        }
        let waiting = connection.inbox.len();
        if waiting > Connection::MAX_WAITING
            || waiting > 1 && connection.inbox_bytes > Connection::MAX_WAITING_BYTES
        {
            self.close(id, Close::Reset);
        }
        self.work(id);
        self.advance(now);
    }

    /// The client has closed its side. What it sent whole is still executed and answered; then the connection ends.
    pub fn receive_eof(&mut self, id: ConnectionId, now: Instant) {
        self.advance(now);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.eof = true;
            if !connection.busy {
                self.close(id, Close::Orderly);
            }
        }
        self.advance(now);
    }

    /// The connection is gone. What had arrived whole is executed all the same, unless it waits behind a command that a
    /// fault holds; what was due to be sent is dropped.
    pub fn disconnect(&mut self, id: ConnectionId, now: Instant) {
        self.advance(now);
        while self.finish(id) {
            self.work(id);
        }
        self.forget(id);
    }

    /// The next thing that is due at this moment, in order.
    pub fn poll(&mut self, now: Instant) -> Option<(ConnectionId, Action)> {
        self.advance(now);
        self.ready.pop_front()
    }

    /// When something becomes due next: a moment that has come already, if it is now.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.ready.is_empty() {
            return Some(self.now);
        }
        let queued = self.queue.first_key_value().map(|((when, _), _)| *when);
        let job = self.world.jobs.first_key_value().map(|((when, _), _)| *when);
        let limit = self.next_deadline().map(|(when, ..)| when);
        [queued, job, limit].into_iter().flatten().min()
    }

    fn stamp(&self, when: Instant) -> Stamp {
        self.config.start.after(when.saturating_duration_since(self.base))
    }

    fn moment(&self) -> Moment {
        Moment { instant: self.now, stamp: self.stamp(self.now) }
    }

    fn write(&self, answer: &Answer) -> Bytes {
        write_reply(answer, &self.config.style)
    }

    /// The banner of §3.
    fn greeting(&self) -> Bytes {
        let reply = self.write(&Answer::new(200).form(Form::Rrp).text(""));
        let end: &[u8] = if reply.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
        let first: String = self.config.greeting.chars().filter(|c| !c.is_control()).collect();
        let date = self.date().banner();
        [first.as_bytes(), end, date.as_bytes(), end, b".", end].concat().into()
    }

    fn later(&mut self, after: Duration, due: Due) {
        self.queued = self.queued.saturating_add(1);
        if let Some(when) = self.now.checked_add(after) {
            self.queue.insert((when, self.queued), due);
        }
    }

    /// Begins with the next command of a connection, if none is being answered; and so on, while there are any that are
    /// answered at once.
    fn work(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.busy) else {
            return;
        };
        match connection.inbox.pop_front() {
            Some(Ok(request)) => {
                connection.busy = true;
                connection.idle_fired = None;
                self.begin(id, &request);
            }
            Some(Err(error)) => {
                connection.busy = true;
                connection.idle_fired = None;
                let close = (error == RequestError::TooLong).then_some(Close::Orderly);
                let answer = self.write(&Answer::new(507).form(Form::Rrp).detail(error));
                let plan = Plan::new(Vec::new(), &self.config.style);
                self.answer(id, &plan, answer, Form::Rrp, close);
            }
            None if connection.eof => self.close(id, Close::Orderly),
            None => {}
        }
    }

    /// Executes a command, or has it executed later, and puts its answer into the queue.
    fn begin(&mut self, id: ConnectionId, request: &Request) {
        let Some(mut connection) = self.connections.remove(&id) else { return };
        if !request.is("session") {
            self.commands = self.commands.saturating_add(1);
            connection.commands = connection.commands.saturating_add(1);
        }
        let locked = over_rate(&mut self.world, &self.config, &connection, request, self.now);
        let counts = (self.commands, connection.commands);
        let occasion = Occasion { connection: id, request: Some(request), counts };
        let plan = Plan::new(self.faults.fire(occasion), &self.config.style);
        if plan.lose_login {
            connection.login = Login::Waiting { refused: 0 };
        }
        let how = (locked, plan.refuse_login);
        let (answer, close) = match plan.execution {
            Execution::Now => self.execute(id, &mut connection, request, how),
            _ if plan.wants_true_answer() => self.rehearse(id, &mut connection, request, how),
            _ => (Answer::new(549), None),
        };
        // What is refused at once is not executed later.
        if let Execution::After(time) = plan.execution
            && !locked
            && let Some(registrar) = connection.registrar()
        {
            let (registrar, request) = (registrar.to_owned(), Box::new(request.clone()));
            self.later(time, Due::Execute { connection: id, registrar, request });
        }
        self.connections.insert(id, connection);
        let written = self.write(&answer);
        // An answer that stands for another says itself whether the connection ends.
        let close = if plan.answered().is_some() { None } else { close };
        self.answer(id, &plan, written, request.form(), close);
    }

    fn execute(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        request: &Request,
        how: (bool, Option<u16>),
    ) -> Answered {
        let now = self.moment();
        let others = &self.connections;
        let sessions =
            |registrar: &str| others.values().filter(|other| other.registrar() == Some(registrar)).count();
        let (world, ledger, config) = (&mut self.world, &mut self.ledger, &self.config);
        Place { world, ledger, config, sessions: &sessions }.execute(id, connection, request, now, how)
    }

    /// The answer that execution would give; nothing is changed.
    fn rehearse(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        request: &Request,
        how: (bool, Option<u16>),
    ) -> Answered {
        let (world, login) = (self.world.clone(), connection.login.clone());
        let scratch = self.ledger.scratch();
        let ledger = core::mem::replace(&mut self.ledger, scratch);
        let answered = self.execute(id, connection, request, how);
        self.world = world;
        self.ledger = ledger;
        connection.login = login;
        answered
    }

    /// Puts what a plan makes of an answer into the queue.
    fn answer(&mut self, id: ConnectionId, plan: &Plan, written: Bytes, form: Form, close: Option<Close>) {
        let mut when = self.config.latency.saturating_add(plan.delay);
        let due = when;
        for (after, piece) in plan.pieces(written, form, &self.config.style, &mut self.random) {
            when = due.saturating_add(after);
            self.later(when, Due::Act(id, Action::Send(piece)));
        }
        if plan.stall {
            return;
        }
        let due = match plan.close.or(close) {
            Some(close) => Due::Act(id, Action::Close(close)),
            None => Due::Ready(id),
        };
        self.later(when, due);
    }

    /// Lets the command that is being answered be done with, and says whether another one waits. Not if the connection
    /// hangs or ends behind it.
    fn finish(&mut self, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.busy {
            let ready = self.queue.iter().find(|(_, due)| matches!(due, Due::Ready(other) if *other == id));
            let Some(key) = ready.map(|(key, _)| *key) else { return false };
            self.queue.remove(&key);
            connection.busy = false;
        }
        !connection.inbox.is_empty()
    }

    /// Does all that is due until `now`, in order; what is to be sent is kept for `poll`.
    fn advance(&mut self, now: Instant) {
        let until = self.now.max(now);
        loop {
            let queued = self.queue.first_key_value().map(|((when, _), _)| *when);
            let job = self.world.jobs.first_key_value().map(|((when, _), _)| *when);
            let limit = self.next_deadline();
            let next = [job, queued, limit.map(|(when, ..)| when)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            if job == Some(next) {
                let moment = self.moment();
                self.world.run_job(&self.config, moment, &mut self.ledger);
            } else if queued == Some(next) {
                if let Some((_, due)) = self.queue.pop_first() {
                    self.act(due);
                }
            } else if let Some((_, id, why)) = limit {
                self.pass_deadline(id, why);
            }
        }
        self.now = until;
    }

    fn act(&mut self, due: Due) {
        match due {
            Due::Act(id, Action::Close(close)) => self.close(id, close),
            Due::Act(id, action) => {
                if self.connections.contains_key(&id) {
                    self.ready.push_back((id, action));
                }
            }
            Due::Ready(id) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.busy = false;
                    connection.idle_since = self.now;
                    self.work(id);
                }
            }
            Due::Execute { connection, registrar, request } => {
                // A login that is executed late logs nobody in: its connection has had its answer.
                let session = request.form() == Form::Rrp && (request.is("session") || request.is("quit"));
                if !session {
                    let sender = Sender { connection: Some(connection), registrar: &registrar };
                    let now = self.moment();
                    self.world.execute(&self.config, sender, &request, now, &mut self.ledger);
                }
            }
        }
    }

    /// Ends a connection from the registry's side.
    fn close(&mut self, id: ConnectionId, close: Close) {
        if let Some(connection) = self.connections.remove(&id) {
            self.ready.push_back((id, Action::Close(close)));
            self.haunt(&connection, close != Close::Orderly);
        }
    }

    /// Forgets a connection that the client ended.
    fn forget(&mut self, id: ConnectionId) {
        self.ready.retain(|(other, _)| *other != id);
        if let Some(connection) = self.connections.remove(&id) {
            self.haunt(&connection, true);
        }
    }

    /// The session of a lost connection may count for a while longer.
    fn haunt(&mut self, connection: &Connection, lost: bool) {
        let until = self.now.checked_add(self.config.ghosts).filter(|until| lost && *until > self.now);
        let account = connection.registrar().and_then(|registrar| self.world.accounts.get_mut(registrar));
        if let Some(account) = account {
            account.ghosts.extend(until);
        }
    }
}
