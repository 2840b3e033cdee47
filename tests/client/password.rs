//! A new password for an account that is in use, and where each way of losing it ends.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rrp::DomainName;
use rrp::client::{Availability, Builder, Client, Event, PasswordError};
use rrp::command::{Check, CheckDomain, Dialect, Session};
use rrp::dispatch::{QueryError, Refused};
use rrp::journal::Memory;
use rrp::pace::Rate;
use rrp::pool;
use rrp::session::Config;
use rrp::sim::{self, Close, Effect, Fault, Trigger};
use tokio::task::JoinSet;

use crate::hub::{Hub, PASSWORD, journal, polled};

const NEXT: &str = "n3xt";

fn check(number: usize) -> CheckDomain {
    let name: DomainName = format!("example-{number}.com").parse().unwrap();
    Check::domain(&name)
}

/// Where passwords are kept.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Vec<String>>>);

impl Store {
    fn kept(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    async fn change(&self, client: &Client) -> Result<(), PasswordError> {
        let store = self.clone();
        let keep = move |password: rrp::Secret| async move {
            tokio::task::yield_now().await;
            store.0.lock().unwrap().push(password.expose().to_owned());
            io::Result::Ok(())
        };
        client.change_password(NEXT.to_owned(), keep).await
    }
}

/// Each login that the registry was asked for: which passwords it had.
fn logins(hub: &Hub) -> Vec<&'static str> {
    let which = |text: &str| match (text.contains(PASSWORD), text.contains(NEXT)) {
        (true, true) => "both",
        (true, false) => "old",
        (false, true) => "new",
        (false, false) => panic!("{text}"),
    };
    hub.heard("session").iter().map(|heard| which(&heard.text)).collect()
}

async fn start(builder: Builder, journal: &Memory) -> Client {
    builder.journal(journal.clone()).connect().await.unwrap()
}

/// A client with three sessions, all of them logged in.
async fn with_three_sessions() -> (Hub, Memory, Client) {
    let (hub, journal) = (Hub::with(sim::Config::new().latency(Duration::from_secs(1))), journal());
    let client = start(hub.builder().sessions(0..=3), &journal).await;
    ask(&client, 30).await;
    assert_eq!(logins(&hub), ["old", "old", "old"]);
    (hub, journal, client)
}

async fn ask(client: &Client, calls: usize) {
    let mut asked = JoinSet::new();
    for number in 0..calls {
        asked.spawn(client.query(&check(number)).deadline(Duration::from_secs(900)).into_future());
    }
    while let Some(told) = asked.join_next().await {
        assert_eq!(told.unwrap().unwrap(), Availability::Available);
    }
}

/// The next login loses its reply.
fn lose_login(hub: &Hub, effect: Effect) {
    hub.add(Fault::on(Trigger::Login).then(effect));
}

