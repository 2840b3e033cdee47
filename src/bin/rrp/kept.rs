//! The last part of `rrp demo`: writes through the library's client, which keeps a journal, and settles by itself what is
//! lost.

use std::io::Write;
use std::time::Duration;

use rrp::command::{Add, Period, Safety, Session, ToCommand};
use rrp::dispatch::{Config, Entry, Outcome};
use rrp::journal::Memory;
use rrp::net::{Connector, Endpoint};
use rrp::retry::Backoff;
use rrp::sim::server::Server;
use rrp::sim::{Close, Effect, Fault, Trigger};
use rrp::{Command, DomainName};
use serde_json::{Value, json};

use crate::change::proof;
use crate::demo::{KEYS, STAGE};
use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
use crate::look;
use crate::output::{Fields, escape};

/// When the registry's clock begins, in milliseconds of Unix time: 2026-01-01.
const BEGIN: u64 = 1_767_225_600_000;

/// What is waited for here, where it is a second or ten otherwise.
const PAUSE: Duration = Duration::from_millis(10);

const INTRODUCTION: &str = "
The same by the library's client, with a journal in memory. What it does not find counts only twice:
here at once and 10 ms later, otherwise 60 s after the loss and 10 s later.
";

/// A registration that fares like this.
struct Scene {
    title: &'static str,
    name: &'static str,
    effect: Effect,
}

/// What was registered.
pub(crate) const NAMES: [&str; 2] = ["example.net", "example.org"];

fn scenes() -> [Scene; 2] {
    let [executed, lost] = NAMES;
    [
        Scene {
            title: "register a name, and the answer is lost",
            name: executed,
            effect: Effect::ExecuteAndClose(Close::Orderly),
        },
        Scene {
            title: "register another one, and the command itself is lost",
            name: lost,
            effect: Effect::CloseBefore(Close::Orderly),
        },
    ]
}

/// Plays it, counting from `number`; with JSON it prints nothing, and gives back what it has to say.
pub(crate) async fn play(
    server: &Server,
    (connector, endpoint, login): (Connector, Endpoint, Session),
    number: u32,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Vec<Value>, Failure> {
    let refused = |what: &'static str| {
        move |error: Box<dyn std::error::Error>| Refusal::new(STAGE, what).because(error).exit(Exit::NotSent)
    };
    let journal = Memory::new([0; 32]);
    let config = Config::new(0).negatives(Duration::ZERO, Duration::ZERO, PAUSE);
    let client = rrp::Client::builder(endpoint)
        .login(login)
        .connector(connector)
        .journal(journal.clone())
        .config(config.backoff(Backoff::new(PAUSE, PAUSE)))
        .wall_clock(|| BEGIN)
        .unlimited()
        // Nobody else knows of this registry.
        .without_account_lock()
        .connect()
        .await
        .map_err(|error| refused("the client does not start")(error.into()))?;
    if !as_json {
        write!(out, "{INTRODUCTION}")?;
    }
    let mut told = Vec::new();
    for (number, Scene { title, name, effect }) in (number..).zip(scenes()) {
        let name: DomainName = name.parse().map_err(|_| Refusal::new(STAGE, "no name"))?;
        let year = Period::years(1).map_err(|error| refused("no period")(error.into()))?;
        let add = Add::domain(&name).period(year);
        let command = add.to_command();
        server.registry().faults().add(Fault::on(Trigger::Command("add".to_owned())).then(effect));
        let outcome = client.change(&add, Safety::ReadBack).await;
        let outcome = outcome.map_err(|error| refused("not sent")(error.into()))?;
        let (ticket, word, so) = match &outcome {
            Outcome::Accepted(accepted) => {
                let summary = accepted.summary();
                (accepted.ticket(), "accepted", format!("accepted; it rests on {}", proof(summary.proof())))
            }
            Outcome::Refused(refusal) => (refusal.ticket(), "refused", "refused".to_owned()),
            Outcome::InDoubt(doubt) => (doubt.ticket(), "in-doubt", format!("in doubt: {}", doubt.reason())),
        };
        let Some(entry) = journal.entry(ticket) else {
            return Err(Refusal::new(STAGE, "the journal has no entry").into());
        };
        if as_json {
            told.push(scene_json(title, &command, &entry, word));
            continue;
        }
        writeln!(
            out,
            "\n{number}. {title} (a write; billable: {}; host: loopback; environment: simulated)",
            command.nature().billable().as_str()
        )?;
        let mut fields = Fields::with_keys(KEYS);
        fields.add("intent", format!("ticket {ticket}, in the journal before the first byte goes out"));
        fields.add("sent", look::sent(&command));
        let mut before = "";
        for note in entry.notes() {
            let key = about(note.text());
            fields.add(if key == before { "" } else { key }, escape(note.text()));
            before = key;
        }
        let times = match entry.attempts() {
            1 => "once".to_owned(),
            times => format!("{times} times, the last one after it was proven that nothing had been done"),
        };
        fields.add("so", so);
        fields.add("", format!("sent {times}"));
        fields.write(out)?;
    }
    client.shutdown().await;
    Ok(told)
}

/// What a note of the journal is about.
fn about(note: &str) -> &'static str {
    [("sent, and no", "in doubt"), ("looked", "read back"), ("answered", "received")]
        .into_iter()
        .find_map(|(begins, about)| note.starts_with(begins).then_some(about))
        .unwrap_or("noted")
}

fn scene_json(title: &str, command: &Command, entry: &Entry, outcome: &str) -> Value {
    json!({
        "step": title,
        "host": "127.0.0.1",
        "environment": "simulated",
        "command": command.name(),
        "sent": look::sent(command),
        "billable": command.nature().billable().as_str(),
        "ticket": entry.ticket().get(),
        "outcome": outcome,
        "handed_over": entry.attempts(),
        "notes": entry.notes().iter().map(|note| note.text()).collect::<Vec<_>>(),
    })
}
