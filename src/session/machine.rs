//! The state machine: what it is asked and told, and what it answers.

mod inside;

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::config::{Config, Deadlines, Keepalive};
use super::end::Why;
use super::event::{CommandId, Event, NotReady, Rejected};
use super::exchange::{Exchange, First, Phase, What, encoded};
use super::remains::is_closed_by_peer;
use super::stage::Stage;
use crate::code::Context;
use crate::command::{Command, Dialect, Effect, ToCommand};
use crate::wire::EncodeError;
use crate::wire::deframe::{Deframer, Limits};

/// What may come before the login is accepted.
const BEFORE_LOGIN: Limits = Limits::REPLY.with_line(4_096).with_frame(65_536).with_lines(1_024);

/// With so many unread events no command is taken. A command brings two at the most, its own and the session's end.
const MAX_EVENTS: usize = 6;

/// What has begun to arrive unasked has so long to become a reply that says why.
const NOISE: Duration = Duration::from_secs(5);

/// One connection to a registry, without the connection. See the [module](super).
pub struct Session {
    dialect: Dialect,
    deadlines: Deadlines,
    keepalive: Keepalive,
    keepalive_after: Option<Duration>,
    limits: Limits,
    state: State,
    deframer: Deframer,
    buffer: BytesMut,
    events: VecDeque<Event>,
    commands: u64,
    quitting: bool,
    login_when_told: bool,
    /// The exchange before, if it had a secret: a reply that comes late may quote it.
    before: Option<Box<Exchange>>,
}

#[derive(Debug)]
enum State {
    /// With the first bytes that came.
    Greeting {
        login: Exchange,
        deadline: Instant,
        first: First,
    },
    /// Without a deadline: its owner has one.
    Greeted {
        login: Exchange,
    },
    Idle {
        since: Instant,
        ending: Option<Instant>,
    },
    Busy {
        exchange: Exchange,
        phase: Phase,
        deadline: Instant,
        whole: Instant,
    },
    Ended,
}

impl fmt::Debug for Session {
    /// Of what has arrived the size alone: a part of a reply can hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("buffered", &self.buffer.len())
            .field("events", &self.events)
            .field("commands", &self.commands)
            .field("quitting", &self.quitting)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session on a connection that was just opened: the greeting is waited for.
    ///
    /// # Errors
    /// [`EncodeError`] if the dialect does not allow the login or the keepalive.
    pub fn new(config: Config, now: Instant) -> Result<Self, EncodeError> {
        let login = config.login.to_command();
        let context = login.context();
        let encoded_login = encoded(&login, config.dialect)?;
        let changes_password = context == Context::PasswordChange;
        let what = What::Login { login: Box::new(config.login), changes_password };
        let login = Exchange::new(what, context, encoded_login);
        // Better now than after nine minutes.
        encoded(&config.keepalive.command(), config.dialect)?;
        Ok(Self {
            dialect: config.dialect,
            deadlines: config.deadlines,
            keepalive: config.keepalive,
            keepalive_after: config.keepalive_after,
            limits: config.limits,
            state: State::Greeting {
                login,
                deadline: later(now, config.deadlines.greeting()),
                first: First::default(),
            },
            deframer: Deframer::new(BEFORE_LOGIN),
            buffer: BytesMut::new(),
            events: VecDeque::new(),
            commands: 0,
            quitting: false,
            login_when_told: config.login_when_told,
            before: None,
        })
    }

