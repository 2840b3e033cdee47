//! What the daemon costs on top of a bare relay.
//!
//! Both serve a unix socket, and ask one registry over TLS; see `relay.rs` for what the relay does. They run on this thread and
//! take turns, round after round, so that a slow moment hits them alike; the least round of each counts. The processor's time is
//! that of this thread alone, what the kernel does for it included: the registry and the local clients are on threads of
//! their own. System calls are counted by `strace`, if there is one. `--test` is one short round, without numbers of time worth
//! reading; `--alone relay` or `--alone daemon` serves 20,000 requests by one of them and nothing else, for a profiler.

mod local;
mod registry;
mod relay;
mod traced;

use std::env;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use local::Local;
use registry::{Keys, listen_with, login, runtime};
use rrp::Client;
use rrp::command::{Body, Ptf};
use rrp::net::Endpoint;
use rrp::wire::decode;
use rrp::wire::deframe::{Deframer, Ends, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// How often each has its turn, and how many requests a turn is.
const ROUNDS: usize = 20;
const TURN: usize = 3_000;
/// How many clients and sessions there are where there are several.
const SEVERAL: usize = 3;
/// How many requests are traced.
const TRACED: usize = 1_000;
/// What the processor may take for a request, in multiples of the relay.
const GOAL: f64 = 1.15;
const LIMIT: f64 = 1.3;
/// System calls of a request at one session.
const SYSTEM_CALLS: f64 = 7.5;
/// What comes through with several clients, in multiples of as many relayed sessions.
const THROUGHPUT: f64 = 0.90;

/// What a registry says of a domain.
const STATUS: &[u8] = b"[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n\
    property[domain][0] = example.com\r\nproperty[status][0] = ACTIVE\r\n\
    property[registrar][0] = registrar\r\nproperty[created date][0] = 2020-01-01 00:00:00\r\n\
    property[updated date][0] = 2026-01-01 00:00:00\r\n\
    property[registration expiration date][0] = 2027-01-01 00:00:00\r\n\
    property[renewalmode][0] = DEFAULT\r\nproperty[transferlock][0] = 0\r\n\
    property[ownercontact][0] = P-ABC1234\r\nproperty[admincontact][0] = P-ABC1234\r\n\
    property[nameserver][0] = ns1.example.net\r\nproperty[nameserver][1] = ns2.example.net\r\n\
    queuetime = 0\r\nruntime = 0.042\r\nEOF\r\n.\r\n";

fn main() {
    // `cargo bench` says so; without it this is a test.
    let test = env::args().any(|argument| argument == "--test")
        || !env::args().any(|argument| argument == "--bench");
    let (rounds, turn, traced) = if test { (1, 6, 6) } else { (ROUNDS, TURN, TRACED) };
    let keys = Keys::new();
    let endpoint = listen_with(Some(keys.acceptor.clone()), STATUS);
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let path = directory.path().join("relay");
        relay::serve(&path, keys.bare_client(), &endpoint);
        let arguments: Vec<String> = env::args().collect();
        if let Some(at) = arguments.iter().position(|argument| argument == "--alone") {
            let daemon = directory.path().join("daemon");
            serve(&daemon, &keys, &endpoint, 1).await;
            let path =
                if arguments.get(at + 1).is_some_and(|which| which == "relay") { path } else { daemon };
            Local::connect(&path, 0).await.turn(20_000).await;
            return;
        }
        for clients in [1, SEVERAL] {
            let daemon = directory.path().join(format!("daemon-{clients}"));
            serve(&daemon, &keys, &endpoint, clients).await;
            compare(&path, &daemon, clients, rounds, turn, traced).await;
        }
    });
}

/// The daemon's shape.
async fn serve(path: &Path, keys: &Keys, endpoint: &Endpoint, sessions: usize) {
    let client = Client::builder(endpoint.clone())
        .login(login())
        .connector(keys.connector.clone())
        .sessions(sessions..=sessions)
        .unlimited()
        .without_account_lock()
        .connect()
        .await
        .unwrap();
    while client.snapshot().await.unwrap().sessions.sessions.idle < sessions {
        tokio::task::yield_now().await;
    }
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        loop {
            let (local, _) = listener.accept().await.unwrap();
            tokio::spawn(front(local, client.clone()));
        }
    });
}

