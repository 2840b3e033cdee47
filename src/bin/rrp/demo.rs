//! `rrp demo`: a simulated registry and a client in one process, and everything that goes to and fro between them, with
//! what it meant. The same output every time: no ports, no clock.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rrp::command::{self, Add, Body, Check, Effect, Period, PtfCommand, Renew, Status, ToCommand, Year};
use rrp::net::{Connector, Endpoint, Tls};
use rrp::session;
use rrp::sim::server::{Listen, Server};
use rrp::sim::{Close, Config, Fault, Registrar, Registry, Trigger};
use rrp::{Command, Context, DomainName, Reply, Secret, sim};
use serde_json::{Map, Value, json};

use crate::client::{Attempt, Client, Event, Fared, Outcome, Patience, block_on};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::output::{self, Fields, escape};
use crate::reply::{Shown, safe};
use crate::report::Report;
use crate::target::Target;
use crate::{kept, ledger, look};

pub(crate) const STAGE: &str = "demo";
const USER: &str = "registrar";
const NAME: &str = "example.com";

/// The pauses of the program, a hundred times as short.
const PAUSE: Duration = Duration::from_millis(10);

/// The widest key: `look first`.
pub(crate) const KEYS: usize = 10;

#[derive(clap::Args)]
#[command(after_help = format!("Needs no registry, no account and no network but loopback.\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One command of the play.
struct Step {
    title: &'static str,
    command: Command,
    /// What goes wrong with it.
    fault: Option<sim::Effect>,
}

impl Step {
    fn new(title: &'static str, command: impl Into<Command>) -> Self {
        Self { title, command: command.into(), fault: None }
    }

    fn but(mut self, fault: sim::Effect) -> Self {
        self.fault = Some(fault);
        self
    }
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let steps = steps().map_err(|error| Refusal::new(STAGE, "no command").because(error))?;
    block_on(play(steps, args.json, out))??;
    Ok(Exit::Yes)
}

fn steps() -> Result<Vec<Step>, Box<dyn std::error::Error>> {
    let name: DomainName = NAME.parse()?;
    let year = Period::years(1)?;
    let status = || Status::domain(&name).to_command();
    let lost = PtfCommand::new("RenewDomain")?
        .param("domain", NAME)?
        .param("period", "1")?
        .param("expiration", "2028")?;
    Ok(vec![
        Step::new("is it available?", Check::domain(&name).to_command()),
        Step::new("register it, for a year", Add::domain(&name).period(year).to_command()),
        Step::new("and now?", Check::domain(&name).to_command()),
        Step::new("renew it, for a year", Renew::domain(&name, year, Year::new(2027)?).to_command()),
        Step::new("ask for its status, while the registry has a bad moment: 421", status())
            .but(sim::Effect::answer(421, false)),
        Step::new("ask for its status, and the registry hangs up: 420", status())
            .but(sim::Effect::answer(420, false)),
        Step::new("ask for its status, and the registry closes: 520", status())
            .but(sim::Effect::answer(520, false)),
        Step::new("renew it once more, by PTF, and the answer is lost", lost)
            .but(sim::Effect::ExecuteAndClose(Close::Orderly)),
        Step::new(
            "look, before anything else is sent: until then, it expired in 2028",
            PtfCommand::new("StatusDomain")?.param("domain", NAME)?,
        ),
    ])
}

