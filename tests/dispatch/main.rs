//! The order of events around each command, by scripts: what happens, and what is done about it, in exact order.

#[path = "../support/dispatch.rs"]
mod rig;
#[path = "../support/mod.rs"]
mod support;

mod backlog;
mod classes;
mod deadlines;
mod holds;
mod journal;
mod keys;
mod limits;
mod load;
mod looks;
mod objects;
mod order;
mod patience;
mod resolve;
mod scripts;
mod settle;
mod share;
mod snapshot;
mod statistics;

use rrp::command::{
    Add, Change, Check, Command, Del, Mod, Period, PtfCommand, Renew, Status, ToCommand, Year,
};
use rrp::dispatch::Options;
use rrp::{DomainName, HostName};

pub(crate) const OK: &str = "200 Command completed successfully";
pub(crate) const LATER: &str = "421 Command failed due to server error. Client should try again";
pub(crate) const NOT_FOUND: &str = "545 Entity reference not found";
pub(crate) const TAKEN: &str = "540 Attribute value is not unique";

fn domain(name: &str) -> DomainName {
    name.parse().unwrap()
}

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

pub(crate) fn options() -> Options {
    Options::new()
}

pub(crate) fn key(key: &str) -> Options {
    Options::new().user("u").key(key)
}

/// A creation that the registry refuses to repeat, and that costs. Settled by one read, without an earlier one.
pub(crate) fn add() -> Command {
    add_named("example.com")
}

pub(crate) fn add_named(name: &str) -> Command {
    Add::domain(&domain(name)).to_command()
}

/// One that costs nothing.
pub(crate) fn add_host() -> Command {
    let addresses = ["198.51.101.1".parse().unwrap()];
    Add::name_server(&host("ns1.example.com"), &addresses).unwrap().to_command()
}

/// Guarded: no earlier reading is needed, and it is looked at before it is repeated.
pub(crate) fn renew() -> Command {
    Renew::domain(&domain("example.com"), Period::years(1).unwrap(), Year::new(2027).unwrap()).to_command()
}

/// Without a guard: it needs an earlier reading.
pub(crate) fn renew_unguarded() -> Command {
    ptf("RenewDomain", &[("domain", "example.com"), ("period", "1")])
}

/// It needs an earlier reading, and costs nothing.
pub(crate) fn del_host(name: &str) -> Command {
    Del::name_server(&host(name)).to_command()
}

pub(crate) fn rename_host(old: &str, new: &str) -> Command {
    let modify = Mod::name_server(&host(old)).rename(&host(new));
    changes(&modify)
}

fn changes(change: &impl Change) -> Command {
    change.to_command()
}

/// What no read can prove.
pub(crate) fn charge() -> Command {
    ptf("ChargeCreditcard", &[("amount", "1")])
}

pub(crate) fn ptf(name: &str, parameters: &[(&str, &str)]) -> Command {
    let command = PtfCommand::new(name).unwrap();
    let with = |command: PtfCommand, (name, value): &(&str, &str)| command.param(name, value).unwrap();
    Command::new(parameters.iter().fold(command, with))
}

pub(crate) fn check() -> Command {
    Check::domain(&domain("example.com")).to_command()
}

pub(crate) fn status() -> Command {
    Status::domain(&domain("example.com")).to_command()
}

/// Ours, created just now.
pub(crate) const OURS: &str = "200 Command completed successfully\n\
    created date:2026-09-21 14:13:20.0\n\
    registration expiration date:2027-09-21 14:13:20.0\n\
    roid:D1-EX\n\
    status:ACTIVE";
/// The same, renewed for a year.
pub(crate) const RENEWED: &str = "200 Command completed successfully\n\
    created date:2026-09-21 14:13:20.0\n\
    registration expiration date:2028-09-21 14:13:20.0\n\
    roid:D1-EX\n\
    status:ACTIVE";
