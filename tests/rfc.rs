//! The examples of RFC 2832 and RFC 3632, byte for byte: what is read from every response, and that every request is
//! what the types send.

mod support;

use rrp::command::{
    Add, Body, Check, Command, CommandError, Del, Describe, Dialect, Mod, Period, Quit, Renew, RrpCommand,
    Session, Status, ToCommand, Transfer, Year,
};
use rrp::wire::deframe::{Grammar, Terminator};
use rrp::wire::{Greeting, decode};
use rrp::{DomainName, HostName, Reply, ServerAddress};
use support::{fixture, fixtures, frame, items, names, reply, wire};

const COMPLETED: &str = "Command completed successfully";

type Pairs = &'static [(&'static str, &'static str)];

/// Every response but the greeting: code, text, attributes.
const RESPONSES: [(&str, u16, &str, Pairs); 21] = [
    (
        "01-add-domain-200",
        200,
        COMPLETED,
        &[("registration expiration date", "2009-09-22 10:27:00.0"), ("status", "ACTIVE")],
    ),
    (
        "02-add-domain-200",
        200,
        COMPLETED,
        &[("registration expiration date", "2000-09-22 10:27:00.0"), ("status", "ACTIVE")],
    ),
    ("03-add-nameserver-200", 200, COMPLETED, &[]),
    ("04-check-domain-211", 211, "Domain name not available", &[]),
    ("05-check-nameserver-213", 213, "Name server not available", &[("ipAddress", "192.10.10.10")]),
    ("06-del-domain-200", 200, COMPLETED, &[]),
    ("07-del-nameserver-200", 200, COMPLETED, &[]),
    ("08-del-nameserver-532", 532, "Domain names linked with name server", &[]),
    ("09-describe-200", 200, COMPLETED, &[("Protocol", "RRP 1.1.0")]),
    ("10-mod-domain-200", 200, COMPLETED, &[]),
    ("11-mod-nameserver-200", 200, COMPLETED, &[]),
    ("12-quit-220", 220, "Command completed successfully. Server closing connection", &[]),
    ("13-renew-domain-200", 200, COMPLETED, &[("registration expiration date", "2010-09-22 10:27:00.0")]),
    ("14-session-200", 200, COMPLETED, &[]),
    (
        "15-status-domain-200",
        200,
        COMPLETED,
        &[
            ("nameserver", "ns2.registrarA.com"),
            ("nameserver", "ns3.registrarA.com"),
            ("registration expiration date", "2010-09-22 10:27:00.0"),
            ("registrar", "registrarA"),
            ("registrar transfer date", "1999-09-22 10:27:00.0"),
            ("status", "ACTIVE"),
            ("created date", "1998-09-22 10:27:00.0"),
            ("created by", "registrarA"),
            ("updated date", "2002-09-22 10:27:00.0"),
            ("updated by", "registrarA"),
        ],
    ),
    ("16-status-domain-531", 531, "Authorization failed", &[]),
    (
        "17-status-nameserver-200",
        200,
        COMPLETED,
        &[
            ("ipaddress", "198.42.1.11"),
            ("registrar", "registrarA"),
            ("registrar transfer date", "1999-09-22 10:27:00.0"),
            ("CreatedDate", "1998-09-22 10:27:00.0"),
            ("CreatedBy", "registrarA"),
            ("UpdatedDate", "2002-09-22 10:27:00.0"),
            ("UpdatedBy", "registrarA"),
        ],
    ),
    ("18-status-nameserver-531", 531, "Authorization failed", &[]),
    ("19-transfer-domain-200", 200, COMPLETED, &[]),
    ("20-transfer-domain-200", 200, COMPLETED, &[]),
    ("21-transfer-domain-200", 200, COMPLETED, &[]),
];

const GREETING: &str = "00-greeting-banner.response.txt";

/// One request: the lines that stand in it, and the typed command that sends it.
struct Request {
    file: &'static str,
    lines: RrpCommand,
    typed: Command,
}

