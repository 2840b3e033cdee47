//! What those see who watch: events, and what the account looks like at one moment.

use std::time::Duration;

use rrp::DomainName;
use rrp::client::{Event, Events};
use rrp::command::{Add, Check, CheckDomain, Safety};
use rrp::dispatch::{Outcome, Refused};
use rrp::journal::JournalErrorKind;
use rrp::pace::{Lane, Rate};
use rrp::pool;
use rrp::retry::Backoff;
use rrp::sim::{self, Change, Close, Effect, Fault, Trigger};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::hub::{Hub, journal, polled, standing};

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

fn check(number: usize) -> CheckDomain {
    Check::domain(&name(number))
}

/// What has happened so far.
async fn so_far(events: &mut Events) -> Vec<Event> {
    let mut seen = Vec::new();
    while let Some(event) = polled(events.next(), 1, Duration::ZERO).await {
        seen.push(event.expect("it has not ended"));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_session_that_comes_and_goes_is_seen() {
    let hub = Hub::new();
    let client =
        hub.builder().reopening(Backoff::new(Duration::ZERO, Duration::ZERO)).connect().await.unwrap();
    let (mut events, mut other) = (client.events(), client.events());
    client.query(&check(0)).await.unwrap();
    hub.fault("check", Effect::answer(420, false));
    hub.add(Fault::on(Trigger::Login).then(Effect::CloseBefore(Close::Fin)));
    client.query(&check(0)).await.unwrap();
    let seen = so_far(&mut events).await;
    let [
        Event::Sessions(pool::Event::Opened { session: 1 }),
        Event::Sessions(pool::Event::Ended { session: 1, code: Some(code), .. }),
        Event::Sessions(pool::Event::NotOpened { session: 2, why }),
        Event::Sessions(pool::Event::Opened { session: 3 }),
    ] = &seen[..]
    else {
        panic!("{seen:?}")
    };
    assert!(code.as_u16() == 420 && why.as_str().contains("login"), "{seen:?}");
    // Each who watches sees all; whoever comes later, what happens from then on.
    assert_eq!(so_far(&mut other).await, seen);
    assert!(so_far(&mut client.events()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_seen_once() {
    let hub = Hub::new();
    let client = hub.builder_with("wrong").connect().await.unwrap();
    let mut events = client.events();
    for _ in 0..3 {
        assert!(client.query(&check(0)).await.is_err());
    }
    let seen = so_far(&mut events).await;
    let [Event::Sessions(pool::Event::LoginRefused { why })] = &seen[..] else { panic!("{seen:?}") };
    assert!(why.as_str().contains("530"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_write_left_in_doubt_is_seen_though_its_caller_has_left() {
    for leaves in [false, true] {
        let (hub, journal) = (Hub::new(), journal());
        let client = hub.client(journal.clone()).await;
        let mut events = client.events();
        hub.fault("add", Effect::ExecuteAndClose(Close::Fin));
        hub.add(Fault::on(Trigger::Command("status".into())).then(Effect::CloseBefore(Close::Fin)).always());
        let call =
            client.change(&Add::domain(&name(0)), Safety::ReadBack).deadline(Duration::from_secs(3_000));
        if leaves {
            assert!(polled(call.into_future(), 40, Duration::from_millis(10)).await.is_none());
            tokio::time::sleep(Duration::from_secs(4_000)).await;
        } else {
            assert!(matches!(call.await, Ok(Outcome::InDoubt(_))));
        }
        let ticket = journal.entries()[0].ticket();
        assert_eq!(standing(&journal, ticket), "in-doubt");
        let doubts = so_far(&mut events).await.into_iter().filter(|event| *event == Event::InDoubt(ticket));
        assert_eq!(doubts.count(), 1);
        assert_eq!(client.snapshot().await.unwrap().work.doubts(), 1);
        assert_eq!(hub.changes(Change::Created, name(0).as_str()), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_and_works_again_is_seen() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    client.query(&check(0)).await.unwrap();
    let mut events = client.events();
    journal.fail(Some(JournalErrorKind::NoSpace));
    let not_sent = client.change(&Add::domain(&name(0)), Safety::ReadBack).await.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::Journal(_)));
    assert_eq!(so_far(&mut events).await, [Event::JournalFails]);
    assert!(client.snapshot().await.unwrap().work.frozen().is_some());
    journal.fail(None);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(so_far(&mut events).await, [Event::JournalWorks]);
    assert!(client.snapshot().await.unwrap().work.frozen().is_none());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_slow_is_told_how_much_was_missed() {
    let hub = Hub::new();
    let client =
        hub.builder().reopening(Backoff::new(Duration::ZERO, Duration::ZERO)).connect().await.unwrap();
    let (mut slow, mut quick) = (client.events(), client.events());
    hub.add(Fault::on(Trigger::Login).then(Effect::CloseBefore(Close::Fin)).times(2_000));
    let watch = tokio::spawn(async move {
        let mut seen = 0_u64;
        while let Some(event) = quick.next().await {
            assert!(matches!(event, Event::Sessions(_)), "{event:?}");
            seen += 1;
        }
        seen
    });
    client.query(&check(0)).await.unwrap();
    client.shutdown().await;
    let Some(Event::Missed(missed)) = slow.next().await else { panic!() };
    let mut rest = 0;
    while let Some(event) = slow.next().await {
        assert!(matches!(event, Event::Sessions(_)), "{event:?}");
        rest += 1;
    }
    assert_eq!(rest, 1_024);
    assert_eq!(missed + rest, watch.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn events_end_with_the_client_though_handles_are_alive() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let mut events = client.events();
    client.query(&check(0)).await.unwrap();
    let other = client.clone();
    client.shutdown().await;
    assert!(matches!(events.next().await, Some(Event::Sessions(pool::Event::Opened { .. }))));
    assert!(matches!(events.next().await, Some(Event::Sessions(pool::Event::Ended { .. }))));
    assert_eq!(events.next().await, None);
    assert_eq!(events.next().await, None);
    assert_eq!(other.events().next().await, None);
    assert!(matches!(other.snapshot().await, Err(Refused::Stopped)));
    // And who watches does not keep it from ending by itself.
    let client = hub.client(journal()).await;
    let mut events = client.events();
    drop((client, other));
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_account_is_seen_while_calls_wait() {
    let (hub, journal) = (Hub::with(sim::Config::new().latency(Duration::from_secs(10))), journal());
    let builder = hub.builder().rate(Rate::PER_SECOND).sessions(1..=3).journal(journal.clone());
    let client = builder.connect().await.unwrap();
    let empty = client.snapshot().await.unwrap();
    assert_eq!((empty.work.calls(), empty.work.queued(), empty.sessions.sessions.max), (0, 0, 3));
    assert_eq!((empty.sessions.sessions.min, empty.sessions.sessions.target), (1, 3));
    assert!(empty.sessions.lanes.iter().all(|(_, lane)| lane.waiting() == 0 && lane.oldest().is_none()));
    let begun = Instant::now().into_std();
    let mut calls = JoinSet::new();
    for number in 0..100 {
        let lane = [Lane::Interactive, Lane::Normal, Lane::Bulk, Lane::Bulk][number % 4];
        let call = client.query(&check(number)).lane(lane).caller(&format!("caller-{}", number % 8));
        calls.spawn(call.deadline(Duration::from_secs(3_000)).into_future());
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let early = client.snapshot().await.unwrap();
    assert_eq!((early.work.calls(), early.work.queued(), early.work.on_the_wire()), (100, 100, 0));
    assert_eq!((early.work.callers(), early.sessions.sessions.opening), (8, 1));
    let lanes = early.sessions.lanes.map(|(lane, waits)| (lane, waits.waiting(), waits.callers()));
    let expected =
        [(Lane::Settle, 0, 0), (Lane::Interactive, 25, 2), (Lane::Normal, 25, 2), (Lane::Bulk, 50, 4)];
    assert_eq!(lanes, expected);
    for (lane, waits) in early.sessions.lanes {
        assert_eq!(waits.oldest(), (lane != Lane::Settle).then_some(begun), "{lane:?}");
    }
    assert_eq!(early.at.duration_since(begun), Duration::from_millis(500));
    assert_eq!(early.sessions.rate, Rate::PER_SECOND);
    assert!(early.sessions.next_at.is_some_and(|next| next > early.at));
    // Three sessions at work.
    tokio::time::sleep(Duration::from_secs(100)).await;
    let later = client.snapshot().await.unwrap();
    let sessions = later.sessions.sessions;
    assert_eq!(sessions.busy + sessions.idle, 3, "{sessions:?}");
    assert_eq!(later.work.on_the_wire(), sessions.busy);
    assert_eq!(later.work.calls(), later.work.queued() + later.work.on_the_wire());
    let waiting: usize = later.sessions.lanes.iter().map(|(_, waits)| waits.waiting()).sum();
    assert_eq!(waiting + later.sessions.parked, later.work.queued());
    assert!(waiting > 50, "{waiting}");
    // A lock of the account.
    hub.fault("check", Effect::answer(422, false));
    tokio::time::sleep(Duration::from_secs(40)).await;
    let held = client.snapshot().await.unwrap();
    let until = held.sessions.held_until.unwrap();
    assert!((200..=300).contains(&until.duration_since(held.at).as_secs()), "{held:?}");
    assert_eq!((held.work.on_the_wire(), held.work.held().is_some()), (0, true));
    assert!(!held.sessions.changes_password && held.sessions.login_refused.is_none());
    while let Some(told) = calls.join_next().await {
        told.unwrap().unwrap();
    }
    let over = client.snapshot().await.unwrap();
    assert_eq!((over.work.calls(), over.work.queued(), over.work.doubts()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_keeps_sessions_from_opening_is_seen() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.unreachable(true);
    let call = client.query(&check(0)).deadline(Duration::from_secs(100));
    assert!(polled(call.into_future(), 20, Duration::from_secs(1)).await.is_none());
    let seen = client.snapshot().await.unwrap();
    assert!(seen.sessions.trouble.is_some_and(|why| why.as_str().contains("unreachable")));
    assert_eq!(seen.sessions.sessions.idle, 0);
    assert_eq!(seen.work.calls(), 0, "its caller has left");
    hub.unreachable(false);
    client.query(&check(0)).await.unwrap();
    assert!(client.snapshot().await.unwrap().sessions.trouble.is_none());
}