#[tokio::test(start_paused = true)]
async fn a_changed_password_rolls_over_all_sessions_one_at_a_time() {
    let (hub, journal, client) = with_three_sessions().await;
    let mut events = client.events();
    let store = Store::default();
    // Work goes on meanwhile.
    let (changed, ()) = tokio::join!(store.change(&client), ask(&client, 60));
    changed.unwrap();
    assert_eq!(store.kept(), [NEXT]);
    ask(&client, 60).await;
    assert_eq!(logins(&hub), ["old", "old", "old", "both", "new", "new"]);
    assert_eq!((hub.most(), hub.heard("quit").len()), (3, 3));
    let snapshot = client.snapshot().await.unwrap().sessions;
    assert!(!snapshot.changes_password);
    assert_eq!(snapshot.sessions.idle + snapshot.sessions.busy, 3);
    client.shutdown().await;
    let mut ended = 0;
    let changed = loop {
        match events.next().await.unwrap() {
            Event::Sessions(pool::Event::Ended { .. }) => ended += 1,
            Event::Sessions(pool::Event::PasswordChanged) => break true,
            _ => {}
        }
    };
    assert!(changed && ended <= 1, "the others end after it, one at a time");
    // The old one holds no more, and the journal has nothing against either.
    let client = start(hub.builder_with(NEXT), &journal).await;
    assert_eq!(client.query(&check(0)).await.unwrap(), Availability::Available);
    client.shutdown().await;
    let client = start(hub.builder(), &journal).await;
    assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_new_password_that_is_refused_later_is_not_tried_by_the_next_process() {
    let (hub, journal, client) = with_three_sessions().await;
    Store::default().change(&client).await.unwrap();
    ask(&client, 60).await;
    let tried = logins(&hub).len();
    hub.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(530)).always());
    hub.add(Fault::on(Trigger::Idle(Duration::from_secs(1))).then(Effect::Close(Close::Fin)).times(3));
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(client.query(&check(0)).await.is_err());
    client.shutdown().await;
    let client = start(hub.builder_with(NEXT), &journal).await;
    assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
    assert_eq!(logins(&hub).len(), tried + 1);
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_not_kept_is_not_sent() {
    let (hub, _, client) = with_three_sessions().await;
    let full = |_| async { Err(io::Error::from(io::ErrorKind::StorageFull)) };
    let error = client.change_password(NEXT.to_owned(), full).await.unwrap_err();
    assert!(matches!(error, PasswordError::NotStored(_)), "{error:?}");
    // Nor is one kept that no login can carry.
    let store = Store::default();
    let keep = |_| async { Err(io::Error::other("it was asked to keep it")) };
    let error = client.change_password("one\r\ntwo".to_owned(), keep).await.unwrap_err();
    assert!(matches!(error, PasswordError::Invalid(_)), "{error:?}");
    ask(&client, 30).await;
    assert_eq!(logins(&hub), ["old"; 3]);
    // All is as before: the next change goes well.
    store.change(&client).await.unwrap();
    assert_eq!(logins(&hub)[3], "both");
}

