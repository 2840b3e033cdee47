//! What an operator may do to an account that is in use.

use std::time::Duration;

use rrp::client::{Availability, Client, Event, PasswordError};
use rrp::command::{Add, Check, CheckDomain, Safety};
use rrp::dispatch::{Outcome, QueryError, Refused};
use rrp::pool::{self, HeldBy, HoldError, SessionState};
use rrp::sim::{self, Change, Effect};
use rrp::{DomainName, Secret};
use tokio::time::Instant;

use crate::hub::{Hub, PASSWORD, journal};

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

fn check(number: usize) -> CheckDomain {
    Check::domain(&name(number))
}

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

fn slow() -> Hub {
    Hub::with(sim::Config::new().latency(Duration::from_secs(1)))
}

async fn ask(client: &Client, calls: usize) {
    let waiting = (0..calls).map(|number| client.query(&check(number)).deadline(HOUR).into_future());
    for told in futures_util::future::join_all(waiting).await {
        assert_eq!(told.unwrap(), Availability::Available);
    }
}

#[tokio::test(start_paused = true)]
async fn while_paused_callers_wait_and_are_refused_by_their_own_deadlines_alone() {
    let hub = slow();
    let client = hub.client(journal()).await;
    let mut events = client.events();
    // What is on the wire is finished.
    let mut first = Box::pin(client.change(&Add::domain(&name(1)), Safety::ReadBack).into_future());
    tokio::select! {
        _ = &mut first => panic!("it takes a second"),
        () = tokio::time::sleep(Duration::from_millis(2_500)) => {}
    }
    assert_eq!(hub.heard("add").len(), 1);
    client.pause().await.unwrap();
    assert!(matches!(first.await.unwrap(), Outcome::Accepted(_)));
    let sent = hub.heard("").len();
    let hasty = client.query(&check(2)).deadline(MINUTE).await;
    let Err(QueryError::Deadline(Some(why))) = &hasty else { panic!("{hasty:?}") };
    assert_eq!(why.as_str(), "paused by an operator");
    let hasty = client.change(&Add::domain(&name(2)), Safety::ReadBack).deadline(MINUTE).await.unwrap_err();
    assert!(matches!(hasty.why(), Refused::Deadline(Some(why)) if why.as_str() == "paused by an operator"));
    let patient = client.query(&check(3)).deadline(HOUR);
    let resumed = async {
        tokio::time::sleep(10 * MINUTE).await;
        assert!(client.snapshot().await.unwrap().sessions.paused);
        let heard = hub.heard("");
        assert!(heard[sent..].iter().all(|heard| heard.text.starts_with("describe")), "{heard:?}");
        assert_eq!((heard.len() - sent, hub.dials()), (1, 1), "it is kept alive");
        client.resume().await.unwrap();
    };
    let (patient, ()) = tokio::join!(patient.into_future(), resumed);
    assert_eq!(patient.unwrap(), Availability::Available);
    assert!(!client.snapshot().await.unwrap().sessions.paused);
    client.shutdown().await;
    assert!(matches!(client.pause().await, Err(Refused::Stopped)));
    let mut told = Vec::new();
    while let Some(Event::Sessions(event)) = events.next().await {
        told.push(event);
    }
    assert!(told.contains(&pool::Event::Paused) && told.contains(&pool::Event::Resumed), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn while_held_nothing_is_sent_and_whoever_cannot_wait_is_told_at_once() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    client.query(&check(0)).await.unwrap();
    let sent = hub.heard("").len();
    let begun = Instant::now();
    client.hold(HOUR, "their maintenance").await.unwrap();
    let told = client.query(&check(1)).deadline(MINUTE).await;
    assert!(matches!(told, Err(QueryError::Unsent(Refused::Held { left })) if left == HOUR), "{told:?}");
    let told = client.change(&Add::domain(&name(1)), Safety::ReadBack).deadline(MINUTE).await;
    assert!(matches!(told.unwrap_err().why(), Refused::Held { .. }));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let shown = client.snapshot().await.unwrap();
    let hold = &shown.sessions.holds[0];
    assert_eq!((hold.by, hold.reason.as_deref()), (HeldBy::Operator, Some("their maintenance")));
    assert_eq!((hold.until, shown.work.held()), (shown.at + HOUR, Some(HOUR)));
    // The registry ends what is idle meanwhile, and nothing is sent.
    let told = client.query(&check(1)).deadline(2 * HOUR).await;
    assert_eq!(told.unwrap(), Availability::Available);
    assert!(begun.elapsed() >= HOUR);
    let heard = hub.heard("");
    assert!(heard[sent].when.duration_since(begun.into_std()) >= HOUR, "{heard:?}");
    assert_eq!(hub.heard("describe").len(), 0, "nothing is to be proven");
    // One that is too long, or says nothing, holds nothing.
    assert_eq!(client.hold(25 * HOUR, "why").await, Err(HoldError::TooLong));
    assert_eq!(client.hold(HOUR, "two\nlines").await, Err(HoldError::Reason));
    client.query(&check(2)).await.unwrap();
    client.shutdown().await;
    assert_eq!(client.hold(HOUR, "why").await, Err(HoldError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_hold_outlasts_a_restart_and_its_end_comes_without_a_word() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    client.query(&check(0)).await.unwrap();
    client.hold(HOUR, "their maintenance").await.unwrap();
    let sent = hub.heard("").len();
    client.shutdown().await;
    assert_eq!(hub.heard("").len(), sent, "not even QUIT");
    tokio::time::sleep(MINUTE).await;
    let client = hub.client(journal.clone()).await;
    let told = client.query(&check(1)).deadline(MINUTE).await;
    let Err(QueryError::Unsent(Refused::Held { left })) = told else { panic!("{told:?}") };
    assert!(left > 58 * MINUTE && left <= 59 * MINUTE, "{left:?}");
    let shown = client.snapshot().await.unwrap().sessions;
    assert_eq!(shown.holds[0].reason.as_deref(), Some("their maintenance"));
    assert_eq!((hub.heard("").len(), hub.dials()), (sent, 1), "no login either");
    // Whoever knows better ends it.
    assert!(client.release().await.unwrap());
    assert!(!client.release().await.unwrap());
    assert_eq!(client.query(&check(1)).await.unwrap(), Availability::Available);
    client.shutdown().await;
    let client = hub.client(journal).await;
    assert_eq!(client.query(&check(2)).await.unwrap(), Availability::Available);
    assert_eq!(hub.heard("describe").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lock_by_the_registry_is_proven_to_be_over_at_once_if_an_operator_knows_it() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    client.query(&check(0)).await.unwrap();
    hub.fault("check", Effect::answer(422, false));
    assert!(client.query(&check(1)).await.is_err());
    let shown = client.snapshot().await.unwrap().sessions;
    assert_eq!((shown.holds[0].by, shown.holds[0].reason.clone()), (HeldBy::Registry, None));
    let begun = Instant::now();
    assert!(client.release().await.unwrap());
    assert_eq!(client.query(&check(1)).await.unwrap(), Availability::Available);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(hub.heard("describe").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_sessions_are_replaced_one_at_a_time_while_work_goes_on() {
    let hub = slow();
    let client = hub.builder().sessions(0..=3).journal(journal()).connect().await.unwrap();
    ask(&client, 30).await;
    let before: Vec<u64> = numbers(&client).await;
    assert_eq!(before.len(), 3);
    let (reconnected, ()) = tokio::join!(client.reconnect(), ask(&client, 60));
    reconnected.unwrap();
    ask(&client, 30).await;
    let after = numbers(&client).await;
    assert!(after.iter().all(|number| !before.contains(number)), "{before:?} {after:?}");
    assert_eq!((hub.most(), hub.heard("quit").len()), (3, 3));
}

async fn numbers(client: &Client) -> Vec<u64> {
    client.snapshot().await.unwrap().sessions.each.iter().map(|session| session.number).collect()
}

#[tokio::test(start_paused = true)]
async fn a_write_on_a_session_that_is_closed_is_read_back() {
    let hub = slow();
    let client = hub.client(journal()).await;
    client.query(&check(0)).await.unwrap();
    let shown = client.snapshot().await.unwrap().sessions;
    let session = shown.each[0];
    assert_eq!((session.number, session.state, session.commands), (1, SessionState::Idle, 1));
    let mut add = Box::pin(client.change(&Add::domain(&name(1)), Safety::ReadBack).into_future());
    tokio::select! {
        _ = &mut add => panic!("it takes a second"),
        () = tokio::time::sleep(Duration::from_millis(700)) => {}
    }
    assert_eq!(client.snapshot().await.unwrap().sessions.each[0].state, SessionState::Busy);
    assert!(!client.kill_session(9).await.unwrap());
    assert!(client.kill_session(1).await.unwrap());
    assert!(!client.kill_session(1).await.unwrap());
    tokio::time::sleep(Duration::from_millis(10)).await;
    let shown = client.snapshot().await.unwrap().sessions;
    assert_eq!((shown.ghosts.len(), shown.ghosts[0].why.as_str()), (1, "broken-off"));
    assert!(shown.each.iter().all(|session| session.number != 1));
    // Whatever the registry has done with it, it is done once.
    let outcome = add.await.unwrap();
    let made = hub.changes(Change::Created, "example-1.com");
    assert!(matches!(outcome, Outcome::Accepted(_)) && made == 1, "{outcome:?} {made}");
    assert!(!hub.heard("status").is_empty(), "it was read back");
    // One that nobody uses, too.
    let idle = numbers(&client).await;
    assert!(client.kill_session(idle[0]).await.unwrap());
    assert_eq!(client.query(&check(2)).await.unwrap(), Availability::Available);
    assert_eq!(hub.heard("quit").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_login_on_its_way_is_closed_too() {
    let hub = slow();
    let client = hub.client(journal()).await;
    let mut query = Box::pin(client.query(&check(0)).into_future());
    for (login, until) in [(1, SessionState::Connecting), (2, SessionState::LoggingIn)] {
        loop {
            tokio::select! {
                _ = &mut query => panic!("it is not open"),
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
            let shown = client.snapshot().await.unwrap().sessions;
            if shown.each.first().is_some_and(|session| session.state == until) {
                assert!(client.kill_session(shown.each[0].number).await.unwrap());
                break;
            }
        }
        assert!(hub.heard("session").len() < login);
    }
    assert_eq!(query.await.unwrap(), Availability::Available);
    assert!(client.snapshot().await.unwrap().sessions.each[0].number >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_corrected_password_is_used_from_now_on_and_a_refused_login_tried_again() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.builder_with("wrong").journal(journal.clone()).connect().await.unwrap();
    assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
    // The one that was refused is not tried again.
    client.use_password("wrong".to_owned()).await.unwrap();
    assert!(matches!(client.query(&check(0)).await, Err(QueryError::Unsent(Refused::Unavailable(_)))));
    assert_eq!(hub.heard("session").len(), 1);
    client.use_password(Secret::from(PASSWORD.to_owned())).await.unwrap();
    assert_eq!(client.query(&check(0)).await.unwrap(), Availability::Available);
    let logins = hub.heard("session").len();
    assert_eq!(logins, 2);
    // Who is logged in stays.
    client.use_password("other".to_owned()).await.unwrap();
    assert_eq!(client.query(&check(1)).await.unwrap(), Availability::Available);
    assert_eq!(hub.heard("session").len(), logins);
    assert!(matches!(client.use_password("a\nb".to_owned()).await, Err(PasswordError::Invalid(_))));
    client.use_password(PASSWORD.to_owned()).await.unwrap();
    client.shutdown().await;
    assert!(matches!(client.use_password("x".to_owned()).await, Err(PasswordError::Stopped)));
    // The next process has nothing against it either.
    let client = hub.client(journal).await;
    assert_eq!(client.query(&check(2)).await.unwrap(), Availability::Available);
}

#[tokio::test(start_paused = true)]
async fn a_login_with_the_password_before_says_nothing_about_the_corrected_one() {
    let hub = slow();
    let client = hub.builder_with("wrong").journal(journal()).connect().await.unwrap();
    let query = client.query(&check(0)).deadline(HOUR);
    let corrected = async {
        while hub.heard("session").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client.use_password(PASSWORD.to_owned()).await.unwrap();
    };
    let (told, ()) = tokio::join!(query.into_future(), corrected);
    assert_eq!(told.unwrap(), Availability::Available);
    assert_eq!(hub.heard("session").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_password_is_corrected_while_it_is_being_changed() {
    let hub = slow();
    let client = hub.client(journal()).await;
    client.query(&check(0)).await.unwrap();
    let store = |_: Secret| async { std::io::Result::Ok(()) };
    let corrects = async {
        while hub.heard("session").len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client.use_password("other".to_owned()).await
    };
    let (changed, corrected) = tokio::join!(client.change_password("n3xt".to_owned(), store), corrects);
    changed.unwrap();
    assert!(matches!(corrected, Err(PasswordError::NotBegun)), "{corrected:?}");
}
