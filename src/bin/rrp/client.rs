//! One command and what becomes of it: a read is asked again where that helps, a write goes out once.

use std::time::Duration;

use rrp::command::Effect;
use rrp::net::{ConnectError, Connection, Connector, Endpoint, OpenError, Pin, Stream};
use rrp::session::{Config, End, Fate};
use rrp::verdict::{Advice, Answer, Class, Executed, Verdict, Word};
use rrp::{Command, Context, Reply};

use crate::exit::Exit;
use crate::failure::{Refusal, chain};
use crate::output::escape;

/// How often a read is asked, and how long is waited before it is asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    attempts: u32,
    pause: Duration,
}

impl Patience {
    /// Three attempts; pauses of 1 s and 2 s.
    pub(crate) const DEFAULT: Self = Self { attempts: 3, pause: Duration::from_secs(1) };

    /// With another first pause, for a registry that only plays.
    pub(crate) const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Before the attempt after this one, counted from 1.
    fn after(self, attempt: u32) -> Duration {
        self.pause.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX))
    }
}

/// What became of one attempt.
pub(crate) enum Fared {
    /// There was no session to send it on.
    NotOpened(OpenFailure),
    /// The session ended before the first byte.
    Unsent(String),
    /// The whole reply, and what it means. Where it could be a lost login, whether that was lost.
    Answered { reply: Box<Reply>, verdict: Verdict, login: Option<Login> },
    /// Sent, and no whole reply came; why.
    Unanswered(String),
}

/// What a probe of the login showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Holds,
    /// It did not succeed: the login is lost, or cannot be proved.
    Unproven,
}

/// Why there is no session.
pub(crate) struct OpenFailure {
    pub(crate) error: String,
    pub(crate) fix: Option<String>,
    /// Whether another login would make it worse: refused credentials, a locked account, too many sessions.
    stop: bool,
}

impl OpenFailure {
    fn not_connected(error: &ConnectError) -> Self {
        Self { error: chain(error), fix: Some(error.fix()), stop: false }
    }

    fn not_logged_in(error: &OpenError) -> Self {
        let reply = error.session_end().and_then(End::reply);
        let stop = reply.is_some_and(|reply| {
            matches!(
                reply.verdict(Context::Login).advice(),
                Advice::StopLoggingIn | Advice::HoldAccount { .. } | Advice::FewerSessions { .. }
            )
        });
        Self { error: chain(error), fix: error.fix(), stop }
    }
}

/// What comes after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) pause: Duration,
    pub(crate) new_session: bool,
}

pub(crate) struct Attempt {
    /// On which session, counted from 1; 0 if there was none.
    pub(crate) session: u32,
    pub(crate) fared: Fared,
    /// `None`: it was the last.
    pub(crate) again: Option<Again>,
}

