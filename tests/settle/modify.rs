//! Modifications of domains.

use rrp::settle::Finding;

use crate::samples::{APPLIED, judged, reading};
use crate::story::{assert_unproved, story};

const ADD: &str = "us AddDomain|domain=example.com|nameserver0=ns1.example.net|nameserver1=ns2.example.net";
const DELETE: &str = "us DeleteDomain|domain=example.com";
/// Something that none of them wants.
const OTHER: &str = "us SetDomainTransferMode|domain=example.com|transfermode=AUTODENY";

/// One for each way of wanting something.
const CHANGES: [&str; 18] = [
    "about mod|EntityName:Domain|DomainName:example.com|NameServer:ns3.example.net",
    "about mod|EntityName:Domain|DomainName:example.com|NameServer:NS2.example.net=",
    "about mod|EntityName:Domain|DomainName:example.com|NameServer:ns1.example.net=ns3.example.net",
    "about mod|EntityName:Domain|DomainName:example.com|Status:registrar-lock",
    "about mod|EntityName:Domain|DomainName:example.com|Status:REGISTRAR-HOLD|NameServer:ns1.example.net=",
    "about ModifyDomain|domain=EXAMPLE.com.|nameserver0=ns2.example.net|nameserver1=NS3.example.net.",
    "about ModifyDomain|domain=example.com|nameserver=ns3.example.net",
    "about ModifyDomain|domain=example.com|addnameserver0=ns3.example.net|delnameserver0=ns1.example.net",
    "about ModifyDomain|domain=example.com|nameserver0=ns2.example.net|addnameserver0=ns4.example.net",
    "about ModifyDomain|domain=example.com|delnameserver0=ns1.example.net|delnameserver1=ns2.example.net",
    "about ModifyDomain|domain=example.com|addstatus0=CLIENTHOLD|addstatus1=clientDeleteProhibited",
    "about ModifyDomain|domain=example.com|ownercontact0=P-SIM1|cltrid=4711",
    "about ModifyDomain|domain=example.com|techcontact0=P-SIM1|techcontact1=P-SIM2",
    "about ModifyDomain|domain=example.com|auth=another",
    "about ModifyDomain|domain=example.com|addnameserver0=ns3.example.net|addnameserver1=|addstatus=",
    "about SetAuthCode|domain=example.com|auth=another",
    "about SetDomainRenewalMode|domain=example.com|renewalmode=autodelete",
    "about SetDomainTransferMode|domain=example.com|transfermode=AUTOAPPROVE",
];

/// A domain, with contacts that it could have.
fn after<'s>(steps: &[&'s str]) -> Vec<&'s str> {
    const CONTACT: &str = "us AddContact|lastname=Example|email=a@example.com";
    [&[CONTACT, CONTACT, ADD], steps].concat()
}

#[test]
fn what_is_as_wanted_and_was_not_was_changed() {
    for about in CHANGES {
        assert_eq!(story(&after(&[about, "look", "send"])), APPLIED, "{about}");
        // Somebody changed something else since.
        if !about.contains("transfermode") && !about.contains("lock") && !about.contains("HOLD|Name") {
            assert_eq!(story(&after(&[about, "look", "send", OTHER])), APPLIED, "{about}");
        }
    }
    let unlock = "about mod|EntityName:Domain|DomainName:example.com|Status:REGISTRAR-LOCK=";
    let lock = "us mod|EntityName:Domain|DomainName:example.com|Status:REGISTRAR-LOCK";
    assert_eq!(story(&after(&[lock, unlock, "look", "send"])), APPLIED);
}

#[test]
fn what_is_as_before_was_not_changed() {
    for about in CHANGES {
        assert_eq!(story(&after(&[about, "look"])), Finding::NotApplied, "{about}");
        assert_eq!(story(&after(&[about, "look", "queued"])), Finding::Pending, "{about}");
    }
}

#[test]
fn what_was_changed_otherwise_is_not_changed_again() {
    for about in CHANGES {
        assert_unproved(story(&after(&[about, "look", OTHER])));
        assert_unproved(story(&after(&[about, "look", DELETE])));
        assert_unproved(story(&after(&[about, "look", DELETE, ADD])));
        assert_unproved(story(&after(&[about, "look", DELETE, "them AddDomain|domain=example.com"])));
        // Nobody looked.
        assert_unproved(story(&after(&[about, "send"])));
        assert_unproved(story(&after(&[about])));
        // Another one of the name was changed in the same way.
        if !about.contains("EntityName") {
            let again = ["look", DELETE, ADD, "send"];
            assert_unproved(story(&after(&[&[about], &again[..]].concat())));
        }
    }
    // In part.
    let both = "about ModifyDomain|domain=example.com|nameserver0=ns3.example.net|auth=another";
    let half = "us ModifyDomain|domain=example.com|auth=another";
    assert_unproved(story(&after(&[both, "look", half])));
    // And undone.
    let undo = "us ModifyDomain|domain=example.com|nameserver0=ns1.example.net|nameserver1=ns2.example.net";
    assert_unproved(story(&after(&[CHANGES[6], "look", "send", undo])));
}

