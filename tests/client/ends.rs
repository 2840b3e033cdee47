//! How a client ends: in order, by the last handle, or by its runtime.

use std::time::Duration;

use rrp::client::Availability;
use rrp::client::StartError;
use rrp::command::{Add, Check, Safety, Session};
use rrp::dispatch::{DoubtReason, Outcome, QueryError, Refused};
use rrp::sim::{Change, Close, Effect, Fault, Trigger};
use rrp::{Client, DomainName};

use crate::hub::{Hub, journal, standing};

fn name() -> DomainName {
    "example.com".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn at_the_end_what_is_on_the_wire_is_finished_and_what_waits_is_given_back() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.builder().sessions(0..=1).journal(journal.clone()).connect().await.unwrap();
    hub.fault("add", Effect::Delay(Duration::from_secs(20)));
    let on_the_wire = tokio::spawn(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = Add::domain(&"example.net".parse().unwrap());
    let waits = tokio::spawn(client.change(&other, Safety::ReadBack).into_future());
    let asks = tokio::spawn(client.query(&Check::domain(&name())).into_future());
    tokio::task::yield_now().await;
    client.shutdown().await;
    let Ok(Outcome::Accepted(accepted)) = on_the_wire.await.unwrap() else { panic!("not accepted") };
    assert_eq!(standing(&journal, accepted.ticket()), "accepted");
    let not_sent = waits.await.unwrap().unwrap_err();
    assert!(matches!(not_sent.why(), Refused::Stopped));
    assert!(matches!(asks.await.unwrap(), Err(QueryError::Unsent(Refused::Stopped))));
    // The session ended by QUIT, and who comes later is told that nobody is there.
    assert_eq!(hub.registry(|registry| registry.connections().len()), 0);
    let quits = hub.registry(|registry| {
        registry
            .ledger()
            .entries()
            .iter()
            .filter(|entry| entry.command().eq_ignore_ascii_case("quit"))
            .count()
    });
    assert_eq!(quits, 1);
    assert!(matches!(client.doubts().await, Err(Refused::Stopped)));
    assert!(matches!(client.settle(accepted.ticket()).await, Err(Refused::Stopped)));
    let late = client.change(&other, Safety::ReadBack).await.unwrap_err();
    assert!(matches!(late.why(), Refused::Stopped));
    client.shutdown().await;
    assert_eq!(hub.registry(|registry| registry.domains().len()), 1);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_what_would_have_to_be_read_back_stays_in_doubt() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    hub.fault("add", Effect::CloseBefore(Close::Fin));
    let call = tokio::spawn(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.shutdown().await;
    let Ok(Outcome::InDoubt(doubt)) = call.await.unwrap() else { panic!("not in doubt") };
    assert_eq!(doubt.reason(), DoubtReason::Stopped);
    assert_eq!(standing(&journal, doubt.ticket()), "in-doubt");
    let client = hub.client(journal).await;
    assert_eq!(client.doubts().await.unwrap()[0].ticket(), doubt.ticket());
}

#[tokio::test(start_paused = true)]
async fn when_the_last_handle_goes_the_client_ends_in_order_by_itself() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let call = client.clone().query(&Check::domain(&name()));
    drop(client);
    // A call that is not over holds it.
    assert_eq!(call.await.unwrap(), Availability::Available);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hub.registry(|registry| registry.connections().len()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_caller_leaves_is_finished_though_the_last_handle_goes_too() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    hub.fault("add", Effect::Delay(Duration::from_secs(20)));
    let call = tokio::spawn(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
    tokio::time::sleep(Duration::from_secs(5)).await;
    call.abort();
    drop(client);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    assert_eq!(journal.entries()[0].standing().as_str(), "accepted");
}

/// A client whose runtime goes away at some point of a change: what its caller is told is never less than what was done.
#[test]
fn a_runtime_that_goes_away_never_makes_sent_out_of_unsent() {
    let (mut unsent, mut doubts) = (0, 0);
    for turns in 0..60 {
        let journal = journal();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (hub, call) = runtime.block_on(async {
            let hub = Hub::new();
            hub.fault("add", Effect::Delay(Duration::from_secs(20)));
            let client: Client = hub.client(journal.clone()).await;
            // Polled from outside, as a caller on another runtime would.
            let mut call = Box::pin(client.change(&Add::domain(&name()), Safety::ReadBack).into_future());
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_ready()));
            assert!(!polled.await);
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            (hub, call)
        });
        drop(runtime);
        let outside = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let executed = hub.changes(Change::Created, "example.com");
        match outside.block_on(call) {
            Ok(Outcome::InDoubt(doubt)) => {
                doubts += 1;
                assert_eq!(doubt.reason(), DoubtReason::Stopped);
                assert_eq!(standing(&journal, doubt.ticket()), "open");
            }
            Err(not_sent) => {
                unsent += 1;
                assert!(matches!(not_sent.why(), Refused::Stopped));
                assert!(journal.entries().is_empty(), "{turns}");
                assert_eq!(executed, 0, "{turns}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(unsent > 0 && doubts > 0, "{unsent} {doubts}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_login_is_proven_before_a_refusal_is_believed() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    assert!(client.query(&Check::domain(&name())).await.is_ok());
    hub.registry(|registry| {
        registry.faults().add(Fault::on(Trigger::Command("check".into())).then(Effect::LoseLogin));
    });
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    assert_eq!(hub.dials(), 2);
}

#[test]
fn a_client_that_cannot_begin_says_why() {
    let builder = || Client::builder("127.0.0.1:2001".parse().unwrap());
    let login = || Session::login("registrar", "password".to_owned()).unwrap();
    // Polled without a runtime.
    let outside = |builder: rrp::client::Builder| {
        let mut begun = Box::pin(builder.connect());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        begun.as_mut().poll(&mut cx)
    };
    let std::task::Poll::Ready(Err(error)) = outside(builder().login(login())) else { panic!("begun") };
    assert!(matches!(error, StartError::NoRuntime));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(builder().connect()).unwrap_err();
    assert!(matches!(error, StartError::NoLogin), "{error:?}");
    let changes = login().new_password("another".to_owned()).unwrap();
    let error = runtime.block_on(builder().login(changes).connect()).unwrap_err();
    assert!(matches!(error, StartError::ChangesPassword), "{error:?}");
}