async fn play(steps: Vec<Step>, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let refused = |what: &'static str| {
        move |error: Box<dyn std::error::Error>| Refusal::new(STAGE, what).because(error).exit(Exit::NotSent)
    };
    let config = Config::new().registrar(Registrar::new(USER, "password"));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(Registry::new(config, Server::now()), Listen::tls(address))
        .await
        .map_err(|error| refused("the registry does not start")(error.into()))?;
    let authority = server.authority().unwrap_or_default();
    let tls = Tls::ca_pem(authority.as_bytes()).map_err(|error| refused("no TLS")(error.into()))?;
    let endpoint = Endpoint::new("127.0.0.1", server.address().port())
        .map_err(|error| refused("no endpoint")(error.into()))?;
    let login = command::Session::login(USER, Secret::from("password"))
        .map_err(|error| refused("no login")(error.into()))?;
    let target = Target::new(endpoint.clone(), None)?;
    let connector = Connector::tls(tls);
    let mut client = Client::new(
        connector.clone(),
        endpoint.clone(),
        session::Config::new(login.clone()),
        Patience::DEFAULT.pause(PAUSE),
    )
    .without_signals();

    let mut told = Vec::new();
    if !as_json {
        writeln!(
            out,
            "A simulated registry listens on loopback, over TLS. Its clock begins at 2026-01-01, and a year of a"
        )?;
        writeln!(
            out,
            "domain costs 10.00. Pauses before a read is asked again are a hundredth of the usual 1 s and 2 s."
        )?;
    }
    for (number, Step { title, command, fault }) in (1_u32..).zip(&steps) {
        if let Some(effect) = fault {
            let trigger = Trigger::Command(command.name().to_owned());
            server.registry().faults().add(Fault::on(trigger).then(effect.clone()));
        }
        let mut printed = Ok(());
        let nature = command.nature();
        let write = nature.effect() != Effect::Read;
        if !as_json {
            let (effect, billable) = (nature.effect().as_str(), nature.billable().as_str());
            write!(out, "\n{number}. {title} (a {effect}; billable: {billable}")?;
            if write {
                write!(out, "; host: loopback; environment: simulated")?;
            }
            writeln!(out, ")")?;
            if let (true, Body::Ptf(_)) = (write, command.body()) {
                let mut fields = Fields::with_keys(KEYS);
                fields.add("by PTF", "the same registry takes commands by name");
                fields.write(out)?;
            }
        }
        let outcome = client
            .run(command, &mut |event| {
                if !as_json && printed.is_ok() {
                    printed = tell(&event, write, out);
                }
            })
            .await;
        printed?;
        if as_json {
            told.push(step_json(title, &Report { target: &target, command, outcome: &outcome }));
        } else {
            conclude(command, &outcome, out)?;
        }
    }
    client.close().await;
    let number = u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(1);
    told.extend(kept::play(&server, (connector, endpoint, login), number, as_json, out).await?);

    let registry = server.registry();
    let added = kept::NAMES.map(|name| registry.ledger().executed("add", name));
    let times = core::iter::once(registry.ledger().executed("RenewDomain", NAME)).chain(added);
    let executed = match times.collect::<Vec<_>>().as_slice() {
        [1, 1, 1] => "each of the three was executed once, and billed once".to_owned(),
        times => format!("they were executed {times:?} times"),
    };
    if as_json {
        let value = json!({"steps": told, "result": ledger::json(registry.ledger(), USER)});
        output::json_value(&value, out)?;
    } else {
        writeln!(out, "\nWhat the registry has executed:\n")?;
        ledger::print(registry.ledger(), USER, out)?;
        writeln!(out, "\nLost were two answers and a command, and no money: {executed}.")?;
    }
    Ok(())
}

/// What goes to and fro.
fn tell(event: &Event<'_>, write: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut fields = Fields::with_keys(KEYS);
    match event {
        Event::Warning(warning) => fields.add("warning", *warning),
        Event::Opened(1, connection) => {
            let line = connection.greeting().and_then(|greeting| greeting.lines().first().cloned());
            let login = connection.login();
            fields.add("connected", escape(&line.unwrap_or_default()));
            fields.add("sent", format!("session | -Id:{USER} | -Password:*** | ."));
            fields.add("received", Shown::new(login, login.verdict(Context::Login)).head());
        }
        Event::Opened(number, _) => fields.add("connected", format!("session {number}, logged in as before")),
        Event::Sending(command) => fields.add("sent", look::sent(command)),
        Event::Attempt(_, Attempt { fared, again, .. }) => {
            match fared {
                Fared::Answered { reply, verdict, .. } => {
                    let shown = Shown::new(reply, *verdict);
                    fields.add("received", shown.head());
                    let dates = dates(reply);
                    if !dates.is_empty() {
                        fields.add("", dates);
                    }
                    fields.add("means", means(reply, shown.meaning(), write));
                    if write {
                        fields.add("executed", output::executed(verdict));
                    }
                }
                Fared::Unanswered(why) | Fared::Unsent(why) => {
                    fields.add("received", format!("nothing: {why}"))
                }
                Fared::NotOpened(failure) => fields.add("failed", failure.error.clone()),
            }
            if let Some(again) = again {
                let session = if again.new_session { "a new session" } else { "the same session" };
                fields.add("so", format!("asked again, on {session}"));
            }
        }
    }
    fields.write(out)
}

/// What the code means, and of 200 which of its two meanings.
fn means(reply: &Reply, meaning: &'static str, write: bool) -> &'static str {
    match reply.code().as_u16() {
        200 if write && reply.is_pending() => "accepted only: the effect is still to come",
        200 => "done",
        _ => meaning,
    }
}

/// What to do about what nobody knows.
fn conclude(command: &Command, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    if outcome.exit() != Exit::InDoubt {
        return Ok(());
    }
    let mut fields = Fields::with_keys(KEYS);
    for (key, text) in look::doubt(command, None) {
        fields.add(key, text);
    }
    fields.write(out)
}

/// The expiry and the status, without the time of day: it depends on how fast the machine is.
fn dates(reply: &Reply) -> String {
    let expiry = ["registration expiration date", "registrationexpirationdate"]
        .into_iter()
        .find_map(|name| reply.date(name))
        .map(|date| format!("expires {:04}-{:02}-{:02}", date.year(), date.month(), date.day()));
    let status = reply.first("status").map(|status| format!("status {}", escape(&safe(&status, false))));
    [expiry, status].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn step_json(title: &str, report: &Report<'_>) -> Value {
    let mut object = Map::new();
    object.insert("step".to_owned(), json!(title));
    if let Value::Object(map) = report.json(Map::new()) {
        object.extend(map);
    }
    // Port and key are others each time.
    object.insert("tls".to_owned(), json!({"verified": true}));
    object.insert("host".to_owned(), json!("127.0.0.1"));
    Value::Object(object)
}