fn requests() -> Result<Vec<Request>, CommandError> {
    let domain = |name: &str| -> DomainName { name.parse().unwrap() };
    let host = |name: &str| -> HostName { name.parse().unwrap() };
    let address = |text: &str| -> ServerAddress { text.parse().unwrap() };
    let example = domain("example.com");
    let [ns1, ns2, ns3] = ["ns1.registrarA.com", "ns2.registrarA.com", "ns3.registrarA.com"].map(host);
    let about = |verb: &str, entity: &str, name: &str| -> Result<RrpCommand, CommandError> {
        let attribute = if entity == "Domain" { "DomainName" } else { entity };
        RrpCommand::new(verb)?.attribute("EntityName", entity)?.attribute(attribute, name)
    };
    let answer = |approve: &str| -> Result<RrpCommand, CommandError> {
        RrpCommand::new("transfer")?
            .option("Approve", approve)?
            .attribute("EntityName", "Domain")?
            .attribute("DomainName", "example.com")
    };
    let request = |file, lines, typed| Request { file, lines, typed };
    Ok(vec![
        request(
            "01-add-domain-200",
            about("add", "Domain", "example.com")?.option("Period", "10")?,
            Add::domain(&example).period(Period::years(10)?).to_command(),
        ),
        request(
            "02-add-domain-200",
            about("add", "Domain", "example2.com")?
                .option("Period", "10")?
                .attribute("NameServer", "ns1.example.com")?
                .attribute("NameServer", "ns2.example.com")?,
            Add::domain(&domain("example2.com"))
                .period(Period::years(10)?)
                .name_server(&host("ns1.example.com"))?
                .name_server(&host("ns2.example.com"))?
                .to_command(),
        ),
        request(
            "03-add-nameserver-200",
            about("add", "NameServer", "ns1.example.com")?.attribute("IPAddress", "198.41.1.11")?,
            Add::name_server(&host("ns1.example.com"), &[address("198.41.1.11")])?.to_command(),
        ),
        request(
            "04-check-domain-211",
            about("check", "Domain", "example.com")?,
            Check::domain(&example).to_command(),
        ),
        request(
            "05-check-nameserver-213",
            about("check", "Nameserver", "ns1.example.com")?,
            Check::name_server(&host("ns1.example.com")).to_command(),
        ),
        request(
            "06-del-domain-200",
            about("del", "Domain", "example.com")?,
            Del::domain(&example).to_command(),
        ),
        request(
            "07-del-nameserver-200",
            about("del", "NameServer", "ns1.registrarA.com")?,
            Del::name_server(&ns1).to_command(),
        ),
        request(
            "08-del-nameserver-532",
            about("del", "NameServer", "ns1.registrarA.com")?,
            Del::name_server(&ns1).to_command(),
        ),
        request(
            "09-describe-200",
            RrpCommand::new("describe")?.option("Target", "Protocol")?,
            Describe::protocol().to_command(),
        ),
        request(
            "10-mod-domain-200",
            about("mod", "Domain", "example.com")?
                .attribute("NameServer", "ns3.registrarA.com")?
                .remove("NameServer", "ns1.registrarA.com")?,
            Mod::domain(&example).add_name_server(&ns3)?.remove_name_server(&ns1)?.to_command(),
        ),
        request(
            "11-mod-nameserver-200",
            about("mod", "NameServer", "ns1.registrarA.com")?
                .attribute("NewNameServer", "ns2.registrarA.com")?
                .attribute("IPAddress", "198.42.1.11")?
                .remove("IPAddress", "198.41.1.11")?,
            Mod::name_server(&ns1)
                .rename(&ns2)
                .add_address(address("198.42.1.11"))?
                .remove_address(address("198.41.1.11").ip())?
                .to_command(),
        ),
        request("12-quit-220", RrpCommand::new("quit")?, Quit.to_command()),
        request(
            "13-renew-domain-200",
            about("renew", "Domain", "example.com")?
                .option("Period", "9")?
                .option("CurrentExpirationYear", "2001")?,
            Renew::domain(&example, Period::years(9)?, Year::new(2001)?).to_command(),
        ),
        request(
            "14-session-200",
            RrpCommand::new("session")?.option("Id", "registrarA")?.option("Password", "i-am-registrarA")?,
            Session::login("registrarA", "i-am-registrarA")?.to_command(),
        ),
        request(
            "15-status-domain-200",
            about("status", "Domain", "example.com")?,
            Status::domain(&example).to_command(),
        ),
        request(
            "16-status-domain-531",
            about("status", "Domain", "example.com")?,
            Status::domain(&example).to_command(),
        ),
        request(
            "17-status-nameserver-200",
            about("status", "NameServer", "ns1.registrarA.com")?,
            Status::name_server(&ns1).to_command(),
        ),
        request(
            "18-status-nameserver-531",
            about("status", "NameServer", "ns1.registrarA.com")?,
            Status::name_server(&ns1).to_command(),
        ),
        request(
            "19-transfer-domain-200",
            about("transfer", "Domain", "example.com")?,
            Transfer::request(&example).to_command(),
        ),
        request("20-transfer-domain-200", answer("Yes")?, Transfer::approve(&example).to_command()),
        request("21-transfer-domain-200", answer("No")?, Transfer::reject(&example).to_command()),
    ])
}

