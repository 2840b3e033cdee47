//! The end of a client with several sessions: each ends by QUIT, at the account's pace, and in bounded time whatever the
//! registry does.

use std::time::Duration;

use rrp::client::Builder;
use rrp::command::{Add, Check, CheckDomain, Safety};
use rrp::dispatch::{DoubtReason, NotSent, Outcome, QueryError, Refused};
use rrp::pace::Rate;
use rrp::sim::{self, Change, Effect, Fault, Trigger};
use rrp::{Client, DomainName};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::hub::{Hub, journal, polled, standing};

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

fn check(number: usize) -> CheckDomain {
    Check::domain(&name(number))
}

/// A client with five sessions, none of them in use.
async fn with_five(builder: impl FnOnce(Builder) -> Builder) -> (Hub, Client) {
    let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(5)));
    let client = builder(hub.builder()).sessions(5..=5).connect().await.unwrap();
    let mut waited = 0;
    while hub.registry(|registry| registry.sessions("registrar")) < 5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        waited += 1;
        assert!(waited < 200, "five sessions do not open");
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    (hub, client)
}

fn sessions(hub: &Hub) -> usize {
    hub.registry(|registry| registry.sessions("registrar"))
}

#[tokio::test(start_paused = true)]
async fn each_session_ends_by_quit() {
    let (hub, client) = with_five(|builder| builder).await;
    let begun = Instant::now();
    client.shutdown().await;
    assert_eq!((hub.heard("quit").len(), sessions(&hub)), (5, 0));
    assert_eq!(begun.elapsed().as_secs(), 5, "all at once");
    assert_eq!(hub.registry(|registry| registry.connections().len()), 0);
}

#[tokio::test(start_paused = true)]
async fn each_session_ends_by_quit_at_the_accounts_pace() {
    for rate in [Rate::PER_SECOND, Rate::every(Duration::from_secs(10))] {
        let (hub, client) = with_five(|builder| builder.rate(rate)).await;
        let begun = Instant::now();
        client.shutdown().await;
        let quits = hub.heard("quit");
        assert_eq!((quits.len(), sessions(&hub)), (5, 0), "{rate:?}");
        for pair in quits.windows(2) {
            assert!(pair[1].when - pair[0].when >= rate.interval(), "{pair:?}");
        }
        let most = 5 * (rate.interval() + rate.delay()) + Duration::from_secs(5);
        assert!(begun.elapsed() <= most, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_never_answers_to_quit_is_not_waited_for() {
    for rate in [Rate::UNLIMITED, Rate::PER_SECOND] {
        let (hub, client) = with_five(|builder| builder.rate(rate)).await;
        hub.add(Fault::on(Trigger::Command("quit".into())).then(Effect::Stall).always());
        let begun = Instant::now();
        client.shutdown().await;
        assert_eq!(hub.heard("quit").len(), 5);
        assert!(begun.elapsed() <= Duration::from_secs(20), "{rate:?}: {:?}", begun.elapsed());
        assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Stopped))));
    }
}

