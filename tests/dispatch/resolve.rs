//! What a person says became of a write.

use rrp::command::Safety;
use rrp::dispatch::{Refused, Resolution, Standing, Ticket};

use crate::rig::{Rig, config, seconds};
use crate::*;

/// A doubt with a key, under ticket 1.
fn doubt() -> Rig {
    let mut rig = Rig::new();
    rig.sent(add(), Safety::Once, key("k"), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.does(&["record 1 in-doubt"]);
    rig.recorded();
    rig.drain();
    rig
}

fn resolve(rig: &mut Rig, ticket: u64, resolution: Resolution) -> Result<(), String> {
    let at = rig.at();
    let resolved = rig.dispatch.resolve(Ticket::new(ticket), resolution, "asked support", at);
    resolved.map(drop).map_err(|why| why.to_string())
}

#[test]
fn applied_frees_the_object_and_is_told_again_by_its_key() {
    let mut rig = doubt();
    resolve(&mut rig, 1, Resolution::Applied).unwrap();
    rig.does(&["record 1 accepted by operator"]);
    // Not before it is recorded.
    assert!(resolve(&mut rig, 1, Resolution::Applied).unwrap_err().contains("is being worked on"));
    rig.change(add(), Safety::Once, options());
    rig.does(&["tell b: not sent, object has a write in doubt, ticket `1`"]);
    rig.recorded();
    assert_eq!(rig.dispatch.doubts().len(), 0);
    rig.change(add(), Safety::Once, key("k"));
    rig.does(&["tell c: accepted 1 by operator, replayed"]);
    // What was done before shows: it is read first.
    rig.change(renew(), Safety::ReadBack, options());
    rig.does(&["record 2 open"]);
    assert!(resolve(&mut rig, 1, Resolution::NotApplied).unwrap_err().contains("is finished"));
    let entries = rig.entries();
    let entry = entries.iter().find(|entry| entry.ticket() == Ticket::new(1)).unwrap();
    assert!(matches!(entry.standing(), Standing::Accepted(_)) && entry.intent().before().is_empty());
    let note = entry.notes().last().unwrap().text();
    assert_eq!(note, "resolved by an operator: applied: asked support");
}

#[test]
fn not_applied_frees_the_object_and_its_key_begins_anew() {
    let mut rig = doubt();
    resolve(&mut rig, 1, Resolution::NotApplied).unwrap();
    rig.does(&["record 1 not-applied"]);
    rig.recorded();
    rig.is_over();
    rig.change(add(), Safety::Once, key("k"));
    rig.goes_out("add", 2);
    rig.answer(OK);
    rig.ends("2 accepted by reply", &["tell b: accepted 2 by reply"]);
}

#[test]
fn what_is_forgotten_leaves_nothing() {
    let mut rig = doubt();
    resolve(&mut rig, 1, Resolution::Forgotten).unwrap();
    rig.does(&["record remove 1"]);
    rig.recorded();
    rig.is_over();
    assert_eq!(rig.dispatch.doubts().len(), 0);
    rig.settle(1);
    rig.does(&["tell b: not settled, no ticket `1`"]);
    // Another payload is none of its business any more.
    rig.change(add_host(), Safety::Once, key("k"));
    rig.goes_out("add", 2);
}

#[test]
fn whoever_asks_meanwhile_hears_what_it_comes_to() {
    for (resolution, record, told, next) in [
        (Resolution::Applied, "1 accepted by operator", "applied 1 by operator, replayed", None),
        (Resolution::NotApplied, "1 not-applied", "not applied 1", Some("record 2 open")),
        // What it may have done is looked at before the same is done.
        (Resolution::Forgotten, "remove 1", "not settled, no ticket `1`", Some("send status")),
    ] {
        let mut rig = doubt();
        resolve(&mut rig, 1, resolution).unwrap();
        rig.does(&[&format!("record {record}")]);
        rig.settle(1);
        rig.change(add(), Safety::Once, key("k"));
        rig.does(&[]);
        rig.recorded();
        let said = rig.drain();
        assert!(said.contains(&format!("tell b: {told}")), "{said:?}");
        let goes_on: Vec<&str> =
            said.iter().map(String::as_str).filter(|said| !said.starts_with("tell")).collect();
        assert_eq!(goes_on, next.as_slice(), "{said:?}");
        let replayed = said.contains(&"tell c: accepted 1 by operator, replayed".to_owned());
        assert_eq!(replayed, next.is_none(), "{said:?}");
    }
}

#[test]
fn what_cannot_be_recorded_has_not_been_said() {
    for resolution in [Resolution::Applied, Resolution::NotApplied, Resolution::Forgotten] {
        let mut rig = doubt();
        resolve(&mut rig, 1, resolution).unwrap();
        rig.drain();
        rig.settle(1);
        rig.not_recorded();
        let said = rig.drain();
        assert!(said[0].starts_with("tell b: still in doubt 1, what was read proves nothing"), "{said:?}");
        assert!(!rig.dispatch.is_frozen());
        let doubts: Vec<_> = rig.dispatch.doubts().map(|entry| entry.standing().clone()).collect();
        assert_eq!(doubts, [Standing::InDoubt]);
        rig.change(add(), Safety::Once, options());
        rig.does(&["tell c: not sent, object has a write in doubt, ticket `1`"]);
        resolve(&mut rig, 1, Resolution::Applied).unwrap();
        rig.does(&["record 1 accepted by operator"]);
    }
}

#[test]
fn it_is_refused_of_what_is_unknown_or_under_way() {
    let mut rig = doubt();
    assert_eq!(resolve(&mut rig, 9, Resolution::Applied).unwrap_err(), "no ticket `9`");
    rig.settle(1);
    rig.does(&["send status"]);
    assert!(resolve(&mut rig, 1, Resolution::Applied).unwrap_err().contains("is being worked on"));
    let mut rig = Rig::new();
    rig.sent(add(), Safety::ReadBack, options(), 1);
    assert!(resolve(&mut rig, 1, Resolution::NotApplied).unwrap_err().contains("is being worked on"));
    // Nor while the journal does not record, or at the end.
    rig.answer(OK);
    rig.drain();
    rig.not_recorded();
    let mut before = doubt();
    before.sent(charge(), Safety::Once, options(), 2);
    before.answer(OK);
    before.drain();
    before.not_recorded();
    assert_eq!(resolve(&mut before, 1, Resolution::Applied).unwrap_err(), "journal does not record");
    let mut rig = doubt();
    rig.dispatch.stop(rig.at());
    let at = rig.at();
    let stopped = rig.dispatch.resolve(Ticket::new(1), Resolution::Applied, "", at);
    assert!(matches!(stopped, Err(Refused::Stopped)));
}

#[test]
fn what_is_left_of_another_process_is_resolved() {
    let mut before = Rig::new();
    before.sent(add(), Safety::ReadBack, key("k"), 1);
    let mut rig = Rig::with(config(), before.entries());
    resolve(&mut rig, 1, Resolution::NotApplied).unwrap();
    rig.does(&["record 1 not-applied"]);
    rig.recorded();
    rig.change(add(), Safety::ReadBack, key("k"));
    rig.goes_out("add", 2);
}

#[test]
fn people_see_who_waits_for_what() {
    let mut rig = doubt();
    rig.slots.borrow_mut().most = 1;
    rig.settle(1);
    rig.does(&["send status"]);
    rig.change(add_host(), Safety::ReadBack, Options::new().user("u").caller("c"));
    rig.pass(3);
    rig.change(del_host("ns1.example.com"), Safety::ReadBack, Options::new().user("v"));
    rig.query(check(), Options::new().user("u").lane(rrp::dispatch::Lane::Bulk));
    let waiting = rig.dispatch.waiting(10, rig.now);
    let seen: Vec<_> = waiting
        .iter()
        .map(|one| {
            let whose = (one.user(), one.caller(), one.lane().as_str());
            (one.name(), one.object().unwrap(), one.state(), one.purpose(), whose, one.age().as_secs())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("add", "example.com", "sending", "read-back", ("u", "", "normal"), 3),
            ("add", "ns1.example.com", "queued", "command", ("u", "c", "normal"), 3),
            ("del", "ns1.example.com", "behind", "command", ("v", "", "normal"), 0),
            ("check", "example.com", "queued", "command", ("u", "", "bulk"), 0),
        ]
    );
    assert_eq!((waiting[0].ticket(), waiting[0].attempts()), (Some(Ticket::new(1)), 1));
    assert!(waiting.iter().all(|one| one.calls() == 1));
    assert_eq!(rig.dispatch.waiting(2, rig.now + seconds(1)).len(), 2);
    assert_eq!(rig.dispatch.entry(Ticket::new(1)).unwrap().attempts(), 1);
    assert!(rig.dispatch.entry(Ticket::new(2)).is_none());
}
