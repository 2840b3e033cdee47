//! Answers by the type of their query: what is read, what may be missing, and what is no answer.

use rrp::client::{Availability, Typed};
use rrp::command::{
    Check, CheckDomains, CommandError, Describe, DomainStatus, Ptf, Raw, Read, RrpCommand, Status, ToCommand,
};
use rrp::dispatch::QueryError;
use rrp::sim::{Domain, Effect, Fault, NameServer, Stamp, Trigger};
use rrp::{DomainName, HostName, RegistryDate};

use crate::hub::{Hub, journal};
use crate::script::Script;

fn name() -> DomainName {
    "example.com".parse().unwrap()
}

fn host() -> HostName {
    "ns1.example.com".parse().unwrap()
}

fn names(names: &[&str]) -> CheckDomains {
    let names: Vec<DomainName> = names.iter().map(|name| name.parse().unwrap()).collect();
    Check::domains(&names).unwrap()
}

/// What a registry is understood to say that replies so.
async fn told<Q: Typed>(query: &Q, reply: &str) -> Result<Q::Answer, QueryError> {
    Script::new([reply]).client().await.query(query).await
}

/// A registry that replies so is not understood, and its reply is not lost.
async fn unreadable<Q: Typed>(query: &Q, reply: &str) {
    match told(query, reply).await {
        Err(error @ QueryError::Unreadable(..)) => {
            assert!(error.to_string().starts_with("query answered with `2"), "{error}");
            let QueryError::Unreadable(answer, _) = error else { unreachable!() };
            assert_eq!(answer.reply().code().to_string(), reply_code(reply), "{reply}");
        }
        Err(other) => panic!("{reply:?}: {other:?}"),
        Ok(_) => panic!("{reply:?} is understood"),
    }
    // Raw, it is an answer as any.
    let answer = Script::new([reply]).client().await.query(query).raw().await.unwrap();
    assert_eq!(answer.code().to_string(), reply_code(reply), "{reply}");
}

fn reply_code(reply: &str) -> &str {
    reply.split_once("code = ").map_or(&reply[..3], |(_, rest)| &rest[..3])
}

fn ptf(properties: &[(&str, u32, &str)]) -> String {
    let lines = properties.iter().map(|(name, at, value)| format!("property[{name}][{at}] = {value}\r\n"));
    let lines: String = lines.collect();
    format!("[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n{lines}EOF\r\n")
}

#[tokio::test(start_paused = true)]
async fn a_domain_is_available_or_taken() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    hub.registry(|registry| {
        let created = Stamp::midnight(2025, 1, 1);
        registry.insert_domain(Domain::new("example.com", "other", created, created.years_later(3)));
    });
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Taken);
    assert_eq!(client.query(&Check::domain(&name())).raw().await.unwrap().code(), 211);
}

