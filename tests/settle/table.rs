//! The table of commands, the resolvers and the list of what nothing settles, held against each other.

use std::collections::BTreeSet;

use rrp::command::nature::{Row, When, rows};
use rrp::command::{Body, Command, Dialect, Effect, Kind, Nature, PtfCommand, RrpCommand, Settle};
use rrp::settle::{Form, Resolver, UNSETTLEABLE, reads, resolver, wants_earlier_reading};

use crate::samples::{SAMPLES, command, sent};

/// Commands to which this row applies, and none before it.
fn of_row(row: &Row) -> Vec<Command> {
    let given: Vec<(&str, &str)> = match row.when() {
        When::Is(name, value) => vec![(name, value)],
        When::Has(names) => names.iter().map(|name| (*name, "X")).collect(),
        When::Numbers(names) => names.iter().map(|name| (*name, "2027")).collect(),
        // Behind the rows about each action that is known.
        When::Always if row.name() == "TransferDomain" => vec![("action", "JUGGLE")],
        _ => Vec::new(),
    };
    if row.dialect() == Dialect::Xrrp {
        let command = PtfCommand::new(row.name()).unwrap();
        let with = |command: PtfCommand, (name, value): (&str, &str)| command.param(name, value).unwrap();
        return vec![given.into_iter().fold(command, with).into()];
    }
    let entities: &[&str] = match (row.name(), row.when()) {
        (_, When::Is("EntityName", _)) => &[],
        ("del", _) => &["Domain", "NameServer"],
        _ => &["Domain"],
    };
    let with = |command: RrpCommand, (name, value): &(&str, &str)| {
        match name.strip_prefix('-') {
            Some(option) => command.option(option, value),
            None => command.attribute(name, value),
        }
        .unwrap()
    };
    let command = given.iter().fold(RrpCommand::new(row.name()).unwrap(), with);
    if entities.is_empty() {
        return vec![command.into()];
    }
    entities.iter().map(|entity| with(command.clone(), &("EntityName", entity)).into()).collect()
}

#[test]
fn every_write_is_settled_or_listed_and_never_both() {
    let writes: Vec<&Row> = rows().filter(|row| row.nature().effect() == Effect::Write).collect();
    let mut listed = UNSETTLEABLE.iter().peekable();
    for row in &writes {
        let name = (row.dialect(), row.name(), row.when());
        let is_listed =
            listed.next_if(|other| (other.dialect(), other.name(), other.when()) == name).is_some();
        for command in of_row(row) {
            assert_eq!(*command.nature(), row.nature(), "{name:?}: another row applies to {command:?}");
            assert_eq!(resolver(&command).is_none(), is_listed, "{name:?}");
        }
    }
    assert!(listed.peek().is_none(), "no write of the table, or out of order: {:?}", listed.peek());
    assert!(UNSETTLEABLE.iter().all(|row| !row.why().is_empty()));
    assert!(writes.len() > UNSETTLEABLE.len());
}

#[test]
fn each_resolver_has_a_sample_and_a_word() {
    let sampled: BTreeSet<Resolver> = SAMPLES.iter().map(|(resolver, _)| *resolver).collect();
    assert_eq!(sampled, BTreeSet::from(Resolver::ALL));
    for (wanted, text) in SAMPLES {
        assert_eq!(resolver(&command(text)), Some(wanted), "{text}");
    }
    let words: BTreeSet<&str> = Resolver::ALL.iter().map(|resolver| resolver.as_str()).collect();
    assert_eq!(words.len(), Resolver::ALL.len());
    for resolver in Resolver::ALL {
        assert_eq!(Resolver::from_name(resolver.as_str()), Some(resolver));
    }
    assert_eq!(Resolver::from_name("add-everything"), None);
}

