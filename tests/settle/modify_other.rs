//! Modifications of name servers, contacts and zones.

use rrp::settle::Finding;

use crate::samples::{APPLIED, judged, reading};
use crate::story::{assert_unproved, story};

const ADD: &str = "us AddDomain|domain=example.com";
const HOST: &str = "us AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1|ipaddress1=2001:4860:4860:0:0:0:0:8888";
const OTHER_ADDRESS: &str = "us ModifyNameserver|nameserver=ns1.example.com|addipaddress0=198.41.1.9";
const ADDRESSES: [&str; 5] = [
    "about mod|EntityName:NameServer|NameServer:ns1.example.com|IPAddress:198.41.1.2",
    "about mod|EntityName:NameServer|NameServer:ns1.example.com|IPAddress:198.41.1.1=",
    "about mod|EntityName:NameServer|NameServer:ns1.example.com|IPAddress:2001:4860:4860::8888=198.41.1.2",
    "about ModifyNameserver|nameserver=ns1.example.com|delipaddress0=2001:4860:4860::8888",
    "about ModifyNameserver|nameserver=ns1.example.com|addipaddress0=2001:4860:4860:0::8844",
];
const RENAMED: [&str; 3] = [
    "about mod|EntityName:NameServer|NameServer:ns1.example.com|NewNameServer:ns2.example.com",
    "about ModifyNameserver|nameserver=ns1.example.com|newnameserver=NS2.example.com",
    "about ModifyNameserver|nameserver=ns1.example.com|newnameserver=ns2.example.com|addipaddress0=198.41.1.2",
];
const SECOND: &str = "AddNameserver|nameserver=ns2.example.com|ipaddress0=198.41.1.8";

