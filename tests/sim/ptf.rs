//! The commands of PTF, one object after another.

use std::time::Duration;

use rrp::sim::{Change, Domain, Stamp};

use crate::drive::{Client, config};

/// Commands with their parameters, joined with `|`, and the code of each.
fn all(client: &mut Client, steps: &[(u16, &str)]) {
    for (code, text) in steps {
        let reply = client.ptf(&format!("command = {}", text.replace('|', "\n")));
        assert_eq!(reply.code(), *code, "{text}: {}", reply.0);
    }
}

fn theirs(client: &mut Client, name: &str) {
    let created = Stamp::parse("1998-09-22 10:27:00").unwrap();
    let domain = Domain::new(name, "registrarB", created, created.years_later(3)).with_auth("open-sesame");
    client.registry.insert_domain(domain);
}

#[test]
fn domains_are_checked_registered_and_read() {
    let mut client = Client::new(config());
    all(
        &mut client,
        &[(210, "CHECKDOMAIN|DOMAIN=Example.COM."), (504, "CheckDomain"), (505, "CheckDomain|domain=-x.com")],
    );
    all(
        &mut client,
        &[(545, "StatusDomain|domain=example.com"), (541, "AddDomain|domain=example.com|period=11")],
    );
    let added =
        client.ptf("command = AddDomain\ndomain = example.com\nperiod = 2\nX-UNKNOWN = 1\ncltrid = mine-1");
    assert_eq!((added.code(), added.one("registrationexpirationdate")), (200, "2001-09-22 10:27:00"));
    assert_eq!(added.one("cltrid"), "mine-1");
    assert!(added.one("svtrid").starts_with("SIM-"));
    all(&mut client, &[(211, "CheckDomain|domain=example.com"), (554, "AddDomain|domain=example.com")]);
    let status = client.ptf("command=StatusDomain\ndomain=example.com");
    for (name, value) in [
        ("domain", "example.com"),
        ("registrar", "registrarA"),
        ("createddate", "1999-09-22 10:27:00"),
        ("updateddate", "1999-09-22 10:27:00"),
        ("status", "ACTIVE"),
        ("renewalmode", "DEFAULT"),
        ("transfermode", "DEFAULT"),
    ] {
        assert_eq!(status.one(name), value, "{name}");
    }
    assert_eq!((status.one("roid"), status.one("auth").len()), (added.one("roid"), 12));
    theirs(&mut client, "theirs.com");
    all(&mut client, &[(531, "StatusDomain|domain=theirs.com"), (540, "AddDomain|domain=theirs.com")]);
    let ledger = client.registry.ledger();
    assert_eq!((ledger.executed("adddomain", "example.com"), ledger.billed("registrarA")), (1, 2_000));
    assert_eq!(client.registry.balance("registrarA"), Some(100_000_000 - 2_000));
}

#[test]
fn several_names_are_checked_at_once() {
    let mut client = Client::new(config());
    theirs(&mut client, "theirs.com");
    let reply = client.ptf(
        "command = CheckDomains\ndomain1=theirs.com\ndomain0=free.com\ndomain2=x.example\ndomain3=-.com",
    );
    assert_eq!(reply.code(), 200);
    let expected = [
        "210 Domain name available",
        "211 Domain name not available",
        "541 Invalid attribute value",
        "505 Invalid attribute value syntax",
    ];
    assert_eq!(reply.all("domaincheck"), expected);
    let names = |count: usize| (0..count).map(|n| format!("domain{n} = name{n}.com\n")).collect::<String>();
    assert_eq!(client.ptf(&format!("{}command = CheckDomains", names(32))).all("domaincheck").len(), 32);
    assert_eq!(client.ptf(&format!("{}command = CheckDomains", names(33))).code(), 541);
    all(&mut client, &[(504, "CheckDomains")]);
}

