//! Calls that are dropped at every point of their way: what was begun is finished, nothing is done twice, and whoever comes
//! next gets the reply to what it asked itself.

use std::time::Duration;

use rrp::client::Availability;
use rrp::command::{Add, Check, Safety};
use rrp::dispatch::{Outcome, QueryError, Standing, Ticket};
use rrp::journal::Memory;
use rrp::sim::{Change, Close, Effect, Fault, Trigger};
use rrp::{Client, DomainName};
use tokio::task::JoinSet;

use crate::hub::{Hub, journal, polled, standing};

/// More turns than any call takes without time passing, a login included.
const TURNS: usize = 60;
/// A call is dropped after so many steps of two seconds, and has settled itself after them all.
const STEPS: usize = 60;
const STEP: Duration = Duration::from_secs(2);

fn name() -> DomainName {
    "example.com".parse().unwrap()
}

fn other() -> DomainName {
    "example.net".parse().unwrap()
}

/// What goes wrong with the first ADD.
fn faults() -> Vec<(&'static str, Option<Effect>)> {
    vec![
        ("nothing", None),
        ("the reply is lost", Some(Effect::ExecuteAndClose(Close::Fin))),
        ("the command is lost", Some(Effect::CloseBefore(Close::Fin))),
        ("421, not executed", Some(Effect::answer(421, false))),
        ("421, executed", Some(Effect::answer(421, true))),
        ("420", Some(Effect::answer(420, false))),
        ("late", Some(Effect::Delay(Duration::from_secs(20)))),
        ("half a reply", Some(Effect::Cut { at: 5, executed: true, close: Close::Fin })),
    ]
}

/// The next command gets its own reply, and it is known what became of the change: by its key it is done, once.
async fn check(hub: &Hub, client: &Client, journal: &Memory, case: &str) {
    let answer =
        client.query(&Check::domain(&other())).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(answer, Availability::Available, "{case}");
    let executed = hub.changes(Change::Created, "example.com");
    assert!(executed <= 1, "{case}: executed {executed} times");
    let call = client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
    match call.deadline(Duration::from_secs(3_000)).await {
        Ok(Outcome::Accepted(accepted)) => {
            assert_eq!(standing(journal, accepted.ticket()), "accepted", "{case}")
        }
        other => panic!("{case}: {other:?}"),
    }
    assert_eq!(hub.changes(Change::Created, "example.com"), 1, "{case}");
    for entry in journal.entries() {
        let fits = matches!(
            entry.standing(),
            Standing::Accepted(_) | Standing::NotApplied | Standing::Refused { .. }
        );
        assert!(fits, "{case}: {entry:?}");
    }
    assert!(client.doubts().await.unwrap().is_empty(), "{case}");
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Taken, "{case}");
}

async fn client(hub: &Hub, journal: &Memory, sessions: usize) -> Client {
    hub.builder().sessions(0..=sessions).journal(journal.clone()).connect().await.unwrap()
}

type Busy = JoinSet<Result<Availability, QueryError>>;

/// Where there are several sessions, others have work for them, too.
async fn busy(client: &Client, sessions: usize) -> Busy {
    let mut calls = JoinSet::new();
    for number in 0..if sessions > 1 { 2 * sessions } else { 0 } {
        let name: DomainName = format!("other-{number}.com").parse().unwrap();
        let call = client.query(&Check::domain(&name)).caller("others").deadline(Duration::from_secs(900));
        calls.spawn(call.into_future());
    }
    tokio::task::yield_now().await;
    calls
}

