//! `rrp call`: any command by name, a read asked again where that helps, a write sent once, or by way of a journal.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use rrp::client::Builder;
use rrp::command::{Effect, Safety};
use serde_json::Map;

use crate::change::{self, Wishes};
use crate::client::{Event, Patience, block_on};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::object;
use crate::options;
use crate::output;
use crate::report::{self, Report};
use crate::request;
use crate::typo;
use crate::way::Way;

const EXAMPLES: &str = "\
Whether it reads or writes, and whether that costs, comes from the table that `rrp commands` shows. A read is
asked up to three times; a write goes out once, and what became of it is told. A write waits up to 180 s for its
answer; if a signal (SIGINT, SIGTERM, SIGHUP, SIGQUIT) ends the program meanwhile, the exit status is 5. Secrets
(passwords, authorisation codes) go on standard input, for every user of the machine can read command lines.

Where a daemon (`rrp serve`) has the account, commands go through it, if its configuration lets you give orders: at its pace,
and a write as with --journal, in the daemon's. It is found by --socket, RRP_ADMIN, in /run/rrp or $XDG_RUNTIME_DIR/rrp.

With --journal FILE a write is recorded before its first byte goes out, and settled: if its answer is lost, it is read
back, and sent again only if it was proven not to be done (that takes 70 s). What stays unknown, or is cut short, stands
in the journal: `rrp doubt`. A journal is one account's at one host. --safety tells when a write may go out again:
  read-back     only what the registry refuses to do twice, or a read has proven not to be done (the default)
  trust-reply   also whenever the registry says that it failed for now (420, 421, 422)
  once          never
  repeatable    whenever it may help: you vouch that twice does no harm

Examples:
  rrp call StatusDomain domain=example.com
  rrp call RenewDomain domain=example.com period=1 expiration=2027    refused if it does not expire in 2027
  rrp call --rrp add EntityName:Domain DomainName:example.com -Period:2
  rrp call AddDomain domain=example.com period=1 --journal rrp.redb --key order-4711    once, however often it is called
  rrp call - < request.txt    a [COMMAND] block up to EOF, or the lines of an RRP command up to a lone dot";

const JOURNAL_JSON: &str = "\
A write with --journal, or by way of a daemon, has no fate, advice, settle, guard and attempts, but these:
  outcome      accepted | refused | refused-for-now | in-doubt | not-sent
  ticket       its name in the journal; null if it was not sent
  earlier      the ticket of an earlier write that stands before it (in doubt, or of the same key); else null
  recorded     whether the journal has the outcome; null without one
  proof        on what it rests: reply | read-back | guard | created-within-a-day | operator; null without an outcome
  replayed     true: it was done before with this key, and was not sent again
  pending, job, expires   of what was accepted, as the registry told
  next         in doubt: the command lines that show and settle it; else null
  notes        what the journal noted: attempts, answers, what reads showed";

#[derive(clap::Args)]
#[command(
    after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE),
    after_long_help = format!("{EXAMPLES}\n\n{}\n{JOURNAL_JSON}\n\n{}", object::HELP, exit::TABLE),
)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The request is an RRP command: `VERB Attribute:value -Option:value …`
    #[arg(long)]
    rrp: bool,
    /// Send a command that is on no list, though its name is close to a listed one
    #[arg(long)]
    unlisted: bool,
    /// Record a write in this journal before it goes out, and settle it if its answer is lost
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// The name of the order: done once with it, a write is not done again for 30 days but told again (needs --journal or a daemon)
    #[arg(long, value_name = "KEY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    key: Option<String>,
    /// When a write may go out again (needs --journal or a daemon); `read-back` by default
    #[arg(long, value_name = "SAFETY", value_parser = safety)]
    safety: Option<Safety>,
    /// Wait so long for the outcome of a write, at least 10 (needs --journal or a daemon); 300 by default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(10..=86_400))]
    wait: Option<u64>,
    /// The name of the command, and `key=value …`; or `-` for one request on standard input
    #[arg(required = true, value_name = "REQUEST")]
    request: Vec<String>,
    #[command(flatten)]
    connection: options::Connection,
}

