//! What holds of every reading: none does harm, and what shows nothing proves nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rrp::ReturnCode;
use rrp::settle::{
    Finding, Form, Kept, LineKind, Reading, Resolver, Sent, SentLine, Sight, judge, reads,
    wants_earlier_reading,
};

use crate::samples::{APPLIED, SAMPLES, judged, keyed, reading, sent};
use crate::support::law;

#[test]
fn what_does_not_show_the_object_is_unreadable() {
    for (_, text) in SAMPLES {
        let before = [reading(200, &["roid:1"]), reading(200, &["roid:1"])];
        let unreadable = |now: &[Reading]| {
            let found = judged(text, &before, now);
            assert!(matches!(found, Finding::Unreadable(_)), "{text}: {found:?}");
        };
        // A read that was lost leaves nothing.
        unreadable(&[]);
        for number in [423, 421, 420, 549, 520, 500, 210, 211, 213, 220, 530, 547, 999] {
            let unknown = reading(number, &["roid:1"]);
            unreadable(&[unknown.clone(), unknown]);
        }
        for number in [200, 545, 531] {
            let cut = Reading::from_parts(reading(number, &[]).code(), Vec::new(), false);
            unreadable(&[cut.clone(), cut]);
        }
    }
    // The second read of two was lost.
    for text in [
        "TransferDomain|domain=example.com",
        "ModifyDNSZone|dnszone=example.com|addrr0=a",
        "ModifyNameserver|nameserver=ns1.example.com|newnameserver=ns2.example.com",
    ] {
        let shown = [reading(200, &["roid:1"])];
        let found = judged(text, &[shown[0].clone(), reading(200, &["total:0"])], &shown);
        assert!(matches!(found, Finding::Unreadable(_)), "{text}: {found:?}");
    }
}

#[test]
fn a_reading_of_another_object_is_unreadable() {
    for (text, other) in [
        ("DeleteDomain|domain=example.com", "domain:example.org"),
        ("DeleteContact|contact=P-SIM1", "contact:P-SIM2"),
        ("DeleteDNSZone|dnszone=example.com", "dnszone:example.org."),
    ] {
        let found = judged(text, &[reading(200, &["roid:1"])], &[reading(200, &["roid:1", other])]);
        assert!(matches!(found, Finding::Unreadable(_)), "{text}: {found:?}");
    }
    for (text, same) in [
        ("DeleteDomain|domain=müller.example", "domain:XN--MLLER-KVA.example"),
        ("DeleteDomain|domain=example.com", "domain:EXAMPLE.COM"),
        ("DeleteContact|contact=p-sim1", "contact:P-SIM1"),
        ("DeleteDNSZone|dnszone=example.com", "dnszone:example.com."),
        ("DeleteNameserver|nameserver=ns1.example.com", "domain:example.com"),
    ] {
        let now = [reading(200, &["roid:1", same, "rgpstatus:redemptionPeriod"])];
        assert_eq!(judged(text, &[reading(200, &["roid:1", same])], &now), APPLIED, "{text}");
    }
}

#[test]
fn contact_data_and_codes_are_kept_as_hashes() {
    let text = "ModifyDomain|domain=example.com|auth=pl4nted|ownercontact0=P-1|firstname=Ann|x-tax=4711|deladmincontact0=P-2";
    for line in sent(text).lines() {
        let clear = matches!(&*line.plain_name(), "domain" | "ownercontact" | "deladmincontact");
        assert_eq!(line.value().as_clear().is_some(), clear, "{line:?}");
    }
    // That nothing was said is no secret, and compares with what says nothing.
    assert_eq!(keyed().keep("auth", " "), Kept::Clear("".into()));
    assert!(sent("SetAuthCode|domain=example.com|auth=").value("auth").is_none());
    assert_eq!(keyed().keep("addrr", "www IN A"), keyed().keep("rr", "www IN A"));
}