#[test]
fn renewals_are_guarded_by_expiration() {
    let mut client = Client::new(config());
    let renew = "RenewDomain|domain=example.com|period=1|expiration=2000";
    all(&mut client, &[(545, renew), (200, "AddDomain|domain=example.com"), (200, renew), (555, renew)]);
    all(&mut client, &[(541, "RenewDomain|domain=example.com|expiration=1999")]);
    all(&mut client, &[(505, "RenewDomain|domain=example.com|expiration=soon")]);
    // Without a guard it is renewed again.
    all(
        &mut client,
        &[(200, "RenewDomain|domain=example.com"), (200, "RenewDomain|domain=example.com|period=2")],
    );
    all(&mut client, &[(556, "RenewDomain|domain=example.com|period=9")]);
    assert_eq!(client.registry.domain("example.com").unwrap().expires().year(), 2004);
    assert_eq!(client.registry.ledger().executed("RenewDomain", "example.com"), 3);
    all(&mut client, &[(200, "ModifyDomain|domain=example.com|addstatus0=clientRenewProhibited")]);
    all(&mut client, &[(552, "RenewDomain|domain=example.com")]);
}

#[test]
fn domains_are_modified() {
    let mut client = Client::new(config());
    all(
        &mut client,
        &[
            (200, "AddDomain|domain=example.com"),
            (550, "AddNameserver|nameserver=ns1.other.com|ipaddress0=198.41.1.1"),
            (200, "AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1"),
            (200, "AddNameserver|nameserver=ns2.example.com|ipaddress0=198.41.1.2"),
            (545, "ModifyDomain|domain=example.com|nameserver0=ns3.example.com"),
            (200, "ModifyDomain|domain=example.com|nameserver0=ns1.example.com|nameserver1=ns1.example.info"),
            (540, "ModifyDomain|domain=example.com|addnameserver0=ns1.example.com"),
            (
                200,
                "ModifyDomain|domain=example.com|addnameserver0=ns2.example.com|delnameserver0=ns1.example.info",
            ),
            (542, "ModifyDomain|domain=example.com|delnameserver0=ns1.example.info"),
            (532, "DeleteNameserver|nameserver=ns1.example.com"),
            (541, "ModifyDomain|domain=example.com|addstatus0=sleepy"),
            (543, "ModifyDomain|domain=example.com|addstatus0=serverHold"),
            (
                200,
                "ModifyDomain|domain=example.com|addstatus0=clientUpdateProhibited|addstatus1=clientDeleteProhibited",
            ),
            (552, "ModifyDomain|domain=example.com|auth=another"),
            (552, "DeleteDomain|domain=example.com"),
            (200, "ModifyDomain|domain=example.com|delstatus0=clientUpdateProhibited|auth=another"),
            (542, "ModifyDomain|domain=example.com|delstatus0=clientUpdateProhibited"),
            (545, "ModifyDomain|domain=example.com|ownercontact0=P-NOBODY"),
            (200, "SetDomainRenewalMode|domain=example.com|renewalmode=autoexpire"),
            (541, "SetDomainRenewalMode|domain=example.com|renewalmode=never"),
            (200, "SetDomainTransferMode|domain=example.com|transfermode=AUTODENY"),
        ],
    );
    let status = client.ptf("command = StatusDomain\ndomain = example.com");
    assert_eq!(status.all("nameserver"), ["ns1.example.com", "ns2.example.com"]);
    assert_eq!(status.one("status"), "clientDeleteProhibited");
    assert_eq!((status.one("auth"), status.one("renewalmode")), ("another", "AUTOEXPIRE"));
    let set = client.ptf("command = SetAuthCode\ndomain = example.com");
    assert_ne!(set.one("auth"), client.ptf("command = SetAuthCode\ndomain = example.com").one("auth"));
    assert_eq!(client.ptf("command = SetAuthCode\ndomain = example.com\nauth = mine").one("auth"), "mine");
}

#[test]
fn name_servers_are_read_and_changed() {
    let mut client = Client::new(config());
    all(
        &mut client,
        &[
            (200, "AddDomain|domain=example.com"),
            (212, "CheckNameserver|nameserver=ns1.example.com"),
            (545, "StatusNameserver|nameserver=ns1.example.com"),
            (535, "AddNameserver|nameserver=ns1.example.com|ipaddress0=192.168.0.1"),
            (200, "AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1"),
            (540, "AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1"),
            (213, "CheckNameserver|nameserver=ns1.example.com"),
            (540, "ModifyNameserver|nameserver=ns1.example.com|addipaddress0=198.41.1.1"),
            (
                200,
                "ModifyNameserver|nameserver=ns1.example.com|addipaddress0=198.41.1.3|delipaddress0=198.41.1.1",
            ),
        ],
    );
    assert_eq!(
        client.ptf("command=StatusNameserver\nnameserver=ns1.example.com").one("ipaddress"),
        "198.41.1.3"
    );
    all(
        &mut client,
        &[
            (200, "ModifyNameserver|nameserver=ns1.example.com|newnameserver=a.example.com"),
            (200, "DeleteNameserver|nameserver=a.example.com"),
            (545, "DeleteNameserver|nameserver=a.example.com"),
        ],
    );
}

