//! What the daemon costs on top of a bare relay.
//!
//! Both serve a unix socket, and ask one registry over TLS; see `relay.rs` for what the relay does. They run on this thread and
//! take turns, round after round, so that a slow moment hits them alike; the least round of each counts. The processor's time is
//! that of this thread alone, what the kernel does for it included: the registry and the local clients are on threads of
//! their own. System calls are counted by `strace`, if there is one. `--test` is one short round, without numbers of time worth
//! reading; `--alone relay` or `--alone daemon` serves 20,000 requests by one of them and nothing else, of `--clients`, for a
//! profiler.

mod local;
mod registry;
mod relay;
mod served;
mod traced;

use std::env;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local::Local;
use registry::runtime;
use rrp::daemon::{self, Config, Control, Hooks};
use served::{Bench, all, surroundings, there};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

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

/// How many requests a profiler sees.
const ALONE: usize = 20_000;
/// How often a daemon is started, and how much later than a bare session it may answer.
const STARTS: usize = 20;
const FIRST: Duration = Duration::from_millis(5);
/// What a process may hold of its own that has nothing to do, in KiB.
const RESIDENT: u64 = 6 * 1_024;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let given = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).map(String::as_str)
    };
    if let Some(configuration) = given("--serve") {
        let config =
            Config::parse(&fs::read_to_string(configuration).unwrap(), configuration, &surroundings())
                .unwrap();
        let (_keep, control) = mpsc::channel(1);
        return runtime().block_on(daemon::run(config, Hooks::default(), control)).unwrap();
    }
    // `cargo bench` says so; without it this is a test.
    let test = arguments.iter().any(|argument| argument == "--test")
        || !arguments.iter().any(|argument| argument == "--bench");
    let (rounds, turn, traced) = if test { (1, 6, 6) } else { (ROUNDS, TURN, TRACED) };
    let bench = Bench::new();
    let runtime = runtime();
    if let Some(which) = given("--alone") {
        return runtime.block_on(async {
            let clients = given("--clients").map_or(1, |clients| clients.parse().unwrap());
            let path = if which == "relay" { relay(&bench) } else { bench.daemon(clients).await };
            all(&join_all((0..clients).map(|number| Local::connect(&path, number))).await, ALONE).await;
        });
    }
    runtime.block_on(async {
        let relay = relay(&bench);
        for clients in [1, SEVERAL] {
            let daemon = bench.daemon(clients).await;
            compare(&relay, &daemon, clients, rounds, turn, traced).await;
        }
        first_answer(&bench, if test { 1 } else { STARTS }).await;
    });
    resident(&bench, &runtime);
}

/// A relay, and its socket.
fn relay(bench: &Bench) -> PathBuf {
    let path = bench.directory.path().join("relay");
    relay::serve(&path, bench.keys.bare_client(), &bench.endpoint);
    path
}

/// How much later than over a bare session the first answer comes.
async fn first_answer(bench: &Bench, starts: usize) {
    let (mut bare, mut served) = (Duration::MAX, Duration::MAX);
    let connector = bench.keys.bare_client();
    for _ in 0..starts {
        let alone = async {
            let mut session = relay::session(&connector, &bench.endpoint.to_string()).await;
            session.write_all(local::request(0).as_bytes()).await.unwrap();
            session.write_all(b".\r\n").await.unwrap();
            session.flush().await.unwrap();
            assert!(relay::read_to(&mut session, &mut Vec::new(), b"EOF\r\n.\r\n").await);
        };
        bare = bare.min(time(alone).await.1);
        let mut control = None;
        let daemon = async {
            let (path, orders) = bench.begin(1);
            control = Some(orders);
            there(&path).await;
            Local::connect(&path, 0).await.turn(1).await;
        };
        served = served.min(time(daemon).await.1);
        control.unwrap().send(Control::Drain).await.unwrap();
    }
    let later = served.saturating_sub(bare);
    println!(
        "first answer of a daemon that starts: {:.2} ms, over a bare session {:.2} ms; later by {:.2} ms, goal {} ms {}",
        served.as_secs_f64() * 1e3,
        bare.as_secs_f64() * 1e3,
        later.as_secs_f64() * 1e3,
        FIRST.as_millis(),
        verdict(later <= FIRST)
    );
}

/// What a process holds that serves, has served, and has nothing to do.
fn resident(bench: &Bench, runtime: &Runtime) {
    let (path, text) = bench.configuration(1);
    let configuration = bench.directory.path().join("serve.toml");
    fs::write(&configuration, text).unwrap();
    let program = env::current_exe().unwrap();
    let mut child = Command::new(program).arg("--serve").arg(&configuration).spawn().unwrap();
    runtime.block_on(async {
        there(&path).await;
        Local::connect(&path, 0).await.turn(100).await;
    });
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<u64>().unwrap_or_default()
    };
    let (anonymous, all) = (of("RssAnon"), of("VmRSS"));
    println!(
        "resident of a daemon that waits: {anonymous} KiB of its own, {all} KiB with the program's file; goal {RESIDENT} KiB {}",
        verdict(anonymous <= RESIDENT)
    );
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