fn name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 28] = [
        "createddate",
        "updateddate",
        "registrationexpirationdate",
        "roid",
        "status",
        "rgpstatus",
        "transferstatus",
        "transfertype",
        "oldregistrar",
        "newregistrar",
        "domain",
        "nameserver",
        "newnameserver",
        "ipaddress",
        "addipaddress3",
        "delnameserver",
        "rr",
        "addrr0",
        "total",
        "pending",
        "jobqueue",
        "auth",
        "street0",
        "period",
        "expiration",
        "currentexpirationyear",
        "renewalmode",
        "99999999999999999999",
    ];
    prop_oneof![4 => select(&NAMES[..]).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

fn kept() -> impl Strategy<Value = Kept> {
    const VALUES: [&str; 16] = [
        "",
        "0",
        "1",
        "2027",
        "20é7",
        "9999-12-31 23:59:60.999999999",
        "0000-00-00 00:00:00",
        "0000-01-01",
        "2028-02-29 00:00:00",
        "pendingTransfer",
        "PENDING",
        "INCOMING",
        "example.com",
        "198.41.1.1",
        "::ffff:198.41.1.1",
        "18446744073709551616",
    ];
    prop_oneof![
        4 => select(&VALUES[..]).prop_map(|value| Kept::Clear(value.into())),
        1 => "\\PC{0,12}".prop_map(|value| Kept::Clear(value.into())),
        1 => any::<u8>().prop_map(|byte| Kept::Hash([byte; 16])),
    ]
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let number = prop_oneof![6 => Just(200), 2 => Just(545), 2 => Just(531), 1 => 100_u16..1000];
    let field = (name(), kept()).prop_map(|(name, value)| (name.into_boxed_str(), value));
    let one = (number, vec(field, 0..12), prop::bool::weighted(0.9)).prop_map(|(number, fields, whole)| {
        Reading::from_parts(ReturnCode::from_u16(number).unwrap(), fields, whole)
    });
    vec(one, 0..3)
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let kind = prop_oneof![
        5 => Just(LineKind::Set),
        1 => Just(LineKind::Option),
        1 => Just(LineKind::Remove),
        1 => kept().prop_map(LineKind::Replace),
    ];
    let line = (name(), kind, kept()).prop_map(|(name, kind, value)| SentLine::new(&name, kind, value));
    let of = select(&SAMPLES[..]).prop_map(|(_, text)| sent(text));
    let form = select(&[Form::Rrp, Form::Ptf, Form::Opaque][..]);
    (form, of, vec(line, 0..8), any::<bool>()).prop_map(|(form, of, lines, nameless)| {
        let objects = if nameless { Vec::new() } else { of.objects().to_vec() };
        let lines = of.lines().iter().cloned().chain(lines).collect();
        Sent::from_parts(form, of.name(), objects, lines)
    })
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn no_reading_does_harm(
        resolver in select(&Resolver::ALL[..]),
        sent in any_sent(),
        before in readings(),
        now in readings(),
        sent_at in any::<u64>(),
        may_be_queued in any::<bool>(),
    ) {
        let sight = Sight { sent: &sent, before: &before, now: &now, sent_at, may_be_queued };
        let found = judge(resolver, sight);
        prop_assert_eq!(judge(resolver, sight), found);
        prop_assert!(reads(resolver, &sent).len() <= 4);
        let looks = wants_earlier_reading(resolver, &sent);
        // Nothing that was not looked at is judged.
        if now.is_empty() {
            prop_assert!(matches!(found, Finding::Unreadable(_)));
        }
        // What needs an earlier reading is not applied without one.
        if looks && before.is_empty() {
            prop_assert!(!matches!(found, Finding::Applied { .. }), "{:?}", found);
        }
        // What may wait in a queue was refused only where the name is taken, or it was ours before.
        if may_be_queued && looks {
            prop_assert_ne!(found, Finding::NotApplied);
        }
    }

    #[test]
    fn what_has_not_changed_was_not_applied(
        (resolver, text) in select(&SAMPLES[..]),
        shown in readings(),
    ) {
        let sent = sent(text);
        let sight = Sight { sent: &sent, before: &shown, now: &shown, sent_at: 0, may_be_queued: false };
        let found = judge(resolver, sight);
        prop_assert!(!matches!(found, Finding::Applied { .. }), "{:?}", found);
    }
}

#[test]
fn what_is_kept_of_a_hidden_value_is_not_printed() {
    let keyed = rrp::settle::Keyed::new(&[7; 32]);
    assert_eq!(format!("{:?}", keyed.keep("auth", "hunter22")), "***");
    assert_eq!(format!("{:?}", keyed.keep("domain", "Example.COM.")), "`example.com`");
}
