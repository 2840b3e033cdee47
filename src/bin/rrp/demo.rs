//! `rrp demo`: a simulated registry, a daemon of its account and two local clients in one process, and what goes to and fro
//! between them, with what it meant. The same output every time: no ports, no paths, no clock.

mod local;
mod stage;
mod told;
mod wire;

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use rrp::Reply;
use rrp::sim::server::Server;
use rrp::sim::{Close, Effect};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::subscriber::set_default;
use tracing_subscriber::layer::SubscriberExt;

use crate::client::block_on;
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::signal::Signals;
use crate::{ledger, output};
use local::Local;
use stage::{LOGIN, Stage};
use told::Told;
use wire::{Fate, Wire};

const STAGE: &str = "demo";

/// It takes some five seconds. What takes so long will not come any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be executed, each of it once.
const WRITES: [(&str, &str); 5] = [
    ("AddDomain", "example.com"),
    ("AddDomain", "example.net"),
    ("AddDomain", "example.org"),
    ("RenewDomain", "example.com"),
    ("RenewDomain", "example.net"),
];

/// What is not, as what it is hidden in is no request.
const SMUGGLED: &str = "smuggled.example";

/// What it comes to, in cents: a year of a domain costs 10.00.
const BILL: i64 = 5_000;

const INTRODUCTION: &str = "\
A simulated registry listens on loopback, over TLS. Its clock begins at 2026-01-01, and a year of a
domain costs 10.00. A daemon has its account, and two local clients, `shop` and `desk`, talk to the
daemon as to mregd. `registry` is what went to the registry, and what came back.

Patience is short here: the daemon holds a reply for 2 s while it finds out what became of a write
(45 s otherwise), and believes that a lost one was not executed 2.5 s after the loss and again
10 ms later (60 s and 10 s).
";

const HELP: &str = "\
Needs no registry, no account and no network but loopback, and takes some seconds.

JSON: `steps`, each with `step` (its title), `events` in their order (of a `client`: what it `sent`, `heard` or `met`; of the daemon: the
`command` that went to the registry, `why` if no client had asked for it, and the `code` of the answer, null without one; or what it
comes to, `so`), and what was `executed`; and `result`, the ledger of the registry.";

#[derive(clap::Args)]
#[command(after_help = format!("{HELP}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    block_on(async {
        let mut signals = Signals::watch()?;
        tokio::select! {
            // What it lives in goes with it.
            done = timeout(PATIENCE, play(args.json, out)) => {
                done.unwrap_or_else(|_| Err(wrong("it takes too long")))
            }
            signal = signals.next() => Err(wrong(format!("ended by {signal}"))),
        }
    })??;
    Ok(Exit::Yes)
}

/// Something did not go as it is told here.
fn wrong(why: impl Into<Box<dyn Error>>) -> Failure {
    Refusal::new(STAGE, "it did not go as it should").because(why).exit(Exit::No).into()
}

async fn play(as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let wire = Wire::default();
    let _listens = set_default(tracing_subscriber::registry().with(wire.clone()));
    let mut play = Play {
        stage: Stage::begin().await.map_err(wrong)?,
        wire,
        told: Vec::new(),
        seen: 0,
        steps: Vec::new(),
        as_json,
        out,
    };
    if !as_json {
        write!(play.out, "{INTRODUCTION}")?;
        play.out.flush()?;
    }
    let mut shop = play.two_clients().await?;
    play.lost_answer(&mut shop).await?;
    play.resubmitted(&mut shop).await?;
    play.smuggled().await?;
    let mut shop = play.hung_up(shop).await?;
    play.in_doubt(&mut shop).await?;
    drop(shop);
    let Play { stage, steps, out, .. } = play;
    let server = stage.end().await.map_err(wrong)?;
    conclude(&server, &steps, as_json, out)
}

