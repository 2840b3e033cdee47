//! Keys: what was done is not done again.

use std::time::Duration;

use rrp::DomainName;
use rrp::client::StartError;
use rrp::command::{Add, Check, Period, Ptf, Safety};
use rrp::dispatch::{Config, Outcome, Refused};
use rrp::journal::{Journal, JournalErrorKind, Memory};
use rrp::sim::{self, Change, Close, Domain, Effect, Fault, Stamp, Trigger};

use crate::hub::{Hub, journal};

fn name() -> DomainName {
    "example.com".parse().unwrap()
}

fn accepted(told: Result<Outcome, rrp::dispatch::NotSent>) -> rrp::dispatch::Accepted {
    match told {
        Ok(Outcome::Accepted(accepted)) => accepted,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_with_a_key_is_told_again() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let add = || client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    let first = accepted(add().await);
    let second = accepted(add().await);
    assert!(!first.is_replayed() && second.is_replayed());
    assert_eq!((first.ticket(), first.expires()), (second.ticket(), second.expires()));
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    // Another user's key is another one: the registry is asked, and refuses.
    assert!(matches!(add().user("another").await, Ok(Outcome::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_with_a_key_is_joined() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.fault("add", Effect::Delay(Duration::from_secs(20)));
    let add = || client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    let later = async {
        tokio::time::advance(Duration::from_secs(5)).await;
        add().await
    };
    let (first, second) = tokio::join!(add().into_future(), later);
    let (first, second) = (accepted(first), accepted(second));
    assert_eq!(first.ticket(), second.ticket());
    assert_eq!((first.is_replayed(), second.is_replayed()), (false, true));
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_command_is_refused() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let first = accepted(client.change(&Add::domain(&name()), Safety::ReadBack).key("order").await);
    let longer = Add::domain(&name()).period(Period::years(2).unwrap());
    let not_sent = client.change(&longer, Safety::ReadBack).key("order").await.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::KeyConflict(Some(ticket)) if *ticket == first.ticket()));
    let long = "k".repeat(256);
    let not_sent = client.change(&longer, Safety::ReadBack).key(&long).await.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::TooLong));
}

