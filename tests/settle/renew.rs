//! Renewals.

use rrp::settle::{Finding, Proof, Resolver, wants_earlier_reading};

use crate::samples::{APPLIED, judged, reading, sent};
use crate::story::{assert_unproved, story};

const ADD: &str = "us AddDomain|domain=example.com";
const GUARDED: [&str; 4] = [
    "about renew|EntityName:Domain|DomainName:example.com|-Period:2|-CurrentExpirationYear:2027",
    "about RenewDomain|domain=example.com|period=2|expiration=2027",
    "about RenewDomain|domain=example.com|period=1|expiration=2027-01-01 00:01:00",
    "about RenewDomain|domain=example.com|expiration=2027",
];
const UNGUARDED: [&str; 3] = [
    "about renew|EntityName:Domain|DomainName:example.com",
    "about RenewDomain|domain=example.com|period=2",
    "about RenewDomain|domain=example.com",
];

#[test]
fn a_guard_rules_without_an_earlier_reading() {
    for about in GUARDED {
        assert!(!wants_earlier_reading(Resolver::Renew, &sent(&about[6..])), "{about}");
        let guard = Finding::Applied { proof: Proof::Guard, twice: false };
        assert_eq!(story(&[ADD, about, "send"]), guard, "{about}");
        assert_eq!(story(&[ADD, about]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[ADD, about, "queued"]), Finding::Pending, "{about}");
        // Somebody renewed it further.
        assert_unproved(story(&[ADD, about, "send", "us RenewDomain|domain=example.com|period=3"]));
        assert_unproved(story(&[ADD, about, "us RenewDomain|domain=example.com|period=3"]));
        // Gone, or never ours.
        assert_unproved(story(&[about]));
        assert_unproved(story(&["them AddDomain|domain=example.com", about]));
    }
}

#[test]
fn an_earlier_reading_takes_away_what_a_guard_says() {
    for about in GUARDED {
        let now = |expiry: &str| [reading(200, &["roid:2", "createddate:2026-01-01 00:00:00", expiry])];
        let another = [reading(200, &["roid:1", "registrationexpirationdate:2027-01-01 00:00:00"])];
        for year in 2027..2030 {
            let now = now(&format!("registrationexpirationdate:{year}-01-01 00:00:00"));
            assert_unproved(judged(&about[6..], &another, &now));
        }
        // It had been renewed before: the guard refused ours.
        let renewed = now("registrationexpirationdate:2029-01-01 00:00:00");
        assert_unproved(judged(&about[6..], &renewed, &renewed));
    }
}

#[test]
fn without_a_guard_the_expiry_moves_by_the_period() {
    for about in UNGUARDED {
        assert!(wants_earlier_reading(Resolver::Renew, &sent(&about[6..])), "{about}");
        assert_eq!(story(&[ADD, about, "look", "send"]), APPLIED, "{about}");
        assert_eq!(story(&[ADD, about, "look"]), Finding::NotApplied, "{about}");
        assert_eq!(story(&[ADD, about, "look", "queued"]), Finding::Pending, "{about}");
        // Nobody looked.
        assert_unproved(story(&[ADD, about, "send"]));
        assert_unproved(story(&[ADD, about]));
        // It is another one of the name, or gone, or somebody else's.
        let delete = "us DeleteDomain|domain=example.com";
        assert_unproved(story(&[ADD, about, "look", delete, "us AddDomain|domain=example.com|period=3"]));
        assert_unproved(story(&[ADD, about, "look", delete]));
        assert_unproved(story(&[ADD, about, "look", delete, "them AddDomain|domain=example.com"]));
        assert_unproved(story(&[about, "look", ADD]));
    }
    assert_unproved(story(&[ADD, UNGUARDED[1], "look", "us RenewDomain|domain=example.com|period=3"]));
}

#[test]
fn a_period_is_counted_to_the_day() {
    let found = |period: &str, before: &str, now: &str| {
        let about = format!("RenewDomain|domain=example.com{period}");
        let shown = |date: &str| [reading(200, &["roid:1", &format!("registrationexpirationdate:{date}")])];
        judged(&about, &shown(before), &shown(now))
    };
    for (period, before, now) in [
        ("|period=1", "2028-02-29 10:00:00.0", "2029-02-28 10:00:00.0"),
        ("|period=1", "2028-02-29", "2029-03-01"),
        ("|period=1", "2027-02-28", "2028-02-29"),
        ("|period=4Y", "2028-02-29", "2032-02-29"),
        ("|period=1", "2027-05-05 23:59:59", "2028-05-05 00:00:00"),
        ("", "2027-05-05", "2029-05-05"),
    ] {
        assert_eq!(found(period, before, now), APPLIED, "{period} {before} {now}");
    }
    for (period, before, now) in [
        ("|period=1", "2027-05-05", "2028-05-06"),
        ("|period=1", "2027-05-05", "2029-05-05"),
        ("|period=2", "2027-05-05", "2028-05-05"),
        ("|period=1", "2027-05-05", "2026-05-05"),
        ("|period=1M", "2027-05-05", "2028-05-05"),
        ("|period=1", "2027-02-28", "2028-03-01"),
        ("", "2027-05-05", "2027-06-05"),
        ("|period=1", "2027-05-05", "soon"),
        ("|period=1", "soon", "2027-05-05"),
    ] {
        assert_unproved(found(period, before, now));
    }
    assert_eq!(found("|period=1M", "2027-05-05", "2027-05-05"), Finding::NotApplied);
}

#[test]
fn a_renewal_that_is_not_complete_is_pending() {
    let fields = ["roid:1", "registrationexpirationdate:2027-01-01", "status:pendingRenew"];
    let shown = [reading(200, &fields)];
    for about in GUARDED.into_iter().chain(UNGUARDED) {
        assert_eq!(judged(&about[6..], &shown, &shown), Finding::Pending, "{about}");
    }
}
