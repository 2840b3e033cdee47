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

use std::cell::Cell;
use std::env;
use std::fs;
use std::future::Future;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local::Local;
use registry::{Keys, listen_with, runtime};
use rrp::daemon::{self, Config, Control, Hooks, Surroundings};
use rrp::net::Endpoint;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

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
/// How many local connections are idle at once, and what each may hold, in bytes.
const CONNECTIONS: usize = 10_000;
const MEMORY: i64 = 1_536;
/// What a process may hold of its own that has nothing to do, in KiB.
const RESIDENT: u64 = 6 * 1_024;

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
    if let Some(path) = given("--idle") {
        return local::idle(Path::new(path), arguments.last().unwrap().parse().unwrap());
    }
    // `cargo bench` says so; without it this is a test.
    let test = arguments.iter().any(|argument| argument == "--test")
        || !arguments.iter().any(|argument| argument == "--bench");
    let (rounds, turn, traced) = if test { (1, 6, 6) } else { (ROUNDS, TURN, TRACED) };
    let bench = Bench::new();
    let runtime = runtime();
    if let Some(which) = given("--alone") {
        return runtime.block_on(async {
            let path = if which == "relay" { bench.relay() } else { bench.daemon(1).await };
            Local::connect(&path, 0).await.turn(ALONE).await;
        });
    }
    runtime.block_on(async {
        let relay = bench.relay();
        for clients in [1, SEVERAL] {
            let daemon = bench.daemon(clients).await;
            compare(&relay, &daemon, clients, rounds, turn, traced).await;
        }
        bench.first_answer(if test { 1 } else { STARTS }).await;
    });
    bench.idle_connections(&runtime, if test { 16 } else { CONNECTIONS });
    bench.resident(&runtime);
}

/// What everything is asked of, and where sockets and configurations are.
struct Bench {
    keys: Keys,
    endpoint: Endpoint,
    directory: TempDir,
    daemons: Cell<usize>,
}

fn surroundings() -> Surroundings {
    Surroundings::system()
        .variable("REGISTRY", "i-am-it".to_owned())
        .variable("BACKEND", "local-secret".to_owned())
}

impl Bench {
    fn new() -> Self {
        let keys = Keys::new();
        let endpoint = listen_with(Some(keys.acceptor.clone()), STATUS);
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.pem"), &keys.pem).unwrap();
        Self { keys, endpoint, directory, daemons: Cell::new(0) }
    }

    fn relay(&self) -> PathBuf {
        let path = self.directory.path().join("relay");
        relay::serve(&path, self.keys.bare_client(), &self.endpoint);
        path
    }

    /// A configuration, and its socket.
    fn configuration(&self, sessions: usize) -> (PathBuf, String) {
        let number = self.daemons.get();
        self.daemons.set(number + 1);
        let directory = self.directory.path().display();
        let path = self.directory.path().join(format!("daemon-{number}"));
        let text = format!(
            "[account.main]\nserver = \"{}\"\nca-file = \"{directory}/ca.pem\"\nlogin = \"registrar\"\n\
             password-env = \"REGISTRY\"\nsessions = [{sessions}, {sessions}]\nrate = \"unlimited\"\n\
             journal = \"memory\"\nlock = \"{directory}/{number}\"\n\
             [user.backend]\npassword-env = \"BACKEND\"\n\
             [limits]\nconnections = 20000\nconnections-per-user = 20000\n\
             [[listen]]\nunix = \"{}\"\n",
            self.endpoint,
            path.display()
        );
        fs::create_dir(self.directory.path().join(number.to_string())).unwrap();
        (path, text)
    }

    /// Begins a daemon on this thread.
    fn begin(&self, sessions: usize) -> (PathBuf, mpsc::Sender<Control>) {
        let (path, text) = self.configuration(sessions);
        let config = Config::parse(&text, "bench.toml", &surroundings()).unwrap();
        let (control, orders) = mpsc::channel(1);
        tokio::spawn(async move { daemon::run(config, Hooks::default(), orders).await.unwrap() });
        (path, control)
    }

    /// A daemon that serves, for as long as the process lasts.
    async fn daemon(&self, sessions: usize) -> PathBuf {
        let (path, control) = self.begin(sessions);
        std::mem::forget(control);
        there(&path).await;
        // Its sessions are there once each has had something to do.
        let locals = join_all((0..sessions).map(|number| Local::connect(&path, number))).await;
        all(&locals, 100 * sessions).await;
        path
    }

    /// How much later than over a bare session the first answer comes.
    async fn first_answer(&self, starts: usize) {
        let (mut bare, mut served) = (Duration::MAX, Duration::MAX);
        let connector = self.keys.bare_client();
        for _ in 0..starts {
            let alone = async {
                let mut session = relay::session(&connector, &self.endpoint.to_string()).await;
                session.write_all(local::request(0).as_bytes()).await.unwrap();
                session.write_all(b".\r\n").await.unwrap();
                session.flush().await.unwrap();
                assert!(relay::read_to(&mut session, &mut Vec::new(), b"EOF\r\n.\r\n").await);
            };
            bare = bare.min(time(alone).await.1);
            let mut control = None;
            let daemon = async {
                let (path, orders) = self.begin(1);
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

    /// What local connections hold that have logged in and wait. Their other ends are in a process of their own.
    fn idle_connections(&self, runtime: &Runtime, count: usize) {
        let path = runtime.block_on(self.daemon(1));
        let open = |count: usize| {
            // Each side needs a descriptor for each.
            let mut child = Command::new("sh")
                .args(["-c", "ulimit -n 20000; exec \"$0\" \"$@\""])
                .arg(env::current_exe().unwrap())
                .arg("--idle")
                .arg(&path)
                .arg(count.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = child.stdout.take().unwrap();
            let (ready, opened) = oneshot::channel();
            std::thread::spawn(move || {
                let mut line = [0; 5];
                ready.send(said.read_exact(&mut line).map(|()| line)).unwrap();
            });
            assert_eq!(runtime.block_on(opened).unwrap().unwrap(), *b"open\n");
            child
        };
        // The first ones bring what all share.
        let mut children = vec![open(8)];
        children.reserve(1);
        let counted = allocation_counter::measure(|| children.push(open(count)));
        let each = counted.bytes_current / i64::try_from(count).unwrap();
        println!(
            "memory of one of {count} idle local connections: {each} bytes, goal {MEMORY} {}",
            verdict(each <= MEMORY)
        );
        for mut child in children {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    /// What a process holds that serves, has served, and has nothing to do.
    fn resident(&self, runtime: &Runtime) {
        let (path, text) = self.configuration(1);
        let configuration = self.directory.path().join("serve.toml");
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
}

/// Waits until a socket is listened to.
async fn there(path: &Path) {
    while std::os::unix::net::UnixStream::connect(path).is_err() {
        tokio::task::yield_now().await;
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
    join_all(locals.iter().map(|local| local.turn(turn / locals.len()))).await;
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
