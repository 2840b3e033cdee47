//! What an account with many callers costs on top of a session.
//!
//! The processor's time of a command through a `Client` with three sessions is given in multiples of that of the same
//! command on three bare sessions, over the same transport and by as many callers. Both take turns, round after round, so
//! that a slow moment hits them alike; the least round of each counts. It is the time of our thread alone, what the kernel does for
//! it included: the registry is on a thread of its own. What a command holds that waits is counted, not measured.
//! `--test` is one short round, without numbers of time worth reading.

mod registry;

use std::env;
use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use registry::{Keys, config, listen, login, runtime};
use rrp::Client;
use rrp::command::{Add, Check, CheckDomain, Safety, ToCommand};
use rrp::dispatch::{self, Account, Dispatch, Moment, Options};
use rrp::net::{Connection, Connector, Endpoint};
use rrp::pool::{self, Machine, Pool};
use rrp::session::Fate;
use rrp::settle::Keyed;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// How often each has its turn, and how many commands a turn is.
const ROUNDS: usize = 20;
const TURN: usize = 3_000;
const SESSIONS: usize = 3;
/// What it may cost, in multiples of bare sessions.
const GOAL: f64 = 1.15;
/// How many commands wait when their memory is counted, and what each may hold.
const WAITING: usize = 100_000;
const MEMORY: i64 = 1_024;

fn main() {
    // `cargo bench` says so; without it this is a test.
    let test = env::args().any(|argument| argument == "--test")
        || !env::args().any(|argument| argument == "--bench");
    let (rounds, turn) = if test { (1, 6) } else { (ROUNDS, TURN) };
    let keys = Keys::new();
    let runtime = runtime();
    runtime.block_on(overhead("tcp", &Connector::plain(), &listen(None), rounds, turn));
    runtime.block_on(overhead("tls", &keys.connector, &listen(Some(keys.acceptor.clone())), rounds, turn));
    waiting("checks", |dispatch, number, options, at| {
        dispatch.query(check(number).to_command(), options, at);
    });
    waiting("registrations", |dispatch, number, options, at| {
        let add = Add::domain(&format!("domain-{number}.example.com").parse().unwrap());
        dispatch.change(add.to_command(), Safety::ReadBack, options, at);
    });
    calls(&runtime);
}

/// What this thread has used of a processor so far.
fn used() -> Duration {
    // Whoever offers the processor to others is charged before for what he had of it.
    std::thread::yield_now();
    let said =
        fs::read_to_string("/proc/thread-self/schedstat").expect("Linux, with statistics of its scheduler");
    Duration::from_nanos(said.split(' ').next().and_then(|used| used.parse().ok()).expect("nanoseconds"))
}

async fn time(work: impl Future<Output = ()>) -> Duration {
    let before = used();
    work.await;
    used() - before
}

/// A command that no other caller sends.
fn check(caller: usize) -> CheckDomain {
    Check::domain(&format!("domain-{caller}.example.com").parse().unwrap())
}

