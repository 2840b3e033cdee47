//! One command and what becomes of it: a read is asked again where that helps, a write goes out once.

use std::time::Duration;

use rrp::command::{Effect, Nature};
use rrp::net::{ConnectError, Connection, Connector, Endpoint, OpenError, Pin, Stream};
use rrp::session::{Config, End, Fate};
use rrp::verdict::{Advice, Answer, Class, Executed, Verdict, Word};
use rrp::{Command, Reply, ReturnCode};

use crate::exit::Exit;
use crate::failure::{Refusal, chain};
use crate::look::repeats_blindly;
use crate::output::escape;
use crate::signal::{self, Signals};

/// How often a read is asked, and how long is waited before it is asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    attempts: u32,
    pause: Duration,
}

impl Patience {
    /// Three attempts; pauses of 1 s and 2 s.
    pub(crate) const DEFAULT: Self = Self { attempts: 3, pause: Duration::from_secs(1) };

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

/// Refusals of a login that pass by themselves. Any other one stands, or becomes worse with another login.
const MOMENTARY: [u16; 3] = [420, 421, 520];

/// Why there is no session.
pub(crate) struct OpenFailure {
    pub(crate) error: String,
    pub(crate) fix: Option<String>,
    /// Whether another login would help nothing or make it worse: refused credentials, a locked account, too many
    /// sessions.
    stop: bool,
}

impl OpenFailure {
    fn not_connected(error: &ConnectError) -> Self {
        Self { error: chain(error), fix: Some(error.fix()), stop: false }
    }

    fn not_logged_in(error: &OpenError) -> Self {
        let reply = error.session_end().and_then(End::reply);
        let stop =
            reply.map(Reply::code).map(ReturnCode::as_u16).is_some_and(|code| !MOMENTARY.contains(&code));
        Self { error: chain(error), fix: error.fix(), stop }
    }

    /// By a signal of this name.
    fn interrupted(name: &str) -> Self {
        Self { error: before_sending(name), fix: None, stop: true }
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
    /// It is about to go out.
    Sending(&'e Command),
    /// An attempt is over, the nth.
    Attempt(usize, &'e Attempt),
}

pub(crate) type Tell<'t> = dyn FnMut(Event<'_>) + 't;

/// What became of a command: of each attempt, the last of which decides.
pub(crate) struct Outcome {
    nature: Nature,
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
        Self { nature: *command.nature(), attempts: Vec::new(), tls: None }
    }

    /// Of a command that somebody else has sent, or not.
    pub(crate) fn of(command: &Command, fared: Fared) -> Self {
        let attempt = Attempt { session: 0, fared, again: None };
        Self { attempts: vec![attempt], ..Self::none(command) }
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
        match self.decisive() {
            None | Some(Fared::NotOpened(_) | Fared::Unsent(_)) => Exit::NotSent,
            Some(Fared::Unanswered(_)) => {
                if self.nature.effect() == Effect::Read {
                    Exit::Temporary
                } else {
                    Exit::InDoubt
                }
            }
            Some(Fared::Answered { verdict, .. }) => of_verdict(verdict, &self.nature),
        }
    }
}

/// The exit code for a whole reply to a command of this nature.
pub(crate) fn of_verdict(verdict: &Verdict, nature: &Nature) -> Exit {
    let write = nature.effect() != Effect::Read;
    match (verdict.completed(), verdict.executed(), verdict.class()) {
        (true, _, _) => match verdict.answer() {
            Some(Answer::No) => Exit::No,
            _ => Exit::Yes,
        },
        // Some have said that it failed, and had executed it.
        (false, Executed::No, Class::Temporary) if write && !repeats_blindly(nature) => Exit::InDoubt,
        (false, Executed::No, Class::Temporary) => Exit::Temporary,
        (false, Executed::No, _) => Exit::Permanent,
        (false, _, _) if write => Exit::InDoubt,
        // A success of no list is an answer.
        (false, _, Class::Success) if verdict.fits() => Exit::Yes,
        (false, _, Class::Permanent) if !verdict.closes_connection() => Exit::Permanent,
        (false, _, _) => Exit::Temporary,
    }
}

/// What a reply means that could be that of a lost login, and is not.
pub(crate) const fn refused_all_the_same(verdict: Verdict) -> Verdict {
    verdict.with_executed(Executed::No, Word::Inference).with_advice(Advice::ReadMessage)
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
    /// Watched since the first write.
    signals: Option<Signals>,
    sessions: u32,
}

impl Client {
    pub(crate) const fn new(
        connector: Connector,
        endpoint: Endpoint,
        config: Config,
        patience: Patience,
    ) -> Self {
        Self {
            connector,
            endpoint,
            config,
            patience,
            connection: None,
            tls: None,
            signals: None,
            sessions: 0,
        }
    }

