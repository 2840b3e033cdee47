//! Several sessions of one account: how many there are, when they come and go, and what unsent work makes of that.

use std::collections::BTreeSet;
use std::time::Duration;

use rrp::client::{Availability, Event};
use rrp::command::{Add, Check, CheckDomain, Safety};
use rrp::dispatch::{NotSent, Outcome, QueryError, Refused};
use rrp::pace::Rate;
use rrp::pool;
use rrp::sim::{self, Change, Close, Effect, Fault, Trigger};
use rrp::{Client, DomainName};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::hub::{Hub, journal, polled};

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

fn check(number: usize) -> CheckDomain {
    Check::domain(&name(number))
}

/// As many queries at once, each of a caller of its own.
async fn ask_at_once(client: &Client, calls: usize) {
    let mut asked = JoinSet::new();
    for number in 0..calls {
        let call = client.query(&check(number)).caller(&format!("caller-{number}"));
        asked.spawn(call.deadline(Duration::from_secs(3_000)).into_future());
    }
    while let Some(answer) = asked.join_next().await {
        assert_eq!(answer.unwrap().unwrap(), Availability::Available);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_use_all_sessions_side_by_side() {
    for max in [1, 3, 5] {
        let hub = Hub::with(sim::Config::new().latency(Duration::from_secs(1)));
        let client = hub.builder().sessions(0..=max).journal(journal()).connect().await.unwrap();
        // One session is opened after the other, and then all take their share.
        ask_at_once(&client, 10 * max).await;
        assert_eq!((hub.dials(), hub.most()), (max, max));
        let begun = Instant::now();
        ask_at_once(&client, 10 * max).await;
        let took = begun.elapsed();
        assert!((10..=11).contains(&took.as_secs()), "{max} sessions took {took:?}");
        assert_eq!((hub.dials(), hub.most()), (max, max));
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_needs_one_session_whatever_is_allowed() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    for number in 0..20 {
        client.query(&check(number)).await.unwrap();
    }
    assert_eq!(hub.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn as_many_as_are_wanted_are_kept_open_though_nothing_waits() {
    let hub = Hub::new();
    let client = hub.builder().sessions(2..=3).journal(journal()).connect().await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(hub.registry(|registry| registry.sessions("registrar")), 2);
    // Each is kept alive, for the registry ends it otherwise, and replaced if it is lost.
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!((hub.dials(), hub.registry(|registry| registry.sessions("registrar"))), (2, 2));
    hub.add(Fault::on(Trigger::Idle(Duration::from_secs(1))).then(Effect::Close(Close::Fin)).times(2));
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!((hub.dials(), hub.most()), (4, 2));
    client.shutdown().await;
    assert_eq!(hub.heard("quit").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn sessions_lost_while_idle_are_replaced_only_when_work_waits() {
    let hub = Hub::new();
    let client = hub.builder().sessions(0..=3).journal(journal()).connect().await.unwrap();
    ask_at_once(&client, 30).await;
    assert_eq!(hub.dials(), 3);
    hub.add(Fault::on(Trigger::Idle(Duration::from_secs(5))).then(Effect::Close(Close::Fin)).times(3));
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!((hub.dials(), client.snapshot().await.unwrap().sessions.sessions.idle), (3, 0));
    client.query(&check(0)).await.unwrap();
    assert_eq!(hub.dials(), 4, "one call, one session");
    ask_at_once(&client, 30).await;
    assert_eq!((hub.dials(), hub.most()), (6, 3));
}

#[tokio::test(start_paused = true)]
async fn a_session_has_a_number_that_no_other_has() {
    let hub = Hub::new();
    let client = hub.builder().sessions(0..=2).journal(journal()).connect().await.unwrap();
    let mut events = client.events();
    for round in 0..5 {
        ask_at_once(&client, 20).await;
        hub.add(Fault::on(Trigger::Idle(Duration::from_secs(5))).then(Effect::Close(Close::Fin)).times(2));
        tokio::time::sleep(Duration::from_secs(100)).await;
        hub.well();
        assert_eq!(hub.dials(), 2 * (round + 1));
    }
    client.shutdown().await;
    let (mut opened, mut ended) = (Vec::new(), BTreeSet::new());
    while let Some(event) = events.next().await {
        match event {
            Event::Sessions(pool::Event::Opened { session }) => opened.push(session),
            Event::Sessions(pool::Event::Ended { session, .. }) => {
                assert!(opened.contains(&session) && ended.insert(session), "{session}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(opened.is_sorted_by(|one, next| one < next), "{opened:?}");
    assert_eq!((opened.len(), ended.len()), (10, 10));
}

/// Callers that come, leave and come again, and a registry that loses what it can.
#[tokio::test(start_paused = true)]
async fn there_are_never_more_sessions_than_allowed_whatever_happens() {
    // Nothing takes any time to get there, and five sessions are needed to use it.
    let twenty = Rate::per_second(20).allowing_delay(Duration::ZERO);
    let unlimited = Rate::UNLIMITED;
    for (seed, max, rate) in [
        (1, 1, unlimited),
        (2, 2, twenty),
        (3, 3, unlimited),
        (4, 5, twenty),
        (5, 5, unlimited),
        (6, 3, twenty),
    ] {
        let hub = Hub::with(sim::Config::new().seed(seed).latency(Duration::from_millis(300)));
        let faults = [
            Effect::ExecuteAndClose(Close::Fin),
            Effect::CloseBefore(Close::Fin),
            Effect::answer(420, false),
            Effect::answer(520, false),
            Effect::Garble,
            Effect::Twice,
        ];
        for effect in faults {
            hub.add(Fault::on(Trigger::AnyCommand).then(effect).always().with_probability(0.03));
        }
        for effect in [Effect::CloseBefore(Close::Fin), Effect::answer(420, false)] {
            hub.add(Fault::on(Trigger::Login).then(effect).always().with_probability(0.1));
        }
        hub.add(
            Fault::on(Trigger::Idle(Duration::from_secs(3)))
                .then(Effect::Close(Close::Fin))
                .always()
                .with_probability(0.3),
        );
        let builder = hub.builder().sessions(0..=max).rate(rate).seed(seed);
        let client = builder.journal(journal()).connect().await.unwrap();
        let mut callers = JoinSet::new();
        for number in 0..60 {
            let client = client.clone();
            callers.spawn(async move {
                let query = || client.query(&check(number)).deadline(Duration::from_secs(3_000));
                let change = client.change(&Add::domain(&name(number)), Safety::ReadBack);
                let change = change.key(&format!("order-{number}")).deadline(Duration::from_secs(3_000));
                polled(query().into_future(), number, Duration::ZERO).await;
                polled(change.into_future(), 3 * number, Duration::ZERO).await;
                tokio::time::sleep(Duration::from_millis(number as u64 * 211 % 5_000)).await;
                // The account's budget for asking again may be spent.
                assert!(matches!(
                    query().await,
                    Ok(_) | Err(QueryError::Unanswered | QueryError::Refused(_))
                ));
            });
        }
        while let Some(done) = callers.join_next().await {
            done.unwrap();
        }
        let quits = hub.heard("quit").len();
        hub.well();
        client.shutdown().await;
        assert!(hub.heard("quit").len() >= quits);
        assert_eq!(hub.most(), max, "seed {seed}");
        for pair in hub.heard("").windows(2) {
            assert!(pair[1].when - pair[0].when >= rate.interval(), "seed {seed}: {pair:?}");
        }
        assert!(hub.dials() > max + 1, "seed {seed}: {} dials", hub.dials());
        assert_eq!(hub.registry(|registry| registry.sessions("registrar")), 0);
        for number in 0..60 {
            assert!(hub.changes(Change::Created, name(number).as_str()) <= 1, "seed {seed}, {number}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_command_after_an_outage_does_not_fail() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    client.query(&check(0)).await.unwrap();
    hub.add(Fault::on(Trigger::Idle(Duration::from_secs(1))).then(Effect::Close(Close::Fin)));
    tokio::time::sleep(Duration::from_secs(10)).await;
    hub.unreachable(true);
    let (begun, dials) = (Instant::now(), hub.dials());
    let outage = async {
        tokio::time::sleep(Duration::from_secs(290)).await;
        hub.unreachable(false);
    };
    let query = client.query(&check(1)).deadline(Duration::from_secs(600));
    let change = client.change(&Add::domain(&name(2)), Safety::ReadBack).deadline(Duration::from_secs(600));
    let (answer, told, ()) = tokio::join!(query.into_future(), change.into_future(), outage);
    assert_eq!(answer.unwrap(), Availability::Available);
    assert!(matches!(told, Ok(Outcome::Accepted(_))), "{told:?}");
    // Whoever cannot be reached is tried once a minute at the most, and not given up.
    assert!(begun.elapsed() <= Duration::from_secs(290 + 61), "{:?}", begun.elapsed());
    let tried = hub.dials() - dials;
    assert!((6..40).contains(&tried), "{tried}");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_by_its_deadline_is_told_why() {
    let hub = Hub::new();
    let client = hub.client(journal()).await;
    hub.unreachable(true);
    let query = client.query(&check(1)).deadline(Duration::from_secs(100));
    let change = client.change(&Add::domain(&name(2)), Safety::ReadBack).deadline(Duration::from_secs(150));
    let (answer, told) = tokio::join!(query.into_future(), change.into_future());
    match answer {
        Err(QueryError::Deadline(Some(why)) | QueryError::Unsent(Refused::Deadline(Some(why)))) => {
            assert!(why.as_str().contains("unreachable"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    let not_sent: NotSent = told.unwrap_err();
    assert!(matches!(not_sent.why(), Refused::Deadline(Some(_))), "{not_sent:?}");
    // And all is well afterwards.
    hub.unreachable(false);
    let add = client.change(&Add::domain(&name(2)), Safety::ReadBack);
    assert!(matches!(add.await, Ok(Outcome::Accepted(_))));
}

#[tokio::test(start_paused = true)]
async fn after_each_code_that_closes_a_session_work_goes_on_on_another() {
    for code in [220, 420, 520, 521] {
        let hub = Hub::new();
        let client = hub.builder().sessions(0..=1).journal(journal()).connect().await.unwrap();
        client.query(&check(0)).await.unwrap();
        hub.fault("check", Effect::answer(code, true));
        let begun = Instant::now();
        let answer = client.query(&check(1)).deadline(Duration::from_secs(300)).await;
        assert_eq!(answer.unwrap(), Availability::Available, "{code}");
        assert_eq!((hub.dials(), hub.most()), (2, 1), "{code}");
        let waited = begun.elapsed();
        // 521 holds off the next login, the others do not.
        assert!(
            if code == 521 { waited.as_secs() >= 10 } else { waited.as_secs() < 70 },
            "{code}: {waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_the_accounts_whatever_there_are_of_sessions() {
    let config = sim::Config::new().rate(1, Duration::from_secs(1), Duration::from_secs(300));
    let hub = Hub::with(config.latency(Duration::from_secs(4)));
    let client =
        hub.builder().sessions(0..=5).rate(Rate::PER_SECOND).journal(journal()).connect().await.unwrap();
    ask_at_once(&client, 100).await;
    client.shutdown().await;
    let heard = hub.heard("");
    assert_eq!(heard.len(), 100 + 2 * hub.most(), "a login, and QUIT");
    for pair in heard.windows(2) {
        assert!(pair[1].when - pair[0].when >= Duration::from_secs(1), "{pair:?}");
    }
    // While work waits no slot is lost. Behind a reply that takes its time a command may have been late at the registry.
    for pair in heard[50..90].windows(2) {
        assert!(pair[1].when - pair[0].when <= Duration::from_millis(1_260), "{pair:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_runs_for_days_loses_no_session_to_the_registrys_limits() {
    let hub = Hub::new();
    let client =
        hub.builder().sessions(1..=2).rate(Rate::PER_SECOND).journal(journal()).connect().await.unwrap();
    let mut events = client.events();
    let days = async {
        for number in 0..600 {
            assert_eq!(client.query(&check(number)).await.unwrap(), Availability::Available, "{number}");
            // Now and then there is nothing to do for longer than the registry suffers it.
            tokio::time::sleep(Duration::from_secs(if number % 10 == 0 { 3_600 } else { 30 })).await;
        }
        client.shutdown().await;
    };
    let begun = Instant::now();
    let watch = async {
        let mut ended = 0;
        while let Some(event) = events.next().await {
            match event {
                Event::Sessions(pool::Event::Opened { .. }) => {}
                Event::Sessions(pool::Event::Ended { code, .. }) if code.is_none_or(|code| code == 220) => {
                    ended += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        ended
    };
    let ((), ended) = tokio::join!(days, watch);
    let (days, quits) = (begun.elapsed().as_secs_f64() / 86_400.0, hub.heard("quit").len());
    assert!(days > 2.0 && (3..=5).contains(&quits), "{quits} in {days} days");
    assert_eq!((ended, hub.dials()), (quits, quits), "each by QUIT");
    for pair in hub.heard("").windows(2) {
        assert!(pair[1].when - pair[0].when >= Duration::from_secs(1), "{pair:?}");
    }
}
