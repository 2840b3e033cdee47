//! How a command goes to the registry: by sessions of the program's own, or by way of the daemon that has the account.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use rrp::client::Builder;
use rrp::command::Dialect;
use rrp::dispatch::Ticket;
use rrp::settle::Proof;
use rrp::verdict::Advice;
use rrp::wire::deframe::{Deframer, Limits};
use rrp::{Command, Reply, ReturnCode, wire};
use serde_json::{Map, Value, json};

use crate::change::{self, Changed, Wishes};
use crate::client::{Client, Fared, Login, Outcome, Patience, Tell, block_on, refused_all_the_same};
use crate::daemon::{Daemon, Served, request};
use crate::ended::{Ended, Fate, Kept, OVER, Unsent};
use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
use crate::journaled::Seen;
use crate::output::escape;
use crate::settings::Settings;
use crate::signal::Signals;

/// A daemon has so long beyond the time of a command to say what became of it.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// The daemon that has the account.
pub(crate) struct Through {
    pub(crate) daemon: Daemon,
    pub(crate) served: Served,
}

/// How a command goes to the registry.
pub(crate) enum Way {
    Direct(Box<Client>),
    Daemon(Box<Through>),
}

impl Way {
    /// By the daemon if there is one, else by sessions with this patience.
    pub(crate) fn new(
        through: Option<Through>,
        settings: &Settings,
        patience: Patience,
        err: &mut dyn Write,
    ) -> Result<Self, Refusal> {
        if let Some(through) = through {
            return Ok(Self::Daemon(Box::new(through)));
        }
        let (connector, session) = (settings.connector(err)?, settings.session(err)?);
        let endpoint = settings.target.endpoint.clone();
        Ok(Self::Direct(Box::new(Client::new(connector, endpoint, session, patience))))
    }

    pub(crate) async fn run(&mut self, command: &Command, tell: &mut Tell<'_>) -> Outcome {
        match self {
            Self::Direct(client) => client.run(command, tell).await,
            Self::Daemon(through) => Outcome::of(command, through.query(command).await),
        }
    }

    pub(crate) async fn close(&mut self) {
        if let Self::Direct(client) = self {
            client.close().await;
        }
    }
}

impl Through {
    fn call(&self, command: &Command, wait: Duration) -> Result<Map<String, Value>, Refusal> {
        let mut out = BytesMut::new();
        let no_command = |error| Refusal::usage("request", "it does not go out").because(error);
        wire::encode(command.body(), Dialect::Xrrp, &mut out).map_err(no_command)?;
        let mut map = request("call", Some(&self.served.name));
        map.insert("request".to_owned(), json!(String::from_utf8_lossy(&out)));
        map.insert("deadline_s".to_owned(), json!(wait.as_secs()));
        Ok(map)
    }

    async fn query(&self, command: &Command) -> Fared {
        let wait = Builder::QUERY_DEADLINE;
        let told = match self.call(command, wait) {
            Ok(call) => self.daemon.tell(&call.into(), wait.checked_add(GRACE)).await,
            Err(refusal) => Err(refusal),
        };
        match told {
            Ok(told) => fared(command, &told),
            Err(refusal) => Fared::Unsent(refusal.what()),
        }
    }

    /// Sends a write, and tells what became of it.
    pub(crate) fn change(
        &self,
        settings: &Settings,
        command: &Command,
        wishes: &Wishes<'_>,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let mut call = self.call(command, wishes.wait)?;
        call.insert("safety".to_owned(), json!(wishes.safety.as_str()));
        if let Some(key) = wishes.key {
            call.insert("key".to_owned(), json!(key));
        }
        settings.target.warn(command, err);
        change::announce(None, &settings.target, command, wishes, err);
        let (told, seen) = block_on(async {
            let mut signals = Signals::watch().map_err(|error| {
                Refusal::new("daemon", "no watch for signals").because(error).exit(Exit::NotSent)
            })?;
            let mut seen = Seen::default();
            let call = call.into();
            let told = tokio::select! {
                biased;
                told = self.daemon.tell(&call, wishes.wait.checked_add(GRACE)) => told,
                name = signals.next() => {
                    seen.interrupted = Some(name);
                    Ok(Value::Null)
                }
            };
            Ok::<_, Refusal>((told, seen))
        })??;
        let told = match told {
            Ok(told) => ended(&told),
            // It may have been on its way when the daemon ended: whoever asks the journal knows.
            Err(refusal) if refusal.is_exit(Exit::Temporary) => ended(&Value::Null),
            Err(refusal) => return Err(refusal.into()),
        };
        let mut seen = seen;
        if let Some(ticket) = told.ticket
            && let Some(entry) = self.entry(ticket)
        {
            seen.entries.insert(ticket, entry);
        }
        let reach = self.daemon.reach(&self.served);
        Changed { target: &settings.target, command, reach, told, seen }.tell(wishes.json, out, err)
    }