/// What happens meanwhile.
pub(crate) enum Event<'e> {
    Warning(&'e str),
    /// The nth session is open.
    Opened(u32, &'e Connection),
    /// It is about to go out.
    Sending(&'e Command),
    /// An attempt is over, the nth.
    Attempt(usize, &'e Attempt),
}

pub(crate) type Tell<'t> = dyn FnMut(Event<'_>) + 't;

/// What became of a command: of each attempt, the last of which decides.
pub(crate) struct Outcome {
    effect: Effect,
    pub(crate) attempts: Vec<Attempt>,
    /// What is known about TLS with whoever it went to; `None` without TLS or a connection.
    pub(crate) tls: Option<Peer>,
}

/// Who the other side of TLS is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) verified: bool,
    pub(crate) pin: Pin,
}

impl Peer {
    pub(crate) fn of(stream: &Stream) -> Option<Self> {
        stream.tls().map(|tls| Self { verified: tls.verified(), pin: tls.pin() })
    }
}

impl Outcome {
    /// Of a command that nobody tried to send.
    pub(crate) fn none(command: &Command) -> Self {
        Self { effect: command.nature().effect(), attempts: Vec::new(), tls: None }
    }

    /// The attempt that decides. A session that could not be opened again does not make an earlier one undone.
    pub(crate) fn decisive(&self) -> Option<&Fared> {
        let went_out = |fared: &&Fared| matches!(fared, Fared::Answered { .. } | Fared::Unanswered(_));
        let mut fared = self.attempts.iter().rev().map(|attempt| &attempt.fared);
        fared.clone().find(went_out).or_else(|| fared.next())
    }

    /// Whether nothing more is to be sent for now: there is no session to be had, or the account is locked.
    pub(crate) fn stops(&self) -> bool {
        match self.attempts.last().map(|attempt| &attempt.fared) {
            Some(Fared::NotOpened(_)) => true,
            Some(Fared::Answered { verdict, .. }) => matches!(verdict.advice(), Advice::HoldAccount { .. }),
            _ => false,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        let write = self.effect != Effect::Read;
        match self.decisive() {
            None | Some(Fared::NotOpened(_) | Fared::Unsent(_)) => Exit::NotSent,
            Some(Fared::Unanswered(_)) => {
                if write {
                    Exit::InDoubt
                } else {
                    Exit::Temporary
                }
            }
            Some(Fared::Answered { verdict, .. }) => of_verdict(verdict, write),
        }
    }
}

/// The exit code for a whole reply.
pub(crate) fn of_verdict(verdict: &Verdict, write: bool) -> Exit {
    match (verdict.completed(), verdict.executed(), verdict.class()) {
        (true, _, _) => match verdict.answer() {
            Some(Answer::No) => Exit::No,
            _ => Exit::Yes,
        },
        (false, Executed::No, Class::Temporary) => Exit::Temporary,
        (false, Executed::No, _) => Exit::Permanent,
        (false, _, _) if write => Exit::InDoubt,
        // A success of no list is an answer.
        (false, _, Class::Success) if verdict.fits() => Exit::Yes,
        (false, _, Class::Permanent) if !verdict.closes_connection() => Exit::Permanent,
        (false, _, _) => Exit::Temporary,
    }
}

/// Sessions with one registry, one at a time.
pub(crate) struct Client {
    connector: Connector,
    endpoint: Endpoint,
    config: Config,
    patience: Patience,
    connection: Option<Connection>,
    /// What is known about TLS with the last one that was connected to.
    tls: Option<Peer>,
    sessions: u32,
}

impl Client {
    pub(crate) const fn new(
        connector: Connector,
        endpoint: Endpoint,
        config: Config,
        patience: Patience,
    ) -> Self {
        Self { connector, endpoint, config, patience, connection: None, tls: None, sessions: 0 }
    }

    /// Sends a command, a read up to three times.
    pub(crate) async fn run(&mut self, command: &Command, tell: &mut Tell<'_>) -> Outcome {
        let effect = command.nature().effect();
        let mut outcome = Outcome::none(command);
        for number in 1..=self.patience.attempts {
            let fared = self.attempt(command, tell).await;
            let sent_before =
                matches!(outcome.decisive(), Some(Fared::Answered { .. } | Fared::Unanswered(_)));
            let again = match effect {
                Effect::Read if number < self.patience.attempts => {
                    self.again(&fared, sent_before, self.patience.after(number))
                }
                _ => None,
            };
            let session = if matches!(fared, Fared::NotOpened(_)) { 0 } else { self.sessions };
            let attempt = Attempt { session, fared, again };
            tell(Event::Attempt(usize::try_from(number).unwrap_or(usize::MAX), &attempt));
            outcome.attempts.push(attempt);
            outcome.tls = self.tls;
            match again {
                Some(again) => {
                    if again.new_session {
                        self.close().await;
                    }
                    tokio::time::sleep(again.pause).await;
                }
                None => break,
            }
        }
        outcome
    }

    /// Whether a read is asked again, and how.
    fn again(&self, fared: &Fared, sent_before: bool, pause: Duration) -> Option<Again> {
        let new = Some(Again { pause, new_session: true });
        match fared {
            // A host that cannot be reached at all is told at once; one that was just there gets its chance.
            Fared::NotOpened(failure) => new.filter(|_| sent_before && !failure.stop),
            Fared::Unsent(_) | Fared::Unanswered(_) => new,
            Fared::Answered { login: Some(Login::Unproven), .. } => new,
            Fared::Answered { verdict, .. } if verdict.completed() => None,
            Fared::Answered { verdict, .. } => match verdict.advice() {
                Advice::Resubmit { .. } => {
                    let open = self.connection.as_ref().is_some_and(Connection::is_open);
                    Some(Again { pause, new_session: verdict.closes_connection() || !open })
                }
                Advice::Reconnect { .. } | Advice::Resynchronise => new,
                // 549 is a refusal, of a read at least.
                Advice::ReadBack => {
                    new.filter(|_| verdict.class() != Class::Permanent || verdict.closes_connection())
                }
                _ => None,
            },
        }
    }

    async fn attempt(&mut self, command: &Command, tell: &mut Tell<'_>) -> Fared {
        let connection = match self.connection.take() {
            Some(connection) if connection.is_open() => connection,
            _ => match self.open(tell).await {
                Ok(connection) => connection,
                Err(failure) => return Fared::NotOpened(failure),
            },
        };
        tell(Event::Sending(command));
        let write = command.nature().effect() != Effect::Read;
        let fate = tokio::select! {
            fate = connection.send(command.clone()) => fate,
            // Whoever interrupts a write must hear that it is in doubt.
            Ok(()) = tokio::signal::ctrl_c(), if write => {
                connection.abandon();
                return Fared::Unanswered("interrupted while the answer was waited for".to_owned());
            }
        };
        match fate {
            Ok(Fate::Answered(reply)) => {
                let mut verdict = reply.verdict(command.context());
                let mut login = None;
                if verdict.advice() == Advice::ProbeLogin {
                    if matches!(connection.keep_alive().await, Ok(true)) {
                        login = Some(Login::Holds);
                        verdict = verdict
                            .with_executed(Executed::No, Word::Inference)
                            .with_advice(Advice::ReadMessage);
                    } else {
                        login = Some(Login::Unproven);
                    }
                }
                self.connection = Some(connection);
                Fared::Answered { reply: Box::new(reply), verdict, login }
            }
            Ok(Fate::Unanswered) => Fared::Unanswered(chain(&*connection.ended().await)),
            Ok(Fate::Unsent(_)) => Fared::Unsent(chain(&*connection.ended().await)),
            Err(rejected) => Fared::Unsent(chain(&rejected)),
        }
    }

    async fn open(&mut self, tell: &mut Tell<'_>) -> Result<Connection, OpenFailure> {
        let stream = self
            .connector
            .connect(&self.endpoint)
            .await
            .map_err(|error| OpenFailure::not_connected(&error))?;
        self.tls = Peer::of(&stream);
        if let Some(warning) = stream.tls().and_then(|tls| tls.warning()) {
            tell(Event::Warning(&warning));
        }
        let connection = Connection::open(stream, self.config.clone())
            .await
            .map_err(|error| OpenFailure::not_logged_in(&error))?;
        self.sessions = self.sessions.saturating_add(1);
        tell(Event::Opened(self.sessions, &connection));
        Ok(connection)
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.quit().await;
        }
    }
}

impl Attempt {
    /// What became of it, in one line.
    pub(crate) fn story(&self) -> String {
        match &self.fared {
            Fared::NotOpened(failure) => format!("not sent: {}", failure.error),
            Fared::Unsent(why) => format!("not sent: {why}"),
            Fared::Unanswered(why) => format!("no answer: {why}"),
            Fared::Answered { reply, login, .. } => {
                let login =
                    if *login == Some(Login::Unproven) { ", and the login is not proven" } else { "" };
                format!("{} {}{login}", reply.code(), escape(&reply.redacted_text()))
            }
        }
    }
}

impl Again {
    /// When and where, in a few words.
    pub(crate) fn story(self) -> String {
        let session = if self.new_session { "on a new session" } else { "on the same session" };
        format!("asking again {session} in {} s", self.pause.as_secs_f64())
    }
}

/// Runs a future to its end, on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Refusal> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => Ok(runtime.block_on(future)),
        Err(error) => {
            Err(Refusal::new("start", "the runtime does not start").because(error).exit(Exit::NotSent))
        }
    }
}