#[test]
fn deleted_domains_are_restored() {
    let mut client = Client::new(config().idle_limit(None).session_lifetime(None));
    all(&mut client, &[(200, "AddDomain|domain=example.com"), (200, "DeleteDomain|domain=example.com")]);
    all(&mut client, &[(210, "CheckDomain|domain=example.com"), (545, "DeleteDomain|domain=example.com")]);
    assert_eq!(client.registry.ledger().billed("registrarA"), 0);
    all(&mut client, &[(200, "AddDomain|domain=example.com"), (552, "RestoreDomain|domain=example.com")]);
    client.wait(6 * 86_400);
    let deleted = client.ptf("command = DeleteDomain\ndomain = example.com");
    assert!(
        deleted.0.contains(
            "description = Command completed successfully; action PendingDelete pending in 30 days"
        )
    );
    all(&mut client, &[(552, "DeleteDomain|domain=example.com"), (552, "RenewDomain|domain=example.com")]);
    let status = client.ptf("command = StatusDomain\ndomain = example.com");
    assert_eq!((status.one("status"), status.one("rgpstatus")), ("pendingDelete", "redemptionPeriod"));
    client.wait(20 * 86_400);
    all(&mut client, &[(200, "RestoreDomain|domain=example.com"), (211, "CheckDomain|domain=example.com")]);
    client.wait(20 * 86_400);
    // The old deletion does not strike again.
    all(&mut client, &[(200, "StatusDomain|domain=example.com")]);
    let ledger = client.registry.ledger();
    assert_eq!(ledger.billed("registrarA"), 1_000 + 8_000);
    assert_eq!(ledger.changes(Change::Restored, "example.com"), 1);
}

#[test]
fn domains_are_transferred() {
    let mut client = Client::new(config());
    theirs(&mut client, "theirs.com");
    all(
        &mut client,
        &[
            (504, "TransferDomain|domain=theirs.com|action=REQUEST"),
            (530, "TransferDomain|domain=theirs.com|action=REQUEST|auth=wrong"),
            (545, "StatusDomainTransfer|domain=theirs.com"),
            (534, "TransferDomain|domain=theirs.com|action=CANCEL"),
            (541, "TransferDomain|domain=theirs.com|action=STEAL"),
            (200, "TransferDomain|domain=theirs.com|action=request|auth=open-sesame"),
            (536, "TransferDomain|domain=theirs.com|action=REQUEST|auth=open-sesame"),
            (531, "TransferDomain|domain=theirs.com|action=APPROVE"),
            (531, "TransferDomain|domain=theirs.com|action=DENY"),
        ],
    );
    assert_eq!(client.ptf("command=StatusDomainTransfer\ndomain=theirs.com").one("transfertype"), "INCOMING");
    assert_eq!(client.ptf("command=QueryTransferList").all("domain"), ["theirs.com"]);
    assert_eq!(client.registry.ledger().billed("registrarA"), 900);
    all(&mut client, &[(200, "TransferDomain|domain=theirs.com|action=CANCEL")]);
    assert_eq!(client.registry.ledger().billed("registrarA"), 0);
    all(&mut client, &[(200, "TransferDomain|domain=theirs.com|auth=open-sesame")]);
    client.switch("registrarB");
    assert_eq!(client.ptf("command=QueryForeignTransferList").all("newregistrar"), ["registrarA"]);
    all(&mut client, &[(200, "TransferDomain|domain=theirs.com|action=APPROVE")]);
    all(&mut client, &[(534, "TransferDomain|domain=theirs.com|action=APPROVE")]);
    client.switch("registrarA");
    all(&mut client, &[(540, "TransferDomain|domain=theirs.com|auth=open-sesame")]);
    let status = client.ptf("command = StatusDomain\ndomain = theirs.com");
    assert_eq!(status.one("registrartransferdate"), "1999-09-22 10:27:00");
    all(
        &mut client,
        &[
            (545, "PushDomain|domain=theirs.com|target=nobody"),
            (200, "PushDomain|domain=theirs.com|target=registrarB"),
        ],
    );
    all(
        &mut client,
        &[(531, "StatusDomain|domain=theirs.com"), (531, "PushDomain|domain=theirs.com|target=registrarB")],
    );
}

