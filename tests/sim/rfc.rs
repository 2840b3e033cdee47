//! The examples of RFC 2832 and RFC 3632: each request, put to a registry in the state that the example tells of, gets
//! the response of the example, byte for byte.

use std::fs;
use std::net::IpAddr;

use rrp::command::Dialect;
use rrp::sim::{Change, Config, Domain, NameServer, Registry, Stamp};

use crate::drive::{Client, config};

fn fixture(name: &str, kind: &str) -> String {
    let path = format!("{}/tests/fixtures/rfc/{name}.{kind}.txt", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

fn stamp(text: &str) -> Stamp {
    Stamp::parse(text).unwrap()
}

fn domain(name: &str, registrar: &str) -> Domain {
    Domain::new(name, registrar, stamp("1998-09-22 10:27:00"), stamp("2001-09-22 10:27:00"))
}

fn host(name: &str, registrar: &str, address: &str) -> NameServer {
    let address: IpAddr = address.parse().unwrap();
    NameServer::new(name, registrar, stamp("1998-09-22 10:27:00")).with_address(address)
}

/// The state that an example tells of. The names of hosts are given as the registry writes them, in lower case.
fn prepare(registry: &mut Registry, name: &str) {
    let (a, b) = ("registrarA", "registrarB");
    let parent = domain("registrara.com", a);
    match &name[..2] {
        "02" => {
            registry.insert_domain(domain("example.com", a));
            registry.insert_name_server(host("ns1.example.com", a, "198.41.1.11"));
            registry.insert_name_server(host("ns2.example.com", a, "198.41.1.12"));
        }
        "03" | "04" | "06" | "13" => registry.insert_domain(domain("example.com", a)),
        "05" => registry.insert_name_server(host("ns1.example.com", a, "192.10.10.10")),
        "07" | "11" => {
            registry.insert_domain(parent);
            registry.insert_name_server(host("ns1.registrara.com", a, "198.41.1.11"));
        }
        "08" => {
            registry.insert_domain(parent.with_name_server("ns1.registrara.com"));
            registry.insert_name_server(host("ns1.registrara.com", a, "198.41.1.11"));
        }
        "10" => {
            registry.insert_domain(domain("example.com", a).with_name_server("ns1.registrara.com"));
            registry.insert_name_server(host("ns1.registrara.com", a, "198.41.1.11"));
            registry.insert_name_server(host("ns3.registrara.com", a, "198.41.1.13"));
        }
        "15" => {
            let expires = stamp("2010-09-22 10:27:00");
            let domain = Domain::new("example.com", a, stamp("1998-09-22 10:27:00"), expires)
                .with_name_server("ns2.registrarA.com")
                .with_name_server("ns3.registrarA.com")
                .with_transfer(stamp("1999-09-22 10:27:00"))
                .with_update(a, stamp("2002-09-22 10:27:00"));
            registry.insert_domain(domain);
        }
        "16" | "19" => registry.insert_domain(domain("example.com", b)),
        "17" => {
            let host = host("ns1.registrara.com", a, "198.42.1.11")
                .with_transfer(stamp("1999-09-22 10:27:00"))
                .with_update(a, stamp("2002-09-22 10:27:00"));
            registry.insert_name_server(host);
        }
        "18" => registry.insert_name_server(host("ns1.registrara.com", b, "198.42.1.11")),
        "20" => registry.insert_domain(domain("example.com", a).with_pending_transfer(b)),
        "21" => registry.insert_domain(domain("example.com", b).with_pending_transfer(a)),
        _ => {}
    }
}

fn names() -> Vec<String> {
    let directory = format!("{}/tests/fixtures/rfc", env!("CARGO_MANIFEST_DIR"));
    let files =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.strip_suffix(".request.txt")?.to_owned())).collect();
    names.sort();
    names
}

#[test]
fn every_example_gets_its_response() {
    let names = names();
    assert_eq!(names.len(), 21);
    for dialect in [Dialect::Rfc, Dialect::Xrrp] {
        for name in &names {
            // The day of the example: expiries are counted from it.
            let start = match &name[..2] {
                "02" => "1990-09-22 10:27:00",
                "13" => "2001-01-01 00:00:00",
                _ => "1999-09-22 10:27:00",
            };
            // The example's registrar has a password one character shorter than §7 allows at most.
            let config = config().dialect(dialect).start_date(stamp(start)).idle_limit(None);
            let mut client = Client::connect(config);
            if !name.contains("session") {
                client.log_in("registrarA");
            }
            prepare(&mut client.registry, name);
            let request = fixture(name, "request");
            let response = client.ask(request.trim_end());
            // The registry keeps names in lower case, the examples as they were typed.
            let lowered = |text: &str| {
                let lines = text.lines().map(|line| match line.split_once(':') {
                    Some((name, value)) if name == "nameserver" => format!("{name}:{}", value.to_lowercase()),
                    _ => line.to_owned(),
                });
                lines.collect::<Vec<_>>().join("\n")
            };
            assert_eq!(lowered(&response), lowered(&fixture(name, "response")), "{name}");
        }
    }
}

#[test]
fn greeting_is_that_of_the_example() {
    let start = stamp("1999-10-25 20:20:34");
    let config = Config::new().greeting("NSI RRP Server version 1.1.0").start_date(start);
    let now = crate::drive::base();
    let mut registry = Registry::new(config, now);
    registry.connect(now);
    let Some((_, rrp::sim::Action::Send(greeting))) = registry.poll(now) else { panic!() };
    // The registry's clock knows no zone but one.
    let expected = fixture("00-greeting-banner", "response").replace("EDT", "UTC").replace('\n', "\r\n");
    assert_eq!(greeting, expected);
}

#[test]
fn examples_change_what_they_say() {
    let mut client = Client::new(config());
    prepare(&mut client.registry, "11");
    assert_eq!(
        client.code(fixture("11-mod-nameserver-200", "request").trim_end_matches(".\n").trim_end()),
        200
    );
    let host = client.registry.name_server("ns2.registrara.com").unwrap();
    assert_eq!(host.addresses(), ["198.42.1.11".parse::<IpAddr>().unwrap()]);
    assert!(client.registry.name_server("ns1.registrara.com").is_none());

    prepare(&mut client.registry, "20");
    assert_eq!(client.code("transfer\n-Approve:Yes\nEntityName:Domain\nDomainName:example.com"), 200);
    assert_eq!(client.registry.domain("example.com").unwrap().registrar(), "registrarB");
    assert_eq!(client.registry.ledger().changes(Change::Transferred, "example.com"), 1);

    prepare(&mut client.registry, "21");
    assert_eq!(client.code("transfer\n-Approve:No\nEntityName:Domain\nDomainName:example.com"), 200);
    let domain = client.registry.domain("example.com").unwrap();
    assert_eq!((domain.registrar(), domain.transfer_to()), ("registrarB", None));
}
