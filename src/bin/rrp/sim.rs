//! `rrp sim`: a simulated registry that listens, until it is interrupted.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rrp::Secret;
use rrp::sim::server::{Listen, Server};
use rrp::sim::{Close, Config, Effect, Fault, Registrar, Registry, Stamp, Trigger};
use serde_json::json;

use crate::client::block_on;
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::journal;
use crate::ledger;
use crate::output::escape;
use crate::password::Sources;
use crate::typo;

const STAGE: &str = "sim";

/// The verbs of RRP that a simulated registry knows; `describe` by PTF too.
const VERBS: [&str; 9] = ["add", "check", "del", "describe", "mod", "quit", "renew", "status", "transfer"];

/// The commands of PTF that it knows.
const COMMANDS: [&str; 39] = [
    "CheckDomain",
    "CheckDomains",
    "AddDomain",
    "StatusDomain",
    "RenewDomain",
    "ModifyDomain",
    "DeleteDomain",
    "RestoreDomain",
    "SetDomainRenewalMode",
    "SetDomainTransferMode",
    "SetAuthCode",
    "PushDomain",
    "QueryDomainList",
    "TransferDomain",
    "StatusDomainTransfer",
    "QueryTransferList",
    "QueryForeignTransferList",
    "AddNameserver",
    "CheckNameserver",
    "StatusNameserver",
    "ModifyNameserver",
    "DeleteNameserver",
    "AddContact",
    "CheckContact",
    "StatusContact",
    "ModifyContact",
    "DeleteContact",
    "QueryContactList",
    "AddDNSZone",
    "StatusDNSZone",
    "ModifyDNSZone",
    "DeleteDNSZone",
    "QueryDNSZoneRRList",
    "StatusAccount",
    "QueryAccountingList",
    "SendSMS",
    "RequestToken",
    "QueryEventList",
    "StatusEvent",
];

const HELP: &str = "\
It registers names under com, net and org, bills them, and forgets everything at its end. At Ctrl-C or SIGTERM it
prints what it has executed, and the bill.

Faults are COMMAND:EFFECT, or COMMAND:EFFECT:N for N times (`always` for ever); once if nothing is said. COMMAND is the
name of a command, `login`, or `*` for any command. EFFECT is one of
  close               not executed; the connection is reset without an answer
  execute-and-close   executed; the connection is reset without an answer
  stall               not executed, never answered; the connection stays open
  execute-and-stall   executed, never answered; the connection stays open
  cut                 executed; the connection is reset within the answer
  garble              executed; the answer cannot be read
  lose-login          the session is lost before the command
  NNN                 not executed; answered with this code
  execute-NNN         executed; answered with this code

Examples:
  rrp sim --authority-out ca.pem
  rrp sim --plain --listen 127.0.0.1:0 --fault StatusDomain:421 --fault RenewDomain:execute-and-close
  RRP_PASSWORD=password rrp check example.com --server localhost:2001 --user registrar --ca-file ca.pem";