#[tokio::test(start_paused = true)]
async fn a_header_is_not_a_parameter_of_the_same_command() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let add = || Ptf::change("AddDomain").unwrap().param("domain", "example.com").unwrap();
    let first = add().param("subuser", "x").unwrap();
    accepted(client.change(&first, Safety::ReadBack).key("order").await);
    let other = add().header("subuser", "x").unwrap();
    let not_sent = client.change(&other, Safety::ReadBack).key("order").await.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::KeyConflict(Some(_))));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_makes_no_journal_forget_a_key() {
    let (hub, journal) = (Hub::new(), journal());
    hub.registry(|registry| {
        let created = Stamp::midnight(2025, 6, 1);
        registry.insert_domain(Domain::new("example.com", "registrar", created, created.years_later(2)));
    });
    // The journal has seen February; the clock of the client begins with January.
    journal.restore(1_772_000_000_000).await.unwrap();
    let renew = Ptf::change("RenewDomain").unwrap().param("domain", "example.com").unwrap();
    for _ in 0..3 {
        let client = hub.client(journal.clone()).await;
        accepted(client.change(&renew, Safety::ReadBack).key("order").await);
        client.shutdown().await;
    }
    assert_eq!(hub.changes(Change::Renewed, "example.com"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_journal_has_one_client_until_its_task_has_ended() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    let refused = async || match hub.builder().journal(journal.clone()).connect().await {
        Err(StartError::Journal(error)) => *error.kind() == JournalErrorKind::Locked,
        _ => false,
    };
    assert!(refused().await);
    // The last handle is gone, and the task is not: a change is on the wire.
    hub.fault("add", Effect::Delay(Duration::from_secs(20)));
    let add = |client: &rrp::Client| client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    let call = tokio::spawn(add(&client).into_future());
    tokio::time::sleep(Duration::from_secs(5)).await;
    call.abort();
    drop(client);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(refused().await);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let client = hub.client(journal.clone()).await;
    assert!(accepted(add(&client).await).is_replayed());
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    // Whoever is told that it is over may begin at once.
    client.shutdown().await;
    assert!(!refused().await);
}

#[tokio::test(start_paused = true)]
async fn that_a_zone_queues_is_known_after_a_restart_too() {
    let queues = sim::Config::new().queue_jobs(Duration::from_secs(3_600)).queued_zones(["com"]);
    let (hub, journal) = (Hub::with(queues), journal());
    let add = |name: &str| Ptf::change("AddDomain").unwrap().param("domain", name).unwrap();
    let client = hub.client(journal.clone()).await;
    assert!(accepted(client.change(&add("a.com"), Safety::ReadBack).await).is_pending());
    hub.fault("AddDomain", Effect::ExecuteAndClose(Close::Fin));
    let lost = || add("b.com");
    let call = client.change(&lost(), Safety::ReadBack).key("b").deadline(Duration::from_secs(200));
    assert!(matches!(call.await, Ok(Outcome::InDoubt(_))));
    client.shutdown().await;
    let client = hub.client(journal).await;
    let call = client.change(&lost(), Safety::ReadBack).key("b").deadline(Duration::from_secs(200));
    assert!(matches!(call.await, Ok(Outcome::InDoubt(_))));
    assert_eq!(hub.registry(|registry| registry.jobs()), 2, "no second job for the same name");
}

#[tokio::test(start_paused = true)]
async fn a_key_in_doubt_is_never_told_as_not_sent() {
    let hub = Hub::new();
    let builder = hub.builder().journal(journal()).config(Config::new(7).jobs(1));
    let client = builder.connect().await.unwrap();
    hub.fault("add", Effect::ExecuteAndClose(Close::Fin));
    hub.registry(|registry| {
        let silent = Fault::on(Trigger::Command("status".into())).then(Effect::CloseBefore(Close::Fin));
        registry.faults().add(silent.always());
    });
    let add = || client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    assert!(matches!(add().deadline(Duration::from_secs(3_000)).await, Ok(Outcome::InDoubt(_))));
    // There is room for one command, and it is taken.
    hub.fault("check", Effect::Delay(Duration::from_secs(30)));
    let other = client.clone();
    let query = tokio::spawn(async move {
        // Sessions that were closed at once are not opened again at once.
        other.query(&Check::domain(&name())).deadline(Duration::from_secs(200)).await
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(add().await, Ok(Outcome::InDoubt(_))));
    query.await.unwrap().unwrap();
}

/// A client that lost the reply to an ADD and was gone before it knew.
async fn crashed(hub: &Hub, journal: &Memory) {
    hub.fault("add", Effect::ExecuteAndClose(Close::Fin));
    let client = hub.client(journal.clone()).await;
    let call = client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    let call = call.deadline(Duration::from_secs(6));
    hub.registry(|registry| {
        let silent = Fault::on(Trigger::Command("status".into()));
        registry.faults().add(silent.then(Effect::Stall));
    });
    assert!(matches!(call.await, Ok(Outcome::InDoubt(_))));
    client.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_with_a_key_is_joined_after_a_restart_too() {
    let (hub, journal) = (Hub::new(), journal());
    crashed(&hub, &journal).await;
    let client = hub.client(journal.clone()).await;
    let doubts = client.doubts().await.unwrap();
    assert_eq!(doubts.len(), 1);
    // Without the key, the object is closed to writes until that is settled.
    let not_sent = client.change(&Add::domain(&name()), Safety::ReadBack).await.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::ObjectInDoubt(ticket) if *ticket == doubts[0].ticket()));
    let add = || client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    let settled = accepted(add().await);
    assert_eq!(settled.ticket(), doubts[0].ticket());
    assert!(settled.is_replayed());
    assert!(client.doubts().await.unwrap().is_empty());
    client.shutdown().await;
    // And a third one, that knows it from the journal alone.
    let client = hub.client(journal).await;
    let add = client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    assert_eq!(accepted(add.await).ticket(), settled.ticket());
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
}
