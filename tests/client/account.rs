//! What belongs to the account and not to a session: a refused login, a lock of the account, and both across a restart.

use std::time::Duration;

use rrp::client::{Availability, Event};
use rrp::command::{Add, Check, CheckDomain, Safety};
use rrp::dispatch::{QueryError, Refused};
use rrp::journal::Memory;
use rrp::pace::Rate;
use rrp::pool;
use rrp::sim::{self, Close, Effect, Fault, Trigger};
use rrp::{Client, DomainName};
use tokio::time::Instant;

use crate::hub::{Hub, PASSWORD, journal};

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

fn check(number: usize) -> CheckDomain {
    Check::domain(&name(number))
}

async fn start(hub: &Hub, password: &str, journal: &Memory) -> Client {
    hub.builder_with(password).journal(journal.clone()).connect().await.unwrap()
}

fn is_unavailable(told: &Result<Availability, QueryError>) -> bool {
    matches!(told, Err(QueryError::Unsent(Refused::Unavailable(why))) if why.as_str().contains("530"))
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_told_to_all_who_wait_and_is_not_tried_again_after_a_restart() {
    let (hub, journal) = (Hub::new(), journal());
    let client = start(&hub, "wrong", &journal).await;
    let waiting = (0..50).map(|number| client.query(&check(number)).into_future());
    let begun = Instant::now();
    for told in futures_util::future::join_all(waiting).await {
        assert!(is_unavailable(&told), "{told:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
    client.shutdown().await;
    // Neither in this process nor in the next ones, whatever is asked and however long.
    for _ in 0..3 {
        let client = start(&hub, "wrong", &journal).await;
        for _ in 0..5 {
            assert!(is_unavailable(&client.query(&check(0)).await));
            let not_sent = client.change(&Add::domain(&name(0)), Safety::ReadBack).await.unwrap_err();
            assert!(matches!(not_sent.why(), Refused::Unavailable(_)));
            tokio::time::sleep(Duration::from_secs(3_600)).await;
        }
        let why = client.snapshot().await.unwrap().sessions.login_refused.unwrap();
        assert!(why.as_str().contains("530"), "{why}");
        client.shutdown().await;
    }
    assert_eq!((hub.dials(), hub.heard("session").len()), (1, 1));
    // Somebody has looked.
    let client = start(&hub, "wrong", &journal).await;
    client.retry_login();
    assert!(is_unavailable(&client.query(&check(0)).await));
    assert_eq!(hub.heard("session").len(), 2);
    client.shutdown().await;
    // And corrected it: no need to say so besides.
    let client = start(&hub, PASSWORD, &journal).await;
    assert_eq!(client.query(&check(0)).await.unwrap(), Availability::Available);
    client.shutdown().await;
    // What was refused is forgotten with it.
    let client = start(&hub, "wrong", &journal).await;
    assert!(is_unavailable(&client.query(&check(0)).await));
    assert_eq!(hub.heard("session").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_login_refused_beside_sessions_that_work_keeps_nobody_from_them() {
    let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(1)));
    let client = hub.builder().sessions(0..=3).journal(journal()).connect().await.unwrap();
    client.query(&check(0)).await.unwrap();
    hub.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(530)).always());
    let waiting = (0..20).map(|number| client.query(&check(number)).into_future());
    for told in futures_util::future::join_all(waiting).await {
        assert_eq!(told.unwrap(), Availability::Available);
    }
    assert_eq!(hub.heard("session").len(), 2);
    // The last one that works is gone: then it is told.
    hub.fault("check", Effect::answer(420, false));
    assert!(client.query(&check(0)).await.is_err());
    assert!(is_unavailable(&client.query(&check(0)).await));
    // Somebody has unlocked it.
    hub.well();
    client.retry_login();
    assert_eq!(client.query(&check(0)).await.unwrap(), Availability::Available);
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_the_account_refuses_whoever_cannot_wait_and_ends_with_one_read() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let mut events = client.events();
    client.query(&check(0)).await.unwrap();
    let begun = Instant::now();
    hub.fault("check", Effect::answer(422, false));
    let patient = (0..10).map(|number| {
        client.query(&check(number)).caller("patient").deadline(Duration::from_secs(900)).into_future()
    });
    let hasty = (10..20).map(|number| client.query(&check(number)).caller("hasty").into_future());
    let (patient, hasty) =
        tokio::join!(futures_util::future::join_all(patient), futures_util::future::join_all(hasty));
    assert!(patient.iter().all(Result::is_ok), "{patient:?}");
    let held = hasty.iter().filter(|told| matches!(told, Err(QueryError::Unsent(Refused::Held { .. }))));
    assert!(held.count() >= 8, "{hasty:?}");
    assert!(begun.elapsed() >= Duration::from_secs(300));
    // Nothing was sent meanwhile, no keepalive either; then one read, and after it the others.
    let heard = hub.heard("");
    let gap = heard.windows(2).position(|pair| pair[1].when - pair[0].when >= Duration::from_secs(299));
    let first = &heard[gap.unwrap() + 1];
    assert!(first.text.starts_with("describe"), "{first:?}");
    assert_eq!(hub.heard("describe").len(), 1);
    assert!(matches!(events.next().await, Some(Event::Sessions(pool::Event::Opened { .. }))));
    let mut told = Vec::new();
    client.shutdown().await;
    while let Some(event) = events.next().await {
        told.push(event);
    }
    let held = Event::Sessions(pool::Event::Held { wait: Duration::from_secs(300) });
    assert_eq!(told.iter().filter(|event| **event == held).count(), 1, "{told:?}");
    assert!(told.contains(&Event::Sessions(pool::Event::HoldOver)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_lasts_longer_is_found_by_the_one_read() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    client.query(&check(0)).await.unwrap();
    hub.fault("check", Effect::answer(422, false));
    hub.add(Fault::on(Trigger::Command("describe".into())).then(Effect::answer(422, false)).times(2));
    let begun = Instant::now();
    let told = client.query(&check(1)).deadline(Duration::from_secs(3_000)).await;
    assert_eq!(told.unwrap(), Availability::Available);
    assert!(begun.elapsed() >= Duration::from_secs(900), "{:?}", begun.elapsed());
    assert_eq!(hub.heard("describe").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_the_account_outlasts_a_restart() {
    let (hub, journal) = (Hub::new(), journal());
    let client = start(&hub, PASSWORD, &journal).await;
    client.query(&check(0)).await.unwrap();
    hub.fault("check", Effect::answer(422, false));
    let begun = Instant::now();
    assert!(client.query(&check(1)).await.is_err());
    client.shutdown().await;
    let logins = hub.heard("session").len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let client = start(&hub, PASSWORD, &journal).await;
    let left = match client.query(&check(2)).await {
        Err(QueryError::Unsent(Refused::Held { left })) => left,
        other => panic!("{other:?}"),
    };
    assert!((200..=240).contains(&left.as_secs()), "{left:?}");
    assert!(client.snapshot().await.unwrap().sessions.held_until.is_some());
    assert_eq!(hub.heard("session").len(), logins, "no login either");
    let told = client.query(&check(2)).deadline(Duration::from_secs(600)).await;
    assert_eq!(told.unwrap(), Availability::Available);
    assert!(begun.elapsed() >= Duration::from_secs(300), "{:?}", begun.elapsed());
    assert!(client.snapshot().await.unwrap().sessions.held_until.is_none());
    client.shutdown().await;
    // It is over for the next one, too.
    let client = start(&hub, PASSWORD, &journal).await;
    assert_eq!(client.query(&check(3)).await.unwrap(), Availability::Available);
    assert_eq!(hub.heard("describe").len(), 1);
}

/// One that was killed: its runtime is gone, and its connections with it.
#[test]
fn sessions_of_a_process_that_was_killed_stay_charged_until_a_login_has_shown_that_they_are_gone() {
    let journal = journal();
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let killed = runtime();
    killed.block_on(async {
        let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(1)));
        let client = hub.builder().sessions(0..=3).journal(journal.clone()).connect().await.unwrap();
        let waiting = (0..30).map(|number| client.query(&check(number)).into_future());
        futures_util::future::join_all(waiting).await;
        assert_eq!(hub.most(), 3);
        std::mem::forget(client);
    });
    drop(killed);
    runtime().block_on(async {
        let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(1)));
        let client = hub.builder().sessions(0..=3).journal(journal).connect().await.unwrap();
        assert_eq!(client.snapshot().await.unwrap().sessions.sessions.ghosts, 3);
        client.query(&check(0)).await.unwrap();
        assert!(client.snapshot().await.unwrap().sessions.sessions.ghosts < 3, "one login was accepted");
        let waiting = (0..30).map(|number| client.query(&check(number)).into_future());
        for told in futures_util::future::join_all(waiting).await {
            assert_eq!(told.unwrap(), Availability::Available);
        }
        assert_eq!(hub.most(), 3);
    });
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_full_is_left_alone_and_a_foreign_user_reported() {
    let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(1)));
    let client = hub.builder().sessions(0..=5).journal(journal()).connect().await.unwrap();
    let mut events = client.events();
    client.query(&check(0)).await.unwrap();
    let begun = Instant::now();
    hub.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(521)).times(2));
    let waiting = (0..300)
        .map(|number| client.query(&check(number)).deadline(Duration::from_secs(3_000)).into_future());
    for told in futures_util::future::join_all(waiting).await {
        assert_eq!(told.unwrap(), Availability::Available);
    }
    client.shutdown().await;
    let logins = hub.heard("session");
    assert!(logins[2].when - logins[1].when >= Duration::from_secs(15), "{logins:?}");
    assert!(logins[3].when - logins[2].when >= Duration::from_secs(30), "{logins:?}");
    assert!(begun.elapsed() < Duration::from_secs(300), "one session goes on meanwhile");
    let (mut full, mut foreign, mut grown) = (0, 0, 0);
    while let Some(event) = events.next().await {
        match event {
            Event::Sessions(pool::Event::Full { ours, ghosts, target }) => {
                assert_eq!((ours, ghosts, target), (1, 0, 1));
                full += 1;
            }
            Event::Sessions(pool::Event::ForeignUse { ours, ghosts, max }) => {
                assert_eq!((ours, ghosts, max), (1, 0, 5));
                foreign += 1;
            }
            Event::Sessions(pool::Event::Grown { .. }) => grown += 1,
            _ => {}
        }
    }
    assert_eq!((full, foreign), (2, 2));
    assert!(grown >= 2, "{grown}");
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_counts_commands_locks_nobody_who_keeps_the_pace() {
    let config = sim::Config::new().rate(1, Duration::from_secs(1), Duration::from_secs(300));
    let (hub, journal) = (Hub::with(config), journal());
    for round in 0..3 {
        let client = hub.builder().rate(Rate::PER_SECOND).journal(journal.clone()).connect().await.unwrap();
        if round > 0 {
            hub.fault("check", Effect::answer(420, false));
            hub.add(Fault::on(Trigger::Idle(Duration::from_secs(30))).then(Effect::Close(Close::Fin)));
        }
        for number in 0..5 {
            let told = client.query(&check(number)).await;
            assert_eq!(told.unwrap(), Availability::Available, "{round}");
        }
        tokio::time::sleep(Duration::from_secs(50)).await;
        client.query(&check(9)).await.unwrap();
        client.shutdown().await;
        // The next process begins at once.
    }
    for pair in hub.heard("").windows(2) {
        assert!(pair[1].when - pair[0].when >= Duration::from_secs(1), "{pair:?}");
    }
}

