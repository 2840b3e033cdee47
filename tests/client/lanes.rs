//! Who goes first, and that nobody keeps others out.

use std::time::Duration;

use rrp::DomainName;
use rrp::command::{Check, CheckDomain};
use rrp::dispatch::{QueryError, Refused};
use rrp::pace::{Lane, Rate};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::hub::{Hub, journal};

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

fn check(number: usize) -> CheckDomain {
    Check::domain(&name(number))
}

/// How many checks the registry had had when it was asked for this one.
fn place(hub: &Hub, number: usize) -> usize {
    let name = name(number);
    let asked = hub.heard("check");
    asked.iter().position(|heard| heard.text.contains(&format!(":{name}\r\n"))).expect("it was asked")
}

#[tokio::test(start_paused = true)]
async fn what_somebody_waits_for_goes_before_a_thousand_of_another() {
    let hub = Hub::new();
    let client = hub.builder().rate(Rate::PER_SECOND).journal(journal()).connect().await.unwrap();
    let mut bulk = JoinSet::new();
    for number in 0..1_000 {
        let call = client.query(&check(number)).lane(Lane::Bulk).caller("nightly");
        bulk.spawn(call.deadline(Duration::from_secs(36_000)).into_future());
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let asked = hub.heard("check").len();
    let begun = Instant::now();
    client.query(&check(2_000)).lane(Lane::Interactive).caller("person").await.unwrap();
    assert!(begun.elapsed() <= Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(place(&hub, 2_000) <= asked + 2);
    // In the same lane, another caller has every other slot.
    let mut few = JoinSet::new();
    let asked = hub.heard("check").len();
    for number in 3_000..3_010 {
        few.spawn(client.query(&check(number)).lane(Lane::Bulk).caller("other").into_future());
    }
    while let Some(told) = few.join_next().await {
        told.unwrap().unwrap();
    }
    for number in 3_000..3_010 {
        let turn = place(&hub, number);
        assert!(turn <= asked + 2 * (number - 3_000 + 1) + 3, "{number}: {turn} after {asked}");
    }
    // The one of many goes on all the same, in order.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(place(&hub, 50) < place(&hub, 51) && hub.heard("check").len() > asked + 60);
    bulk.abort_all();
}

#[tokio::test(start_paused = true)]
async fn no_caller_keeps_others_out() {
    let hub = Hub::new();
    let config = rrp::dispatch::Config::new(7).per_caller(10);
    let client = hub.builder().config(config).journal(journal()).connect().await.unwrap();
    hub.unreachable(true);
    let mut waiting = JoinSet::new();
    for number in 0..10 {
        waiting.spawn(client.query(&check(number)).caller("greedy").into_future());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    match client.query(&check(10)).caller("greedy").await {
        Err(QueryError::Unsent(Refused::CallerBacklog(10))) => {}
        other => panic!("{other:?}"),
    }
    hub.unreachable(false);
    assert!(client.query(&check(10)).caller("modest").await.is_ok());
    while let Some(told) = waiting.join_next().await {
        told.unwrap().unwrap();
    }
}
