//! The connection breaks behind every byte of every kind of command, and of its reply.

use std::time::Duration;

use rrp::Command;
use rrp::command::{Dialect, PtfCommand, RrpCommand, Safety};
use rrp::dispatch::{Config, Options};
use rrp::session;
use rrp::sim::{Domain, Stamp};

use crate::client::{Client, Setup, Weather};
use crate::keep::Map;
use crate::line::{Cut, Delay};
use crate::mark::marked;
use crate::operations::{AUTH, domain_name, host_name, zone_name};
use crate::oracle::{Ended, Oracle};
use crate::others::THIRD;
use crate::pair::Break;
use crate::support::{session::login, wire};
use crate::world::{ACCOUNTS, World, one_session, registry};

/// Every position, but in debug builds, which are slow.
const STEP: usize = if cfg!(debug_assertions) { 11 } else { 1 };

/// Longer than most replies; a cut behind a reply hits the next one.
const REPLY: usize = 330;

fn ptf(name: &str, parameters: &[(&str, &str)], mark: usize) -> Command {
    let command = PtfCommand::new(name).unwrap().param("cltrid", &mark.to_string()).unwrap();
    let with = |command: PtfCommand, (name, value): &(&str, &str)| command.param(name, value).unwrap();
    parameters.iter().fold(command, with).into()
}

fn rrp(verb: &str, options: &[(&str, &str)], attributes: &[(&str, &str)], mark: usize) -> Command {
    let name = marked(&domain_name(0), mark);
    let command = RrpCommand::new(verb).unwrap();
    let with = |command: RrpCommand, (name, value): &(&str, &str)| command.option(name, value).unwrap();
    let command = options.iter().fold(command, with).attribute("EntityName", "Domain").unwrap();
    let with = |command: RrpCommand, (name, value): &(&str, &str)| command.attribute(name, value).unwrap();
    attributes.iter().fold(command.attribute("DomainName", &name).unwrap(), with).into()
}

/// How a domain stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Free,
    Ours,
    Asked,
    Deleted,
    Theirs,
    AskedByUs,
    /// This is done before.
    After(usize),
}

/// Every kind of write, with how things must stand for it.
fn write(kind: usize, mark: usize) -> Option<(Before, Command)> {
    let (domain, zone, host) = (domain_name(0), zone_name(0), host_name(0));
    let of_domain = |name: &str, parameters: &[(&str, &str)]| {
        ptf(name, &[&[("domain", domain.as_str())], parameters].concat(), mark)
    };
    let transfer = |action: &str| of_domain("TransferDomain", &[("action", action), ("auth", AUTH)]);
    let person = [("lastname", "Doe"), ("email", "doe@example.com")];
    let guard = [("Period", "1"), ("CurrentExpirationYear", "2027")];
    Some(match kind {
        0 => (Before::Free, rrp("add", &[("Period", "2")], &[], mark)),
        1 => (Before::Free, of_domain("AddDomain", &[("period", "1")])),
        2 => (Before::Ours, rrp("renew", &guard, &[], mark)),
        3 => (Before::Ours, rrp("renew", &[], &[], mark)),
        4 => (Before::Ours, of_domain("RenewDomain", &[("period", "1"), ("expiration", "2027")])),
        5 => (Before::Ours, of_domain("RenewDomain", &[("period", "1")])),
        6 => (Before::Ours, rrp("del", &[], &[], mark)),
        7 => (Before::Ours, of_domain("DeleteDomain", &[])),
        8 => (Before::Ours, rrp("mod", &[], &[("Status", "REGISTRAR-LOCK")], mark)),
        9 => (Before::Ours, of_domain("ModifyDomain", &[("addstatus0", "clientHold")])),
        10 => (Before::Ours, of_domain("SetDomainRenewalMode", &[("renewalmode", "AUTODELETE")])),
        11 => (Before::Ours, of_domain("SetAuthCode", &[("auth", "an0ther-c0de")])),
        12 => (Before::Deleted, of_domain("RestoreDomain", &[])),
        13 => (Before::Theirs, transfer("REQUEST")),
        14 => (Before::Theirs, rrp("transfer", &[], &[], mark)),
        15 => (Before::Asked, transfer("APPROVE")),
        16 => (Before::Asked, transfer("DENY")),
        17 => (Before::AskedByUs, transfer("CANCEL")),
        18 => (Before::Asked, rrp("transfer", &[("Approve", "Yes")], &[], mark)),
        19 => (Before::Free, ptf("AddNameserver", &[("nameserver", &host), ("ipaddress0", "8.8.8.8")], mark)),
        20 => (
            Before::After(19),
            ptf("ModifyNameserver", &[("nameserver", &host), ("addipaddress0", "8.8.4.4")], mark),
        ),
        21 => (Before::After(19), ptf("DeleteNameserver", &[("nameserver", &host)], mark)),
        22 => (Before::Free, ptf("AddDNSZone", &[("dnszone", &zone), ("rr0", "@ IN A 192.0.2.1")], mark)),
        23 => (
            Before::After(22),
            ptf("ModifyDNSZone", &[("dnszone", &zone), ("addrr0", "@ IN A 192.0.2.2")], mark),
        ),
        24 => (Before::After(22), ptf("DeleteDNSZone", &[("dnszone", &zone)], mark)),
        25 => (Before::Free, ptf("AddContact", &person, mark)),
        26 => (
            Before::After(25),
            ptf("ModifyContact", &[("contact", "P-SIM1"), ("lastname", "Roe"), person[1]], mark),
        ),
        27 => (Before::After(25), ptf("DeleteContact", &[("contact", "P-SIM1")], mark)),
        28 => (Before::Free, ptf("SendSMS", &[("phone", "+49.1"), ("message", "hello")], mark)),
        _ => return None,
    })
}