/// Nobody had asked for anything: it was a keepalive that found the account locked, and the session closed behind it.
#[tokio::test(start_paused = true)]
async fn a_lock_that_a_keepalive_finds_is_heeded_though_its_session_ends() {
    for closes in [false, true] {
        let hub = Hub::new();
        let client = hub.builder().sessions(1..=2).journal(journal()).connect().await.unwrap();
        let mut fault = Fault::on(Trigger::Command("describe".into())).then(Effect::answer(422, false));
        if closes {
            fault = fault.then(Effect::Close(Close::Fin));
        }
        hub.add(fault);
        while hub.heard("describe").is_empty() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let sent = hub.heard("").len();
        let told = client.query(&check(0)).await;
        assert!(matches!(told, Err(QueryError::Unsent(Refused::Held { .. }))), "{told:?}");
        tokio::time::sleep(Duration::from_secs(200)).await;
        assert_eq!(hub.heard("").len(), sent, "nothing, and no login");
        let told = client.query(&check(0)).deadline(Duration::from_secs(600)).await;
        assert_eq!(told.unwrap(), Availability::Available);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_refused_for_another_reason_is_tried_less_and_less() {
    for code in [541, 545, 549] {
        let hub = Hub::new();
        hub.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(code)).always());
        let client = hub.client(journal()).await;
        let day = Duration::from_secs(86_400);
        let told = tokio::time::timeout(day, client.query(&check(0)).deadline(10 * day).into_future()).await;
        assert!(told.is_err(), "{told:?}");
        let logins = hub.heard("session").len();
        assert!((100..200).contains(&logins), "{code}: {logins} logins in a day");
        // Once it is well again it is found so.
        hub.well();
        let query = client.query(&check(0)).deadline(Duration::from_secs(700));
        assert!(query.await.is_ok());
        client.shutdown().await;
    }
}