async fn front(mut local: UnixStream, client: Client) {
    let mut bytes = BytesMut::with_capacity(2_048);
    local.write_all(b"login:password:").await.unwrap();
    while bytes.iter().filter(|byte| **byte == b'\n').count() < 2 {
        local.read_buf(&mut bytes).await.unwrap();
    }
    bytes.clear();
    let mut deframer = Deframer::new(Limits::COMMAND);
    deframer.set_ends(Ends::Eof);
    loop {
        let frame = loop {
            if let Some(frame) = deframer.deframe(&mut bytes).unwrap() {
                break frame;
            }
            bytes.reserve(1_024);
            if local.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let Body::Ptf(command) = decode(&frame).unwrap() else { panic!("a PTF command") };
        drop(frame);
        let query = Ptf::query_of(command).unwrap();
        let answer = client.query(&query).user("backend").raw().await.unwrap();
        let mut out = Vec::with_capacity(answer.reply().bytes().len() + 5);
        out.extend_from_slice(answer.reply().bytes());
        out.extend_from_slice(b"EOF\r\n");
        local.write_all(&out).await.unwrap();
    }
}

/// The same requests through both.
async fn compare(relay: &Path, daemon: &Path, clients: usize, rounds: usize, turn: usize, traced: usize) {
    let mut relayed = Vec::new();
    let mut served = Vec::new();
    for number in 0..clients {
        relayed.push(Local::connect(relay, number).await);
        served.push(Local::connect(daemon, number).await);
    }
    let (mut least, mut fastest) = ([Duration::MAX; 2], [Duration::MAX; 2]);
    for _ in 0..rounds {
        for (which, locals) in [&relayed, &served].into_iter().enumerate() {
            let (used, took) = time(all(locals, turn)).await;
            least[which] = least[which].min(used);
            fastest[which] = fastest[which].min(took);
        }
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / turn as f64;
    let ratio = |[relay, daemon]: [Duration; 2]| daemon.as_secs_f64() / relay.as_secs_f64();
    let (cost, speed) = (ratio(least), 1.0 / ratio(fastest));
    println!("a request of {clients} local clients, relayed: {:.1} µs of the processor", each(least[0]));
    println!(
        "through a daemon with {clients} sessions: {:.1} µs, {cost:.2} of the relay, goal {GOAL}, limit {LIMIT} {}; \
        throughput {speed:.2} of the relay, goal {THROUGHPUT} {}",
        each(least[1]),
        verdict(cost <= GOAL),
        verdict(speed >= THROUGHPUT)
    );
    for (name, locals) in [("relayed", &relayed), ("through a daemon", &served)] {
        match traced::system_calls(all(locals, traced)).await {
            Some(calls) => {
                let each = calls as f64 / traced as f64;
                let verdict = verdict(each <= SYSTEM_CALLS);
                println!(
                    "system calls of a request of {clients} clients {name}: {each:.2}, goal {SYSTEM_CALLS} {verdict}"
                );
            }
            None => println!("system calls: not counted, for there is no strace that may trace us"),
        }
    }
}

/// So many requests of all clients together.
async fn all(locals: &[Local], turn: usize) {
    futures_util::future::join_all(locals.iter().map(|local| local.turn(turn / locals.len()))).await;
}

/// What this thread has used of a processor meanwhile, and how long it took.
#[expect(clippy::disallowed_methods, reason = "to read the clock is what it is for")]
async fn time(work: impl Future<Output = ()>) -> (Duration, Duration) {
    let (before, start) = (used(), Instant::now());
    work.await;
    (used() - before, start.elapsed())
}

/// What this thread has used of a processor so far.
fn used() -> Duration {
    // Whoever offers the processor to others is charged before for what he had of it.
    std::thread::yield_now();
    let said =
        fs::read_to_string("/proc/thread-self/schedstat").expect("Linux, with statistics of its scheduler");
    Duration::from_nanos(said.split(' ').next().and_then(|used| used.parse().ok()).expect("nanoseconds"))
}

const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