fn request_bytes(file: &str) -> Vec<u8> {
    fixture("rfc", &format!("{file}.request.txt"))
}

fn response(file: &str) -> Reply {
    reply(&fixture("rfc", &format!("{file}.response.txt")))
}

#[test]
fn every_file_of_the_folder_is_covered() {
    let mut covered: Vec<String> =
        RESPONSES.iter().map(|(file, ..)| format!("{file}.response.txt")).collect();
    covered.extend(requests().unwrap().iter().map(|request| format!("{}.request.txt", request.file)));
    covered.push(GREETING.to_owned());
    covered.sort();
    assert_eq!(names(&fixtures("rfc")), covered);
}

#[test]
fn the_greeting_has_the_registry_the_version_and_the_date_line() {
    let whole = frame(&fixture("rfc", GREETING));
    assert_eq!((whole.grammar(), whole.terminator()), (Grammar::Text, Some(Terminator::Dot)));
    let greeting = Greeting::parse(whole.bytes());
    assert_eq!(greeting.registry(), Some("NSI"));
    assert_eq!(greeting.version(), Some("1.1.0"));
    assert_eq!(greeting.lines(), ["NSI RRP Server version 1.1.0", "Mon Oct 25 20:20:34 EDT 1999"]);
}

#[test]
fn every_response_is_read_to_its_code_text_and_attributes_in_order() {
    for (file, code, text, pairs) in RESPONSES {
        let reply = response(file);
        assert_eq!((reply.code().as_u16(), &*reply.text()), (code, text), "{file}");
        assert_eq!((reply.grammar(), reply.detail()), (Grammar::Rrp, None), "{file}");
        let wanted: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), None, (*value).to_owned())).collect();
        assert_eq!(items(&reply), wanted, "{file}");
    }
}

#[test]
fn every_attribute_is_found_by_its_name_in_any_case_and_without_blanks() {
    for (file, _, _, pairs) in RESPONSES {
        let reply = response(file);
        for (name, _) in pairs {
            let wanted: Vec<&str> =
                pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| *value).collect();
            for spelling in [(*name).to_owned(), name.to_uppercase(), name.replace(' ', "")] {
                assert_eq!(reply.property(&spelling).collect::<Vec<_>>(), wanted, "{file}: {spelling}");
                assert_eq!(reply.first(&spelling).as_deref(), wanted.first().copied(), "{file}: {spelling}");
                assert_eq!(reply.field(&spelling), None, "{file}: an attribute is no key of a PTF reply");
            }
        }
    }
}

#[test]
fn every_date_is_read_as_the_registry_wrote_it() {
    let mut dates = 0;
    for (file, _, _, pairs) in RESPONSES {
        let reply = response(file);
        for (name, value) in pairs.iter().filter(|(name, _)| name.to_lowercase().ends_with("date")) {
            assert_eq!(reply.date(name).unwrap().to_string(), *value, "{file}: {name}");
            dates += 1;
        }
    }
    assert_eq!(dates, 10);
    assert_eq!(response("15-status-domain-200").date("status"), None);
}

#[test]
fn every_response_is_one_that_its_request_can_get() {
    for request in requests().unwrap() {
        let reply = response(request.file);
        let verdict = reply.verdict(request.typed.context());
        assert!(verdict.fits(), "{}", request.file);
        assert_eq!(verdict.completed(), reply.code().as_u16() < 300, "{}", request.file);
    }
}

#[test]
fn every_request_is_decoded_to_its_lines_and_encoded_again_byte_for_byte() {
    for request in requests().unwrap() {
        let bytes = request_bytes(request.file);
        let body = decode(&frame(&bytes)).unwrap();
        assert_eq!(body, Body::Rrp(request.lines), "{}", request.file);
        for dialect in [Dialect::Rfc, Dialect::Xrrp] {
            assert_eq!(wire(&body, dialect), bytes, "{}", request.file);
        }
    }
}

#[test]
fn the_typed_commands_send_the_requests_of_the_rfc() {
    for request in requests().unwrap() {
        // Two things are spelled in one way here: host names in lower case, and the attribute `NameServer`.
        let wanted = String::from_utf8(request_bytes(request.file))
            .unwrap()
            .replace("registrarA.com", "registrara.com")
            .replace("Nameserver", "NameServer");
        assert_eq!(wire(request.typed.body(), Dialect::Rfc), wanted, "{}", request.file);
    }
}

#[test]
fn taking_back_a_transfer_looks_like_refusing_it() {
    let name: DomainName = "example.com".parse().unwrap();
    let cancel = Transfer::cancel(&name).to_command();
    assert_eq!(wire(cancel.body(), Dialect::Rfc), request_bytes("21-transfer-domain-200"));
}
