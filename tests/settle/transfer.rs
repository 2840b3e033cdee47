//! Transfers, from both sides.

use rrp::settle::{Finding, Reading};

use crate::samples::{APPLIED, APPLIED_IF_TWICE, judged, reading};
use crate::story::{assert_unproved, config, story, story_in};

const THEIRS: &str = "them AddDomain|domain=example.com|auth=code";
const OURS: &str = "us AddDomain|domain=example.com|auth=code";
const THEY_ASK: &str = "them TransferDomain|domain=example.com|auth=code";
const WE_ASK: &str = "us TransferDomain|domain=example.com|auth=code";
const THEY_APPROVE: &str = "them TransferDomain|domain=example.com|action=APPROVE";
const WE_APPROVE: &str = "us TransferDomain|domain=example.com|action=APPROVE";
const THEY_DENY: &str = "them TransferDomain|domain=example.com|action=DENY";
const THEY_CANCEL: &str = "them TransferDomain|domain=example.com|action=CANCEL";
const WE_DENY: &str = "us TransferDomain|domain=example.com|action=DENY";

const REQUEST: &str = "about TransferDomain|domain=example.com|auth=code";
const APPROVE: [&str; 2] = [
    "about transfer|-Approve:Yes|EntityName:Domain|DomainName:example.com",
    "about TransferDomain|domain=example.com|action=APPROVE",
];
const DENY: [&str; 2] = [
    "about transfer|-Approve:No|EntityName:Domain|DomainName:example.com",
    "about TransferDomain|domain=example.com|action=DENY",
];
const CANCEL: &str = "about TransferDomain|domain=example.com|action=CANCEL";

#[test]
fn a_request_is_seen_while_it_pends_and_when_it_is_granted() {
    assert_eq!(story(&[THEIRS, REQUEST, "look", "send"]), APPLIED);
    assert_eq!(story(&[THEIRS, REQUEST, "look", "send", THEY_APPROVE]), APPLIED);
    assert_eq!(story(&[THEIRS, REQUEST, "look"]), Finding::NotApplied);
    assert_eq!(story(&[THEIRS, REQUEST, "look", "queued"]), Finding::Pending);
    assert_eq!(story(&[THEIRS, REQUEST]), Finding::NotApplied);
    // It does not exist.
    assert_eq!(story(&[REQUEST, "look", "refused"]), Finding::NotApplied);
}

#[test]
fn a_request_is_not_proved_by_an_older_one_nor_by_a_domain_that_was_ours() {
    assert_unproved(story(&[THEIRS, WE_ASK, REQUEST, "look", "refused"]));
    assert_unproved(story(&[THEIRS, WE_ASK, REQUEST, "look", "refused", THEY_APPROVE]));
    assert_unproved(story(&[THEIRS, WE_ASK, REQUEST, "look", "refused", THEY_DENY]));
    assert_unproved(story(&[OURS, REQUEST, "look", "refused"]));
    assert_unproved(story(&[THEIRS, REQUEST, "send"]));
    // It was free, and registered since.
    assert_unproved(story(&[REQUEST, "look", OURS]));
}