#[test]
fn addresses_compare_as_addresses() {
    for about in ADDRESSES {
        assert_eq!(story(&[ADD, HOST, about, "look", "send"]), APPLIED, "{about}");
        assert_eq!(story(&[ADD, HOST, about, "look", "send", OTHER_ADDRESS]), APPLIED, "{about}");
        assert_eq!(story(&[ADD, HOST, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[ADD, HOST, about, "look", "queued"]), Finding::Pending, "{about}");
        assert_unproved(story(&[ADD, HOST, about, "look", OTHER_ADDRESS]));
        assert_unproved(story(&[ADD, HOST, about, "send"]));
        let delete = "us DeleteNameserver|nameserver=ns1.example.com";
        assert_unproved(story(&[ADD, HOST, about, "look", delete]));
        assert_unproved(story(&[ADD, HOST, about, "look", delete, HOST]));
        // It was never ours, and is not.
        let theirs = ["them AddDomain|domain=example.com", &HOST.replace("us ", "them ")];
        assert_eq!(story(&[theirs[0], theirs[1], about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[about, "look"]), Finding::NotApplied, "{about}");
    }
}

#[test]
fn a_renamed_name_server_is_looked_for_under_both_names() {
    for about in RENAMED {
        assert_eq!(story(&[ADD, HOST, about, "look", "send"]), APPLIED, "{about}");
        assert_eq!(story(&[ADD, HOST, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[ADD, HOST, about, "look", "queued"]), Finding::Pending, "{about}");
        // The new name was taken before, and still is.
        let second = format!("us {SECOND}");
        assert_eq!(story(&[ADD, HOST, &second, about, "look", "refused"]), Finding::NotApplied, "{about}");
        // It was taken since: by another one.
        assert_unproved(story(&[ADD, HOST, about, "look", &second]));
        let delete = "us DeleteNameserver|nameserver=ns1.example.com";
        assert_unproved(story(&[ADD, HOST, about, "look", delete, &second]));
        assert_unproved(story(&[ADD, HOST, about, "look", delete]));
        assert_unproved(story(&[ADD, HOST, about, "look", OTHER_ADDRESS]));
        assert_unproved(story(&[ADD, HOST, about, "send"]));
        assert_eq!(story(&[ADD, about, "look", "refused"]), Finding::NotApplied, "{about}");
    }
    // Renamed by somebody else, without what else was wanted.
    let rename = "us ModifyNameserver|nameserver=ns1.example.com|newnameserver=ns2.example.com";
    assert_unproved(story(&[ADD, HOST, RENAMED[2], "look", rename]));
}

const CONTACT: &str = "us AddContact|firstname=Ann|lastname=Example|email=a@example.com|city=Here";
const OTHER_FIELD: &str = "us ModifyContact|contact=P-SIM1|zip=12345";

#[test]
fn contacts_are_compared_without_being_remembered() {
    for about in [
        "about ModifyContact|contact=p-sim1|city=There",
        "about ModifyContact|contact=P-SIM1|street0=1 Road|phone=+1.5551234|checkonly=0",
        "about ModifyContact|contact=P-SIM1|city=",
        "about ModifyContact|contact=P-SIM1|middlename=|firstname=Eve",
    ] {
        assert_eq!(story(&[CONTACT, about, "look", "send"]), APPLIED, "{about}");
        assert_eq!(story(&[CONTACT, about, "look", "send", OTHER_FIELD]), APPLIED, "{about}");
        assert_eq!(story(&[CONTACT, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[CONTACT, about, "look", "queued"]), Finding::Pending, "{about}");
        assert_unproved(story(&[CONTACT, about, "look", OTHER_FIELD]));
        assert_unproved(story(&[CONTACT, about, "look", "us DeleteContact|contact=P-SIM1"]));
        assert_unproved(story(&[CONTACT, about, "send"]));
        assert_eq!(story(&[&CONTACT.replace("us ", "them "), about, "look"]), Finding::NotApplied, "{about}");
    }
    // What the registry keeps otherwise, or does not show.
    for about in [
        "about ModifyContact|contact=P-SIM1|street0=1 Road|street1=Back yard",
        "about ModifyContact|contact=P-SIM1|city=There|preverify=1",
    ] {
        assert_unproved(story(&[CONTACT, about, "look", "send"]));
    }
    // Lines of an address are in order.
    let shown = |one: &str, other: &str| {
        let fields = ["createddate:2020-01-01", &format!("street:{one}"), &format!("street:{other}")];
        [reading(200, &fields)]
    };
    let about = "ModifyContact|contact=P-SIM1|street1=b|street0=a";
    assert_eq!(judged(about, &shown("c", "d"), &shown("a", "b")), APPLIED);
    assert_unproved(judged(about, &shown("c", "d"), &shown("b", "a")));
    assert_unproved(judged(about, &shown("c", "d"), &shown("A", "b")));
}

const ZONE: &str = "us AddDNSZone|dnszone=example.com.|rr0=@ 3600 IN A 198.41.1.1|rr1=www 3600 IN CNAME @";
const OTHER_RECORD: &str = "us ModifyDNSZone|dnszone=example.com|addrr0=ftp 3600 IN CNAME @";
const RECORDS: [&str; 3] = [
    "about ModifyDNSZone|dnszone=example.com.|addrr0=mail 3600 IN A 198.41.1.2",
    "about ModifyDNSZone|dnszone=example.com|delrr0=www 3600 IN CNAME @",
    "about ModifyDNSZone|dnszone=example.com|delrr0=www 3600 IN CNAME @|addrr0=www 3600 IN A 198.41.1.2",
];

#[test]
fn records_are_compared_by_the_whole_list() {
    for about in RECORDS {
        assert_eq!(story(&[ZONE, about, "look", "send"]), APPLIED, "{about}");
        assert_eq!(story(&[ZONE, about, "look", "send", OTHER_RECORD]), APPLIED, "{about}");
        assert_eq!(story(&[ZONE, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[ZONE, about, "look", "queued"]), Finding::Pending, "{about}");
        assert_unproved(story(&[ZONE, about, "look", OTHER_RECORD]));
        let delete = "us DeleteDNSZone|dnszone=example.com";
        assert_unproved(story(&[ZONE, about, "look", delete]));
        assert_unproved(story(&[ZONE, about, "look", delete, ZONE]));
        assert_unproved(story(&[ZONE, about, "send"]));
        assert_unproved(story(&[ZONE, about, "look", delete, &ZONE.replace("us ", "them ")]));
        assert_eq!(story(&[about, "look", "refused"]), Finding::NotApplied, "{about}");
    }
}

#[test]
fn a_list_that_is_not_the_whole_proves_nothing() {
    let zone = |updated: &str| {
        reading(200, &["dnszone:example.com.", "createddate:2020-01-01", &format!("updateddate:{updated}")])
    };
    let list = |total: &str, records: &[&str]| {
        let records: Vec<String> = records.iter().map(|record| format!("rr:{record}")).collect();
        let mut fields: Vec<&str> = records.iter().map(String::as_str).collect();
        fields.push(total);
        reading(200, &fields)
    };
    let about = "ModifyDNSZone|dnszone=example.com|addrr0=b";
    let before = [zone("2026-01-01 10:00:00"), list("total:1", &["a"])];
    let now = |list| [zone("2026-01-01 10:00:01"), list];
    assert_eq!(judged(about, &before, &now(list("total:2", &["a", "b"]))), APPLIED);
    for part in [
        list("total:3", &["a", "b"]),
        list("count:2", &["a", "b"]),
        list("total:2", &[]),
        reading(545, &[]),
        reading(549, &[]),
    ] {
        let found = judged(about, &before, &now(part.clone()));
        assert!(matches!(found, Finding::Unreadable(_)), "{found:?}");
        // Nor did it before.
        let before = [zone("2026-01-01 10:00:00"), part];
        assert_unproved(judged(about, &before, &now(list("total:2", &["a", "b"]))));
    }
}