#[derive(clap::Args)]
#[command(after_help = format!("{HELP}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2001")]
    listen: SocketAddr,
    /// Let it listen elsewhere than on loopback
    #[arg(long)]
    beyond_loopback: bool,
    /// No TLS
    #[arg(long, conflicts_with = "authority_out")]
    plain: bool,
    /// Write the certificate of its authority to this file, for --ca-file
    #[arg(long, value_name = "FILE")]
    authority_out: Option<PathBuf>,
    /// Who may log in
    #[arg(long, value_name = "ID", default_value = "registrar")]
    user: String,
    /// A file with the password [env: RRP_PASSWORD with the password, else RRP_PASSWORD_FILE; at last `password`]
    #[arg(long, value_name = "FILE", conflicts_with = "password_fd")]
    password_file: Option<PathBuf>,
    /// Read the password from this open file descriptor
    #[arg(long, value_name = "N")]
    password_fd: Option<u32>,
    /// What is on the account
    #[arg(long, value_name = "AMOUNT", default_value = "1000.00")]
    balance: String,
    /// How many sessions there may be at once
    #[arg(long, value_name = "N", default_value_t = 5)]
    sessions: usize,
    /// How many commands a second; more lock the account for a minute (422)
    #[arg(long, value_name = "N")]
    rate: Option<usize>,
    /// The day on which its clock begins [default: today, by UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    start_date: Option<String>,
    /// What chance comes from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What goes wrong (repeatable)
    #[arg(long, value_name = "COMMAND:EFFECT")]
    fault: Vec<String>,
    /// Print JSON: an object when it listens, and one at its end
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() && !args.beyond_loopback {
        let what = format!("`{}` is not on loopback", args.listen);
        return Err(Refusal::usage(STAGE, what).hint("--beyond-loopback lets it listen there").into());
    }
    let balance = ledger::cents(&args.balance).ok_or_else(|| {
        Refusal::usage(STAGE, format!("balance: `{}` is no amount such as `12.50`", escape(&args.balance)))
    })?;
    let faults: Vec<Fault> = args.fault.iter().map(|text| fault(text)).collect::<Result<_, _>>()?;
    let sources =
        Sources { descriptor: args.password_fd, flag: args.password_file.clone(), ..Sources::default() };
    let password = match sources.read(err)? {
        Some(password) => password,
        None => {
            // A note that nobody sees is no failure.
            let _ = writeln!(err, "note: the password is `password`");
            Secret::from("password")
        }
    };
    let registrar = Registrar::new(&args.user, password).balance(balance).sessions(args.sessions);
    let mut config = Config::new().registrar(registrar).seed(args.seed).start_date(start(args)?);
    if let Some(rate) = args.rate {
        config = config.rate(rate, Duration::from_secs(1), Duration::from_secs(60));
    }
    block_on(serve(args, config, faults, out, err))?
}

/// When its clock begins. A client holds a date of creation against its own clock, so that the two had better agree.
fn start(args: &Args) -> Result<Stamp, Refusal> {
    let Some(date) = &args.start_date else {
        return Ok(Stamp::midnight(1970, 1, 1).after(Duration::from_millis(journal::wall())));
    };
    Stamp::parse(&format!("{date} 00:00:00")).ok_or_else(|| {
        Refusal::usage(STAGE, format!("`{}` is no date", escape(date))).hint("YYYY-MM-DD, as in 2026-01-31")
    })
}

async fn serve(
    args: &Args,
    config: Config,
    faults: Vec<Fault>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    // Before anybody is told where it listens, for who starts it may stop it at once.
    let mut stop = Stop::new()?;
    let mut registry = Registry::new(config, Server::now());
    for fault in faults {
        registry.faults().add(fault);
    }
    let listen = if args.plain { Listen::plain(args.listen) } else { Listen::tls(args.listen) };
    let server = Server::start(registry, listen).await.map_err(|error| {
        Refusal::new(STAGE, format!("cannot listen on `{}`", args.listen)).because(error).exit(Exit::NotSent)
    })?;
    if let (Some(path), Some(authority)) = (&args.authority_out, server.authority()) {
        fs::write(path, authority).map_err(|error| {
            Refusal::new(STAGE, format!("cannot write `{}`", escape(&path.to_string_lossy()))).because(error)
        })?;
    } else if !args.plain {
        let _ = writeln!(err, "note: without --authority-out nobody can check its certificate");
    }
    let address = server.address();
    if args.json {
        let listening = json!({
            "listening": address.to_string(),
            "tls": !args.plain,
            "user": args.user,
            "authority": args.authority_out.as_ref().map(|path| path.to_string_lossy()),
        });
        writeln!(out, "{listening}")?;
    } else {
        let how = if args.plain { "without TLS" } else { "over TLS" };
        writeln!(out, "a simulated registry listens on {address}, {how}, for {}", escape(&args.user))?;
    }
    out.flush()?;
    stop.wait().await;
    let registry = server.registry();
    if args.json {
        writeln!(out, "{}", ledger::json(registry.ledger(), &args.user))?;
    } else {
        ledger::print(registry.ledger(), &args.user, out)?;
    }
    Ok(Exit::Yes)
}

