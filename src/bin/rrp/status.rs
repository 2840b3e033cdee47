//! `rrp status`: what the registry knows about a domain or a name server.

use std::io::Write;

use rrp::command::{PtfCommand, Status, ToCommand};
use rrp::{Command, DomainName, HostName};
use serde_json::Map;

use crate::client::{Fared, Outcome, Patience, block_on};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::object;
use crate::options;
use crate::output::{self, escape};
use crate::report::{self, Report};
use crate::request;
use crate::way::Way;

/// Entity reference not found.
const NOT_FOUND: u16 = 545;

const EXAMPLES: &str = "\
A name that the registry does not know (545) is an answer: it ends with 1, not with 4.

Examples:
  rrp status example.com
  rrp status --ptf example.com                 by PTF StatusDomain, which tells more
  rrp status --name-server ns1.example.net";

#[derive(clap::Args)]
#[command(
    after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE),
    after_long_help = format!("{EXAMPLES}\n\n{}\n\n{}", object::HELP, exit::TABLE),
)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// It is a name server
    #[arg(long)]
    name_server: bool,
    /// Ask by PTF: StatusDomain, StatusNameserver
    #[arg(long)]
    ptf: bool,
    /// The name
    name: String,
    #[command(flatten)]
    connection: options::Connection,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let (settings, through) = args.connection.settings_or_daemon(err)?;
    let command = command(args)?;
    request::check(&command, settings.dialect)?;
    let mut client = Way::new(through, &settings, Patience::DEFAULT, err)?;
    let outcome = block_on(async {
        let outcome = client.run(&command, &mut |event| report::tell(&event, err)).await;
        client.close().await;
        outcome
    })?;
    let exit = if is_missing(&outcome) { Exit::No } else { outcome.exit() };
    let report = Report { target: &settings.target, command: &command, outcome: &outcome };
    if args.json {
        let mut object = report.json(Map::new());
        object::set_exit(&mut object, exit);
        output::json_value(&object, out)
    } else {
        report.print(out)
    }
    .map_err(Failure::output(exit))?;
    Ok(exit)
}

/// Whether the registry has answered that there is no such object: here that is an answer, and no refusal.
fn is_missing(outcome: &Outcome) -> bool {
    outcome.exit() == Exit::Permanent
        && matches!(outcome.decisive(), Some(Fared::Answered { reply, .. }) if reply.code().as_u16() == NOT_FOUND)
}

fn command(args: &Args) -> Result<Command, Refusal> {
    let refused = |error| Refusal::usage("status", format!("`{}`", escape(&args.name))).because(error);
    let domain = || {
        args.name.parse::<DomainName>().map_err(|error| refused(Box::<dyn std::error::Error>::from(error)))
    };
    let host = || args.name.parse::<HostName>().map_err(|error| refused(error.into()));
    let ptf = |name: &str, key: &str, value: &str| {
        PtfCommand::new(name)
            .and_then(|command| command.param(key, value))
            .map_err(|error| refused(error.into()))
    };
    Ok(match (args.name_server, args.ptf) {
        (false, false) => Status::domain(&domain()?).to_command(),
        (true, false) => Status::name_server(&host()?).to_command(),
        (false, true) => ptf("StatusDomain", "domain", domain()?.as_str())?.into(),
        (true, true) => ptf("StatusNameserver", "nameserver", host()?.as_str())?.into(),
    })
}
