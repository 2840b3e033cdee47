//! Callers, tasks and the clock, each a thread of its own, which take turns at random: between any two operations on what they
//! share another one may go on ([`concurrent`](crate::concurrent)). What runs is the client as it is shipped, with its
//! task, its dispatcher and pool, and a task for each connection; the registry and the clock are the model's.
//!
//! Tried are calls that are begun, told and dropped, the end (`shutdown`, the last handle, a runtime that takes the task
//! away), sessions that die, grow old and are replaced, and a change of the password. A failure prints its seed, which
//! `RRP_RACES_SEED` runs first.
//!
//! Not tried: what happens inside of tokio's channels and semaphores, which are taken to be whole; orders that only
//! processors make, for all flags are sequentially consistent here; locks of the account and journals in files.

mod world;

use core::time::Duration;

use shuttle::future::{JoinHandle, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};

use self::world::{CALLS, Mood, NEW_PASSWORD, SESSIONS, dawdle, in_every_order};
use crate::client::Client;
use crate::command::{Add, Check, Safety};
use crate::concurrent::spawned;
use crate::dispatch::{NotSent, Outcome, QueryError, Refused};
use crate::name::DomainName;
use crate::pool;

fn name(number: usize) -> DomainName {
    format!("caller-{number}.example").parse().unwrap()
}

/// A query, of which the registry says whose it was.
async fn ask(client: Client, number: usize) -> Result<String, QueryError> {
    let answer = client.query(&Check::domain(&name(number))).raw().await?;
    Ok(answer.reply().redacted_text())
}

/// A change that would do no harm twice, so that a lost reply ends in another attempt.
async fn change(client: Client, number: usize) -> Result<Outcome, NotSent> {
    client.change(&Add::domain(&name(number)), Safety::Repeatable).await
}

/// Waits until no call is left.
async fn nobody_waits(client: &Client) {
    while client.snapshot().await.unwrap().work.calls() > 0 {
        yield_now().await;
    }
}

/// Drops what a task is doing, sooner or later.
async fn perhaps_leave<T: 'static>(call: JoinHandle<T>) -> Option<T> {
    if thread_rng().gen_ratio(1, 2) {
        dawdle(60).await;
        call.abort();
    }
    call.await.ok()
}

#[test]
fn whoever_stays_is_told_his_own_and_whoever_leaves_gives_his_place_back() {
    in_every_order(250, |registry| async move {
        let client = registry.builder(SESSIONS).connect().await.unwrap();
        if thread_rng().gen_ratio(1, 2) {
            registry.set_mood(Mood::Dying);
        }
        // Two of them ask the same.
        let calls: Vec<_> = [1, 2, 3, 3, 4, 5]
            .into_iter()
            .map(|number| (number, spawn(perhaps_leave(spawn(ask(client.clone(), number))))))
            .collect();
        for (number, call) in calls {
            if let Some(said) = call.await.unwrap() {
                assert_eq!(said.unwrap(), name(number).as_str());
                assert!(registry.received(name(number).as_str()) > 0);
            }
        }
        registry.set_mood(Mood::Good);
        nobody_waits(&client).await;
        assert_eq!(client.0.places.available_permits(), CALLS);
        client.shutdown().await;
        assert_eq!(client.0.places.available_permits(), CALLS);
    });
}

#[test]
fn whoever_was_told_has_his_place_back() {
    in_every_order(100, |registry| async move {
        let client = registry.builder(SESSIONS).calls(1).connect().await.unwrap();
        for number in 0..3 {
            assert_eq!(ask(client.clone(), number).await.unwrap(), name(number).as_str());
        }
        client.shutdown().await;
    });
}

#[test]
fn for_whoever_has_left_before_nothing_is_sent() {
    in_every_order(250, |registry| async move {
        let client = registry.builder(1).connect().await.unwrap();
        registry.shut(true);
        let stays = spawn(ask(client.clone(), 1));
        let leaves = spawn(ask(client.clone(), 2));
        // One of the two is on the only session from now on.
        while registry.commands() == 0 {
            yield_now().await;
        }
        leaves.abort();
        let left = leaves.await.is_err();
        assert!(left, "nothing was answered yet");
        let before = registry.received(name(2).as_str());
        registry.shut(false);
        assert_eq!(stays.await.unwrap().unwrap(), name(1).as_str());
        client.shutdown().await;
        assert_eq!(registry.received(name(2).as_str()), before);
    });
}

/// How a client ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Shutdown,
    LastHandle,
    TakenAway,
}

