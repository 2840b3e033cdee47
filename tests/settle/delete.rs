//! Deletions, and their taking back.

use rrp::settle::Finding;

use crate::samples::{APPLIED, APPLIED_IF_TWICE, judged, reading};
use crate::story::{assert_unproved, story, story_in, without_grace};

const ADD: &str = "us AddDomain|domain=example.com";
const DELETE: &str = "us DeleteDomain|domain=example.com";
const DOMAIN: [&str; 2] =
    ["about del|EntityName:Domain|DomainName:example.com", "about DeleteDomain|domain=example.com"];
const RESTORE: &str = "about RestoreDomain|domain=example.com";

/// What makes an object, what is in doubt, what changes the object, what gives it away, and what deletes it.
const OTHERS: [[&str; 4]; 4] = [
    [
        "us AddNameserver|nameserver=ns1.example.net",
        "about del|EntityName:NameServer|NameServer:ns1.example.net",
        "us ModifyNameserver|nameserver=ns1.example.net|addipaddress0=198.41.1.1",
        "us DeleteNameserver|nameserver=ns1.example.net",
    ],
    [
        "us AddNameserver|nameserver=ns1.example.net",
        "about DeleteNameserver|nameserver=NS1.example.net.",
        "us ModifyNameserver|nameserver=ns1.example.net|addipaddress0=198.41.1.1",
        "us DeleteNameserver|nameserver=ns1.example.net",
    ],
    [
        "us AddContact|lastname=Example|email=a@example.com",
        "about DeleteContact|contact=p-sim1",
        "us ModifyContact|contact=P-SIM1|city=Exampletown",
        "us DeleteContact|contact=P-SIM1",
    ],
    [
        "us AddDNSZone|dnszone=example.com",
        "about DeleteDNSZone|dnszone=example.com.",
        "us ModifyDNSZone|dnszone=example.com|addrr0=www 3600 IN A 198.41.1.1",
        "us DeleteDNSZone|dnszone=example.com",
    ],
];

#[test]
fn what_is_gone_was_deleted() {
    for about in DOMAIN {
        assert_eq!(story(&[ADD, about, "look", "send"]), APPLIED_IF_TWICE, "{about}");
        // It waits for its end, and is still shown.
        assert_eq!(story_in(without_grace(), &[ADD, about, "look", "send"]), APPLIED, "{about}");
    }
    for [add, about, ..] in OTHERS {
        assert_eq!(story(&[add, about, "look", "send"]), APPLIED_IF_TWICE, "{about}");
    }
}

#[test]
fn what_is_as_before_was_not_deleted() {
    for about in DOMAIN {
        assert_eq!(story(&[ADD, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[ADD, about, "look", "queued"]), Finding::Pending, "{about}");
        assert_eq!(story(&[about, "look", "refused"]), Finding::NotApplied, "{about}");
        // It was deleted before.
        let steps = [ADD, DELETE, about, "look", "refused"];
        assert_eq!(story_in(without_grace(), &steps), Finding::NotApplied, "{about}");
    }
    for [add, about, ..] in OTHERS {
        assert_eq!(story(&[add, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[about, "look", "refused"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[add, about, "look", "queued"]), Finding::Pending, "{about}");
    }
}

#[test]
fn what_has_changed_is_not_deleted_again() {
    for about in DOMAIN {
        // Deleted and registered again: by us, by others.
        assert_unproved(story(&[ADD, about, "look", "send", ADD]));
        assert_unproved(story(&[ADD, about, "look", "send", "them AddDomain|domain=example.com"]));
        let renew = "us RenewDomain|domain=example.com";
        assert_unproved(story(&[ADD, about, "look", renew]));
        assert_unproved(story(&["them AddDomain|domain=example.com", about, "look", "refused"]));
        assert_unproved(story(&[about, "look", ADD]));
        // Deleted, and taken back.
        let restore = "us RestoreDomain|domain=example.com";
        assert_unproved(story_in(without_grace(), &[ADD, about, "look", "send", restore]));
        // Another one, deleted.
        let other = [reading(200, &["roid:2", "status:pendingDelete"])];
        assert_unproved(judged(&about[6..], &[reading(200, &["roid:1"])], &other));
    }
    for [add, about, modify, delete] in OTHERS {
        assert_unproved(story(&[add, about, "look", modify]));
        if !about.contains("Contact") {
            assert_unproved(story(&[add, about, "look", delete, add]));
            assert_unproved(story(&[add, about, "look", delete, &add.replace("us ", "them ")]));
            assert_unproved(story(&[&add.replace("us ", "them "), about, "look", "refused"]));
        }
    }
}

#[test]
fn without_an_earlier_reading_no_deletion_is_proved() {
    for about in DOMAIN {
        assert_unproved(story(&[ADD, about, "send"]));
        assert_unproved(story(&[ADD, about]));
        assert_unproved(story_in(without_grace(), &[ADD, about, "send"]));
    }
    for [add, about, ..] in OTHERS {
        assert_unproved(story(&[add, about, "send"]));
        assert_unproved(story(&[add, about]));
    }
    assert_unproved(story_in(without_grace(), &[ADD, DELETE, RESTORE, "send"]));
    assert_unproved(story_in(without_grace(), &[ADD, DELETE, RESTORE]));
}

#[test]
fn a_restore_is_seen_when_the_deletion_is_no_more() {
    let found = |steps: &[&str]| story_in(without_grace(), steps);
    assert_eq!(found(&[ADD, DELETE, RESTORE, "look", "send"]), APPLIED);
    assert_eq!(found(&[ADD, DELETE, RESTORE, "look"]), Finding::NotApplied);
    assert_eq!(found(&[ADD, DELETE, RESTORE, "look", "queued"]), Finding::Pending);
    // It was not deleted.
    assert_eq!(found(&[ADD, RESTORE, "look", "refused"]), Finding::NotApplied);
    // Restored and deleted again; gone; not ours; another one.
    assert_unproved(found(&[ADD, DELETE, RESTORE, "look", "send", DELETE]));
    assert_unproved(found(&[ADD, DELETE, RESTORE, "look", "days 31"]));
    assert_unproved(found(&[ADD, DELETE, RESTORE, "look", "days 31", "them AddDomain|domain=example.com"]));
    assert_unproved(found(&[ADD, DELETE, RESTORE, "look", "days 31", ADD]));
    assert_unproved(found(&[ADD, RESTORE, "look", "us RenewDomain|domain=example.com"]));
}

#[test]
fn grace_periods_are_told_apart() {
    let before = |status: &str| [reading(200, &["roid:1", status])];
    let about = &RESTORE[6..];
    for deleted in ["rgpstatus:redemptionPeriod", "status:PENDING-DELETE", "rgpstatus:pendingDelete"] {
        assert_eq!(judged(about, &before(deleted), &before("status:ACTIVE")), APPLIED, "{deleted}");
        let restoring = before("rgpstatus:pendingRestore");
        assert_eq!(judged(about, &before(deleted), &restoring), Finding::Pending, "{deleted}");
        let found = judged(&DOMAIN[1][6..], &before("rgpstatus:addPeriod"), &before(deleted));
        assert_eq!(found, APPLIED, "{deleted}");
    }
    for alive in ["rgpstatus:autoRenewPeriod", "rgpstatus:transferPeriod", "status:ACTIVE"] {
        assert_unproved(judged(&DOMAIN[1][6..], &before("status:ACTIVE"), &before(alive)));
    }
}