/// What ends it: Ctrl-C, or SIGTERM.
struct Stop {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Stop {
    #[cfg(unix)]
    fn new() -> Result<Self, Refusal> {
        use tokio::signal::unix::{SignalKind, signal};
        let on = |kind| {
            signal(kind).map_err(|error| Refusal::new(STAGE, "cannot wait for signals").because(error))
        };
        Ok(Self { signals: [on(SignalKind::interrupt())?, on(SignalKind::terminate())?] })
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self, Refusal> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        // If it cannot be waited for, it ends at once.
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// `COMMAND:EFFECT`, `COMMAND:EFFECT:N`.
fn fault(text: &str) -> Result<Fault, Refusal> {
    let refused = || {
        Refusal::usage(STAGE, format!("fault: `{}` is not `COMMAND:EFFECT`", escape(text)))
            .hint("`rrp sim --help` lists the effects")
    };
    let mut parts = text.split(':');
    let (Some(command), Some(effect)) = (parts.next().filter(|name| !name.is_empty()), parts.next()) else {
        return Err(refused());
    };
    let trigger = match command {
        "*" => Trigger::AnyCommand,
        name if name.eq_ignore_ascii_case("login") => Trigger::Login,
        name => Trigger::Command(known(name)?.to_owned()),
    };
    let code = |digits: &str| digits.parse::<rrp::ReturnCode>().ok().map(rrp::ReturnCode::as_u16);
    let effect = match effect {
        "close" => Effect::CloseBefore(Close::Reset),
        "execute-and-close" => Effect::ExecuteAndClose(Close::Reset),
        "stall" => Effect::Stall,
        "execute-and-stall" => Effect::ExecuteAndStall,
        "cut" => Effect::Cut { at: 10, executed: true, close: Close::Reset },
        "garble" => Effect::Garble,
        "lose-login" => Effect::LoseLogin,
        other => match other.strip_prefix("execute-") {
            Some(digits) => Effect::answer(code(digits).ok_or_else(refused)?, true),
            None => Effect::answer(code(other).ok_or_else(refused)?, false),
        },
    };
    let fault = Fault::on(trigger).then(effect);
    let fault = match parts.next() {
        None => fault,
        Some("always") => fault.always(),
        Some(times) => fault.times(times.parse().map_err(|_| refused())?),
    };
    if parts.next().is_some() { Err(refused()) } else { Ok(fault) }
}

/// The name of a command that the simulated registry knows.
fn known(name: &str) -> Result<&str, Refusal> {
    let mut commands = VERBS.iter().chain(&COMMANDS).copied();
    if commands.any(|command| command.eq_ignore_ascii_case(name)) {
        return Ok(name);
    }
    let what = format!("fault: the simulated registry knows no command `{}`", escape(name));
    let similar = typo::similar(name, VERBS.iter().chain(&COMMANDS).copied());
    let hint = match similar.as_slice() {
        [] => format!("it knows {} and {}", VERBS.join(", "), COMMANDS.join(", ")),
        names => format!("did you mean {}?", names.join(" or ")),
    };
    Err(Refusal::usage(STAGE, what).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_or_refused() {
        for text in
            ["add:421", "*:stall:always", "RenewDomain:execute-and-close:2", "login:530", "Check:execute-520"]
        {
            assert!(fault(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "add",
            ":421",
            "add:",
            "add:42",
            "add:explode",
            "add:421:x",
            "add:421:1:2",
            "del:execute-",
            "Chek:421",
        ] {
            assert!(fault(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_commands_are_those_of_the_simulated_registry() {
        let source = include_str!("../../sim/ptf.rs");
        let served: Vec<&str> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => "))
            .map(|(name, _)| name)
            .filter(|name| *name != "describe")
            .collect();
        assert_eq!(COMMANDS.map(str::to_ascii_lowercase).to_vec(), served);
    }
}