#[tokio::test(start_paused = true)]
async fn what_says_neither_yes_nor_no_is_an_error() {
    unreadable(&Check::domain(&name()), "299 Who knows\r\n.\r\n").await;
    unreadable(&Check::name_server(&host()), "299 Who knows\r\n.\r\n").await;
    unreadable(&Status::domain(&name()), "299 Who knows\r\nstatus:ACTIVE\r\n.\r\n").await;
    unreadable(&Describe::new(), "299 Who knows\r\nProtocol:RRP 1.1.0\r\n.\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_something_else_is_neither_read_nor_left_to_the_next() {
    for out_of_step in
        ["200 Command completed successfully", "212 Name server available", "218 Yes", "220 Bye"]
    {
        let right = "211 Domain name not available\r\n.\r\n".to_owned();
        let script = Script::new([format!("{out_of_step}\r\n.\r\n"), right]);
        let client = script.client().await;
        let told = client.query(&Check::domain(&name())).await;
        assert!(matches!(told, Ok(Availability::Taken)), "{out_of_step}: {told:?}");
        assert_eq!(script.asked().len(), 2, "{out_of_step}");
    }
    // As long as nothing else comes, there is no answer.
    let client = Script::new(vec!["212 Name server available\r\n.\r\n"; 20]).client().await;
    let told = client.query(&Check::domain(&name())).await;
    assert!(matches!(told, Err(QueryError::Unanswered | QueryError::Deadline(_))), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_no_no() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.fault("check", Effect::answer(541, false));
    match client.query(&Check::domain(&name())).await {
        Err(QueryError::Refused(answer)) => assert_eq!(answer.code(), 541),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_server_is_registered_or_not() {
    let check = Check::name_server(&host());
    let free = told(&check, "212 Name server available\r\n.\r\n").await.unwrap();
    assert!(!free.is_registered() && free.addresses().next().is_none());
    assert_eq!(free.availability(), Availability::Available);
    let reply =
        "213 Name server not available\r\nipAddress:192.0.2.1\r\nIPADDRESS:192.0.2.2\r\nnote:x\r\n.\r\n";
    let taken = told(&check, reply).await.unwrap();
    assert!(taken.is_registered());
    assert_eq!(taken.addresses().collect::<Vec<_>>(), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(taken.reply().first("note").as_deref(), Some("x"));
    let silent = told(&check, "213 Name server not available\r\n.\r\n").await.unwrap();
    assert!(silent.is_registered() && silent.addresses().next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_domain_has_attributes() {
    let reply = "200 Command completed successfully\r\nnameserver:ns2.registrarA.com\r\n\
        nameserver:ns3.registrarA.com\r\nregistration expiration date:2010-09-22 10:27:00.0\r\n\
        registrar:registrarA\r\nregistrar transfer date:1999-09-22 10:27:00.0\r\nstatus:Active\r\n\
        status:REGISTRAR-LOCK\r\nCreatedDate:1998-09-22 10:27:00.0\r\ncreated by:registrarB\r\n\
        updated date:2002-09-22 10:27:00.0\r\nupdated by:registrarC\r\nmood:good\r\n.\r\n";
    let domain = told(&Status::domain(&name()), reply).await.unwrap();
    assert_eq!(domain.name_servers().collect::<Vec<_>>(), ["ns2.registrarA.com", "ns3.registrarA.com"]);
    assert_eq!(domain.expires(), RegistryDate::parse("2010-09-22 10:27:00.0"));
    assert_eq!(domain.registrar().as_deref(), Some("registrarA"));
    assert_eq!(domain.transferred().map(RegistryDate::year), Some(1999));
    assert_eq!(domain.statuses().collect::<Vec<_>>(), ["Active", "REGISTRAR-LOCK"]);
    assert!(domain.has_status(&DomainStatus::ACTIVE) && !domain.has_status(&DomainStatus::REGISTRY_HOLD));
    assert_eq!(domain.created().map(RegistryDate::year), Some(1998));
    assert_eq!(domain.created_by().as_deref(), Some("registrarB"));
    assert_eq!(domain.updated().map(RegistryDate::year), Some(2002));
    assert_eq!(domain.updated_by().as_deref(), Some("registrarC"));
    assert_eq!(domain.reply().first("Mood").as_deref(), Some("good"));
}

#[tokio::test(start_paused = true)]
async fn attributes_may_be_missing_odd_or_empty_but_not_all_of_them() {
    let query = Status::domain(&name());
    let reply = "200 OK\r\nstatus:\r\nregistration expiration date:soon\r\nupdated date:2002-13-45\r\n.\r\n";
    let domain = told(&query, reply).await.unwrap();
    assert_eq!((domain.expires(), domain.updated(), domain.created()), (None, None, None));
    assert_eq!((domain.registrar(), domain.created_by(), domain.updated_by()), (None, None, None));
    assert_eq!(domain.reply().first("registration expiration date").as_deref(), Some("soon"));
    assert_eq!(domain.statuses().collect::<Vec<_>>(), [""]);
    assert!(domain.name_servers().next().is_none());
    for nothing in ["200 Command completed successfully\r\n.\r\n", "200 OK\r\nProtocol:RRP 1.1.0\r\n.\r\n"] {
        unreadable(&query, nothing).await;
        unreadable(&Status::name_server(&host()), nothing).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_server_has_attributes() {
    let hub = Hub::new();
    let created = Stamp::midnight(2025, 1, 1);
    hub.registry(|registry| {
        registry.insert_name_server(
            NameServer::new("ns1.example.com", "registrar", created).with_address([192, 0, 2, 1]),
        );
    });
    let client = hub.client(journal()).await;
    let server = client.query(&Status::name_server(&host())).await.unwrap();
    assert_eq!(server.addresses().collect::<Vec<_>>(), ["192.0.2.1"]);
    assert_eq!(server.registrar().as_deref(), Some("registrar"));
    assert_eq!(server.created().map(RegistryDate::year), Some(2025));
    assert_eq!((server.name(), server.transferred()), (None, None));
    let named =
        told(&Status::name_server(&host()), "200 OK\r\nnameserver:NS1.example.com\r\n.\r\n").await.unwrap();
    assert_eq!(named.name().as_deref(), Some("NS1.example.com"));
    assert!(named.addresses().next().is_none() && named.updated_by().is_none() && named.updated().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_registry_describes_itself() {
    let described = told(&Describe::protocol(), "200 OK\r\nProtocol:RRP 1.1.0\r\n.\r\n").await.unwrap();
    assert_eq!(described.protocol().as_deref(), Some("RRP 1.1.0"));
    let silent = told(&Describe::new(), "200 OK\r\n.\r\n").await.unwrap();
    assert_eq!((silent.protocol(), silent.reply().code().as_u16()), (None, 200));
}

#[tokio::test(start_paused = true)]
async fn a_query_by_name_is_answered_raw() {
    let hub = Hub::new();
    hub.registry(|registry| {
        let created = Stamp::midnight(2025, 1, 1);
        registry.insert_domain(Domain::new("example.com", "registrar", created, created.years_later(3)));
    });
    let client = hub.client(journal()).await;
    let status = Ptf::query("StatusDomain").unwrap().param("domain", "example.com").unwrap();
    let answer = client.query(&status).await.unwrap();
    assert_eq!(answer.property("status").next().as_deref(), Some("ACTIVE"));
    assert_eq!(answer.date("registrationexpirationdate").map(RegistryDate::year), Some(2028));
    let check = Ptf::query("CheckDomain").unwrap().param("domain", "example.com").unwrap();
    let check = client.query(&check).await.unwrap();
    assert_eq!(check.verdict().answer().map(Availability::from), Some(Availability::Taken));
    let describe: Raw<Read> = Raw::query(RrpCommand::new("describe").unwrap()).unwrap();
    assert_eq!(client.query(&describe).await.unwrap().first("Protocol").as_deref(), Some("RRP 1.1.0"));
}

#[tokio::test(start_paused = true)]
async fn many_names_are_checked_at_once() {
    let hub = Hub::new();
    hub.registry(|registry| {
        let created = Stamp::midnight(2025, 1, 1);
        registry.insert_domain(Domain::new("example.net", "other", created, created.years_later(3)));
    });
    let client = hub.client(journal()).await;
    let checks = client.query(&names(&["example.com", "example.net", "example.org"])).await.unwrap();
    let said: Vec<_> =
        checks.all().iter().map(|check| (check.domain().as_str(), check.availability())).collect();
    assert_eq!(
        said,
        [
            ("example.com", Some(Availability::Available)),
            ("example.net", Some(Availability::Taken)),
            ("example.org", Some(Availability::Available)),
        ]
    );
    assert_eq!(checks.availability(&"example.net".parse().unwrap()), Some(Availability::Taken));
    assert_eq!(checks.availability(&"example.edu".parse().unwrap()), None);
    assert_eq!(checks.reply().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn no_answer_goes_to_another_name() {
    let query = names(&["example.com", "example.net"]);
    // With names: in any order, some left out, others among them.
    let reply = ptf(&[
        ("domain", 0, "EXAMPLE.NET"),
        ("domaincheck", 0, "211 Domain name not available"),
        ("domain", 1, "example.org"),
        ("domaincheck", 1, "210 Domain name available"),
    ]);
    let checks = told(&query, &reply).await.unwrap();
    let [com, net] = checks.all() else { panic!("{checks:?}") };
    assert_eq!((com.availability(), com.code(), com.text()), (None, None, None));
    assert_eq!(
        (net.availability(), net.text()),
        (Some(Availability::Taken), Some("Domain name not available"))
    );
    // Codes that are neither, and no codes.
    let reply = ptf(&[("domaincheck", 0, "541 Invalid attribute value"), ("domaincheck", 1, "later")]);
    let checks = told(&query, &reply).await.unwrap();
    let said: Vec<_> =
        checks.all().iter().map(|check| (check.availability(), check.code(), check.text())).collect();
    assert_eq!(said[0].1.map(u16::from), Some(541));
    assert_eq!((said[0].0, said[1]), (None, (None, None, Some("later"))));
    // Without names nobody knows whose answers these are.
    let yes = "210 Domain name available";
    let twice = [
        ("domain", 0, "example.com"),
        ("domaincheck", 0, yes),
        ("domain", 1, "example.com"),
        ("domaincheck", 1, "211 x"),
    ];
    for reply in [
        ptf(&[("domaincheck", 0, yes)]),
        ptf(&[("domaincheck", 0, yes), ("domaincheck", 2, yes)]),
        ptf(&[("domaincheck", 0, yes), ("domaincheck", 1, yes), ("domaincheck", 2, yes)]),
        ptf(&[("domain", 0, "example.org"), ("domaincheck", 0, yes)]),
        ptf(&twice),
        ptf(&[]),
        "[RESPONSE]\r\ncode = 210\r\ndescription = Domain name available\r\nEOF\r\n".to_owned(),
    ] {
        unreadable(&query, &reply).await;
    }
}

#[test]
fn many_names_are_thirty_two_and_each_once() {
    let many: Vec<DomainName> = (0..33).map(|at| format!("example-{at}.com").parse().unwrap()).collect();
    let refused = |names: &[DomainName]| -> CommandError { Check::domains(names).unwrap_err() };
    assert_eq!(refused(&many).to_string(), "more than 32 of `domain`");
    assert_eq!(refused(&[name(), name()]).to_string(), "`example.com` is given twice");
    assert_eq!(refused(&[]).of(), "domain");
    let full = Check::domains(&many[..CheckDomains::MAX_DOMAINS]).unwrap();
    assert_eq!(full.domains(), &many[..32]);
    assert_eq!(full.to_command().name(), "CheckDomains");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_whatever_its_type() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.registry(|registry| {
        registry.faults().add(Fault::on(Trigger::AnyCommand).then(Effect::CloseBefore(rrp::sim::Close::Fin)));
    });
    let checks = client.query(&names(&["example.com"])).user("shop").await.unwrap();
    assert_eq!(checks.all()[0].availability(), Some(Availability::Available));
    assert_eq!(hub.dials(), 2);
}
