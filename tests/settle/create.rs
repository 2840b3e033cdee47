//! Creations.

use std::time::Duration;

use rrp::settle::{Finding, Proof};

use crate::samples::{APPLIED, judged, reading};
use crate::story::{assert_unproved, config, story, story_in};

const SINCE_TODAY: Finding = Finding::Applied { proof: Proof::CreatedWithinADay, twice: false };
const DOMAIN: [&str; 2] =
    ["about add|EntityName:Domain|DomainName:example.com", "about AddDomain|domain=example.com"];
const HOST: [&str; 2] = [
    "about add|EntityName:NameServer|NameServer:ns1.example.com|IPAddress:198.41.1.1",
    "about AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1",
];
const ZONE: &str = "about AddDNSZone|dnszone=example.com.|rr0=@ 3600 IN A 198.41.1.1";

#[test]
fn what_is_ours_since_today_was_created() {
    for about in DOMAIN {
        assert_eq!(story(&[about, "send"]), SINCE_TODAY, "{about}");
        assert_eq!(story(&[about, "look", "send"]), APPLIED, "{about}");
        // By another session of ours: paid once either way.
        assert_eq!(story(&[about, "us AddDomain|domain=example.com"]), SINCE_TODAY, "{about}");
    }
    for about in HOST {
        assert_eq!(story(&["us AddDomain|domain=example.com", about, "send"]), SINCE_TODAY, "{about}");
        assert_eq!(story(&["us AddDomain|domain=example.com", about, "look", "send"]), APPLIED, "{about}");
    }
    assert_eq!(story(&[ZONE, "send"]), SINCE_TODAY);
    assert_eq!(story(&[ZONE, "look", "send"]), APPLIED);
}

#[test]
fn what_is_not_there_was_not_created() {
    for about in DOMAIN.into_iter().chain(HOST).chain([ZONE]) {
        assert_eq!(story(&[about]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[about, "queued"]), Finding::Pending, "{about}");
    }
}

#[test]
fn what_is_somebody_elses_was_not_created_by_us() {
    for about in DOMAIN {
        let steps = [about, "look", "them AddDomain|domain=example.com", "refused"];
        assert_eq!(story(&steps), Finding::NotApplied, "{about}");
        // It may be free again before what waits is done.
        assert_eq!(story(&[&steps[..], &["queued"]].concat()), Finding::Pending, "{about}");
    }
    for about in HOST {
        let steps = [
            "them AddDomain|domain=example.com",
            about,
            "them AddNameserver|nameserver=ns1.example.com|ipaddress0=198.41.1.1",
        ];
        assert_eq!(story(&steps), Finding::NotApplied, "{about}");
    }
    assert_eq!(story(&[ZONE, "them AddDNSZone|dnszone=example.com"]), Finding::NotApplied);
}

#[test]
fn what_was_ours_before_was_not_created() {
    for about in DOMAIN {
        let steps = ["us AddDomain|domain=example.com", about, "look", "refused"];
        assert_eq!(story(&steps), Finding::NotApplied, "{about}");
        // Without an earlier reading an old one is told by its date alone.
        assert_unproved(story(&["us AddDomain|domain=example.com", "days 3", about, "refused"]));
        // Another one of the name has taken its place.
        let steps = [
            "us AddDomain|domain=example.com",
            about,
            "look",
            "us DeleteDomain|domain=example.com",
            "us AddDomain|domain=example.com",
        ];
        assert_eq!(story(&steps), SINCE_TODAY, "{about}");
    }
    let steps = ["us AddDNSZone|dnszone=example.com", ZONE, "look", "refused"];
    assert_eq!(story(&steps), Finding::NotApplied);
}

#[test]
fn an_order_in_the_queue_is_pending_until_it_is_done() {
    let queue = || config().queue_jobs(Duration::from_secs(300));
    let about = "about AddDomain|domain=example.com";
    assert_eq!(story_in(queue(), &[about, "send", "queued"]), Finding::Pending);
    assert_eq!(story_in(queue(), &[about, "send", "queued", "days 0", "days 1"]), SINCE_TODAY);
}

#[test]
fn a_creation_that_is_not_complete_is_pending() {
    let created = "createddate:2026-01-01 12:00:00";
    for fields in [["status:pendingCreate", created], ["status:PENDING CREATE", created]] {
        let found = judged("AddDomain|domain=example.com", &[], &[reading(200, &fields)]);
        assert_eq!(found, Finding::Pending, "{fields:?}");
    }
    for field in ["jobqueue:1", "job_id:4711", "pending:1", "jobid:7"] {
        let found = judged("AddDomain|domain=example.com", &[], &[reading(545, &[field])]);
        assert_eq!(found, Finding::Pending, "{field}");
    }
    for field in ["jobqueue:0", "job_id:", "pending:no", "x-verification-status:PENDING"] {
        let found = judged("AddDomain|domain=example.com", &[], &[reading(545, &[field])]);
        assert_eq!(found, Finding::NotApplied, "{field}");
    }
}

#[test]
fn the_registry_s_zone_is_not_known() {
    let about = "AddDomain|domain=example.com";
    let found = |fields: &[&str]| judged(about, &[], &[reading(200, fields)]);
    for date in ["2026-01-02 02:00:00.0", "2025-12-31 22:00:00", "2026-01-01", "2026-01-02"] {
        assert_eq!(found(&[&format!("createddate:{date}")]), SINCE_TODAY, "{date}");
    }
    assert_unproved(found(&["createddate:2025-12-31 11:00:00"]));
    assert_unproved(found(&["createddate:2026-01-03"]));
    assert_unproved(found(&["createddate:yesterday"]));
    assert_unproved(found(&[]));
    // It was not there before, so it is ours since.
    assert_eq!(judged(about, &[reading(545, &[])], &[reading(200, &[])]), APPLIED);
    // It was ours, and nothing says whether it is the same one.
    assert_unproved(judged(about, &[reading(200, &[])], &[reading(200, &["createddate:2026-01-01"])]));
}