async fn others_are_answered(mut busy: Busy) {
    while let Some(told) = busy.join_next().await {
        assert_eq!(told.unwrap().unwrap(), Availability::Available);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_dropped_is_finished_or_never_sent() {
    let mut left = 0;
    for (case, effect) in faults() {
        for (steps, step, sessions) in
            [(TURNS, Duration::ZERO, 1), (TURNS, Duration::ZERO, 3), (STEPS, STEP, 3)]
        {
            for n in 0..steps {
                let (hub, journal) = (Hub::new(), journal());
                let client = client(&hub, &journal, sessions).await;
                let busy = busy(&client, sessions).await;
                if let Some(effect) = effect.clone() {
                    hub.fault("add", effect);
                }
                let call = client.change(&Add::domain(&name()), Safety::ReadBack).key("order");
                let told = polled(call.into_future(), n, step).await;
                left += usize::from(told.is_none());
                assert!(told.is_some() || n + 1 < steps || effect.is_some(), "{case}: {n} turns are too few");
                let case = format!("{case}, dropped after {n} polls, {step:?} apart, {sessions} sessions");
                check(&hub, &client, &journal, &case).await;
                others_are_answered(busy).await;
                assert!(hub.most() <= sessions, "{case}");
                if told.is_some() && step.is_zero() {
                    break;
                }
            }
        }
    }
    assert!(left > 100, "dropped {left} times only");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_dropped_before_its_session_is_there_is_not_sent() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.unreachable(true);
    let call = client.change(&Add::domain(&name()), Safety::ReadBack);
    assert!(polled(call.into_future(), 30, STEP).await.is_none());
    hub.unreachable(false);
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(hub.changes(Change::Created, "example.com"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_is_dropped_leaves_its_reply_to_nobody() {
    let effects = [
        None,
        Some(Effect::CloseBefore(Close::Fin)),
        Some(Effect::answer(421, false)),
        Some(Effect::Delay(Duration::from_secs(20))),
    ];
    for effect in effects {
        for (steps, step, sessions) in [(TURNS, Duration::ZERO, 1), (TURNS, Duration::ZERO, 3), (15, STEP, 3)]
        {
            for n in 0..steps {
                let hub = Hub::new();
                let client = client(&hub, &journal(), sessions).await;
                let busy = busy(&client, sessions).await;
                assert!(matches!(
                    client.change(&Add::domain(&name()), Safety::ReadBack).await,
                    Ok(Outcome::Accepted(_))
                ));
                if let Some(effect) = effect.clone() {
                    hub.fault("check", effect);
                }
                // No reply may go to the other one.
                let told = polled(client.query(&Check::domain(&name())).into_future(), n, step).await;
                if let Some(told) = &told {
                    assert_eq!(*told.as_ref().unwrap(), Availability::Taken, "{effect:?} {n}");
                }
                let next = client.query(&Check::domain(&other())).await.unwrap();
                assert_eq!(next, Availability::Available, "{effect:?} {n}");
                others_are_answered(busy).await;
                assert!(hub.most() <= sessions);
                if told.is_some() && step.is_zero() {
                    break;
                }
            }
        }
    }
}

/// A doubt about an ADD that was executed or not, and a registry that is well again.
async fn doubtful(executed: bool, sessions: usize) -> (Hub, Memory, Client, Ticket) {
    let (hub, journal) = (Hub::new(), journal());
    let client = client(&hub, &journal, sessions).await;
    let close = if executed { Effect::ExecuteAndClose(Close::Fin) } else { Effect::CloseBefore(Close::Fin) };
    hub.fault("add", close);
    hub.registry(|registry| {
        let silent = Fault::on(Trigger::Command("status".into())).then(Effect::CloseBefore(Close::Fin));
        registry.faults().add(silent.always());
    });
    let call = client.change(&Add::domain(&name()), Safety::ReadBack).deadline(Duration::from_secs(3_000));
    let Ok(Outcome::InDoubt(doubt)) = call.await else { panic!("not in doubt") };
    hub.registry(|registry| {
        registry.faults().clear();
    });
    (hub, journal, client, doubt.ticket())
}

#[tokio::test(start_paused = true)]
async fn a_settling_that_is_dropped_goes_on_and_sends_nothing() {
    for executed in [true, false] {
        for (steps, step, sessions) in
            [(TURNS, Duration::ZERO, 1), (TURNS, Duration::ZERO, 3), (STEPS, STEP, 3)]
        {
            for n in 0..steps {
                let (hub, journal, client, ticket) = doubtful(executed, sessions).await;
                let busy = busy(&client, sessions).await;
                let told = polled(client.settle(ticket).into_future(), n, step).await;
                // Whoever settles again is told the same.
                let again = client.settle(ticket).deadline(Duration::from_secs(3_000)).await;
                assert!(again.is_ok(), "{n}: {again:?}");
                let known = if executed { "accepted" } else { "not-applied" };
                assert_eq!(standing(&journal, ticket), known, "{n} {step:?}");
                assert_eq!(hub.changes(Change::Created, "example.com"), usize::from(executed));
                assert_eq!(client.query(&Check::domain(&other())).await.unwrap(), Availability::Available);
                others_are_answered(busy).await;
                if told.is_some() {
                    break;
                }
            }
        }
    }
}
