//! What an operator asks of a client that is running.

use std::future::IntoFuture;
use std::time::Duration;

use rrp::command::{Add, Check, Ptf, Safety};
use rrp::dispatch::{Cause, Outcome, Refused, Resolution, Sort, Standing, Ticket};
use rrp::journal::JournalErrorKind;
use rrp::sim::{Close, Effect};

use crate::hub::{Hub, journal, standing};
use crate::script::Script;

const DONE: &str = "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\nEOF\r\n.\r\n";

fn charge() -> Ptf<rrp::command::Write> {
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

#[tokio::test(start_paused = true)]
async fn what_happens_is_counted() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    let name = "example.com".parse().unwrap();
    hub.fault("add", Effect::Delay(Duration::from_secs(3)));
    assert!(matches!(client.change(&Add::domain(&name), Safety::ReadBack).await, Ok(Outcome::Accepted(_))));
    client.query(&Check::domain(&name)).await.unwrap();
    // One reply is lost, and its session with it.
    hub.fault("check", Effect::ExecuteAndClose(Close::Fin));
    client.query(&Check::domain(&name)).await.unwrap();
    journal.fail(Some(JournalErrorKind::Io));
    let other = Add::domain(&"example.net".parse().unwrap());
    client.change(&other, Safety::ReadBack).await.unwrap_err();
    let counted = client.statistics().await.unwrap();
    let answers: Vec<_> =
        counted.answers().map(|one| (one.sort(), one.code().unwrap().as_u16(), one.count())).collect();
    assert_eq!(answers, [(Sort::Write, 200, 1), (Sort::Read, 211, 2)]);
    let unanswered = [Sort::Read, Sort::Write].map(|sort| counted.work().unanswered(sort));
    assert_eq!(unanswered, [1, 0]);
    assert_eq!(counted.work().resends().collect::<Vec<_>>(), [(Cause::Unanswered, 1)]);
    assert_eq!((counted.opened(), counted.not_opened(), counted.logins_refused()), (2, 0, 0));
    let ended: Vec<_> = counted.ended().map(|one| (one.cause(), one.count())).collect();
    assert_eq!(ended, [("closed", 1)]);
    let writes = counted.wire(Sort::Write).unwrap();
    assert_eq!((writes.count(), writes.sum()), (1, Duration::from_secs(3)));
    assert_eq!(counted.wire(Sort::Read).unwrap().count(), 3);
    assert!(counted.journal().count() == 1 && counted.journal_failures() >= 1);
    assert!(counted.journal_writes().count() >= 3);
    let waited: u64 = [Sort::Read, Sort::Write].iter().map(|sort| counted.pace(*sort).unwrap().count()).sum();
    assert_eq!(waited, 4);
}