fn safety(text: &str) -> Result<Safety, String> {
    Safety::ALL
        .into_iter()
        .find(|safety| safety.as_str() == text)
        .ok_or_else(|| format!("it is one of {}", Safety::ALL.map(Safety::as_str).join(", ")))
}

/// What has no meaning without a journal: one that is named, or a daemon's.
fn without_journal(args: &Args) -> Result<(), Refusal> {
    let said =
        [("--key", args.key.is_some()), ("--safety", args.safety.is_some()), ("--wait", args.wait.is_some())];
    match said.iter().find(|(_, said)| *said) {
        Some((flag, _)) if args.journal.is_none() => {
            let what = format!(
                "{flag} needs --journal FILE: without a journal a write goes out once, and nothing remembers it"
            );
            Err(Refusal::usage(request::STAGE, what).hint("nothing was sent"))
        }
        _ => Ok(()),
    }
}

/// The arguments of the program, with a blank before each `-Option:value` of RRP behind `call`: so it is no flag, wherever
/// it stands among them. No flag of ours has one dash and a colon.
pub(crate) fn protect(args: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut call = false;
    args.enumerate().map(move |(at, arg)| {
        call |= at == 1 && arg == "call";
        match arg.to_str() {
            Some(text) if call && text.starts_with('-') && !text.starts_with("--") && text.contains(':') => {
                format!(" {text}").into()
            }
            _ => arg,
        }
    })
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let (settings, through) = args.connection.settings_or_daemon(err)?;
    if through.is_none() {
        without_journal(args)?;
    }
    let request: Vec<&str> = args
        .request
        .iter()
        .map(|text| text.strip_prefix(" -").map_or(text.as_str(), |_| text.trim_start()))
        .collect();
    let command = match request.as_slice() {
        [name] if *name == "-" && args.connection.takes_stdin() => {
            let what = "standard input cannot be both the request and the password";
            return Err(Refusal::usage(request::STAGE, what).into());
        }
        [name] if *name == "-" => request::from_stdin()?,
        [name, lines @ ..] if args.rrp => request::rrp(name, lines)?,
        [name, parameters @ ..] => request::ptf(name, parameters)?,
        [] => return Err(Refusal::usage(request::STAGE, "no request").into()),
    };
    if !args.unlisted {
        typo::check(&command)?;
    }
    request::check(&command, settings.dialect)?;
    if command.nature().effect() == Effect::Write && (args.journal.is_some() || through.is_some()) {
        let wait = args.wait.map_or(Builder::CHANGE_DEADLINE, Duration::from_secs);
        let (safety, key) = (args.safety.unwrap_or(Safety::ReadBack), args.key.as_deref());
        let wishes = Wishes { safety, key, wait, json: args.json };
        return match (through, &args.journal) {
            (Some(through), Some(journal)) if !through.has_journal(journal) => {
                let what = "the account has a running daemon, which writes a journal of its own";
                let hint = "without --journal the command goes through the daemon; nothing was sent";
                Err(Refusal::new(request::STAGE, what).hint(hint).exit(Exit::Temporary).into())
            }
            (Some(through), _) => through.change(&settings, &command, &wishes, out, err),
            (None, Some(journal)) => change::run(&settings, &command, journal, &wishes, out, err),
            // One of them is there.
            (None, None) => Err(Refusal::usage(request::STAGE, "no journal").into()),
        };
    }
    let daemon = through.is_some();
    let mut client = Way::new(through, &settings, Patience::DEFAULT, err)?;
    if !daemon {
        settings.target.warn(&command, err);
    }
    let outcome = block_on(async {
        let mut tell = |event: Event<'_>| match event {
            Event::Sending(command) => report::announce(&settings.target, command, err),
            event => report::tell(&event, err),
        };
        let outcome = client.run(&command, &mut tell).await;
        client.close().await;
        outcome
    })?;
    let exit = outcome.exit();
    let report = Report { target: &settings.target, command: &command, outcome: &outcome };
    let printed =
        if args.json { output::json_value(&report.json(Map::new()), out) } else { report.print(out) };
    match printed.and_then(|()| out.flush()) {
        Ok(()) => Ok(exit),
        Err(error) if command.nature().effect() == Effect::Read => Err(Failure::Output(error, exit)),
        Err(error) => Err(Failure::Fate { error, exit, fate: report.fate() }),
    }
}