/// Whether it went as is claimed, and what it cost.
fn conclude(server: &Server, steps: &[Value], as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let registry = server.registry();
    let ledger = registry.ledger();
    if as_json {
        output::json_value(&json!({"steps": steps, "result": ledger::json(ledger, LOGIN)}), out)?;
    } else {
        writeln!(out, "\nWhat the registry has executed:\n")?;
        ledger::print(ledger, LOGIN, out)?;
    }
    let times = WRITES.map(|(command, name)| ledger.executed(command, name));
    let (billed, smuggled) = (ledger.billed(LOGIN), registry.domain(SMUGGLED).is_some());
    if times != [1; WRITES.len()] || billed != BILL || smuggled {
        let times = times.map(|times| times.to_string()).join(", ");
        let billed = ledger::money(billed);
        return Err(wrong(format!("the five writes were executed {times} times, and billed {billed}")));
    }
    if !as_json {
        let last = "Lost were an answer, a command and a client, and no money: each of the five writes was executed once, \
                    and billed once.";
        writeln!(out)?;
        for line in output::wrap(last, 100) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// One step after the other.
struct Play<'o> {
    stage: Stage,
    wire: Wire,
    /// Of this step.
    told: Vec<Told>,
    /// So many entries of the ledger were there before it.
    seen: usize,
    steps: Vec<Value>,
    as_json: bool,
    out: &'o mut dyn Write,
}

impl Play<'_> {
    async fn two_clients(&mut self) -> Result<Local, Failure> {
        let mut shop = self.log_in("shop").await?;
        let mut desk = self.log_in("desk").await?;
        let check = command("CheckDomain", "domain=example.com");
        let add = command("AddDomain", "domain=example.com\nperiod=1");
        self.told
            .push(Told::So("the shop does not wait for the first answer before it sends the second request"));
        self.send(&mut shop, &check).await?;
        self.send(&mut shop, &add).await?;
        self.hear(&mut shop, &[(210, None), (200, None)]).await?;
        self.ask(&mut desk, "StatusDomain", "domain=example.com", (200, None)).await?;
        self.end_step("two local clients: one registers a name, the other asks for its status")?;
        Ok(shop)
    }

    async fn lost_answer(&mut self, shop: &mut Local) -> Result<(), Failure> {
        self.stage.fault("AddDomain", Effect::ExecuteAndClose(Close::Orderly));
        self.ask(shop, "AddDomain", "domain=example.net\nperiod=1", (200, Some("settled"))).await?;
        self.told
            .push(Told::So("its answer was held until then: the name is the account's, created just now"));
        self.end_step("the answer to a registration is lost")
    }

    async fn resubmitted(&mut self, shop: &mut Local) -> Result<(), Failure> {
        self.stage.fault("AddDomain", Effect::answer(421, false));
        self.ask(shop, "AddDomain", "domain=example.org\nperiod=1", (200, None)).await?;
        self.told.push(Told::So(
            "sent again by the daemon: a registration cannot be made twice. The shop hears one 200",
        ));
        self.end_step("the registry has a bad moment: 421")
    }

    async fn smuggled(&mut self) -> Result<(), Failure> {
        let mut desk = self.log_in("desk").await?;
        let status = "[COMMAND]\ncommand=StatusDomain\ndomain=example.com\n.\n";
        let add = format!("add\nEntityName:Domain\nDomainName:{SMUGGLED}\n-Period:1\n.\n");
        self.send(&mut desk, &format!("{status}{add}")).await?;
        self.hear(&mut desk, &[(507, Some("refused"))]).await?;
        if !desk.is_closed().await.map_err(wrong)? {
            return Err(wrong("the connection stays open after a lone dot"));
        }
        if !self.wire.take().is_empty() {
            return Err(wrong("the registry has heard something of a lone dot"));
        }
        self.told.push(Told::Met("desk", "the connection is closed: nothing behind a lone dot is read"));
        self.told.push(Told::So("the registry has heard nothing of it"));
        self.end_step("an `add` is smuggled into a request, behind a lone dot")
    }

    async fn hung_up(&mut self, mut shop: Local) -> Result<Local, Failure> {
        let (name, parameters) = ("RenewDomain", "domain=example.com\nperiod=1\nexpiration=2027");
        self.stage.fault(name, Effect::Delay(Duration::from_millis(500)));
        self.send(&mut shop, &command(name, parameters)).await?;
        self.stage.executed(name, "example.com").await;
        drop(shop);
        self.told.push(Told::Met("shop", "hangs up while the command is on the wire"));
        self.stage.idle().await.map_err(wrong)?;
        self.registry();
        let mut shop = self.log_in("shop").await?;
        self.ask(&mut shop, name, parameters, (200, Some("settled"))).await?;
        self.told.push(Told::So("told what became of the first; nothing was sent for the second"));
        self.end_step("a client hangs up during a renewal, connects again, and asks for the same")?;
        Ok(shop)
    }

    async fn in_doubt(&mut self, shop: &mut Local) -> Result<(), Failure> {
        let (name, parameters) = ("RenewDomain", "domain=example.net\nperiod=1");
        self.stage.fault(name, Effect::CloseBefore(Close::Orderly));
        self.ask(shop, name, parameters, (549, Some("in-doubt"))).await?;
        self.ask(shop, name, parameters, (200, None)).await?;
        self.told
            .push(Told::So("it was proven twice that nothing had been done, and then it was sent again"));
        self.end_step("a renewal is lost, and nothing proves it for as long as its client waits")
    }

    async fn log_in(&mut self, user: &'static str) -> Result<Local, Failure> {
        let local = self.stage.log_in(user).await.map_err(wrong)?;
        self.told.push(Told::Met(user, "connects; `login:` name, `password:` ***"));
        Ok(local)
    }

    async fn ask(
        &mut self,
        local: &mut Local,
        name: &str,
        parameters: &str,
        expected: (u16, Option<&str>),
    ) -> Result<(), Failure> {
        self.send(local, &command(name, parameters)).await?;
        self.hear(local, &[expected]).await
    }

    async fn send(&mut self, local: &mut Local, text: &str) -> Result<(), Failure> {
        local.send(text).await.map_err(wrong)?;
        let lines: Vec<&str> = text.lines().collect();
        self.told.push(Told::Sent(local.user, lines.join(" | ")));
        Ok(())
    }

    /// Hears so many replies, each with this code, and with this for its `rrp-state`.
    async fn hear(&mut self, local: &mut Local, expected: &[(u16, Option<&str>)]) -> Result<(), Failure> {
        let mut replies: Vec<Reply> = Vec::new();
        for _ in expected {
            replies.push(local.reply().await.map_err(wrong)?);
        }
        self.registry();
        for (reply, expected) in replies.into_iter().zip(expected) {
            let heard = (reply.code().as_u16(), reply.first("rrp-state"));
            if (heard.0, heard.1.as_deref()) != *expected {
                let user = local.user;
                return Err(wrong(format!("`{user}` hears {heard:?} in place of {expected:?}")));
            }
            self.told.push(Told::Heard(local.user, Box::new(reply)));
        }
        Ok(())
    }

    /// What has gone to the registry meanwhile.
    fn registry(&mut self) {
        for exchange in self.wire.take() {
            let asked = self.told.iter().any(
                |told| matches!(told, Told::Sent(_, lines) if lines.contains(&format!("command={} |", exchange.command))),
            );
            let lost = |told: &Told| matches!(told, Told::Registry(exchange, _) if exchange.fate == Fate::Unanswered);
            let why = match (asked, self.told.iter().any(lost)) {
                (true, _) => None,
                (false, true) => Some("to read back"),
                (false, false) => Some("first, to compare with"),
            };
            self.told.push(Told::Registry(exchange, why));
        }
    }

    fn end_step(&mut self, title: &str) -> Result<(), Failure> {
        let mut told = core::mem::take(&mut self.told);
        {
            let registry = self.stage.server.registry();
            let entries = registry.ledger().entries();
            told.push(Told::Executed(told::changes(entries.get(self.seen..).unwrap_or_default())));
            self.seen = entries.len();
        }
        self.steps.push(told::json(title, &told));
        if !self.as_json {
            writeln!(self.out, "\n{}. {title}", self.steps.len())?;
            told::print(&told, self.out)?;
            self.out.flush()?;
        }
        Ok(())
    }
}

fn command(name: &str, parameters: &str) -> String {
    format!("[COMMAND]\ncommand={name}\n{parameters}\nEOF\n")
}

#[cfg(test)]
mod tests {
    use rrp::sim::server::Listen;
    use rrp::sim::{Config, Registrar, Registry};

    use super::*;

    #[tokio::test]
    async fn a_ledger_that_is_another_one_is_a_failure() {
        let registry =
            Registry::new(Config::new().registrar(Registrar::new(LOGIN, "password")), Server::now());
        let address = "127.0.0.1:0".parse().unwrap();
        let server = Server::start(registry, Listen::plain(address)).await.unwrap();
        for as_json in [false, true] {
            let mut out = Vec::new();
            let Err(failure) = conclude(&server, &[], as_json, &mut out) else { panic!("it is none") };
            let mut err = Vec::new();
            assert_eq!(failure.report(&mut err) as u8, Exit::No as u8);
            let err = String::from_utf8(err).unwrap();
            assert!(err.contains("executed 0, 0, 0, 0, 0 times, and billed 0.00"), "{err}");
            // The ledger is shown all the same, and nothing is claimed.
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains("billed") && !out.contains("billed once"), "{out}");
        }
    }
}