#[test]
fn what_was_as_wanted_before_is_told_by_the_date() {
    let same =
        "about ModifyDomain|domain=example.com|nameserver0=ns2.example.net|nameserver1=ns1.example.net";
    assert_eq!(story(&after(&[same, "look", "send"])), APPLIED);
    // Dates have seconds: it may have been made within the one of the look.
    assert_unproved(story(&after(&[same, "look"])));
    // What is taken away and given back by one command is there.
    for back in [
        "about mod|EntityName:Domain|DomainName:example.com|NameServer:ns1.example.net=|NameServer:ns1.example.net",
        "about ModifyDomain|domain=example.com|addnameserver0=ns1.example.net|delnameserver0=ns1.example.net",
    ] {
        assert_eq!(story(&after(&[back, "look", "send"])), APPLIED, "{back}");
        assert_unproved(story(&after(&[back, "look"])));
    }
    // A date that changes once a day does not say whether this changed it.
    let shown = |updated: &str| {
        let updated = format!("updateddate:{updated}");
        [reading(200, &["roid:1", "renewalmode:AUTODELETE", &updated])]
    };
    let about = &CHANGES[16][6..];
    assert_eq!(judged(about, &shown("2026-01-01 10:00:00"), &shown("2026-01-01 10:00:01")), APPLIED);
    assert_unproved(judged(about, &shown("2026-01-01 10:00:00"), &shown("2026-01-01 10:00:00")));
    assert_unproved(judged(about, &shown("2026-01-01"), &shown("2026-01-01")));
    assert_unproved(judged(about, &shown(""), &shown("")));
}

#[test]
fn what_is_not_shown_is_not_proved() {
    let about = "about ModifyDomain|domain=example.com|x-colour=blue|nameserver0=ns3.example.net";
    assert_unproved(story(&after(&[about, "look", "send"])));
    assert_eq!(story(&after(&[about, "look"])), Finding::NotApplied);
    // A command that wants nothing changes nothing that could be seen.
    assert_unproved(story(&after(&["about ModifyDomain|domain=example.com", "look", "send"])));
    // A registry that shows it is believed.
    let shown = |colour: &str, updated: &str| {
        let fields = ["roid:1", &format!("x-colour:{colour}"), &format!("updateddate:{updated}")];
        [reading(200, &fields)]
    };
    let about = "ModifyDomain|domain=example.com|x-colour=blue";
    let before = shown("red", "2026-01-01 10:00:00");
    assert_eq!(judged(about, &before, &shown("blue", "2026-01-01 10:00:01")), APPLIED);
    assert_unproved(judged(about, &before, &shown("green", "2026-01-01 10:00:01")));
    // To take away what is not shown is proved by nothing.
    let about = "mod|EntityName:Domain|DomainName:example.com|Colour:blue=";
    assert_unproved(judged(about, &before, &shown("red", "2026-01-01 10:00:01")));
}

#[test]
fn a_change_that_waits_is_pending() {
    let shown =
        |fields: &[&str]| [reading(200, &[&["roid:1", "nameserver:ns1.example.net"], fields].concat())];
    let before = shown(&["updateddate:2026-01-01 10:00:00"]);
    for waits in ["pending:1", "status:pendingUpdate", "jobqueue:1"] {
        let now = shown(&["updateddate:2026-01-01 10:00:01", waits]);
        assert_eq!(judged(&CHANGES[6][6..], &before, &now), Finding::Pending, "{waits}");
    }
    assert_unproved(judged(
        &CHANGES[6][6..],
        &before,
        &shown(&["updateddate:2026-01-01 10:00:01", "x-verification-status:PENDING"]),
    ));
}

#[test]
fn the_reply_s_own_fields_are_not_the_object_s() {
    let shown = |queuetime: &str, first: &str, second: &str| {
        let name = |host: &str| format!("nameserver:{host}");
        let fields = [
            "roid:1",
            "updateddate:2026-01-01 10:00:00",
            &format!("queuetime:{queuetime}"),
            &format!("svtrid:{queuetime}"),
            &name(first),
            &name(second),
        ];
        [reading(200, &fields)]
    };
    let (one, two) = ("ns1.example.net", "ns2.example.net");
    let found = judged(&CHANGES[6][6..], &shown("0", one, two), &shown("0.1", two, one));
    assert_eq!(found, Finding::NotApplied);
    assert_unproved(judged(&CHANGES[6][6..], &shown("0", one, two), &shown("0", one, "ns4.example.net")));
}