/// Commands of as many callers as there are sessions, on bare ones and through a client; and of many more callers.
async fn overhead(name: &str, connector: &Connector, endpoint: &Endpoint, rounds: usize, turn: usize) {
    let mut bare = Vec::new();
    for _ in 0..SESSIONS {
        let stream = connector.connect(endpoint).await.unwrap();
        bare.push(Arc::new(Connection::open(stream, config()).await.unwrap()));
    }
    let client = Client::builder(endpoint.clone())
        .login(login())
        .connector(connector.clone())
        .sessions(SESSIONS..=SESSIONS)
        .unlimited()
        .without_account_lock()
        .connect()
        .await
        .unwrap();
    while client.snapshot().await.unwrap().sessions.sessions.idle < SESSIONS {
        tokio::task::yield_now().await;
    }
    let callers = [SESSIONS, 256];
    let (mut sessions, mut pool) = (Duration::MAX, [Duration::MAX; 2]);
    for _ in 0..rounds {
        sessions = sessions.min(time(on_sessions(&bare, turn)).await);
        for (least, callers) in pool.iter_mut().zip(callers) {
            *least = (*least).min(time(by_client(&client, callers, turn)).await);
        }
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / turn as f64;
    println!("a command on a bare session, {name}: {:.1} µs of the processor", each(sessions));
    for (time, callers) in pool.into_iter().zip(callers) {
        let ratio = time.as_secs_f64() / sessions.as_secs_f64();
        let verdict = if ratio <= GOAL { "met" } else { "missed" };
        println!(
            "through a client with {SESSIONS} sessions and {callers} callers: {:.1} µs, {ratio:.2} of a bare session, goal {GOAL} {verdict}",
            each(time)
        );
    }
    client.shutdown().await;
}

async fn on_sessions(sessions: &[Arc<Connection>], turn: usize) {
    let mut callers = JoinSet::new();
    for (caller, session) in sessions.iter().cloned().enumerate() {
        let each = turn / sessions.len();
        callers.spawn(async move {
            let check = check(caller);
            for _ in 0..each {
                match session.send(check.to_command()).await.unwrap() {
                    Fate::Answered(reply) => assert_eq!(reply.code(), 211),
                    fate => panic!("{fate:?}"),
                }
            }
        });
    }
    callers.join_all().await;
}

async fn by_client(client: &Client, callers: usize, turn: usize) {
    let mut all = JoinSet::new();
    for caller in 0..callers {
        let client = client.clone();
        let each = turn / callers + usize::from(caller < turn % callers);
        all.spawn(async move {
            let check = check(caller);
            for _ in 0..each {
                assert_eq!(client.query(&check).raw().await.unwrap().code(), 211);
            }
        });
    }
    all.join_all().await;
}

/// What each of many commands holds that wait for a session.
fn waiting(name: &str, mut ask: impl FnMut(&mut Dispatch<Pool>, usize, Options, Moment)) {
    let begun = begun();
    let at = Moment::new(begun, 1_790_000_000_000);
    let pool = Pool::new(pool::Options::new(1), Machine::new(), [0; 16], &Account::default(), at);
    let config = dispatch::Config::new(1).per_caller(WAITING);
    let mut dispatch = Dispatch::new(config, pool, Keyed::new(&[7; 32]), [], 1, at);
    let counted = allocation_counter::measure(|| {
        for number in 0..WAITING {
            let options = Options::new().user("customer-17").deadline(begun + Duration::from_secs(3_600));
            ask(&mut dispatch, number, options, at);
        }
    });
    assert_eq!(dispatch.jobs(), WAITING);
    let each = counted.bytes_current / i64::try_from(WAITING).unwrap();
    println!("memory of one of {WAITING} {name} that wait: {each} bytes, goal {MEMORY}");
    assert!(each < MEMORY, "a command that waits holds {each} bytes");
}

/// What each of many calls holds that wait, the future of its caller included.
fn calls(runtime: &Runtime) {
    let connected = Client::builder("127.0.0.1:2001".parse().unwrap())
        .login(login())
        .dial(std::future::pending::<std::io::Result<TcpStream>>)
        .config(dispatch::Config::new(1).per_caller(WAITING))
        .without_account_lock()
        .connect();
    let client = runtime.block_on(connected).unwrap();
    let mut futures = Vec::with_capacity(WAITING);
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            for number in 0..WAITING {
                let mut call = client.query(&check(number)).into_future();
                assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                futures.push(call);
            }
            // It is answered behind them.
            assert_eq!(client.snapshot().await.unwrap().work.calls(), WAITING);
        });
    });
    let each = counted.bytes_current / i64::try_from(WAITING).unwrap();
    println!("memory of one of {WAITING} calls of a client that wait, futures included: {each} bytes");
}

#[expect(clippy::disallowed_methods, reason = "an instant comes from nowhere else; nothing waits for it")]
fn begun() -> Instant {
    Instant::now()
}
