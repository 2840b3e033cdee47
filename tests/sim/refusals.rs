//! Every refusal that the model can give: a registry in a certain state, a command, and its code.

use rrp::Verb;
use rrp::sim::{Change, Domain, NameServer, Prices, Registry, Stamp};

use crate::drive::{Client, config};

/// Lines joined with `|`: a command, and the code that it gets.
type Case = (u16, &'static str);

const CASES: &[Case] = &[
    // Form.
    (500, "frobnicate|EntityName:Domain"),
    (501, "describe|-Frob:x"),
    (501, "status|EntityName:Domain|DomainName:mine.com|-Frob:x"),
    (501, "transfer|EntityName:Domain|DomainName:mine.com|-Frob:x"),
    (502, "add|EntityName:Contact|DomainName:new.com"),
    (502, "renew|EntityName:NameServer|NameServer:ns1.mine.com"),
    (503, "add|EntityName:Domain|DomainName:new.com|Colour:red"),
    (503, "renew|EntityName:Domain|DomainName:mine.com|-Frob:x"),
    (503, "mod|EntityName:Domain|DomainName:mine.com|IPAddress:198.41.1.11"),
    (504, "add|EntityName:Domain"),
    (504, "add|EntityName:NameServer|NameServer:ns9.mine.com"),
    (504, "renew|EntityName:Domain|DomainName:mine.com|-Period:1"),
    (504, "renew|EntityName:Domain|DomainName:mine.com|-CurrentExpirationYear:2001"),
    (505, "add|EntityName:Domain|DomainName:new.com|-Period:five"),
    (505, "add|EntityName:Domain|DomainName:new.com|-Period:0"),
    (505, "check|EntityName:Domain|DomainName:bad_name.com"),
    (505, "renew|EntityName:Domain|DomainName:mine.com|-Period:1|-CurrentExpirationYear:01"),
    (506, "describe|-Target:Everything"),
    (506, "transfer|-Approve:Maybe|EntityName:Domain|DomainName:mine.com"),
    (507, "add|EntityName Domain"),
    (507, "add me|EntityName:Domain"),
    (507, "quit|-Frob:x"),
    (507, "del|EntityName:Domain|DomainName:mine.com|DomainName:locked.com"),
    (507, "renew|EntityName:Domain|DomainName:mine.com|-Period:1|-Period:2|-CurrentExpirationYear:2001"),
    (508, "add|DomainName:new.com"),
    (510, "add|EntityName:Domain|DomainName:xn--99999999999.com"),
    (510, "mod|EntityName:NameServer|NameServer:ns1.mine.com|NewNameServer:xn--99999999999.mine.com"),
    // Whose it is.
    (531, "status|EntityName:Domain|DomainName:theirs.com"),
    (531, "del|EntityName:Domain|DomainName:theirs.com"),
    (531, "mod|EntityName:Domain|DomainName:theirs.com|Status:REGISTRAR-LOCK"),
    (531, "renew|EntityName:Domain|DomainName:theirs.com"),
    (531, "transfer|EntityName:Domain|DomainName:mine.com"),
    (531, "transfer|-Approve:Yes|EntityName:Domain|DomainName:wanted.com"),
    (531, "add|EntityName:NameServer|NameServer:ns9.theirs.com|IPAddress:198.41.1.99"),
    (531, "status|EntityName:NameServer|NameServer:ns1.theirs.com"),
    // Links.
    (532, "del|EntityName:NameServer|NameServer:ns1.mine.com"),
    (533, "del|EntityName:Domain|DomainName:mine.com"),
    (534, "transfer|-Approve:Yes|EntityName:Domain|DomainName:mine.com"),
    (534, "transfer|-Approve:No|EntityName:Domain|DomainName:theirs.com"),
    (535, "add|EntityName:NameServer|NameServer:ns9.mine.com|IPAddress:10.0.0.1"),
    (535, "mod|EntityName:NameServer|NameServer:ns1.mine.com|IPAddress:::1"),
    (536, "transfer|EntityName:Domain|DomainName:wanted.com"),
    // Values.
    (540, "add|EntityName:Domain|DomainName:theirs.com"),
    (540, "add|EntityName:NameServer|NameServer:ns1.mine.com|IPAddress:198.41.1.99"),
    (540, "add|EntityName:NameServer|NameServer:ns9.mine.com|IPAddress:198.41.1.11"),
    (540, "mod|EntityName:Domain|DomainName:served.com|NameServer:ns1.mine.com"),
    (540, "mod|EntityName:Domain|DomainName:locked.com|Status:REGISTRAR-LOCK"),
    (540, "mod|EntityName:NameServer|NameServer:ns1.mine.com|NewNameServer:ns2.mine.com"),
    (541, "add|EntityName:Domain|DomainName:new.example"),
    (541, "add|EntityName:Domain|DomainName:www.new.com"),
    (541, "add|EntityName:Domain|DomainName:new.com|-Period:11"),
    (541, "add|EntityName:NameServer|NameServer:ns9.mine.com|IPAddress:198.41.1"),
    (541, "mod|EntityName:Domain|DomainName:mine.com|Status:SLEEPY"),
    (541, "mod|EntityName:NameServer|NameServer:ns1.mine.com|IPAddress:198.41.1.11="),
    (541, "renew|EntityName:Domain|DomainName:mine.com|-Period:1|-CurrentExpirationYear:2007"),
    (542, "mod|EntityName:Domain|DomainName:served.com|NameServer:ns2.mine.com="),
    (542, "mod|EntityName:Domain|DomainName:mine.com|Status:REGISTRAR-LOCK="),
    (542, "mod|EntityName:NameServer|NameServer:ns1.mine.com|IPAddress:198.41.1.77="),
    (543, "mod|EntityName:Domain|DomainName:mine.com|CreatedDate:2001-01-01 00:00:00.0"),
    (543, "mod|EntityName:Domain|DomainName:mine.com|Status:REGISTRY-LOCK"),
    (543, "mod|EntityName:Domain|DomainName:mine.com|Status:ACTIVE="),
    // State.
    (544, "del|EntityName:Domain|DomainName:held.com"),
    (544, "mod|EntityName:Domain|DomainName:held.com|NameServer:ns1.mine.com"),
    (544, "transfer|EntityName:Domain|DomainName:theirheld.com"),
    (545, "status|EntityName:Domain|DomainName:nobody.com"),
    (545, "add|EntityName:Domain|DomainName:new.com|NameServer:ns7.mine.com"),
    (545, "del|EntityName:NameServer|NameServer:ns7.mine.com"),
    (547, "session|-Id:registrarA|-Password:i-am-registrarA"),
    (550, "add|EntityName:NameServer|NameServer:ns1.nobody.com|IPAddress:198.41.1.99"),
    (550, "mod|EntityName:NameServer|NameServer:ns1.mine.com|NewNameServer:ns1.nobody.com"),
    (551, "del|EntityName:NameServer|NameServer:ns1.locked.com"),
    (551, "mod|EntityName:NameServer|NameServer:ns1.locked.com|IPAddress:198.41.1.98"),
    (552, "del|EntityName:Domain|DomainName:locked.com"),
    (552, "mod|EntityName:Domain|DomainName:locked.com|NameServer:ns1.mine.com"),
    (552, "transfer|EntityName:Domain|DomainName:theirlocked.com"),
    (552, "renew|EntityName:Domain|DomainName:expired.com"),
    (553, "del|EntityName:Domain|DomainName:leaving.com"),
    (553, "mod|EntityName:Domain|DomainName:leaving.com|Status:REGISTRAR-LOCK"),
    (553, "renew|EntityName:Domain|DomainName:leaving.com"),
    (554, "add|EntityName:Domain|DomainName:mine.com"),
    (556, "renew|EntityName:Domain|DomainName:mine.com|-Period:9|-CurrentExpirationYear:2001"),
    (557, "del|EntityName:NameServer|NameServer:a.root.net"),
    (557, "mod|EntityName:NameServer|NameServer:a.root.net|IPAddress:198.41.1.98"),
    (557, "del|EntityName:Domain|DomainName:root.net"),
];

fn prepare(registry: &mut Registry) {
    let (a, b) = ("registrarA", "registrarB");
    let created = Stamp::parse("1998-09-22 10:27:00").unwrap();
    let domain = |name: &str, registrar: &str| Domain::new(name, registrar, created, created.years_later(3));
    let host = |name: &str, registrar: &str, last: u8| {
        NameServer::new(name, registrar, created).with_address(std::net::Ipv4Addr::new(198, 41, 1, last))
    };
    for domain in [
        domain("mine.com", a),
        domain("served.com", a).with_name_server("ns1.mine.com"),
        domain("held.com", a).with_status("REGISTRAR-HOLD"),
        domain("locked.com", a).with_status("REGISTRAR-LOCK"),
        domain("expired.com", a).with_status("REGISTRY-DELETE-NOTIFY"),
        domain("leaving.com", a).with_pending_transfer(b),
        domain("root.net", a),
        domain("theirs.com", b),
        domain("theirheld.com", b).with_status("REGISTRY-HOLD"),
        domain("theirlocked.com", b).with_status("REGISTRY-LOCK"),
        domain("wanted.com", b).with_pending_transfer(a),
    ] {
        registry.insert_domain(domain);
    }
    for host in [
        host("ns1.mine.com", a, 11),
        host("ns2.mine.com", a, 12),
        host("ns1.locked.com", a, 13),
        host("a.root.net", a, 14).locked(),
        host("ns1.theirs.com", b, 15),
    ] {
        registry.insert_name_server(host);
    }
}

/// The state as text: what must not change by a refusal.
fn state(registry: &Registry) -> String {
    let hosts = ["ns1.mine.com", "ns2.mine.com", "ns1.locked.com", "a.root.net", "ns1.theirs.com"];
    let hosts: Vec<_> = hosts.iter().map(|name| registry.name_server(name)).collect();
    let domains: Vec<_> = registry.domains().collect();
    format!("{domains:?} {hosts:?} {:?}", registry.balance("registrarA"))
}

#[test]
fn every_refusal_has_its_code_and_changes_nothing() {
    let mut client = Client::new(config().idle_limit(None));
    prepare(&mut client.registry);
    let before = state(&client.registry);
    for (code, text) in CASES {
        let text = text.replace('|', "\n");
        assert_eq!(client.code(&text), *code, "{text}");
        assert_eq!(state(&client.registry), before, "{text}");
        if let Some(verb) = Verb::from_name(text.lines().next().unwrap()) {
            assert!(verb.failure_codes().contains(code), "{verb} cannot get {code}");
        }
    }
    let ledger = client.registry.ledger();
    // Of all that, only the login did anything; a frame that is no command does not reach execution.
    assert_eq!(ledger.entries().iter().filter(|entry| entry.change() != Change::None).count(), 1);
    assert_eq!(ledger.billed("registrarA"), 0);
}

#[test]
fn renewal_is_refused_when_it_was_done_with_the_same_parameters() {
    let mut client = Client::new(config().idle_limit(None));
    prepare(&mut client.registry);
    let renew = "renew\nEntityName:Domain\nDomainName:mine.com\n-Period:1\n-CurrentExpirationYear:2001";
    assert_eq!(client.code(renew), 200);
    assert_eq!(client.code(renew), 555);
    assert_eq!(client.registry.domain("mine.com").unwrap().expires().year(), 2002);
    // Without a guard nothing keeps it from being renewed again (§9).
    assert_eq!(client.code("renew\nEntityName:Domain\nDomainName:mine.com"), 200);
    assert_eq!(client.code("renew\nEntityName:Domain\nDomainName:mine.com"), 200);
    assert_eq!(client.registry.domain("mine.com").unwrap().expires().year(), 2004);
    assert_eq!(client.registry.ledger().billed("registrarA"), 3_000);
}

#[test]
fn renewal_is_refused_outside_its_window() {
    let window = std::time::Duration::from_secs(90 * 86_400);
    let mut client = Client::new(config().idle_limit(None).session_lifetime(None).renewal_window(window));
    prepare(&mut client.registry);
    let renew = "renew\nEntityName:Domain\nDomainName:mine.com\n-Period:1\n-CurrentExpirationYear:2001";
    assert_eq!(client.code(renew), 548);
    client.wait(2 * 365 * 86_400);
    assert_eq!(client.code(renew), 200);
}

#[test]
fn what_costs_more_than_there_is_is_refused() {
    let mut client = Client::new(config().prices(Prices::DEFAULT.add(1_000).renew(700).transfer(600)));
    prepare(&mut client.registry);
    client.registry.set_balance("registrarA", 999);
    assert_eq!(client.code("add\nEntityName:Domain\nDomainName:new.com"), 546);
    client.registry.set_balance("registrarA", 699);
    assert_eq!(client.code("renew\nEntityName:Domain\nDomainName:mine.com"), 546);
    client.registry.set_balance("registrarA", 599);
    assert_eq!(client.code("transfer\nEntityName:Domain\nDomainName:theirs.com"), 546);
    client.registry.set_balance("registrarA", 1_000);
    assert_eq!(client.code("add\nEntityName:Domain\nDomainName:new.com"), 200);
    assert_eq!(client.registry.balance("registrarA"), Some(0));
}

#[test]
fn deletion_in_the_add_grace_frees_name_and_money() {
    let mut client = Client::new(config().idle_limit(None).session_lifetime(None));
    let (add, del) = (
        "add\nEntityName:Domain\nDomainName:new.com\n-Period:2",
        "del\nEntityName:Domain\nDomainName:new.com",
    );
    let check = "check\nEntityName:Domain\nDomainName:new.com";
    assert_eq!((client.code(add), client.code(check)), (200, 211));
    let first = client.registry.domain("new.com").unwrap().roid().to_owned();
    assert_eq!((client.code(del), client.code(check), client.code(del)), (200, 210, 545));
    assert_eq!(client.registry.ledger().billed("registrarA"), 0);
    assert_eq!(client.code(add), 200);
    assert_ne!(client.registry.domain("new.com").unwrap().roid(), first);
    // Later the name stays taken, and the money spent, until the redemption period is over.
    client.wait(6 * 86_400);
    assert_eq!((client.code(del), client.code(check), client.code(del)), (200, 211, 552));
    assert_eq!(client.code(add), 554);
    client.wait(31 * 86_400);
    assert_eq!(client.code(check), 210);
    assert_eq!(client.registry.ledger().billed("registrarA"), 2_000);
    assert_eq!(client.registry.ledger().executed("del", "NEW.com"), 2);
}

#[test]
fn locks_are_set_and_taken_off() {
    let mut client = Client::new(config());
    prepare(&mut client.registry);
    let status = "status\nEntityName:Domain\nDomainName:mine.com\n.";
    let set = "mod\nEntityName:Domain\nDomainName:mine.com\nStatus:";
    assert!(client.ask(status).contains("status:ACTIVE\r\n"));
    assert_eq!(client.code(&format!("{set}registrar-lock")), 200);
    let locked = client.ask(status);
    assert!(locked.contains("status:REGISTRAR-LOCK\r\n") && !locked.contains("ACTIVE"), "{locked}");
    assert_eq!(client.code(&format!("{set}REGISTRAR-LOCK=")), 200);
    assert!(client.ask(status).contains("status:ACTIVE\r\n"));
    // Replaced in one line, while nothing else may change.
    assert_eq!(client.code(&format!("{set}REGISTRAR-LOCK")), 200);
    assert_eq!(client.code(&format!("{set}REGISTRAR-LOCK=REGISTRAR-HOLD")), 200);
    assert_eq!(client.code(&format!("{set}REGISTRAR-HOLD=\nNameServer:ns2.mine.com")), 200);
    let domain = client.registry.domain("mine.com").unwrap();
    assert_eq!(domain.name_servers().collect::<Vec<_>>(), ["ns2.mine.com"]);
}

#[test]
fn name_servers_move_with_their_domain() {
    let mut client = Client::new(config());
    prepare(&mut client.registry);
    client.switch("registrarB");
    assert_eq!(client.code("transfer\nEntityName:Domain\nDomainName:mine.com"), 200);
    assert_eq!(client.registry.ledger().billed("registrarB"), 900);
    client.switch("registrarA");
    assert_eq!(client.code("transfer\n-Approve:Yes\nEntityName:Domain\nDomainName:mine.com"), 200);
    assert_eq!(client.registry.name_server("ns1.mine.com").unwrap().registrar(), "registrarB");
    assert_eq!(client.registry.domain("mine.com").unwrap().expires().year(), 2002);
}

#[test]
fn transfers_that_nobody_answers_are_approved() {
    let day = std::time::Duration::from_secs(86_400);
    let mut client = Client::new(config().transfer_approval(day * 5).idle_limit(None).session_lifetime(None));
    prepare(&mut client.registry);
    assert_eq!(client.code("transfer\nEntityName:Domain\nDomainName:theirs.com"), 200);
    client.wait(4 * 86_400);
    assert_eq!(client.registry.domain("theirs.com").unwrap().registrar(), "registrarB");
    client.wait(86_400);
    assert_eq!(client.registry.domain("theirs.com").unwrap().registrar(), "registrarA");
    let last = client.registry.ledger().entries().last().unwrap();
    assert_eq!((last.change(), last.connection(), last.price()), (Change::Transferred, None, 0));
}

#[test]
fn money_of_a_rejected_transfer_goes_back() {
    let mut client = Client::new(config());
    prepare(&mut client.registry);
    let before = client.registry.balance("registrarA");
    assert_eq!(client.code("transfer\nEntityName:Domain\nDomainName:theirs.com"), 200);
    client.switch("registrarB");
    assert_eq!(client.code("transfer\n-Approve:No\nEntityName:Domain\nDomainName:theirs.com"), 200);
    assert_eq!(client.registry.balance("registrarA"), before);
    let ledger = client.registry.ledger();
    assert_eq!((ledger.billed("registrarA"), ledger.billed("registrarB")), (0, 0));
    assert_eq!(
        (ledger.executed("transfer", "theirs.com"), ledger.changes(Change::Refunded, "theirs.com")),
        (2, 1)
    );
}