#[test]
fn an_approval_is_seen_when_the_domain_is_gone() {
    for about in APPROVE {
        assert_eq!(story(&[OURS, THEY_ASK, about, "look", "send"]), APPLIED_IF_TWICE, "{about}");
        assert_eq!(story(&[OURS, THEY_ASK, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[OURS, THEY_ASK, about, "look", "queued"]), Finding::Pending, "{about}");
        // The request was taken back, or was denied by another session of ours.
        assert_unproved(story(&[OURS, THEY_ASK, about, "look", THEY_CANCEL, "refused"]));
        assert_unproved(story(&[OURS, THEY_ASK, about, "look", WE_DENY]));
        // None was pending when we looked, or nobody looked.
        assert_unproved(story(&[OURS, about, "look", "refused"]));
        assert_unproved(story(&[OURS, THEY_ASK, about, "send"]));
        assert_unproved(story(&[OURS, THEY_ASK, about]));
        assert_unproved(story(&[THEIRS, about, "look"]));
        // What is approved when nobody answers has gone all the same.
        let soon = config().transfer_approval(std::time::Duration::from_secs(200));
        let steps = [OURS, THEY_ASK, about, "look", "days 1", "refused"];
        assert_eq!(story_in(soon, &steps), APPLIED_IF_TWICE, "{about}");
    }
}

#[test]
fn a_request_in_the_place_of_the_one_before_is_not_answered() {
    for about in [APPROVE[1], DENY[1]] {
        assert_unproved(story(&[OURS, THEY_ASK, about, "look", THEY_CANCEL, THEY_ASK]));
    }
}

#[test]
fn a_refusal_is_seen_when_no_request_pends_any_more() {
    assert_eq!(story(&[OURS, THEY_ASK, DENY[0], "look", "send"]), APPLIED);
    assert_eq!(story(&[OURS, THEY_ASK, DENY[1], "look", "send"]), APPLIED_IF_TWICE);
    for about in DENY {
        assert_eq!(story(&[OURS, THEY_ASK, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[OURS, THEY_ASK, about, "look", "queued"]), Finding::Pending, "{about}");
        assert_eq!(story(&[OURS, THEY_ASK, about, "look", WE_APPROVE]), Finding::NotApplied, "{about}");
        assert_unproved(story(&[OURS, about, "look", "refused"]));
        assert_unproved(story(&[OURS, THEY_ASK, about, "send"]));
        assert_unproved(story(&[OURS, THEY_ASK, about]));
        // It left, and came back as another one.
        let back = ["them DeleteDomain|domain=example.com", OURS];
        assert_unproved(story(&[OURS, THEY_ASK, about, "look", WE_APPROVE, back[0], back[1]]));
    }
}

#[test]
fn a_cancellation_is_seen_when_our_request_is_gone_and_the_domain_theirs() {
    assert_eq!(story(&[THEIRS, WE_ASK, CANCEL, "look", "send"]), APPLIED_IF_TWICE);
    assert_eq!(story(&[THEIRS, WE_ASK, CANCEL, "look"]), Finding::NotApplied);
    assert_eq!(story(&[THEIRS, WE_ASK, CANCEL, "look", "queued"]), Finding::Pending);
    assert_eq!(story(&[THEIRS, WE_ASK, CANCEL, "look", THEY_APPROVE, "refused"]), Finding::NotApplied);
    assert_unproved(story(&[THEIRS, CANCEL, "look", "refused"]));
    assert_unproved(story(&[THEIRS, WE_ASK, CANCEL, "send"]));
    assert_unproved(story(&[THEIRS, WE_ASK, CANCEL]));
    // Ours was denied, and another one made.
    assert_unproved(story(&[THEIRS, WE_ASK, CANCEL, "look", THEY_DENY, WE_ASK]));
}

/// StatusDomainTransfer and StatusDomain.
fn shown(transfer: &[&str], domain: u16) -> [Reading; 2] {
    let transfer = if transfer.is_empty() { reading(545, &[]) } else { reading(200, transfer) };
    let fields: &[&str] = if domain == 200 { &["roid:1"] } else { &[] };
    [transfer, reading(domain, fields)]
}

#[test]
fn requests_are_told_in_more_than_one_way() {
    let before = shown(&[], 531);
    for fields in [
        &["transferstatus:INITIATED", "transfertype:INCOMING"][..],
        &["transferstatus:pending", "oldregistrar:them", "newregistrar:us"],
        &["status:REQUESTED", "transfertype:incoming"],
    ] {
        assert_eq!(judged(&REQUEST[6..], &before, &shown(fields, 531)), APPLIED, "{fields:?}");
    }
    for fields in [
        &["transferstatus:FAILED", "transfertype:INCOMING"][..],
        &["transferstatus:PENDING", "oldregistrar:them"],
        &["transferstatus:PENDING", "oldregistrar:them", "newregistrar:them"],
        &["transferstatus:PENDING", "transfertype:SIDEWAYS"],
        &["transfertype:INCOMING"],
    ] {
        assert_unproved(judged(&REQUEST[6..], &before, &shown(fields, 531)));
    }
    // It came, and the record of the request is still there; of an older one nothing is known.
    let done = ["transferstatus:SUCCESSFUL", "transfertype:INCOMING"];
    assert_eq!(judged(&REQUEST[6..], &before, &shown(&done, 200)), APPLIED);
    assert_unproved(judged(&REQUEST[6..], &shown(&done, 531), &shown(&done, 200)));
    // RRP, as other registries may write it.
    for status in ["status:PENDING-TRANSFER", "status:pending transfer", "status:pendingTransfer"] {
        let asked = [reading(200, &["createddate:2020-01-01", status])];
        assert_eq!(judged(&APPROVE[0][6..], &asked, &[reading(531, &[])]), APPLIED_IF_TWICE, "{status}");
        assert_eq!(judged(&DENY[0][6..], &asked, &asked), Finding::NotApplied, "{status}");
        // The request is for another domain of the name.
        let other = [reading(200, &["createddate:2025-01-01", status])];
        for about in [APPROVE[0], DENY[0]] {
            assert_unproved(judged(&about[6..], &asked, &other));
        }
    }
}
