//! Commands in one line of text, and one for each resolver in each dialect.

use rrp::command::nature::{Billable, Kind, Nature, Repeat, Settle};
use rrp::command::{Command, PtfCommand, RrpCommand, ToCommand, Transfer};
use rrp::settle::{Finding, Kept, Keyed, Proof, Reading, Resolver, Sent, Sight, judge};
use rrp::{ReturnCode, Verb};

pub(crate) const APPLIED: Finding = Finding::Applied { proof: Proof::ReadBack, twice: false };
#[cfg(feature = "sim")]
pub(crate) const APPLIED_IF_TWICE: Finding = Finding::Applied { proof: Proof::ReadBack, twice: true };

/// What can be settled, by RRP and by PTF.
pub(crate) const SAMPLES: [(Resolver, &str); 33] = [
    (Resolver::AddDomain, "add|EntityName:Domain|DomainName:example.com"),
    (Resolver::AddDomain, "AddDomain|domain=example.com"),
    (Resolver::AddNameServer, "add|EntityName:NameServer|NameServer:ns1.example.com|IPAddress:198.41.1.1"),
    (Resolver::AddNameServer, "AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1"),
    (Resolver::AddZone, "AddDNSZone|dnszone=example.com"),
    (Resolver::Renew, "renew|EntityName:Domain|DomainName:example.com|-Period:2|-CurrentExpirationYear:2027"),
    (Resolver::Renew, "renew|EntityName:Domain|DomainName:example.com"),
    (Resolver::Renew, "RenewDomain|domain=example.com|period=2|expiration=2027"),
    (Resolver::Renew, "RenewDomain|domain=example.com|expiration=2027-01-01 00:00:00"),
    (Resolver::Renew, "RenewDomain|domain=example.com|period=2"),
    (Resolver::Renew, "RenewDomain|domain=example.com"),
    (Resolver::TransferRequest, "TransferDomain|domain=example.com|auth=code"),
    (Resolver::TransferRequest, "transferdomain|action=request|domain=example.com|auth=code"),
    (Resolver::TransferApprove, "transfer|-Approve:Yes|EntityName:Domain|DomainName:example.com"),
    (Resolver::TransferApprove, "TransferDomain|domain=example.com|action=APPROVE"),
    (Resolver::TransferDeny, "transfer|-Approve:No|EntityName:Domain|DomainName:example.com"),
    (Resolver::TransferDeny, "TransferDomain|domain=example.com|action=DENY"),
    (Resolver::TransferCancel, "TransferDomain|domain=example.com|action=CANCEL"),
    (Resolver::DeleteDomain, "del|EntityName:Domain|DomainName:example.com"),
    (Resolver::DeleteDomain, "DeleteDomain|domain=example.com"),
    (Resolver::DeleteNameServer, "del|EntityName:NameServer|NameServer:ns1.example.com"),
    (Resolver::DeleteNameServer, "DeleteNameserver|nameserver=ns1.example.com"),
    (Resolver::DeleteContact, "DeleteContact|contact=P-SIM1"),
    (Resolver::DeleteZone, "DeleteDNSZone|dnszone=example.com"),
    (Resolver::Restore, "RestoreDomain|domain=example.com"),
    (Resolver::ModifyDomain, "mod|EntityName:Domain|DomainName:example.com|NameServer:ns1.example.net"),
    (Resolver::ModifyDomain, "ModifyDomain|domain=example.com|nameserver0=ns1.example.net"),
    (Resolver::ModifyDomain, "SetAuthCode|domain=example.com|auth=code"),
    (Resolver::ModifyDomain, "SetDomainRenewalMode|domain=example.com|renewalmode=AUTODELETE"),
    (
        Resolver::ModifyNameServer,
        "mod|EntityName:NameServer|NameServer:ns1.example.com|NewNameServer:ns2.example.com",
    ),
    (Resolver::ModifyNameServer, "ModifyNameserver|nameserver=ns1.example.com|addipaddress0=198.41.1.2"),
    (Resolver::ModifyContact, "ModifyContact|contact=P-SIM1|city=Exampletown"),
    (Resolver::ModifyZone, "ModifyDNSZone|dnszone=example.com|addrr0=www 3600 IN A 198.41.1.1"),
];

/// A command of `Name|parameter=value` (PTF) or `verb|Name:value|-Option:value` (RRP; in MOD also `Name:old=new`). A
/// refused transfer is the sponsor's, who says so.
pub(crate) fn command(text: &str) -> Command {
    let mut parts = text.split('|');
    let name = parts.next().unwrap();
    if Verb::from_name(name).is_none() || parts.clone().any(|part| !part.contains(':')) {
        let mut command = PtfCommand::new(name).unwrap();
        for part in parts {
            let (name, value) = part.split_once('=').unwrap();
            command = command.param(name, value).unwrap();
        }
        return command.into();
    }
    let mut command = RrpCommand::new(name).unwrap();
    for part in parts {
        let (name, value) = part.split_once(':').unwrap();
        command = match (name.strip_prefix('-'), value.split_once('=')) {
            (Some(option), _) => command.option(option, value),
            (None, Some((old, ""))) => command.remove(name, old),
            (None, Some((old, new))) => command.replace(name, old, new),
            (None, None) => command.attribute(name, value),
        }
        .unwrap();
    }
    if command.option_value("Approve").is_some_and(|field| field.expose() == "No") {
        let typed = Transfer::reject(&"example.com".parse().unwrap()).to_command();
        let by_hand = Nature::write(Kind::Transfer, Billable::No, Repeat::Refused, Settle::Read("status"));
        assert_eq!(*typed.nature(), by_hand);
        return Command::declared(command, by_hand);
    }
    command.into()
}

pub(crate) fn keyed() -> Keyed {
    Keyed::new(&[7; 32])
}

pub(crate) fn sent(text: &str) -> Sent {
    Sent::of(&command(text), &keyed())
}

pub(crate) fn code(code: u16) -> ReturnCode {
    ReturnCode::from_u16(code).unwrap()
}

/// A whole reading of a code and of `name:value` fields.
pub(crate) fn reading(number: u16, fields: &[&str]) -> Reading {
    let keyed = keyed();
    let field = |text: &&str| -> (Box<str>, Kept) {
        let (name, value) = text.split_once(':').unwrap();
        (name.into(), keyed.keep(name, value))
    };
    Reading::from_parts(code(number), fields.iter().map(field).collect(), true)
}

/// What readings made by hand prove, of something sent on 2026-01-01 at noon.
pub(crate) fn judged(text: &str, before: &[Reading], now: &[Reading]) -> Finding {
    let sent = sent(text);
    let resolver = rrp::settle::resolver(&command(text)).unwrap();
    let sight = Sight { sent: &sent, before, now, sent_at: 1_767_268_800_000, may_be_queued: false };
    judge(resolver, sight)
}
