//! Clients on several threads and over TLS, on the clock that everybody has.

use std::time::Duration;

use rrp::client::{Availability, Builder, Event};
use rrp::command::{Add, Check, Safety, Session};
use rrp::dispatch::{Config, Outcome, QueryError, Settled};
use rrp::net::{Connector, Tls};
use rrp::pool;
use rrp::retry::Backoff;
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Change, Close, Effect, Fault, Registrar, Registry, Trigger};
use rrp::{Client, DomainName};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::hub::journal;

const ORDERS: usize = 80;

fn name(number: usize) -> DomainName {
    format!("example-{number}.com").parse().unwrap()
}

/// One order, until it is known what became of it.
async fn order(client: Client, number: usize) -> Option<bool> {
    let add = Add::domain(&name(number));
    let key = format!("order-{number}");
    loop {
        let doubt = match client.change(&add, Safety::ReadBack).key(&key).await.ok()? {
            Outcome::Accepted(_) => return Some(true),
            Outcome::Refused(refusal) if refusal.is_for_now() => continue,
            Outcome::Refused(_) => return Some(false),
            Outcome::InDoubt(doubt) => doubt,
        };
        match client.settle(doubt).await.ok()? {
            Settled::Applied(_) => return Some(true),
            Settled::Refused(_) | Settled::NotApplied(_) => {}
            Settled::StillInDoubt(doubt) => panic!("{number}: {doubt:?}"),
        }
    }
}

/// A client of this server that waits for nothing longer than it must.
fn quick(server: &Server) -> Builder {
    let millis = Duration::from_millis;
    let begun = Server::now();
    let since = move || u64::try_from(Server::now().duration_since(begun).as_millis()).unwrap();
    let config = Config::new(3).backoff(Backoff::new(millis(1), millis(5)));
    Client::builder(server.address().to_string().parse().unwrap())
        .login(Session::login("registrar", "password".to_owned()).unwrap())
        .journal(journal())
        .config(config.negatives(millis(20), Duration::ZERO, millis(5)))
        .wall_clock(move || 1_767_225_600_000 + since())
        .unlimited()
        .reopening(Backoff::new(millis(1), millis(5)))
}

/// A twentieth of all replies is lost, and as many commands; a third of the callers leaves and comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_and_many_faults_pay_once_for_each_order() {
    let config =
        sim::Config::new().registrar(Registrar::new("registrar", "password".to_owned()).balance(1_000_000));
    let mut registry = Registry::new(config.seed(5), Server::now());
    let lost = |effect| Fault::on(Trigger::AnyCommand).then(effect).always().with_probability(0.05);
    registry
        .faults()
        .add(lost(Effect::ExecuteAndClose(Close::Reset)))
        .add(lost(Effect::CloseBefore(Close::Orderly)))
        .add(lost(Effect::answer(421, false)));
    let server = Server::start(registry, Listen::tls("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let tls = Tls::ca_pem(server.authority().unwrap().as_bytes()).unwrap();
    let client = quick(&server).connector(Connector::tls(tls)).connect().await.unwrap();
    let mut orders = JoinSet::new();
    for number in 0..ORDERS {
        let client = client.clone();
        orders.spawn(async move {
            if number % 3 == 0 {
                let left = tokio::spawn(order(client.clone(), number));
                for _ in 0..number {
                    tokio::task::yield_now().await;
                }
                left.abort();
                let _ = left.await;
            }
            let done = order(client.clone(), number).await;
            let taken = match client.query(&Check::domain(&name(number))).await {
                Ok(availability) => availability == Availability::Taken,
                // The account's budget for asking again is spent.
                Err(QueryError::Unanswered | QueryError::Refused(_)) => true,
                Err(error) => panic!("{error:?}"),
            };
            assert!(done == Some(true) && taken, "{number}: {done:?} {taken}");
        });
    }
    while let Some(done) = orders.join_next().await {
        done.unwrap();
    }
    assert!(client.doubts().await.unwrap().is_empty());
    let ended = Server::now();
    client.shutdown().await;
    assert!(ended.elapsed() < Duration::from_secs(10));
    let registry = server.registry();
    for number in 0..ORDERS {
        assert_eq!(registry.ledger().changes(Change::Created, name(number).as_str()), 1, "{number}");
    }
    assert_eq!(registry.sessions("registrar"), 0);
}

/// The registry counts sessions, as real ones do, and refuses the sixth. It loses sessions in every way that it notices
/// itself, so that none of ours is one too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_callers_share_five_sessions_over_tcp() {
    let registrar = Registrar::new("registrar", "password".to_owned()).balance(1_000_000).sessions(5);
    let config = sim::Config::new().registrar(registrar).seed(9).latency(Duration::from_millis(2));
    let mut registry = Registry::new(config, Server::now());
    for effect in [
        Effect::ExecuteAndClose(Close::Reset),
        Effect::CloseBefore(Close::Orderly),
        Effect::answer(420, false),
        Effect::answer(421, false),
    ] {
        let lost = Fault::on(Trigger::AnyCommand).then(effect).always().with_probability(0.01);
        registry.faults().add(lost);
    }
    let server = Server::start(registry, Listen::plain("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let client = quick(&server).sessions(0..=5).connect().await.unwrap();
    let mut events = client.events();
    let mut callers = JoinSet::new();
    for number in 0..200 {
        let client = client.clone();
        callers.spawn(async move {
            if number % 4 == 0 {
                let call = client.query(&Check::domain(&name(number)));
                drop(timeout(Duration::from_millis(number as u64 / 8), call.into_future()).await);
            }
            assert_eq!(order(client.clone(), number).await, Some(true), "{number}");
        });
    }
    let most = loop {
        tokio::select! {
            done = callers.join_next() => match done {
                Some(done) => done.unwrap(),
                None => break client.snapshot().await.unwrap().sessions.sessions,
            },
            event = events.next() => {
                let full = matches!(event, Some(Event::Sessions(pool::Event::Full { .. })));
                assert!(!full, "{event:?}");
            }
        }
    };
    assert_eq!((most.target, most.max), (5, 5));
    assert!(client.doubts().await.unwrap().is_empty());
    client.shutdown().await;
    let registry = server.registry();
    let refused = registry.ledger().entries().iter().filter(|entry| entry.code() == 521).count();
    assert_eq!((refused, registry.sessions("registrar")), (0, 0));
    for number in 0..200 {
        assert_eq!(registry.ledger().changes(Change::Created, name(number).as_str()), 1, "{number}");
    }
}