    /// What the journal has of a write, if it can be asked.
    fn entry(&self, ticket: Ticket) -> Option<rrp::dispatch::Entry> {
        let mut map = request("doubt", Some(&self.served.name));
        map.insert("ticket".to_owned(), json!(ticket.get()));
        let told = self.daemon.ask(&map.into()).ok()?;
        crate::found::entry_of(&told)
    }

    /// Whether it writes this journal, which somebody wants to write.
    pub(crate) fn has_journal(&self, file: &Path) -> bool {
        self.served.has_journal(file)
    }
}

fn text<'t>(told: &'t Value, key: &str) -> Option<&'t str> {
    told.get(key).and_then(Value::as_str)
}

/// A reply that is told as it came.
fn reply(told: &Value) -> Option<Reply> {
    let mut buffer = BytesMut::from(text(told, "reply")?.as_bytes());
    // Redacted, it may be a little longer than what came.
    let limits = Limits::REPLY.with_frame(Limits::MAX_FRAME);
    let frame = Deframer::new(limits).deframe(&mut buffer).ok()??;
    Reply::parse(&frame).ok()
}

fn fared(command: &Command, told: &Value) -> Fared {
    let why = || escape(text(told, "why").unwrap_or("the daemon does not say why"));
    match (text(told, "told"), reply(told)) {
        (Some("answered"), Some(reply)) => {
            let verdict = reply.verdict(command.context());
            // The daemon has proven the login, or would have asked again.
            let (verdict, login) = match verdict.advice() {
                Advice::ProbeLogin => (refused_all_the_same(verdict), Some(Login::Holds)),
                _ => (verdict, None),
            };
            Fared::Answered { reply: Box::new(reply), verdict, login }
        }
        (Some("unsent"), _) => Fared::Unsent(why()),
        _ => Fared::Unanswered(why()),
    }
}

/// How a write ended, by what the daemon tells. What cannot be understood says nothing of what became of it.
pub(crate) fn ended(told: &Value) -> Ended {
    let number = |key: &str| told.get(key).and_then(Value::as_u64);
    let flag = |key: &str| told.get(key).and_then(Value::as_bool);
    let earlier = number("earlier").map(Ticket::new);
    let fate = match text(told, "told") {
        Some("accepted") => Fate::Accepted,
        Some("refused") => Fate::Refused,
        Some("refused-for-now") => Fate::RefusedForNow,
        Some("not-sent") => Fate::NotSent(match (text(told, "kind"), earlier) {
            (Some("key-conflict"), ticket) => Unsent::KeyConflict(ticket),
            (Some("object-in-doubt"), Some(ticket)) => Unsent::ObjectInDoubt(ticket),
            (Some("usage"), _) => Unsent::Usage,
            (Some("held"), _) => Unsent::Held,
            (Some("journal"), _) => Unsent::Journal,
            (Some("stopped"), _) => Unsent::Stopped,
            _ => Unsent::Other,
        }),
        _ => Fate::InDoubt,
    };
    let why = match (text(told, "reason"), text(told, "why")) {
        (Some("deadline"), _) => OVER.to_owned(),
        (_, Some(why)) => escape(why),
        (_, None) => {
            "the daemon did not say what became of it: `rrp doubt list` shows what is in doubt".to_owned()
        }
    };
    Ended {
        fate,
        ticket: number("ticket").map(Ticket::new),
        recorded: flag("recorded"),
        replayed: flag("replayed").unwrap_or(false),
        kept: kept(told),
        reply: reply(told).map(Box::new),
        why,
    }
}

/// What is kept of an outcome, as the daemon tells it.
pub(crate) fn kept(told: &Value) -> Option<Kept> {
    let proof = text(told, "proof")?;
    let all = [Proof::Reply, Proof::ReadBack, Proof::Guard, Proof::CreatedWithinADay, Proof::Operator];
    let code = told.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    Some(Kept {
        proof: all.into_iter().find(|known| known.as_str() == proof)?,
        code: code.and_then(|code| ReturnCode::from_u16(code).ok()),
        text: text(told, "text").unwrap_or_default().to_owned(),
        pending: told.get("pending").and_then(Value::as_bool).unwrap_or(false),
        job: text(told, "job").map(str::to_owned),
        expires: text(told, "expires").map(str::to_owned),
    })
}
