//! Queries, changes and settlings, and what goes wrong with them.

use std::time::Duration;

use rrp::client::Availability;
use rrp::command::{Add, Check, Period, Renew, Safety, Status, Year};
use rrp::dispatch::{DoubtReason, NotSent, Outcome, QueryError, Refused, Settled};
use rrp::pace::Rate;
use rrp::sim::{Change, Close, Domain, Effect, Fault, Stamp, Trigger};
use rrp::{Client, DomainName};
use tokio::time::Instant;

use crate::hub::{Hub, journal, standing};

fn name() -> DomainName {
    "example.com".parse().unwrap()
}

async fn add(client: &Client) -> Result<Outcome, NotSent> {
    client.change(&Add::domain(&name()), Safety::ReadBack).await
}

const LOST: Effect = Effect::ExecuteAndClose(Close::Fin);

#[tokio::test(start_paused = true)]
async fn a_query_is_answered_and_a_change_accepted() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    assert_eq!(hub.dials(), 0, "a session is opened when something waits");
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    let Outcome::Accepted(accepted) = add(&client).await.unwrap() else { panic!("not accepted") };
    assert!(accepted.is_recorded() && !accepted.is_replayed());
    assert_eq!(standing(&journal, accepted.ticket()), "accepted");
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Taken);
    assert_eq!((hub.dials(), hub.changes(Change::Created, "example.com")), (1, 1));
    assert!(client.doubts().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_first_poll() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let (query, change) =
        (client.query(&Check::domain(&name())), client.change(&Add::domain(&name()), Safety::Once));
    let begun = (query.into_future(), change.into_future());
    assert!(matches!(client.query(&Status::domain(&name())).await, Err(QueryError::Refused(_))));
    drop(begun);
    assert_eq!(hub.registry(|registry| registry.commands()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_says_no_is_an_error_to_a_query_and_a_refusal_to_a_change() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    match client.query(&Status::domain(&name())).await {
        Err(QueryError::Refused(answer)) => assert_eq!(answer.reply().code(), 545),
        other => panic!("{other:?}"),
    }
    let taken = Stamp::midnight(2025, 1, 1);
    hub.registry(|registry| {
        registry.insert_domain(Domain::new("example.com", "other", taken, taken.years_later(3)));
    });
    let Outcome::Refused(refusal) = add(&client).await.unwrap() else { panic!("not refused") };
    assert!(!refusal.is_for_now());
    assert_eq!(refusal.code().map(|code| code.as_u16()), Some(540));
    assert_eq!(standing(&journal, refusal.ticket()), "refused");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_read_back_and_not_sent_again() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    hub.fault("add", LOST);
    let Outcome::Accepted(accepted) = add(&client).await.unwrap() else { panic!("not accepted") };
    assert_eq!(accepted.summary().proof().as_str(), "created-within-a-day");
    assert!(accepted.reply().is_none());
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_command_is_sent_again_once_it_is_proven_not_done() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.fault("add", Effect::CloseBefore(Close::Fin));
    let begun = Instant::now();
    let Outcome::Accepted(accepted) = add(&client).await.unwrap() else { panic!("not accepted") };
    assert!(accepted.reply().is_some());
    assert!(begun.elapsed() >= Duration::from_secs(70), "twice, the first time a minute later");
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_query_whose_answer_is_lost_is_asked_again() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.fault("check", LOST);
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Available);
    assert_eq!(hub.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_time_is_over_has_a_ticket_and_the_change_is_finished_without_it() {
    let (hub, journal) = (Hub::new(), journal());
    let client = hub.client(journal.clone()).await;
    hub.fault("add", Effect::Delay(Duration::from_secs(30)));
    let call = client.change(&Add::domain(&name()), Safety::ReadBack).deadline(Duration::from_secs(10));
    let Outcome::InDoubt(doubt) = call.await.unwrap() else { panic!("not in doubt") };
    assert_eq!(doubt.reason(), DoubtReason::Deadline);
    assert_eq!(standing(&journal, doubt.ticket()), "open");
    // Whoever settles it joins what is under way.
    match client.settle(&doubt).await.unwrap() {
        Settled::Applied(accepted) => assert_eq!(accepted.ticket(), doubt.ticket()),
        other => panic!("{other:?}"),
    }
    assert_eq!(standing(&journal, doubt.ticket()), "accepted");
    // Long afterwards it still says so, and the next command gets its own reply.
    assert!(matches!(client.settle(&doubt).await.unwrap(), Settled::Applied(_)));
    assert_eq!(client.query(&Check::domain(&name())).await.unwrap(), Availability::Taken);
    assert_eq!(hub.changes(Change::Created, "example.com"), 1);
    assert_eq!(hub.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_settled_by_reading() {
    for (effect, applied) in [(LOST, true), (Effect::CloseBefore(Close::Fin), false)] {
        let (hub, journal) = (Hub::new(), journal());
        let client = hub.client(journal.clone()).await;
        hub.fault("add", effect);
        let silent =
            Fault::on(Trigger::Command("status".into())).then(Effect::CloseBefore(Close::Fin)).times(40);
        hub.registry(|registry| {
            registry.faults().add(silent);
        });
        let call = client.change(&Add::domain(&name()), Safety::ReadBack).deadline(Duration::from_secs(20));
        let Outcome::InDoubt(doubt) = call.await.unwrap() else { panic!("not in doubt") };
        hub.registry(|registry| {
            registry.faults().clear();
        });
        match client.settle(doubt.ticket()).deadline(Duration::from_secs(3_000)).await.unwrap() {
            Settled::Applied(accepted) if applied => assert_eq!(accepted.ticket(), doubt.ticket()),
            Settled::NotApplied(ticket) if !applied => assert_eq!(ticket, doubt.ticket()),
            other => panic!("{other:?}"),
        }
        assert_eq!(hub.changes(Change::Created, "example.com"), usize::from(applied));
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_is_paid_once_whatever_happens_to_it() {
    for effect in
        [LOST, Effect::CloseBefore(Close::Fin), Effect::answer(421, false), Effect::answer(421, true)]
    {
        let hub = Hub::new();
        let created = Stamp::midnight(2025, 6, 1);
        hub.registry(|registry| {
            let expires = created.years_later(2);
            registry.insert_domain(Domain::new("example.com", "registrar", created, expires));
        });
        let client = hub.client(journal()).await;
        hub.fault("renew", effect.clone());
        let renew = Renew::domain(&name(), Period::years(1).unwrap(), Year::new(2027).unwrap());
        match client.change(&renew, Safety::ReadBack).await.unwrap() {
            Outcome::Accepted(_) => {}
            other => panic!("{effect:?}: {other:?}"),
        }
        assert_eq!(hub.changes(Change::Renewed, "example.com"), 1, "{effect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_tells_everybody_at_once_and_is_not_repeated() {
    let hub = Hub::new();
    let client = hub.builder_with("wrong").journal(journal()).connect().await.unwrap();
    let check = Check::domain(&name());
    let (one, two, three) = tokio::join!(client.query(&check), add(&client), client.query(&check));
    for told in [one, three] {
        match told {
            Err(QueryError::Unsent(Refused::Unavailable(why))) => {
                assert!(why.as_str().contains("530"), "{why}")
            }
            other => panic!("{other:?}"),
        }
    }
    let not_sent = two.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::Unavailable(_)));
    assert_eq!(not_sent.into_command().name(), "add");
    let begun = Instant::now();
    assert!(client.query(&check).await.is_err());
    assert_eq!((hub.dials(), begun.elapsed()), (1, Duration::ZERO));
    // Somebody has looked; it is tried once more.
    client.retry_login();
    assert!(client.query(&check).await.is_err());
    assert_eq!(hub.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_back_for_want_of_a_login_is_told_at_once() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    client.query(&Check::domain(&name())).await.unwrap();
    // "Failed, try again" closes the session, and no other is to be had.
    hub.fault("add", Effect::answer(420, false));
    hub.registry(|registry| {
        let refused = Fault::on(Trigger::Command("session".into())).then(Effect::answer(530, false));
        registry.faults().add(refused.always());
    });
    let begun = Instant::now();
    let Outcome::InDoubt(doubt) = add(&client).await.unwrap() else { panic!("not in doubt") };
    assert_eq!(doubt.reason(), DoubtReason::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(60), "not only when its time is over");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_reached_is_tried_again_until_the_deadline_says_why() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.unreachable(true);
    let begun = Instant::now();
    match client.query(&Check::domain(&name())).await {
        Err(QueryError::Deadline(Some(why))) => assert!(why.as_str().contains("unreachable"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert!((3..60).contains(&hub.dials()), "{}", hub.dials());
    hub.unreachable(false);
    assert!(client.query(&Check::domain(&name())).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn too_many_sessions_are_waited_for() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.registry(|registry| {
        registry.faults().add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(521)));
    });
    let begun = Instant::now();
    assert!(client.query(&Check::domain(&name())).deadline(Duration::from_secs(600)).await.is_ok());
    assert!(begun.elapsed() >= Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_locked_account_is_left_alone_for_as_long_as_it_is_locked() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.registry(|registry| {
        registry.faults().add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(422)));
    });
    let begun = Instant::now();
    match client.query(&Check::domain(&name())).await {
        Err(QueryError::Unsent(Refused::Held { left })) => assert!(left.as_secs() >= 299, "{left:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(hub.dials(), 1);
    assert!(client.query(&Check::domain(&name())).deadline(Duration::from_secs(600)).await.is_ok());
    assert!(begun.elapsed() >= Duration::from_secs(300), "{:?}", begun.elapsed());
    assert_eq!(hub.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_connects_without_end_is_given_up() {
    let hub = Hub::new();
    let stuck = hub.builder().dial(std::future::pending::<std::io::Result<tokio::io::DuplexStream>>);
    let client = stuck.journal(journal()).connect().await.unwrap();
    match client.query(&Check::domain(&name())).deadline(Duration::from_secs(200)).await {
        Err(QueryError::Deadline(Some(why))) => assert!(why.as_str().contains("two minutes"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn commands_keep_their_pace_from_the_login_on() {
    let hub = Hub::new();
    let client = hub.builder().rate(Rate::PER_SECOND).journal(journal()).connect().await.unwrap();
    let begun = Instant::now();
    let names = ["example.com", "example.net", "example.org"];
    let [first, second, third] = names.map(|name| Check::domain(&name.parse().unwrap()));
    let (one, two, three) = tokio::join!(client.query(&first), client.query(&second), client.query(&third));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(begun.elapsed().as_secs(), 4, "the login leaves one interval after the start");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_while_it_is_idle_is_opened_again_when_it_is_needed() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    assert!(client.query(&Check::domain(&name())).await.is_ok());
    hub.registry(|registry| {
        let idle = Trigger::Idle(Duration::from_secs(5));
        registry.faults().add(Fault::on(idle).then(Effect::Close(Close::Fin)));
    });
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(hub.dials(), 1);
    assert!(matches!(add(&client).await.unwrap(), Outcome::Accepted(_)));
    assert_eq!((hub.dials(), hub.changes(Change::Created, "example.com")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_get_each_their_own_answer() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let client = client.clone();
        calls.spawn(async move {
            let name: DomainName = format!("example-{number}.com").parse().unwrap();
            if number % 2 == 0 {
                let told = client.change(&Add::domain(&name), Safety::ReadBack).await.unwrap();
                assert!(matches!(told, Outcome::Accepted(_)));
                assert_eq!(client.query(&Check::domain(&name)).await.unwrap(), Availability::Taken);
            } else {
                assert_eq!(client.query(&Check::domain(&name)).await.unwrap(), Availability::Available);
            }
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    assert_eq!((hub.dials(), hub.registry(|registry| registry.domains().len())), (5, 500));
}

#[tokio::test(start_paused = true)]
async fn one_call_more_than_there_is_room_for_is_refused_with_its_command() {
    let hub = Hub::new();
    let client = hub.builder().calls(3).journal(journal()).connect().await.unwrap();
    hub.unreachable(true);
    let check = Check::domain(&name());
    let mut waiting: Vec<_> = (0..3).map(|_| client.query(&check).into_future()).collect();
    for call in &mut waiting {
        assert!(tokio::time::timeout(Duration::ZERO, call).await.is_err());
    }
    let not_sent = add(&client).await.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::Backlog));
    assert_eq!(not_sent.command().name(), "add");
    assert!(matches!(client.query(&check).await, Err(QueryError::Unsent(Refused::Backlog))));
    // A caller that leaves makes room once the task knows of it.
    waiting.pop();
    assert!(client.doubts().await.unwrap().is_empty());
    hub.unreachable(false);
    assert!(client.query(&check).await.is_ok());
}