#[tokio::test(start_paused = true)]
async fn one_change_at_a_time_and_none_where_none_can_begin() {
    let (hub, _, client) = with_three_sessions().await;
    let (one, two) = (Store::default(), Store::default());
    let (first, second) = tokio::join!(one.change(&client), two.change(&client));
    assert!(first.is_ok() && matches!(second, Err(PasswordError::NotBegun)), "{first:?} {second:?}");
    assert!(two.kept().is_empty(), "what is not begun is not kept");
    client.shutdown().await;
    assert!(matches!(two.change(&client).await, Err(PasswordError::NotBegun)));
    let refused = start(hub.builder_with("wrong"), &journal()).await;
    assert!(refused.query(&check(0)).await.is_err());
    assert!(matches!(two.change(&refused).await, Err(PasswordError::NotBegun)));
    assert!(two.kept().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_reply_is_lost_is_found_by_one_login_with_the_new_one() {
    let (hub, _, client) = with_three_sessions().await;
    lose_login(&hub, Effect::ExecuteAndClose(Close::Fin));
    Store::default().change(&client).await.unwrap();
    ask(&client, 60).await;
    assert_eq!(logins(&hub)[3..5], ["both", "new"]);
    assert!(logins(&hub)[5..].iter().all(|login| *login == "new"), "{:?}", logins(&hub));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_lost_is_found_by_one_login_with_each() {
    let (hub, _, client) = with_three_sessions().await;
    lose_login(&hub, Effect::CloseBefore(Close::Fin));
    let error = Store::default().change(&client).await.unwrap_err();
    assert!(matches!(error, PasswordError::NotChanged(_)), "{error:?}");
    ask(&client, 60).await;
    assert_eq!(logins(&hub)[3..], ["both", "new", "old"]);
    // And it can be tried again.
    Store::default().change(&client).await.unwrap();
    assert_eq!(logins(&hub)[6], "both");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_leaves_the_old_one() {
    let (hub, _, client) = with_three_sessions().await;
    lose_login(&hub, Effect::RefuseLogin(530));
    let error = Store::default().change(&client).await.unwrap_err();
    assert!(matches!(error, PasswordError::NotChanged(_)), "{error:?}");
    // Whether the old one is refused, or the new one does not please, nobody knows.
    assert_eq!(logins(&hub)[3..], ["both"]);
    ask(&client, 60).await;
    assert!(client.snapshot().await.unwrap().sessions.login_refused.is_some());
    client.retry_login();
    ask(&client, 60).await;
    assert_eq!(logins(&hub)[3..], ["both", "old"]);
}

#[tokio::test(start_paused = true)]
async fn where_neither_is_accepted_no_other_login_is_tried() {
    let (hub, journal, client) = with_three_sessions().await;
    lose_login(&hub, Effect::CloseBefore(Close::Fin));
    hub.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(530)).always());
    let error = Store::default().change(&client).await.unwrap_err();
    assert!(matches!(error, PasswordError::Unknown(_)), "{error:?}");
    // What is logged in goes on.
    ask(&client, 30).await;
    hub.add(Fault::on(Trigger::Idle(Duration::from_secs(1))).then(Effect::Close(Close::Fin)).times(3));
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    for _ in 0..5 {
        assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
        tokio::time::sleep(Duration::from_secs(1_000)).await;
    }
    assert_eq!(logins(&hub)[3..], ["both", "new", "old"]);
    client.shutdown().await;
    let client = start(hub.builder(), &journal).await;
    assert!(client.query(&check(0)).await.is_err());
    assert_eq!(logins(&hub).len(), 6);
    hub.well();
    client.retry_login();
    ask(&client, 30).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_goes_on_without_whoever_has_asked_for_it() {
    let (mut none, mut dropped) = (0, 0);
    for turns in 0..40 {
        let (hub, journal, client) = with_three_sessions().await;
        let store = Store::default();
        if polled(store.change(&client), turns, Duration::from_millis(100)).await.is_some() {
            break;
        }
        dropped += 1;
        tokio::time::sleep(Duration::from_secs(100)).await;
        ask(&client, 30).await;
        let changed = logins(&hub).contains(&"both");
        assert_eq!(changed, !store.kept().is_empty(), "sent if it is kept, and only then");
        none += usize::from(!changed);
        client.shutdown().await;
        let holds = if changed { NEXT } else { PASSWORD };
        ask(&start(hub.builder_with(holds), &journal).await, 1).await;
    }
    assert!(none > 0 && dropped > none + 5, "{none} {dropped}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ends_meanwhile_tells_what_it_knows() {
    let (mut changed, mut stopped, mut not_begun) = (0, 0, 0);
    for turns in 0..60 {
        let (hub, _, client) = with_three_sessions().await;
        let (store, other) = (Store::default(), client.clone());
        let asked = {
            let store = store.clone();
            tokio::spawn(async move { store.change(&other).await })
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        client.shutdown().await;
        let holds = match asked.await.unwrap() {
            Ok(()) => {
                changed += 1;
                assert!(logins(&hub).contains(&"both"));
                NEXT
            }
            Err(PasswordError::NotBegun) => {
                not_begun += 1;
                PASSWORD
            }
            Err(PasswordError::Stopped | PasswordError::NotChanged(_)) => {
                stopped += 1;
                assert_eq!(store.kept(), [NEXT]);
                assert!(!logins(&hub).contains(&"both"), "its login was answered");
                PASSWORD
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(hub.registry(|registry| registry.sessions("registrar")), 0);
        ask(&start(hub.builder_with(holds), &journal()).await, 1).await;
    }
    assert!(changed > 0 && stopped > 0, "{changed} {stopped} {not_begun}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ends_while_nobody_knows_says_so() {
    let (mut not_changed, mut stopped) = (0, 0);
    for turns in 0..100 {
        let (hub, _, client) = with_three_sessions().await;
        lose_login(&hub, Effect::CloseBefore(Close::Fin));
        let (store, other) = (Store::default(), client.clone());
        let asked = {
            let store = store.clone();
            tokio::spawn(async move { store.change(&other).await })
        };
        tokio::time::sleep(Duration::from_millis(100 * turns)).await;
        client.shutdown().await;
        match asked.await.unwrap() {
            Err(PasswordError::NotBegun) => assert_eq!(turns, 0),
            Err(PasswordError::NotChanged(why)) => {
                not_changed += 1;
                let tried = logins(&hub);
                // It was not sent, or the old one was accepted after it.
                assert!(tried.len() == 3 || tried[3..] == ["both", "new", "old"], "{tried:?}: {why}");
            }
            Err(PasswordError::Stopped) => {
                stopped += 1;
                let tried = logins(&hub);
                assert!(tried[3..] == ["both"] || tried[3..] == ["both", "new"], "{tried:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(not_changed > 1 && stopped > 1, "{not_changed} {stopped}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_begins_with_both_tries_each_once() {
    for (holds, expected) in
        [(NEXT, vec!["new"]), (PASSWORD, vec!["new", "old"]), ("other", vec!["new", "old"])]
    {
        let registrar = sim::Registrar::new("registrar", holds.to_owned());
        let (hub, journal) = (Hub::for_registrar(registrar), journal());
        let builder = hub.builder_with(NEXT).password_before(PASSWORD.to_owned());
        let client = start(builder.rate(Rate::per_second(10)), &journal).await;
        let told = client.query(&check(0)).await;
        assert_eq!(logins(&hub), expected, "{holds}");
        if holds == "other" {
            assert!(matches!(told, Err(QueryError::Unsent(Refused::Unavailable(_)))), "{told:?}");
            tokio::time::sleep(Duration::from_secs(10_000)).await;
            assert!(client.query(&check(0)).await.is_err());
            assert_eq!(logins(&hub).len(), 2);
        } else {
            assert_eq!(told.unwrap(), Availability::Available, "{holds}");
            // Later sessions have the one that holds.
            let last = *expected.last().unwrap();
            hub.add(Fault::on(Trigger::Idle(Duration::from_secs(1))).then(Effect::Close(Close::Fin)));
            tokio::time::sleep(Duration::from_secs(100)).await;
            ask(&client, 1).await;
            assert_eq!(logins(&hub).last(), Some(&last), "{holds}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_the_dialect_does_not_allow_is_not_kept() {
    let hub = Hub::new();
    let session =
        Config::new(Session::login("registrar", PASSWORD.to_owned()).unwrap()).dialect(Dialect::Rfc);
    let client = start(hub.builder().session(session), &journal()).await;
    ask(&client, 1).await;
    let keep = |_| async { Err(io::Error::other("it was asked to keep it")) };
    let error = client.change_password("more than sixteen".to_owned(), keep).await.unwrap_err();
    assert!(matches!(error, PasswordError::NotAllowed(_)), "{error:?}");
    assert_eq!(logins(&hub), ["old"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_needs_no_other_use_of_the_session_that_came_after_an_outage() {
    let hub = Hub::new();
    hub.unreachable(true);
    let client = start(hub.builder().sessions(1..=1), &journal()).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    hub.unreachable(false);
    tokio::time::sleep(Duration::from_secs(100)).await;
    let begun = tokio::time::Instant::now();
    Store::default().change(&client).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_process_that_begins_with_both_again_tries_neither_again() {
    let (hub, journal) =
        (Hub::for_registrar(sim::Registrar::new("registrar", "other".to_owned())), journal());
    let both = || hub.builder_with(NEXT).password_before(PASSWORD.to_owned());
    for _ in 0..3 {
        let client = start(both(), &journal).await;
        assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
        client.shutdown().await;
    }
    assert_eq!(logins(&hub), ["new", "old"]);
    // Until somebody has looked.
    let client = start(both(), &journal).await;
    client.retry_login();
    assert!(client.query(&check(0)).await.is_err());
    assert_eq!(logins(&hub), ["new", "old", "new", "old"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_change_that_was_none_it_is_the_one_before_that_is_refused() {
    let (hub, journal) = (Hub::new(), journal());
    let client = start(hub.builder_with(NEXT).password_before(PASSWORD.to_owned()), &journal).await;
    ask(&client, 1).await;
    hub.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(530)).always());
    hub.fault("check", Effect::answer(420, false));
    assert!(client.query(&check(0)).await.is_err());
    assert_eq!(logins(&hub), ["new", "old", "old"]);
    client.shutdown().await;
    let client = start(hub.builder(), &journal).await;
    assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
    assert_eq!(logins(&hub).len(), 3, "it was refused before");
}