    /// Sends a command, a read up to three times.
    pub(crate) async fn run(&mut self, command: &Command, tell: &mut Tell<'_>) -> Outcome {
        let effect = command.nature().effect();
        let mut outcome = Outcome::none(command);
        for number in 1..=self.patience.attempts {
            let fared = if effect == Effect::Read {
                self.attempt(command, &mut None, tell).await
            } else {
                self.watched(command, tell).await
            };
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

    /// Sends a write; whoever ends the program meanwhile must hear what became of it.
    async fn watched(&mut self, command: &Command, tell: &mut Tell<'_>) -> Fared {
        let mut signals = match self.signals.take().map_or_else(Signals::watch, Ok) {
            Ok(signals) => Some(signals),
            Err(error) => return Fared::Unsent(format!("no watch for signals: {}", chain(&error))),
        };
        let fared = self.attempt(command, &mut signals, tell).await;
        self.signals = signals;
        fared
    }

    async fn attempt(
        &mut self,
        command: &Command,
        signals: &mut Option<Signals>,
        tell: &mut Tell<'_>,
    ) -> Fared {
        let connection = match self.connection.take() {
            Some(connection) if connection.is_open() => connection,
            _ => {
                let opened = tokio::select! {
                    biased;
                    opened = self.open(tell) => opened,
                    name = signal::next(signals) => Err(OpenFailure::interrupted(name)),
                };
                match opened {
                    Ok(connection) => connection,
                    Err(failure) => return Fared::NotOpened(failure),
                }
            }
        };
        if let Some(signals) = signals
            && let Some(name) = signals.come().await
        {
            connection.abandon();
            return Fared::Unsent(before_sending(name));
        }
        tell(Event::Sending(command));
        let fate = tokio::select! {
            // First, so that it is handed over: from here on a signal leaves it in doubt.
            biased;
            fate = connection.send(command.clone()) => fate,
            name = signal::next(signals) => {
                connection.abandon();
                return Fared::Unanswered(format!("interrupted ({name}) while the answer was waited for"));
            }
        };
        match fate {
            Ok(Fate::Answered(reply)) => {
                let mut verdict = reply.verdict(command.context());
                let mut login = None;
                if verdict.advice() == Advice::ProbeLogin {
                    let holds = tokio::select! {
                        biased;
                        proven = proves_login(&connection) => proven,
                        _ = signal::next(signals) => false,
                    };
                    if holds {
                        login = Some(Login::Holds);
                        verdict = refused_all_the_same(verdict);
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
        Ok(connection)
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            // What is to be told of a write is not kept back by a registry that does not answer to QUIT.
            tokio::select! {
                _ = connection.quit() => {}
                _ = signal::next(&mut self.signals) => {}
            }
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

fn before_sending(name: &str) -> String {
    format!("interrupted ({name}) before the command was sent")
}

/// Whether the login is proven, twice: a reply that comes late, behind the first proof, is seen before the second.
async fn proves_login(connection: &Connection) -> bool {
    for _ in 0..2 {
        if !connection.keep_alive().await.is_ok_and(|proof| proof.holds()) {
            return false;
        }
    }
    true
}

/// Runs a future to its end, on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Refusal> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let output = runtime.block_on(future);
            // A name that is still being looked up keeps nobody.
            runtime.shutdown_background();
            Ok(output)
        }
        Err(error) => {
            Err(Refusal::new("start", "the runtime does not start").because(error).exit(Exit::NotSent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double() {
        let pauses = [1, 2, 3].map(|attempt| Patience::DEFAULT.after(attempt).as_secs());
        assert_eq!(pauses, [1, 2, 4]);
    }

    #[test]
    fn exits_follow_the_verdict() {
        use rrp::Context;
        use rrp::command::{Billable, Kind, Repeat, Settle};
        let write = |kind, repeat| Nature::write(kind, Billable::Yes, repeat, Settle::Read("status"));
        let (renewal, guarded) =
            (write(Kind::Renewal, Repeat::Harmful), write(Kind::Renewal, Repeat::Guarded));
        let (creation, deletion) =
            (write(Kind::Creation, Repeat::Refused), write(Kind::Deletion, Repeat::Refused));
        let exit = |code: u16, context, nature: &Nature| {
            of_verdict(&ReturnCode::from_u16(code).unwrap().verdict(context), nature)
        };
        let (ptf, check) = (Context::Ptf, Context::Check(rrp::verb::Entity::Domain));
        for (code, context, read, blind, other) in [
            (200, ptf, Exit::Yes, Exit::Yes, Exit::Yes),
            (210, ptf, Exit::Temporary, Exit::InDoubt, Exit::InDoubt),
            (210, check, Exit::Yes, Exit::Yes, Exit::Yes),
            (211, check, Exit::No, Exit::No, Exit::No),
            (220, check, Exit::Temporary, Exit::Temporary, Exit::InDoubt),
            (421, Context::Rrp(rrp::Verb::Renew), Exit::Temporary, Exit::Temporary, Exit::InDoubt),
            (421, ptf, Exit::Temporary, Exit::InDoubt, Exit::InDoubt),
            (422, ptf, Exit::Temporary, Exit::Temporary, Exit::InDoubt),
            (423, ptf, Exit::Temporary, Exit::InDoubt, Exit::InDoubt),
            (520, ptf, Exit::Temporary, Exit::InDoubt, Exit::InDoubt),
            (545, ptf, Exit::Permanent, Exit::Permanent, Exit::Permanent),
            (549, ptf, Exit::Permanent, Exit::InDoubt, Exit::InDoubt),
            (222, ptf, Exit::Yes, Exit::InDoubt, Exit::InDoubt),
            (499, ptf, Exit::Temporary, Exit::InDoubt, Exit::InDoubt),
            (599, ptf, Exit::Permanent, Exit::Permanent, Exit::Permanent),
            (700, ptf, Exit::Temporary, Exit::InDoubt, Exit::InDoubt),
        ] {
            assert_eq!(exit(code, context, &Nature::READ), read, "{code}, read");
            assert_eq!(exit(code, context, &creation), blind, "{code}, creation");
            for nature in [renewal, guarded, deletion, Nature::UNKNOWN] {
                assert_eq!(exit(code, context, &nature), other, "{code}, {nature:?}");
            }
        }
    }
}