    /// The stage at which it is.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match &self.state {
            State::Greeting { .. } => Stage::Greeting,
            State::Greeted { .. } => Stage::Greeted,
            State::Idle { .. } => Stage::Idle,
            State::Busy { exchange, phase, .. } => exchange.stage(*phase),
            State::Ended => Stage::Ended,
        }
    }

    /// Whether it takes a command now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.not_ready().is_none()
    }

    /// Whether the login, which has not been answered yet, changes the password.
    #[must_use]
    pub const fn changes_password(&self) -> bool {
        match &self.state {
            State::Greeting { login: exchange, .. }
            | State::Greeted { login: exchange }
            | State::Busy { exchange, .. } => {
                matches!(exchange.what, What::Login { changes_password: true, .. })
            }
            State::Idle { .. } | State::Ended => false,
        }
    }

    /// Whether it has ended. Events may still wait.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Since when nothing was asked of the registry; `None` unless it is idle.
    #[must_use]
    pub const fn idle_since(&self) -> Option<Instant> {
        match &self.state {
            State::Idle { since, .. } => Some(*since),
            _ => None,
        }
    }

    // What is asked of it.

    /// Begins the login that waits for this ([`Config::login_when_told`]); the time that it may take runs from here.
    ///
    /// # Errors
    /// [`NotReady`] at any other stage than [`Stage::Greeted`].
    pub fn log_in(&mut self, now: Instant) -> Result<(), NotReady> {
        match core::mem::replace(&mut self.state, State::Ended) {
            State::Greeted { login } => {
                self.begin(login, now);
                Ok(())
            }
            other => {
                self.state = other;
                Err(self.not_idle().unwrap_or_else(|| NotReady::Busy(self.stage())))
            }
        }
    }

    /// Takes a command. Its end is an [`Event::Done`], exactly one.
    ///
    /// # Errors
    /// [`Rejected`], with the command, if it is not [ready](Self::is_ready), the command belongs to the session itself,
    /// or the dialect does not allow it.
    pub fn submit(&mut self, command: Command, now: Instant) -> Result<CommandId, Rejected> {
        let prepared = match self.not_ready() {
            Some(cause) => Err(cause),
            None if is_of_the_session(&command) => Err(NotReady::OfTheSession),
            None => encoded(&command, self.dialect).map_err(NotReady::Encode),
        };
        let encoded = match prepared {
            Ok(encoded) => encoded,
            Err(cause) => return Err(Rejected::new(command, cause)),
        };
        let id = CommandId(self.commands);
        self.commands = self.commands.wrapping_add(1);
        let context = command.context();
        self.begin(Exchange::new(What::Command { id, command }, context, encoded), now);
        Ok(id)
    }

    /// Sends the keepalive now.
    ///
    /// # Errors
    /// [`NotReady`] if it is not idle.
    pub fn keep_alive(&mut self, now: Instant) -> Result<(), NotReady> {
        if let Some(cause) = self.not_idle() {
            return Err(cause);
        }
        let command = self.keepalive.command();
        let encoded = encoded(&command, self.dialect).map_err(NotReady::Encode)?;
        self.begin(Exchange::new(What::Keepalive, command.context(), encoded), now);
        Ok(())
    }

    /// Ends it in order: by QUIT, after the command in hand; at once if nobody is logged in, for then nothing but the
    /// login may be sent (RFC 2832 §4.3.8).
    pub fn quit(&mut self, now: Instant) {
        self.quitting = true;
        match self.state {
            State::Greeting { .. } | State::Greeted { .. } => self.end(Why::Abandoned),
            State::Busy { exchange: Exchange { what: What::Login { .. }, .. }, phase, .. }
                if phase < Phase::Write =>
            {
                self.end(Why::Abandoned);
            }
            // A keepalive that nobody has begun to send is not needed any more.
            State::Busy { exchange: Exchange { what: What::Keepalive, .. }, phase, .. }
                if phase < Phase::Write =>
            {
                self.begin_quit(now);
            }
            State::Idle { ending: None, .. } => self.begin_quit(now),
            _ => {}
        }
    }

    /// Ends it at once, whatever is in hand.
    pub fn abandon(&mut self) {
        self.end(Why::Abandoned);
    }

    // What happens.

    /// Bytes have been read.
    ///
    /// What is kept of them is bounded by the limits for replies and the size of one call's input.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        if self.has_ended() || bytes.is_empty() {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if let State::Greeting { first, .. } = &mut self.state {
            first.take(bytes);
        }
        loop {
            match self.deframer.deframe(&mut self.buffer) {
                Ok(Some(frame)) => self.frame(&frame, now),
                Ok(None) => break,
                Err(error) => self.end(Why::Frame(error)),
            }
            if self.has_ended() {
                return;
            }
        }
        self.partial(now);
    }

    /// The registry has closed its side.
    pub fn handle_eof(&mut self, _now: Instant) {
        let begun = !self.deframer.is_between_frames(&self.buffer);
        self.end(match begun {
            _ if self.quit_was_sent() => Why::Quit,
            true => Why::Incomplete { bytes: self.buffer.len() },
            false => Why::Eof,
        });
    }

    /// Reading or writing has failed. When writing has, what can still be read is best given first: it may say why.
    pub fn handle_error(&mut self, error: io::Error) {
        // Servers that are told QUIT close as they like; a network that fails has closed nothing.
        let quit = self.quit_was_sent() && is_closed_by_peer(&error);
        self.end(if quit { Why::Quit } else { Why::Transport(error) });
    }

    /// Somebody has looked, after [`wants_check`](Self::wants_check), and nothing was to be read: what is in hand may be
    /// handed over.
    pub fn handle_checked(&mut self, _now: Instant) {
        if self.wants_check()
            && let State::Busy { phase, .. } = &mut self.state
        {
            *phase = Phase::Checked;
        }
    }

    /// The transport has taken all that [`poll_output`](Self::poll_output) gave, and holds none of it back.
    pub fn handle_flushed(&mut self, now: Instant) {
        let State::Busy { exchange, phase, deadline, whole } = &mut self.state else {
            return;
        };
        if *phase != Phase::Write {
            return;
        }
        *phase = Phase::FirstByte;
        let wait = match &exchange.what {
            // Their deadline is for all of it.
            What::Login { .. } | What::Quit => None,
            What::Keepalive => Some(self.deadlines.query()),
            What::Command { command, .. } => Some(match command.nature().effect() {
                Effect::Read => self.deadlines.query(),
                Effect::Write | Effect::Session => self.deadlines.change(),
            }),
        };
        if let Some(wait) = wait {
            *whole = later(now, wait.whole());
            *deadline = later(now, wait.first_byte()).min(*whole);
        }
        // Something of a reply may be there already.
        self.partial(now);
    }

    /// Time has passed: to be called when [`poll_timeout`](Self::poll_timeout) is reached; does nothing before. What has
    /// been read by then may be given first: a whole reply counts as long as nobody has looked at the clock.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match self.state {
            State::Idle { ending: Some(_), .. } => self.end(Why::Noise),
            State::Idle { ending: None, .. } => {
                if self.keep_alive(now).is_err() {
                    // It is idle, and the dialect allows it, so this is not reached; it would not change either.
                    self.keepalive_after = None;
                }
            }
            State::Greeting { .. } | State::Busy { .. } => self.end(Why::Timeout),
            State::Greeted { .. } | State::Ended => {}
        }
    }

    // What is to be done.

    /// Whether something waits to be handed over, and somebody is to look first whether anything is to be read. Of a TLS
    /// connection the plaintext counts: a ticket is no reply.
    #[must_use]
    pub fn wants_check(&self) -> bool {
        matches!(self.state, State::Busy { phase: Phase::Check, .. })
            && self.deframer.is_between_frames(&self.buffer)
    }

    /// The bytes to hand to the transport, whole commands. They count as handed over from here on, for of a transport
    /// that fails nobody knows what it had taken.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        match &mut self.state {
            State::Busy { exchange, phase: phase @ Phase::Checked, .. } => {
                *phase = Phase::Write;
                Some(core::mem::take(&mut exchange.encoded.0))
            }
            _ => None,
        }
    }

    /// The next thing that happened. At most eight wait.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty() {
            // Hundreds of idle sessions need no room for events.
            self.events = VecDeque::new();
        }
        event
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing else happens. `None` once it has ended,
    /// while the login waits for its owner, and while it is idle without a keepalive.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Greeting { deadline, .. } | State::Busy { deadline, .. } => Some(*deadline),
            State::Idle { ending: Some(deadline), .. } => Some(*deadline),
            State::Idle { since, ending: None } => self.keepalive_after.map(|after| later(*since, after)),
            State::Greeted { .. } | State::Ended => None,
        }
    }
}

/// Whatever nature the command was declared to have, the table tells which belong to the session.
fn is_of_the_session(command: &Command) -> bool {
    command.nature().effect() == Effect::Session || command.is_of_session()
}

/// A deadline too far away to be counted is a year away.
fn later(now: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(31_536_000);
    now.checked_add(wait).or_else(|| now.checked_add(YEAR)).unwrap_or(now)
}