#[test]
fn what_nothing_is_known_of_is_not_settled() {
    for text in [
        "AddDomain|domain=example.com|order=1",
        "TransferDomain|domain=example.com|order=1",
        "SetAuthCode|domain=example.com",
        "ModifyContact|contact=P-SIM1|checkonly=1|city=X",
        "StatusDomain|domain=example.com",
        "JuggleDomain|domain=example.com",
        "mod|EntityName:Contact|DomainName:example.com",
        "del|EntityName:Contact|DomainName:example.com",
        "renew|EntityName:NameServer|NameServer:ns1.example.com",
        "status|EntityName:Domain|DomainName:example.com",
    ] {
        assert_eq!(resolver(&command(text)), None, "{text}");
    }
    // The requester's refusal looks like the sponsor's on the wire.
    let Body::Rrp(refusal) =
        command("transfer|-Approve:No|EntityName:Domain|DomainName:example.com").body().clone()
    else {
        panic!("not RRP")
    };
    assert_eq!(resolver(&Command::new(refusal)), None);
    // On a caller's word, a command is settled by no read.
    let unknown = Nature::UNKNOWN;
    assert_eq!((unknown.kind(), unknown.settle()), (Kind::Unknown, Settle::Impossible));
    let declared = Command::declared(command("AddDomain|domain=example.com").body().clone(), unknown);
    assert_eq!(resolver(&declared), None);
    // And an order is none, whatever the word.
    let order = command("AddDomain|domain=example.com|order=1").body().clone();
    let nature = *command("AddDomain|domain=example.com").nature();
    assert_eq!(resolver(&Command::declared(order, nature)), None);
}

#[test]
fn reads_are_reads_of_the_object() {
    for (resolver, text) in SAMPLES {
        let sent = sent(text);
        let reads = reads(resolver, &sent);
        let pair = sent.form() == Form::Ptf && resolver.as_str().starts_with("transfer-");
        let pair = pair || resolver == Resolver::ModifyZone || text.contains("NewNameServer");
        assert_eq!(reads.len(), if pair { 2 } else { 1 }, "{text}");
        for read in &reads {
            assert_eq!(read.nature().effect(), Effect::Read, "{text}: {read:?}");
            assert_eq!(matches!(read.body(), Body::Ptf(_)), sent.form() == Form::Ptf, "{text}");
            let object = read.objects().into_iter().next();
            assert!(object.is_some_and(|object| sent.objects().contains(&object)), "{text}: {read:?}");
        }
    }
    assert!(wants_earlier_reading(Resolver::DeleteDomain, &sent("DeleteDomain|domain=example.com")));
    assert!(!wants_earlier_reading(Resolver::AddZone, &sent("AddDNSZone|dnszone=example.com")));
    // A year without its period is no guard of RRP, nor is one beside a period that is no number of years.
    for text in [
        "renew|EntityName:Domain|DomainName:example.com|-CurrentExpirationYear:2027",
        "RenewDomain|domain=example.com|expiration=2027|period=1M",
        "RenewDomain|domain=example.com|expiration=next",
    ] {
        assert!(wants_earlier_reading(Resolver::Renew, &sent(text)), "{text}");
    }
}

#[test]
fn a_name_that_is_none_is_not_read() {
    let long = "a".repeat(300);
    for (resolver, text) in [
        (Resolver::DeleteDomain, "DeleteDomain|domain=example"),
        (Resolver::DeleteDomain, "DeleteDomain|domain="),
        (Resolver::DeleteDomain, "DeleteDomain"),
        (Resolver::DeleteDomain, "del|EntityName:Domain|DomainName:exam_ple.com"),
        (Resolver::TransferCancel, "TransferDomain|domain=a..b|action=CANCEL"),
        (Resolver::DeleteNameServer, "DeleteNameserver|nameserver=192.0.2.1"),
        (Resolver::ModifyNameServer, "ModifyNameserver|nameserver=ns1.example.com|newnameserver=ns2"),
        (Resolver::DeleteContact, &format!("DeleteContact|contact={long}")),
    ] {
        assert!(reads(resolver, &sent(text)).is_empty(), "{text}");
    }
    // Zones have names that no domain has.
    let zone = "DeleteDNSZone|dnszone=0/25.2.0.192.in-addr.arpa.";
    assert_eq!(reads(Resolver::DeleteZone, &sent(zone)).len(), 1);
}