#[cfg(test)]
mod tests {
    use rrp::ReturnCode;

    use super::*;

    #[test]
    fn pauses_double() {
        let pauses = [1, 2, 3].map(|attempt| Patience::DEFAULT.after(attempt).as_secs());
        assert_eq!(pauses, [1, 2, 4]);
    }

    #[test]
    fn exits_follow_the_verdict() {
        let exit = |code: u16, context, write| {
            of_verdict(&ReturnCode::from_u16(code).unwrap().verdict(context), write)
        };
        let (ptf, check) = (Context::Ptf, Context::Check(rrp::verb::Entity::Domain));
        for (code, context, read, write) in [
            (200, ptf, Exit::Yes, Exit::Yes),
            (210, ptf, Exit::Temporary, Exit::InDoubt),
            (210, check, Exit::Yes, Exit::Yes),
            (211, check, Exit::No, Exit::No),
            (220, check, Exit::Temporary, Exit::Temporary),
            (421, Context::Rrp(rrp::Verb::Renew), Exit::Temporary, Exit::Temporary),
            (421, ptf, Exit::Temporary, Exit::InDoubt),
            (422, ptf, Exit::Temporary, Exit::Temporary),
            (423, ptf, Exit::Temporary, Exit::InDoubt),
            (520, ptf, Exit::Temporary, Exit::InDoubt),
            (545, ptf, Exit::Permanent, Exit::Permanent),
            (549, ptf, Exit::Permanent, Exit::InDoubt),
            (222, ptf, Exit::Yes, Exit::InDoubt),
            (499, ptf, Exit::Temporary, Exit::InDoubt),
            (599, ptf, Exit::Permanent, Exit::Permanent),
            (700, ptf, Exit::Temporary, Exit::InDoubt),
        ] {
            assert_eq!(exit(code, context, false), read, "{code}, read");
            assert_eq!(exit(code, context, true), write, "{code}, write");
        }
    }
}