#[test]
fn lists_come_in_pages() {
    let mut client = Client::new(config());
    for n in 0..25 {
        all(&mut client, &[(200, &format!("AddDomain|domain=name{n:02}.com"))]);
    }
    let page = client.ptf("command = QueryDomainList\nfirst = 10\nlimit = 10");
    let numbers = ["first", "count", "last", "limit", "total"].map(|name| page.one(name).to_owned());
    assert_eq!(numbers, ["10", "10", "19", "10", "25"]);
    assert_eq!((page.all("domain")[0], page.all("domain").len()), ("name10.com", 10));
    let page = client.ptf("command = QueryDomainList\nfirst = 100");
    assert_eq!((page.one("count"), page.one("total"), page.all("domain").len()), ("0", "25", 0));
    all(&mut client, &[(505, "QueryDomainList|first=ten")]);
    client.switch("registrarB");
    assert_eq!(client.ptf("command = QueryDomainList").one("total"), "0");
}

#[test]
fn contacts_get_a_handle_each_time() {
    let mut client = Client::new(config());
    let data = "command = AddContact\nlastname = Doe\nemail = doe@example.com";
    let (first, second) = (client.ptf(data), client.ptf(data));
    let handle = first.one("contact").to_owned();
    assert_ne!(handle, second.one("contact"));
    all(
        &mut client,
        &[
            (504, "AddContact|lastname=Doe"),
            (505, "AddContact|lastname=Doe|email=doe"),
            (214, "CheckContact|contact=P-NOBODY"),
            (215, &format!("CheckContact|contact={handle}")),
            (200, &format!("ModifyContact|contact={handle}|city=Exampletown")),
            (200, &format!("AddDomain|domain=example.com|ownercontact0={handle}")),
            (561, &format!("DeleteContact|contact={handle}")),
            (200, &format!("DeleteContact|contact={}", second.one("contact"))),
            (545, &format!("StatusContact|contact={}", second.one("contact"))),
        ],
    );
    let status = client.ptf(&format!("command = StatusContact\ncontact = {handle}"));
    assert_eq!((status.one("lastname"), status.one("city")), ("Doe", "Exampletown"));
    assert_eq!(client.ptf("command = StatusDomain\ndomain = example.com").one("ownercontact"), handle);
    assert_eq!(client.ptf("command = QueryContactList").all("contact"), [handle.as_str()]);
    client.switch("registrarB");
    all(&mut client, &[(531, &format!("StatusContact|contact={handle}"))]);
}

#[test]
fn zones_keep_their_records() {
    let mut client = Client::new(config());
    all(
        &mut client,
        &[
            (545, "StatusDNSZone|dnszone=example.com."),
            (200, "AddDNSZone|dnszone=example.com.|rr0=@ 3600 IN A 198.41.1.1|rr1=www 3600 IN CNAME @"),
            (540, "AddDNSZone|dnszone=example.com"),
            (540, "ModifyDNSZone|dnszone=example.com|addrr0=www 3600 IN CNAME @"),
            (542, "ModifyDNSZone|dnszone=example.com|delrr0=ftp 3600 IN CNAME @"),
            (200, "ModifyDNSZone|dnszone=example.com|addrr0=ftp 3600 IN CNAME @|delrr0=www 3600 IN CNAME @"),
        ],
    );
    assert_eq!(client.ptf("command = StatusDNSZone\ndnszone = example.com").one("rrstotal"), "2");
    let records = client.ptf("command = QueryDNSZoneRRList\ndnszone = example.com");
    assert_eq!(records.all("rr"), ["@ 3600 IN A 198.41.1.1", "ftp 3600 IN CNAME @"]);
    all(
        &mut client,
        &[(200, "DeleteDNSZone|dnszone=example.com"), (545, "DeleteDNSZone|dnszone=example.com")],
    );
}