#[test]
fn whatever_ends_the_client_everybody_is_told_and_not_sent_is_not_sent() {
    for end in [End::Shutdown, End::LastHandle, End::TakenAway] {
        in_every_order(150, move |registry| async move {
            let client = registry.builder(SESSIONS).connect().await.unwrap();
            let task = spawned().remove(0);
            if thread_rng().gen_ratio(1, 3) {
                registry.set_mood(Mood::Dying);
            }
            let changes: Vec<_> = (0..4).map(|number| spawn(change(client.clone(), number))).collect();
            let queries: Vec<_> = (4..6).map(|number| spawn(ask(client.clone(), number))).collect();
            let leaver = spawn(perhaps_leave(spawn(ask(client.clone(), 6))));
            dawdle(100).await;
            match end {
                End::Shutdown => client.shutdown().await,
                End::LastHandle => drop(client),
                End::TakenAway => task.abort(),
            }
            let mut unsent = Vec::new();
            for (number, call) in changes.into_iter().enumerate() {
                match call.await.unwrap() {
                    Ok(Outcome::Accepted(_)) => assert!(registry.received(name(number).as_str()) > 0),
                    Ok(Outcome::InDoubt(_)) => {
                        assert!(!matches!(end, End::LastHandle), "calls keep it alive")
                    }
                    Ok(Outcome::Refused(refused)) => panic!("{refused:?}"),
                    Err(_) => unsent.push(number),
                }
            }
            for (number, call) in (4..6).zip(queries) {
                match call.await.unwrap() {
                    Ok(said) => assert_eq!(said, name(number).as_str()),
                    Err(QueryError::Unsent(_)) => unsent.push(number),
                    Err(_) => {}
                }
            }
            let _ = leaver.await;
            // What was left to itself on the wire ends by itself.
            registry.set_mood(Mood::Good);
            while !task.is_finished() {
                yield_now().await;
            }
            registry.deserted().await;
            if matches!(end, End::LastHandle) {
                assert!(unsent.is_empty(), "nobody was told to stop: {unsent:?}");
            }
            for number in unsent {
                assert_eq!(registry.received(name(number).as_str()), 0, "{number} was not sent");
            }
        });
    }
}

#[test]
fn sessions_are_replaced_under_callers() {
    in_every_order(120, |registry| async move {
        let options = pool::Options::new(7)
            .lifetime(Duration::from_secs(20), Duration::from_secs(40))
            .idle(Duration::from_secs(9), Duration::from_secs(10));
        let client = registry.builder(SESSIONS).pool(options).connect().await.unwrap();
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let client = client.clone();
                spawn(async move {
                    for round in 0..4 {
                        let number = 10 * caller + round;
                        if let Some(said) = perhaps_leave(spawn(ask(client.clone(), number))).await {
                            assert_eq!(said.unwrap(), name(number).as_str());
                        }
                        dawdle(20).await;
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
        nobody_waits(&client).await;
        assert_eq!(client.0.places.available_permits(), CALLS);
        client.shutdown().await;
    });
}

#[test]
fn a_new_password_reaches_all_sessions_under_callers() {
    in_every_order(200, |registry| async move {
        let client = registry.builder(SESSIONS).connect().await.unwrap();
        let dying = thread_rng().gen_ratio(1, 2);
        if dying {
            registry.set_mood(Mood::Dying);
        }
        let callers: Vec<_> = (0..4).map(|number| spawn(ask(client.clone(), number))).collect();
        dawdle(40).await;
        let changed =
            client.change_password(NEW_PASSWORD.to_owned(), async |_| Ok::<_, std::io::Error>(())).await;
        let holds = registry.password() == NEW_PASSWORD;
        match &changed {
            Ok(()) => assert!(holds),
            Err(error) => panic!("{error}, {holds}"),
        }
        for (number, call) in callers.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), name(number).as_str());
        }
        registry.set_mood(Mood::Good);
        assert_eq!(ask(client.clone(), 9).await.unwrap(), name(9).as_str());
        // After a lost reply both are tried, once.
        assert!(registry.logins_refused() <= usize::from(dying));
        client.shutdown().await;
        assert_eq!(client.0.places.available_permits(), CALLS);
    });
}

#[test]
fn a_login_that_was_corrected_is_tried_whoever_else_says_so() {
    in_every_order(150, |registry| async move {
        registry.set_password("another");
        let client = registry.builder(SESSIONS).connect().await.unwrap();
        // Each word of somebody's is good for one login, and no more.
        for logins in 1..=2 {
            for _ in 0..2 {
                let refused = ask(client.clone(), 0).await;
                assert!(matches!(refused, Err(QueryError::Unsent(Refused::Unavailable(_)))), "{refused:?}");
                assert_eq!(registry.logins_refused(), logins);
            }
            if logins < 2 {
                client.retry_login();
            }
        }
        let other = client.clone();
        let other = spawn(async move {
            for _ in 0..3 {
                other.retry_login();
                yield_now().await;
            }
        });
        registry.set_password(world::PASSWORD);
        client.retry_login();
        assert_eq!(ask(client.clone(), 1).await.unwrap(), name(1).as_str());
        other.await.unwrap();
        client.shutdown().await;
    });
}
