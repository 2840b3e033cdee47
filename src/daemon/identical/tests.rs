use super::*;
use crate::command::PtfCommand;

fn renew() -> Command {
    let ptf = PtfCommand::new("RenewDomain").unwrap().param("domain", "example.com").unwrap();
    Command::new(ptf.param("period", "1").unwrap())
}

fn known() -> Identical {
    Identical::new(Keyed::new(&[1; 32]), Duration::from_secs(900))
}

/// A write to the domain, as a journal has it.
fn entry(command: &str, resolver: &str, key: Option<&str>, standing: &str) -> Entry {
    let payload = payload_hash(&renew(), &Keyed::new(&[1; 32]));
    let payload: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut record = serde_json::json!({
        "ticket": 7, "standing": standing, "attempts": 1, "begun": 0, "changed": 0, "dialect": "ptf",
        "command": command, "objects": [["domain", "example.com"]], "lines": [], "resolver": resolver,
        "billable": "yes", "safety": "read-back", "payload": payload,
    });
    if let Some(key) = key {
        (record["user"], record["key"]) = ("desk".into(), key.into());
    } else {
        (record["user"], record["payload"]) = ("batch".into(), "0".repeat(32).into());
    }
    if matches!(standing, "accepted" | "refused") {
        record["summary"] = serde_json::json!({"proof": "reply", "code": 200, "text": "done"});
    }
    crate::journal::decode(record.to_string().as_bytes()).unwrap()
}

fn begin(known: &Identical, number: u64, now: Instant) -> Part {
    match known.begin("desk", &renew(), number, now) {
        Begin::Key(part) => part,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_was_told_in_doubt_hears_it_though_another_one_has() {
    let (known, now) = (known(), Instant::now());
    let (first, mut second) = (begin(&known, 1, now), begin(&known, 2, now));
    assert_eq!(first.key(), second.key());
    known.in_doubt(&first);
    known.delivered(&mut second, now);
    let mut again = begin(&known, 3, now);
    assert_eq!(again.key(), first.key());
    known.delivered(&mut again, now);
    assert_ne!(begin(&known, 4, now).key(), first.key());
}

#[test]
fn what_nobody_asks_for_is_forgotten_but_not_a_doubt() {
    let (known, now) = (known(), Instant::now());
    let left = begin(&known, 1, now);
    known.left(&left, now);
    let later = now + Duration::from_secs(899 + 600);
    assert_eq!(begin(&known, 2, later).key(), left.key());
    known.left(&left, later);
    let much_later = later + Duration::from_secs(901 + 600);
    let doubtful = begin(&known, 3, much_later);
    assert_ne!(doubtful.key(), left.key());
    known.in_doubt(&doubtful);
    assert_eq!(begin(&known, 4, much_later + Duration::from_secs(86_400)).key(), doubtful.key());
}

#[test]
fn an_answer_that_nobody_has_is_for_whoever_asks_next_unless_the_object_has_changed() {
    let (known, now) = (known(), Instant::now());
    let mut part = begin(&known, 1, now);
    known.undelivered(&part, Some(Answer::plain(200, "done")), About::of(&renew()), now);
    assert!(matches!(known.begin("desk", &renew(), 2, now), Begin::Told(..)));
    assert!(matches!(known.begin("batch", &renew(), 3, now), Begin::Key(_)));
    known.delivered(&mut part, now);
    let part = begin(&known, 4, now);
    known.undelivered(&part, Some(Answer::plain(200, "done")), About::of(&renew()), now);
    known.recorded(&entry("DeleteDomain", "delete-domain", None, "accepted"), now);
    assert!(begin(&known, 6, now).is_first());
}

#[test]
fn what_is_open_is_never_forgotten_nor_outdated() {
    let (known, now) = (known(), Instant::now());
    let left = begin(&known, 1, now);
    known.recorded(&entry("RenewDomain", "renew", Some(left.key()), "open"), now);
    known.left(&left, now);
    // The registry is away, and for hours nothing shows what became of it.
    let later = now + Duration::from_secs(10_000);
    known.recorded(&entry("DeleteDomain", "delete-domain", None, "accepted"), later);
    let again = begin(&known, 2, later);
    assert_eq!(again.key(), left.key());
    known.left(&again, later);
    known.recorded(&entry("RenewDomain", "renew", Some(left.key()), "accepted"), later);
    assert_eq!(begin(&known, 3, later + Duration::from_secs(899)).key(), left.key());
    // Nothing of it was sent after all.
    let known = tests::known();
    let left = begin(&known, 1, now);
    known.recorded(&entry("RenewDomain", "renew", Some(left.key()), "open"), now);
    known.left(&left, now);
    known.removed(Ticket::new(7));
    assert!(begin(&known, 2, later).is_first());
}

#[test]
fn a_renewal_that_nobody_has_heard_of_outlives_modifications() {
    let (known, now) = (known(), Instant::now());
    let left = begin(&known, 1, now);
    known.left(&left, now);
    known.recorded(&entry("RenewDomain", "renew", Some(left.key()), "accepted"), now);
    known.recorded(&entry("ModifyDomain", "modify-domain", None, "accepted"), now);
    known.recorded(&entry("DeleteDomain", "delete-domain", None, "refused"), now);
    assert_eq!(begin(&known, 2, now).key(), left.key());
}

#[test]
fn whoever_has_left_or_was_lost_beside_others_hears_it_though_they_have() {
    let (known, now) = (known(), Instant::now());
    let (mut first, second) = (begin(&known, 1, now), begin(&known, 2, now));
    known.left(&second, now);
    known.delivered(&mut first, now);
    let (mut again, lost) = (begin(&known, 3, now), begin(&known, 4, now));
    assert_eq!((again.key(), lost.key()), (first.key(), first.key()));
    known.undelivered(&lost, Some(Answer::plain(200, "done")), About::of(&renew()), now);
    known.delivered(&mut again, now);
    let Begin::Told(mut last, _) = known.begin("desk", &renew(), 5, now) else { panic!("it is gone") };
    known.delivered(&mut last, now);
    assert!(begin(&known, 6, now).is_first());
}

#[test]
fn everybody_who_was_told_in_doubt_hears_it_once() {
    let (known, now) = (known(), Instant::now());
    let (first, second) = (begin(&known, 1, now), begin(&known, 2, now));
    known.in_doubt(&first);
    known.in_doubt(&second);
    // One of them asks twice: it is one all the same.
    let again = begin(&known, 3, now);
    known.in_doubt(&again);
    for number in 4..6 {
        let mut again = begin(&known, number, now);
        assert_eq!(again.key(), first.key());
        // What is written and not read was not heard.
        known.delivered(&mut again, now);
        known.undelivered(&again, Some(Answer::plain(200, "done")), About::of(&renew()), now);
        let mut again = begin(&known, number, now + Duration::from_secs(86_400));
        assert_eq!(again.key(), first.key());
        known.delivered(&mut again, now);
    }
    assert!(begin(&known, 6, now).is_first());
}

#[test]
fn after_a_restart_only_the_newest_of_the_same_counts() {
    let (known, now) = (known(), Instant::now());
    let of = |key: &str, standing| entry("RenewDomain", "renew", Some(key), standing);
    let (older, newer) = (of("rrp:auto:1", "in-doubt"), of("rrp:auto:2", "accepted"));
    known.restore(&[older, newer], |_| Duration::from_secs(10_000), now);
    assert!(begin(&known, 3, now).is_first());
}