fn ask(world: &mut World, command: Command, mark: usize) {
    world.change(0, command, Safety::ReadBack, Options::new(), mark, false, false);
    world.rest();
}

/// One write on a connection that breaks; how the first attempt ended.
fn one(kind: usize, cut: Option<Cut>) -> (Ended, bool) {
    let mut world = World::new(registry(), 1, Oracle::new(true));
    world.accounts = vec![ACCOUNTS[0]];
    let setup = Setup {
        config: Config::new(1),
        pool: one_session(Duration::from_millis(100)),
        sessions: 1,
        session: session::Config::new(login()).keepalive_after(None).login_when_told(),
        delays: vec![Delay::of_millis(10)],
        chunks: vec![usize::MAX],
    };
    let at = world.at();
    world.clients.push(Client::new(0, setup, Box::new(Map::default()), at, 0));
    let mark = 1 + world.mark();
    let (before, command) = write(kind, mark).unwrap();
    let (created, expires) = (Stamp::midnight(2020, 3, 1), Stamp::midnight(2027, 3, 1));
    let domain = |owner: &str| Domain::new(&domain_name(0), owner, created, expires).with_auth(AUTH);
    match before {
        Before::Free => {}
        Before::Ours => world.registry.insert_domain(domain(ACCOUNTS[0])),
        Before::Theirs => world.registry.insert_domain(domain(THIRD)),
        Before::Asked => world.registry.insert_domain(domain(ACCOUNTS[0]).with_pending_transfer(THIRD)),
        Before::AskedByUs => world.registry.insert_domain(domain(THIRD).with_pending_transfer(ACCOUNTS[0])),
        Before::Deleted => {
            world.registry.insert_domain(domain(ACCOUNTS[0]));
            ask(&mut world, write(7, 1).unwrap().1, 1);
        }
        Before::After(kind) => ask(&mut world, write(kind, 1).unwrap().1, 1),
    }
    // A grace of the registry's clock: what comes now has another date.
    world.pass(Duration::from_secs(120));
    world.weather = Weather { cut, ..Weather::CALM };
    let settleable = rrp::settle::resolver(&command).is_some();
    ask(&mut world, command, mark);
    world.calm();
    assert!(!settleable || world.doubts(0).is_empty(), "{kind} {cut:?}: left in doubt");
    let intent = world.oracle.intents.last().unwrap();
    assert!(!settleable || intent.executions == 1, "{kind} {cut:?}: {intent:#?}");
    let first = intent.attempts[0];
    (first.ended, first.executed)
}

#[test]
fn a_cut_behind_any_byte_of_any_write_is_settled_rightly() {
    let mut met = [0; 3];
    for (kind, command) in (0..).map_while(|kind| Some((kind, write(kind, 2)?.1))) {
        assert!(matches!(one(kind, None), (Ended::Answered(200), true)), "{kind}: {:?}", one(kind, None));
        let length = wire(command.body(), Dialect::Xrrp).len();
        for how in [Break::Fin, Break::Reset] {
            let up = (kind % STEP..=length).step_by(STEP).map(|at| Cut::UpAt(at, how));
            let down = (kind % STEP..=REPLY).step_by(STEP).map(|at| Cut::DownAt(at, how));
            for cut in up.chain(down) {
                met[match one(kind, Some(cut)) {
                    (Ended::Answered(_), _) => 0,
                    (_, true) => 1,
                    (_, false) => 2,
                }] += 1;
            }
        }
    }
    println!("answered, lost and executed, lost and not executed: {met:?}");
    assert!(met.iter().all(|times| *times * 10 > met.iter().sum::<usize>()), "{met:?}");
}
