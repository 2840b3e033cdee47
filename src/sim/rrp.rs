//! The commands of RFC 2832 §4.3, with the additions of RFC 3632, on a session that is logged in.

mod domain;
mod name_server;

use super::wire::{Answer, FieldKind, Request};
use super::world::{Outcome, Turn, refuse};

/// What a command is about (`EntityName`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entity {
    Domain,
    NameServer,
}

/// Executes any command but SESSION and QUIT, which belong to the connection.
pub(super) fn execute(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let verb = request.name().to_ascii_lowercase();
    match (verb.as_str(), entity(&verb, request)?) {
        ("describe", _) => describe(request),
        ("add", Some(Entity::Domain)) => domain::add(turn, request),
        ("check", Some(Entity::Domain)) => domain::check(turn, request),
        ("del", Some(Entity::Domain)) => domain::del(turn, request),
        ("mod", Some(Entity::Domain)) => domain::modify(turn, request),
        ("renew", Some(Entity::Domain)) => domain::renew(turn, request),
        ("status", Some(Entity::Domain)) => domain::status(turn, request),
        ("transfer", Some(Entity::Domain)) => domain::transfer(turn, request),
        ("add", Some(Entity::NameServer)) => name_server::add(turn, request),
        ("check", Some(Entity::NameServer)) => name_server::check(turn, request),
        ("del", Some(Entity::NameServer)) => name_server::del(turn, request),
        ("mod", Some(Entity::NameServer)) => name_server::modify(turn, request),
        ("status", Some(Entity::NameServer)) => name_server::status(turn, request),
        // RENEW and TRANSFER are about domains alone.
        _ => refuse(502),
    }
}

/// The entity of the command: 500 if there is no such command, 508 and 502 if it names no entity or an unknown one.
fn entity(verb: &str, request: &Request) -> Result<Option<Entity>, Answer> {
    match verb {
        "describe" => return Ok(None),
        "add" | "check" | "del" | "mod" | "renew" | "status" | "transfer" => {}
        _ => return refuse(500),
    }
    match request.first("EntityName") {
        None => refuse(508),
        Some(name) if name.eq_ignore_ascii_case("Domain") => Ok(Some(Entity::Domain)),
        Some(name) if name.eq_ignore_ascii_case("NameServer") => Ok(Some(Entity::NameServer)),
        Some(_) => refuse(502),
    }
}

fn describe(request: &Request) -> Outcome {
    fields(request, &[], &["Target"], 501)?;
    match request.option("Target") {
        Some(target) if !target.eq_ignore_ascii_case("Protocol") => refuse(506),
        _ => Ok(Answer::new(200).pair("Protocol", "RRP 1.1.0")),
    }
}

/// Whether the command has only attributes and options of these names: else 503, or `bad_option`, which is 501 or,
/// where §5.2 does not list that for the command, 503. A name that stands once may not stand twice.
fn fields(request: &Request, attributes: &[&str], options: &[&str], bad_option: u16) -> Result<(), Answer> {
    for field in request.fields() {
        let is = |name: &&str| field.name().eq_ignore_ascii_case(name);
        match field.kind() {
            FieldKind::Option if !options.iter().any(is) => return refuse(bad_option),
            FieldKind::Attribute if !is(&"EntityName") && !attributes.iter().any(is) => return refuse(503),
            _ => {}
        }
    }
    for name in ["EntityName", "DomainName", "NewNameServer"] {
        if request.values(name).count() > 1 {
            return refuse(507);
        }
    }
    let twice = |option: &&str| {
        let same = |name: &str| name.eq_ignore_ascii_case(option);
        request
            .fields()
            .iter()
            .filter(|field| field.kind() == FieldKind::Option && same(field.name()))
            .count()
            > 1
    };
    if options.iter().any(twice) { refuse(507) } else { Ok(()) }
}

/// A required attribute: 504 if it is missing.
fn required<'r>(request: &'r Request, name: &str) -> Result<&'r str, Answer> {
    request.first(name).map_or_else(|| refuse(504), Ok)
}

/// A value of MOD (§4.3.5): added, removed (`old=`), or replaced (`old=new`).
enum Change<'r> {
    Add(&'r str),
    Remove(&'r str),
    Replace(&'r str, &'r str),
}

fn change(value: &str) -> Change<'_> {
    match value.split_once('=') {
        None => Change::Add(value),
        Some((old, new)) => match new.trim() {
            "" => Change::Remove(old.trim()),
            new => Change::Replace(old.trim(), new),
        },
    }
}
