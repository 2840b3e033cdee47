//! What keeps an API's own reads and answers from doing harm: queues, credentials, names that were cut, entries of others, sizes.

use rrp::command::{Object, Safety};
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Options, Queues, Refused, Told};
use rrp::settle::{Form, Kept, Keyed, Reading, Sent};
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};
use rrp::{Command, ReturnCode};

use super::looks::{Look, here, none, of, order};
use super::rig::{Rig, config};
use super::{CREATE, DONE, FAILED, ORDER, says, thing};

/// The credentials were refused, and nothing was done.
const REFUSED: Verdict = Verdict::new(Class::Permanent)
    .with_executed(Executed::No, Word::Inference)
    .with_advice(Advice::StopLoggingIn);

/// Twelve looks that find nothing, each a minute after the one before.
fn is_pending_until_it_is_left(rig: &mut Rig<Look>) {
    for look in 0..12 {
        if look > 0 {
            rig.due_in(60);
        }
        rig.does(&["send look"]);
        rig.answer(none());
    }
}

#[test]
fn where_an_api_may_queue_what_is_not_found_is_never_sent_again() {
    let mut rig = Rig::with(Look, config().queues(Queues::Everywhere), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    is_pending_until_it_is_left(&mut rig);
    rig.ends("1 in-doubt", &["tell a: in doubt 1, something about it is still pending"]);
}

#[test]
fn an_answer_that_says_pending_teaches_that_the_api_queues_also_over_a_restart() {
    let mut rig = Rig::with(Look, config(), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(DONE, "ok").pending(None));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    let entries = rig.entries();
    let other =
        || OpaqueCommand::write("order", ORDER, "b").object(thing("n2")).field("reference", "ref-4712");
    for mut rig in [rig, Rig::with(Look, config(), entries)] {
        rig.sent(other(), Safety::ReadBack, Options::new(), 2);
        rig.lost();
        is_pending_until_it_is_left(&mut rig);
        let told = rig.drain();
        assert_eq!(told, ["record 2 in-doubt"], "not found proves nothing");
    }
}

#[test]
fn after_refused_credentials_nothing_is_sent_until_they_are_corrected() {
    let mut rig = Rig::new();
    rig.change(super::order(), Safety::ReadBack, Options::new());
    rig.change(super::write("create", CREATE, "x"), Safety::ReadBack, Options::new());
    rig.query(OpaqueCommand::read("look", ""));
    rig.does(&["record 1 open"]);
    rig.recorded();
    rig.does(&["send order"]);
    rig.answer(says(REFUSED, "401"));
    // Those that waited hear of it, and nothing of them has gone out.
    let did = rig.drain();
    assert_eq!(did.first().map(String::as_str), Some("record 1 refused 401"), "{did:?}");
    assert!(did.iter().all(|did| !did.starts_with("send")), "{did:?}");
    let unavailable = rig.told.iter().filter(|told| match told {
        Told::Change(Err(not_sent)) => matches!(not_sent.why(), Refused::Unavailable(_)),
        Told::Query(Err(error)) => error.to_string().contains("the credentials were refused"),
        _ => false,
    });
    assert_eq!(unavailable.count(), 2, "{:?}", rig.told);
    rig.recorded();
    rig.does(&["tell a: refused 1 401"]);

    assert!(rig.dispatch.slots().are_credentials_refused());
    rig.dispatch.slots_mut().credentials_corrected();
    rig.sent(super::write("create", CREATE, "x"), Safety::ReadBack, Options::new(), 2);
    rig.answer(says(DONE, "ok"));
    rig.ends("2 accepted by reply", &["tell d: accepted 2 by reply"]);
    rig.is_over();
}

#[test]
fn nothing_is_looked_for_by_a_name_that_may_have_been_cut() {
    for (name, read) in [
        ("x".repeat(251), true),
        ("x".repeat(252), false),
        ("x".repeat(Object::MAX_NAME + 1), false),
        ("ä".repeat(200), false),
    ] {
        let mut rig = Rig::with(Look, config(), []);
        let order = OpaqueCommand::write("order", ORDER, "b").object(thing(&name));
        rig.sent(order, Safety::ReadBack, Options::new(), 1);
        rig.lost();
        let did = rig.drain();
        assert_eq!(did == ["send look"], read, "{}: {did:?}", name.len());
    }
}

#[test]
fn nothing_is_looked_for_by_a_value_that_may_have_been_cut() {
    for (value, read) in [("x".repeat(251), true), ("x".repeat(252), false), ("ä".repeat(200), false)] {
        let mut rig = Rig::with(Look, config(), []);
        let order = OpaqueCommand::write("order", ORDER, "b").object(thing("n1")).clear_field("mine", &value);
        rig.sent(order, Safety::ReadBack, Options::new(), 1);
        rig.lost();
        let did = rig.drain();
        assert_eq!(did == ["send look"], read, "{}: {did:?}", value.len());
    }
}

#[test]
fn names_of_others_are_kept_to_the_letter() {
    for name in ["+49 30 1", "AbC", "abc.", "ä.example", " x "] {
        assert_eq!(thing(name).name(), name);
    }
}

#[test]
fn what_was_sent_by_the_line_protocol_is_settled_by_no_read_of_another_api() {
    let mut rig = Rig::with(Look, config(), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.lost();
    let command: Command =
        rrp::command::PtfCommand::new("AddDomain").unwrap().param("domain", "example.com").unwrap().into();
    let keyed = Keyed::new(&[1; 32]);
    let sent = Sent::of(&command, &keyed);
    assert_eq!(sent.form(), Form::Ptf);
    use rrp::dispatch::{Opaque, Upstream};
    use rrp::settle::Resolver;
    let upstream = Opaque::new(Look);
    assert!(upstream.resolver_of(&sent).is_none());
    assert!(upstream.reads(Resolver::Other, &sent).is_empty());
    let own = Opaque::<Look>::sent(&of("order", ORDER), &keyed);
    assert_eq!(upstream.reads(Resolver::Other, &own).len(), 1);
    assert!(upstream.reads(Resolver::AddDomain, &own).is_empty());
}

#[test]
fn a_reading_of_too_many_fields_is_not_whole_and_can_be_kept() {
    let fields =
        |count: usize| (0..count).map(|at| (format!("F {at}x").into(), Kept::Clear("v".into()))).collect();
    for (count, whole) in [(Reading::MAX_FIELDS, true), (Reading::MAX_FIELDS + 1, false)] {
        let reading = Reading::from_parts(ReturnCode::COMPLETED, fields(count), true);
        assert_eq!((reading.fields().len(), reading.is_whole()), (Reading::MAX_FIELDS, whole));
        // Names are what they are, in case and blanks.
        assert!(reading.first("F 7x").is_some() && reading.first("f7x").is_none());
    }
}

#[test]
fn a_reading_of_a_long_value_is_not_whole() {
    for (length, whole) in
        [(Reading::MAX_TEXT, true), (Reading::MAX_TEXT + 1, false), (Reading::MAX_TEXT * 9, false)]
    {
        let text = "v".repeat(length);
        for (name, value) in [("a", text.as_str()), (text.as_str(), "v")] {
            let field = (name.into(), Kept::Clear(value.into()));
            let reading = Reading::from_parts(ReturnCode::COMPLETED, vec![field], true);
            assert_eq!(reading.is_whole(), whole, "{length}");
            let kept = reading.fields().map(|(name, kept)| name.len().max(kept.as_clear().unwrap().len()));
            assert_eq!(kept.max(), Some(length.min(Reading::MAX_TEXT)));
        }
    }
}

#[test]
fn a_text_that_assigns_a_secret_is_kept_nowhere_and_the_caller_has_it() {
    let mut rig = Rig::new();
    rig.sent(super::order(), Safety::Once, Options::new(), 1);
    let text = "Invalid authcode: password=hunter2";
    rig.answer(OpaqueReply::new(FAILED.with_executed(Executed::No, Word::Inference), "bad", text, text));
    rig.ends("1 refused bad", &["tell a: refused 1 bad"]);
    let refusal = rig.refusal();
    assert_eq!((refusal.text(), refusal.reply().unwrap().text()), ("***", text));
    assert!(!format!("{:?} {:?} {:?}", rig.journal, rig.told, rig.dispatch).contains("hunter2"));
}

#[test]
fn what_is_kept_of_an_answer_is_bounded() {
    let long = "ä".repeat(1 << 20);
    let reply = OpaqueReply::new(DONE, &long, &long, "").pending(Some(&long));
    assert_eq!(reply.text().len(), OpaqueReply::MAX_TEXT);
    assert_eq!(reply.code().len(), OpaqueReply::MAX_CODE);
    assert!(format!("{reply:?}").len() < 3 * OpaqueReply::MAX_TEXT);
    let found = here();
    assert_eq!((found.status(), found.with_status(502).status()), (None, Some(502)));
}