#[test]
fn money_is_told() {
    let mut client = Client::new(config());
    client.registry.set_balance("registrarA", 1_015);
    all(&mut client, &[(200, "AddDomain|domain=example.com"), (546, "AddDomain|domain=example.org")]);
    let sms = "SendSMS|phone=+1.5550100|message=hello";
    all(&mut client, &[(200, sms), (546, sms), (504, "SendSMS|phone=+1.5550100")]);
    assert_eq!(client.ptf("command = StatusAccount").one("amount"), "0.05");
    client.registry.set_balance("registrarA", 1_000);
    all(&mut client, &[(200, sms), (200, sms), (200, "RequestToken|type=x|domain=example.com")]);
    let bookings = client.ptf("command = QueryAccountingList");
    assert_eq!(bookings.all("accountingamount"), ["10.00", "0.10", "0.10", "0.10"]);
    let ledger = client.registry.ledger();
    assert_eq!((ledger.executed("SendSMS", "+1.5550100"), ledger.billed("registrarA")), (3, 1_030));
    assert_eq!(
        (ledger.billed_for("example.com"), ledger.executed("requesttoken", "example.com")),
        (1_000, 1)
    );
}

#[test]
fn orders_wait_in_the_queue() {
    let config = config().queue_jobs(Duration::from_secs(300)).queued_zones(["org"]);
    let mut client = Client::new(config);
    all(&mut client, &[(200, "AddDomain|domain=example.com"), (211, "CheckDomain|domain=example.com")]);
    let order = "command = AddDomain\ndomain = example.org\ncltrid = mine-7";
    let queued = client.ptf(order);
    assert_eq!((queued.code(), queued.one("jobqueue")), (200, "1"));
    let job = queued.one("job_id").to_owned();
    all(&mut client, &[(210, "CheckDomain|domain=example.org"), (545, "StatusDomain|domain=example.org")]);
    // Nothing keeps a second order out of the queue; of the two, one will fail.
    assert_eq!(client.ptf(order).code(), 200);
    assert_eq!(
        (client.registry.jobs(), client.registry.ledger().executed("AddDomain", "example.org")),
        (2, 0)
    );
    assert_eq!(client.registry.ledger().billed_for("example.org"), 0);
    assert_eq!(client.registry.poll_timeout(), Some(client.now + Duration::from_secs(300)));
    client.wait(300);
    let ledger = client.registry.ledger();
    assert_eq!((ledger.executed("AddDomain", "example.org"), ledger.billed_for("example.org")), (1, 1_000));
    assert_eq!(ledger.entries().last().unwrap().code(), 554);
    let events = client.ptf("command = QueryEventList\nclass = DOMAIN_REGISTRATION\nfirst = 1");
    assert_eq!(events.all("eventsubclass"), ["REGISTRATION_SUCCESSFUL", "REGISTRATION_FAILED"]);
    let event = client.ptf(&format!("command = StatusEvent\nevent = {}", events.all("event")[0]));
    let data = ["data0", "data1", "data2"].map(|name| event.one(name).to_owned());
    assert_eq!(data, ["domain:example.org".to_owned(), "cltrid:mine-7".to_owned(), format!("jobid:{job}")]);
    client.switch("registrarB");
    all(
        &mut client,
        &[(531, &format!("StatusEvent|event={}", events.all("event")[0])), (545, "StatusEvent|event=999999")],
    );
}

#[test]
fn errors_come_as_bare_lines_if_so_configured() {
    let mut client = Client::new(config().bare_errors(true));
    let ask = "[COMMAND]\ncommand = StatusDomain\ndomain = example.com\nEOF";
    assert!(client.ask(ask).starts_with("545 Entity reference not found\r\n"));
    assert!(client.ask(&ask.replace("Status", "Check")).starts_with("[RESPONSE]\r\ncode = 210\r\n"));
}

#[test]
fn unknown_commands_are_refused() {
    let mut client = Client::new(config());
    all(
        &mut client,
        &[(200, "Describe"), (500, "Frobnicate|domain=example.com"), (500, "quit"), (500, "session")],
    );
    assert_eq!(client.closed, None);
}
