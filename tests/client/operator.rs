//! What an operator asks of a client that is running.

use std::future::IntoFuture;
use std::time::Duration;

use rrp::command::{Ptf, Safety};
use rrp::dispatch::{Outcome, Refused, Resolution, Standing, Ticket};
use rrp::journal::JournalErrorKind;

use crate::hub::{journal, standing};
use crate::script::Script;

const DONE: &str = "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\nEOF\r\n.\r\n";

fn charge() -> rrp::command::Ptf<rrp::command::Write> {
    Ptf::change("ChargeCreditcard").unwrap().param("amount", "1").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_resolved_while_the_client_runs() {
    let (script, journal) = (Script::default(), journal());
    let client = script.builder().journal(journal.clone()).connect().await.unwrap();
    let call = || client.change(&charge(), Safety::ReadBack).key("k");
    script.then(None::<&str>);
    let Ok(Outcome::InDoubt(doubt)) = call().await else { panic!("nobody can know") };
    let ticket = doubt.ticket();
    let entry = client.entry(ticket).await.unwrap().unwrap();
    assert_eq!((entry.attempts(), entry.standing()), (1, &Standing::InDoubt));
    // A journal that fails changes nothing.
    journal.fail(Some(JournalErrorKind::Io));
    let failed = client.resolve(ticket, Resolution::NotApplied, "").await;
    assert!(matches!(failed, Err(Refused::Journal(_))), "{failed:?}");
    journal.fail(None);
    assert_eq!((client.doubts().await.unwrap().len(), standing(&journal, ticket)), (1, "in-doubt"));
    client.resolve(ticket, Resolution::NotApplied, "looked at the statement").await.unwrap();
    assert_eq!((client.doubts().await.unwrap().len(), standing(&journal, ticket)), (0, "not-applied"));
    assert!(client.entry(ticket).await.unwrap().is_none());
    let finished = client.resolve(ticket, Resolution::Applied, "").await;
    assert!(matches!(finished, Err(Refused::Finished(known)) if known == ticket));
    // Its key begins anew.
    script.then(Some(DONE));
    let Ok(Outcome::Accepted(accepted)) = call().await else { panic!("it is sent again") };
    assert!(accepted.ticket() > ticket && !accepted.is_replayed());
    assert_eq!(script.asked().len(), 2);
    let unknown = client.resolve(Ticket::new(99), Resolution::Applied, "").await;
    assert!(matches!(unknown, Err(Refused::NoSuchTicket(_))));
    client.shutdown().await;
    let stopped = client.resolve(ticket, Resolution::Applied, "").await;
    assert!(matches!(stopped, Err(Refused::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn a_word_that_it_was_applied_stands_for_its_key() {
    let (script, journal) = (Script::default(), journal());
    let client = script.builder().journal(journal.clone()).connect().await.unwrap();
    let call = || client.change(&charge(), Safety::ReadBack).key("k");
    for resolution in [Resolution::Forgotten, Resolution::Applied] {
        script.then(None::<&str>);
        let Ok(Outcome::InDoubt(doubt)) = call().await else { panic!("nobody can know") };
        client.resolve(doubt, resolution, "").await.unwrap();
    }
    let Ok(Outcome::Accepted(accepted)) = call().await else { panic!("it is told again") };
    assert!(accepted.is_replayed());
    assert_eq!(
        (standing(&journal, Ticket::new(1)), standing(&journal, accepted.ticket())),
        ("forgotten", "accepted")
    );
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_what_is_listed() {
    let script = Script::default();
    let rate = rrp::pace::Rate::per_second(1);
    let client = script.builder().sessions(1..=1).rate(rate).connect().await.unwrap();
    for _ in 0..3 {
        let query = Ptf::query("StatusDomain").unwrap().param("domain", "example.com").unwrap();
        let call = client.query(&query).user("u").caller("c").deadline(Duration::from_secs(60));
        tokio::spawn(call.into_future());
    }
    for _ in 0..3 {
        tokio::spawn(client.change(&charge(), Safety::ReadBack).user("v").into_future());
    }
    tokio::task::yield_now().await;
    let waiting = client.waiting(3).await.unwrap();
    // Those who ask the same wait for one query.
    let seen: Vec<_> =
        waiting.iter().map(|one| (one.name(), one.user(), one.caller(), one.calls())).collect();
    let charge = ("ChargeCreditcard", "v", "", 1);
    assert_eq!(seen, [("StatusDomain", "u", "c", 3), charge, charge]);
    assert!(waiting.iter().all(|one| one.state() == "queued" && one.attempts() == 0));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let later = client.waiting(usize::MAX).await.unwrap();
    assert_eq!(later.len(), 4);
    assert_eq!(later[0].age(), waiting[0].age() + Duration::from_millis(500));
}
