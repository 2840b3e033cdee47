//! Journals that fail, or take their time.

use std::sync::Arc;
use std::time::Duration;

use rrp::DomainName;
use rrp::client::Availability;
use rrp::client::{Event, StartError};
use rrp::command::{Add, Check, Safety};
use rrp::dispatch::{NotSent, Outcome, Put, Refused, Standing};
use rrp::journal::{BoxFuture, Journal, JournalError, JournalErrorKind, Memory, Restored, Scope};
use rrp::pace::Rate;
use rrp::sim::{Change, Close, Effect, Fault, Trigger};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;

use crate::hub::{Hub, journal, polled, standing};

fn name() -> DomainName {
    "example.com".parse().unwrap()
}

fn is_about_the_journal(not_sent: &NotSent) -> bool {
    matches!(not_sent.why(), Refused::Journal(_))
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_is_written_but_reads_go_on() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    journal.fail(Some(JournalErrorKind::Io));
    let add = || client.change(&Add::domain(&name()), Safety::ReadBack);
    let not_sent = add().await.unwrap_err();
    assert!(is_about_the_journal(&not_sent), "{not_sent:?}");
    assert_eq!(not_sent.command().name(), "add");
    assert!(is_about_the_journal(&add().await.unwrap_err()));
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    // It works again, and is found to within seconds.
    journal.fail(None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(matches!(add().await, Ok(Outcome::Accepted(_))));
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    assert_eq!(journal.entries().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_recorded_is_told_and_recorded_later() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    hub.fault("add", Effect::Delay(Duration::from_secs(10)));
    let breaks = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        journal.fail(Some(JournalErrorKind::NoSpace));
    };
    let (told, ()) =
        tokio::join!(client.change(&Add::domain(&name()), Safety::ReadBack).into_future(), breaks);
    let Ok(Outcome::Accepted(accepted)) = told else { panic!("{told:?}") };
    assert!(!accepted.is_recorded());
    assert_eq!(standing(&journal, accepted.ticket()), "open");
    let other = Add::domain(&"example.net".parse().unwrap());
    assert!(is_about_the_journal(&client.change(&other, Safety::ReadBack).await.unwrap_err()));
    journal.fail(None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(standing(&journal, accepted.ticket()), "accepted");
    assert!(matches!(client.change(&other, Safety::ReadBack).await, Ok(Outcome::Accepted(_))));
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_journal_never_works_again_ends_all_the_same() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    hub.fault("add", Effect::Delay(Duration::from_secs(10)));
    let call = client.change(&Add::domain(&name()), Safety::ReadBack);
    let told = tokio::spawn(call.into_future());
    tokio::time::sleep(Duration::from_secs(5)).await;
    journal.fail(Some(JournalErrorKind::Io));
    let begun = tokio::time::Instant::now();
    client.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(matches!(told.await.unwrap(), Ok(Outcome::Accepted(accepted)) if !accepted.is_recorded()));
    // What is known of it is that it was begun: whoever starts on this journal is told so.
    assert!(journal.entries().iter().all(|entry| *entry.standing() == Standing::Open));
}

/// A journal that knows whose it is.
struct Owned(Memory, Scope);

impl Journal for Owned {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        let (restored, scope) = (self.0.restore(wall), self.1.clone());
        Box::pin(async move { Ok(restored.await?.of(scope)) })
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        self.0.write(puts, wall)
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_begins_on_no_journal_of_another_account_or_host() {
    let (hub, journal) = (Hub::new(), journal());
    let others = [
        ("127.0.0.1:2002", "registrar"),
        ("127.0.0.2", "registrar"),
        ("registry.example.com:2001", "registrar"),
        ("127.0.0.1:2001", "another"),
        ("127.0.0.1:2001", "Registrar"),
    ];
    for (host, account) in others {
        let owned = Owned(journal.clone(), Scope::new(host, account));
        let error = hub.builder().journal(owned).connect().await.unwrap_err();
        assert!(matches!(error, StartError::OtherJournal { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&format!("belongs to account `{account}` at `{host}`")), "{text}");
        assert!(text.contains("client is account `registrar` at `127.0.0.1:2001`"), "{text}");
    }
    // Ours, with its port or for any; and those who were refused do not have it still.
    for host in ["127.0.0.1:2001", "127.0.0.1"] {
        let client = hub.client(Owned(journal.clone(), Scope::new(host, "registrar"))).await;
        client.shutdown().await;
    }
    assert_eq!(hub.dials(), 0);
}

/// A journal whose writes of changes wait until somebody lets them.
#[derive(Clone)]
struct Slow {
    inner: Memory,
    lets: Arc<Semaphore>,
}

impl Journal for Slow {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        self.inner.restore(wall)
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        let waits = !puts.iter().all(|put| matches!(put, Put::Account(_)));
        let (lets, written) = (Arc::clone(&self.lets), self.inner.write(puts, wall));
        Box::pin(async move {
            if waits {
                lets.acquire().await.unwrap().forget();
            }
            written.await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_its_intent_is_durable() {
    let hub = Hub::new();
    let slow = Slow { inner: journal(), lets: Arc::new(Semaphore::new(0)) };
    let client = hub.client(slow.clone()).await;
    let call = client.change(&Add::domain(&name()), Safety::ReadBack);
    let call = tokio::spawn(call.into_future());
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(hub.registry(|registry| registry.commands()), 0);
    slow.lets.add_permits(1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    assert!(!call.is_finished(), "the outcome is not durable yet");
    slow.lets.add_permits(1);
    assert!(matches!(call.await.unwrap(), Ok(Outcome::Accepted(accepted)) if accepted.is_recorded()));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_says_nothing_stops_writes_and_not_reads_nor_keepalives() {
    let hub = Hub::new();
    let slow = Slow { inner: journal(), lets: Arc::new(Semaphore::new(0)) };
    let builder = hub.builder().sessions(0..=1).rate(Rate::PER_SECOND).journal(slow.clone());
    let client = builder.connect().await.unwrap();
    let mut events = client.events();
    let hour = Duration::from_secs(3_600);
    let change = client.change(&Add::domain(&name()), Safety::ReadBack).deadline(2 * hour);
    let change = tokio::spawn(change.into_future());
    // Its slot holds the pace for ten seconds, and no longer.
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.query(&Check::domain(&name())).await.unwrap();
    while events.next().await != Some(Event::JournalFails) {}
    let second = client.change(&Add::domain(&"example.net".parse().unwrap()), Safety::ReadBack).await;
    assert!(is_about_the_journal(&second.unwrap_err()));
    tokio::time::sleep(hour).await;
    assert!(hub.heard("describe").len() >= 5 && hub.dials() == 1);
    assert_eq!(hub.changes(Change::Created, "example.com"), 0);

    // It answers again: what has waited is sent, once.
    slow.lets.add_permits(10);
    assert!(matches!(change.await.unwrap(), Ok(Outcome::Accepted(accepted)) if accepted.is_recorded()));
    while events.next().await != Some(Event::JournalWorks) {}
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    client.shutdown().await;
    assert!(slow.inner.entries().iter().all(|entry| entry.standing().is_finished()));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_while_its_intent_is_recorded_has_sent_nothing() {
    let hub = Hub::new();
    let slow = Slow { inner: journal(), lets: Arc::new(Semaphore::new(0)) };
    let client = hub.client(slow.clone()).await;
    let call = client.change(&Add::domain(&name()), Safety::ReadBack);
    assert!(polled(call.into_future(), 40, Duration::from_secs(1)).await.is_none());
    assert_eq!(slow.inner.entries().len(), 1);
    slow.lets.add_permits(10);
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    client.shutdown().await;
    assert!(slow.inner.entries().is_empty());
    assert_eq!(hub.changes(Change::Created, "example.com"), 0);
}

/// The intent was durable, the session was gone before a byte was handed over, and then the runtime goes away.
#[test]
fn an_intent_that_was_taken_back_leaves_no_doubt() {
    let slow = Slow { inner: journal(), lets: Arc::new(Semaphore::new(0)) };
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (hub, call) = runtime.block_on(async {
        let hub = Hub::new();
        let client = hub.client(slow.clone()).await;
        client.query(&Check::domain(&name())).await.unwrap();
        let mut call = Box::pin(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_ready()));
        assert!(!polled.await);
        hub.registry(|registry| {
            let idle = Fault::on(Trigger::Idle(Duration::from_secs(5))).then(Effect::Close(Close::Fin));
            registry.faults().add(idle);
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(slow.inner.entries().len(), 1);
        hub.unreachable(true);
        slow.lets.add_permits(10);
        tokio::time::sleep(Duration::from_secs(10)).await;
        (hub, call)
    });
    drop(runtime);
    let not_sent = Builder::new_current_thread().build().unwrap().block_on(call).unwrap_err();
    assert!(matches!(not_sent.why(), Refused::Stopped));
    assert!(slow.inner.entries().is_empty());
    assert_eq!(hub.changes(Change::Created, "example.com"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_journal_hangs_ends_all_the_same_and_tells_the_ticket() {
    let hub = Hub::new();
    let slow = Slow { inner: journal(), lets: Arc::new(Semaphore::new(0)) };
    let client = hub.client(slow.clone()).await;
    let call = tokio::spawn(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.shutdown().await;
    let Ok(Outcome::InDoubt(doubt)) = call.await.unwrap() else { panic!("not in doubt") };
    assert_eq!(standing(&slow.inner, doubt.ticket()), "open");
    assert_eq!(hub.changes(Change::Created, "example.com"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_comes_back_late_leaves_quit_its_time() {
    let hub = Hub::new();
    let slow = Slow { inner: journal(), lets: Arc::new(Semaphore::new(0)) };
    let client = hub.client(slow.clone()).await;
    client.query(&Check::domain(&name())).await.unwrap();
    hub.add(Fault::on(Trigger::Command("quit".into())).then(Effect::Stall));
    let call = tokio::spawn(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = tokio::time::Instant::now();
    let lets = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        slow.lets.add_permits(10);
    };
    tokio::join!(client.shutdown(), lets);
    assert!((10..=16).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert!(matches!(call.await.unwrap(), Err(not_sent) if matches!(not_sent.why(), Refused::Stopped)));
    assert!(slow.inner.entries().is_empty());
}
