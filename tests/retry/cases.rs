//! The rule as cases: commands, replies as they come over the wire, and what is decided.

use std::collections::BTreeSet;

use rrp::command::nature::rows;
use rrp::command::{
    Add, Check, Command, Del, Effect, Mod, Nature, Period, Ptf, Renew, Safety, Status, ToCommand, Transfer, Year,
};
use rrp::retry::{Attempt, Case, Decision, Login, NotApplied, Trust, decide};
use rrp::wire::deframe::{Ends, Limits};
use rrp::{HostName, Reply, ReturnCode};

use super::{again, look, support};
use Decision::{Accept, Doubt, Fail, Probe, Refuse, RefuseForNow};
use NotApplied::{Again, Refused, RefusedForNow};
use Safety::{Once, ReadBack, Repeatable, TrustReply};
use Trust::{AtOnce, Later};

fn domain() -> rrp::DomainName {
    "example.com".parse().unwrap()
}

/// A command by a name of this file.
fn command(name: &str) -> Command {
    let host: HostName = "ns1.example.com".parse().unwrap();
    let ptf = |name: &str, parameters: &[(&str, &str)]| {
        let command = Ptf::change(name).unwrap();
        let add = |command: Ptf<_>, (name, value): &(&str, &str)| command.param(name, value).unwrap();
        parameters.iter().fold(command, add).to_command()
    };
    match name {
        "check" => Check::domain(&domain()).to_command(),
        "check host" => Check::name_server(&host).to_command(),
        "status" => Status::domain(&domain()).to_command(),
        "add" => Add::domain(&domain()).to_command(),
        "add host" => Add::name_server(&host, ["192.0.2.1".parse().unwrap()]).unwrap().to_command(),
        "renew" => {
            let period = Period::years(1).unwrap();
            Renew::domain(&domain(), period, Year::new(2027).unwrap()).to_command()
        }
        "mod" => {
            Mod::domain(&domain()).add_name_server(&host).to_command()
        }
        "del" => Del::domain(&domain()).to_command(),
        "transfer" => Transfer::request(&domain(), "secret").unwrap().to_command(),
        "CheckDomain" | "StatusDomain" => Ptf::query(name).unwrap().param("domain", "example.com").unwrap().to_command(),
        "TransferDomain" => ptf(name, &[("action", "REQUEST"), ("domain", "example.com")]),
        "AddDomain" | "RenewDomain" | "RestoreDomain" | "DeleteDomain" => ptf(name, &[("domain", "example.com")]),
        _ => ptf(name, &[]),
    }
}