#[tokio::test(start_paused = true)]
async fn the_pace_of_a_registry_that_is_slow_beyond_measure_is_not_waited_for() {
    let (hub, client) = with_five(|builder| builder).await;
    client.shutdown().await;
    assert_eq!(hub.heard("quit").len(), 5);
    let client = hub.builder().rate(Rate::every(Duration::from_secs(300))).connect().await.unwrap();
    client.query(&check(0)).deadline(Duration::from_secs(36_000)).await.unwrap();
    let begun = Instant::now();
    client.shutdown().await;
    assert!(begun.elapsed() <= Duration::from_secs(121), "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((hub.heard("quit").len(), sessions(&hub)), (6, 0), "it ends all the same, and in order");
}

#[tokio::test(start_paused = true)]
async fn what_is_on_five_wires_is_finished_and_what_waits_is_given_back() {
    let (hub, client) = with_five(|builder| builder).await;
    let mut changes = JoinSet::new();
    for number in 0..50 {
        changes.spawn(client.change(&Add::domain(&name(number)), Safety::ReadBack).into_future());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.shutdown().await;
    let (mut done, mut unsent) = (0, 0);
    while let Some(told) = changes.join_next().await {
        match told.unwrap() {
            Ok(Outcome::Accepted(accepted)) => {
                assert!(accepted.is_recorded());
                done += 1;
            }
            Err(not_sent) => {
                assert!(matches!(not_sent.why(), Refused::Stopped));
                unsent += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, unsent), (5, 45));
    assert_eq!(hub.registry(|registry| registry.domains().len()), 5);
    assert_eq!((hub.heard("quit").len(), sessions(&hub)), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_takes_five_sessions_with_it() {
    let (hub, client) = with_five(|builder| builder.rate(Rate::PER_SECOND)).await;
    drop(client);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!((hub.heard("quit").len(), sessions(&hub)), (5, 0));
}

/// A client of which a session has come so far, with a query that waits, ends within so many seconds.
async fn ends_while(case: &str, hub: Hub, builder: Builder, within: u64) {
    let client = builder.connect().await.unwrap();
    let call = tokio::spawn(client.query(&check(0)).deadline(Duration::from_secs(900)).into_future());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let opening = client.snapshot().await.unwrap().sessions.sessions.opening;
    assert_eq!(opening, 1, "{case}");
    let begun = Instant::now();
    client.shutdown().await;
    let took = begun.elapsed();
    assert!(took <= Duration::from_secs(within), "{case}: {took:?}");
    assert!(matches!(call.await.unwrap(), Err(QueryError::Unsent(Refused::Stopped))), "{case}");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(sessions(&hub), 0, "{case}");
    assert_eq!(hub.registry(|registry| registry.connections().len()), 0, "{case}");
    assert_eq!(hub.heard("check").len(), 0, "{case}");
}

#[tokio::test(start_paused = true)]
async fn a_client_ends_however_far_a_session_has_come() {
    let hub = Hub::new();
    let stuck = hub.builder().dial(std::future::pending::<std::io::Result<tokio::io::DuplexStream>>);
    ends_while("connecting", hub, stuck, 0).await;

    let hub = Hub::new();
    hub.add(Fault::on(Trigger::AnyConnection).then(Effect::Delay(Duration::from_secs(20))));
    ends_while("before the greeting", hub.clone(), hub.builder(), 0).await;
    assert_eq!(hub.heard("").len(), 0, "before the login not even QUIT may be sent");

    let hub = Hub::new();
    ends_while("greeted", hub.clone(), hub.builder().rate(Rate::every(Duration::from_secs(10))), 0).await;
    assert_eq!((hub.dials(), hub.heard("").len()), (1, 0));

    let hub = Hub::new();
    hub.add(Fault::on(Trigger::Login).then(Effect::Delay(Duration::from_secs(10))));
    ends_while("logging in", hub.clone(), hub.builder(), 11).await;
    assert_eq!(hub.heard("quit").len(), 1);

    let hub = Hub::new();
    hub.add(Fault::on(Trigger::Login).then(Effect::Stall));
    ends_while("logging in without end", hub.clone(), hub.builder(), 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_needs_any_more_is_closed_though_a_command_goes_on() {
    let hub = Hub::new();
    hub.add(Fault::on(Trigger::Connection(2)).then(Effect::Stall));
    hub.fault("add", Effect::Delay(Duration::from_secs(60)));
    let client = hub.builder().journal(journal()).connect().await.unwrap();
    let change = tokio::spawn(client.change(&Add::domain(&name(0)), Safety::ReadBack).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let query = tokio::spawn(client.query(&check(1)).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let connections = || hub.registry(|registry| registry.connections().len());
    assert_eq!(connections(), 2);
    let ending = client.clone();
    let ends = tokio::spawn(async move { ending.shutdown().await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(query.await.unwrap().is_err() && !change.is_finished());
    assert_eq!(connections(), 1);
    ends.await.unwrap();
    assert!(matches!(change.await.unwrap(), Ok(Outcome::Accepted(_))));
    assert_eq!((hub.heard("quit").len(), connections()), (1, 0));
}

/// As with one session: what a caller is told when the runtime goes is never less than what was done.
#[test]
fn a_runtime_that_goes_away_from_three_sessions_never_makes_sent_out_of_unsent() {
    let (mut unsent, mut doubts) = (0, 0);
    for turns in 0..30 {
        let journal = journal();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (hub, calls) = runtime.block_on(async {
            let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(1)));
            let client = hub.builder().sessions(0..=3).journal(journal.clone()).connect().await.unwrap();
            let mut calls: Vec<_> = (0..12)
                .map(|number| {
                    Box::pin(client.change(&Add::domain(&name(number)), Safety::ReadBack).into_future())
                })
                .collect();
            for call in &mut calls {
                assert!(polled(call.as_mut(), 1, Duration::ZERO).await.is_none());
            }
            tokio::time::sleep(Duration::from_millis(250 * turns)).await;
            (hub, calls)
        });
        drop(runtime);
        let outside = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (number, call) in calls.into_iter().enumerate() {
            let executed = hub.changes(Change::Created, name(number).as_str());
            match outside.block_on(call) {
                Ok(Outcome::Accepted(_)) => assert_eq!(executed, 1),
                Ok(Outcome::InDoubt(doubt)) => {
                    doubts += 1;
                    assert_eq!(doubt.reason(), DoubtReason::Stopped);
                    assert_eq!(standing(&journal, doubt.ticket()), "open");
                }
                Err(not_sent) => {
                    unsent += 1;
                    assert!(is_stopped(&not_sent) && executed == 0, "{turns}, {number}");
                }
                other => panic!("{other:?}"),
            }
        }
        let open = journal.entries().iter().filter(|entry| entry.standing().as_str() == "open").count();
        assert!(open <= 3, "never more open intents than sessions: {open}");
    }
    assert!(unsent > 0 && doubts > 0, "{unsent} {doubts}");
}

fn is_stopped(not_sent: &NotSent) -> bool {
    matches!(not_sent.why(), Refused::Stopped)
}
