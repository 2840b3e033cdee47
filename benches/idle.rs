//! What an idle local connection of the daemon holds.
//!
//! By itself, for what counts memory takes its time with every allocation: the daemon's speed is measured without it.
//! `--test` is a few connections.

mod local;
mod registry;
mod served;

use std::env;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use registry::runtime;
use served::Bench;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How many local connections are idle at once, and what each may hold, in bytes.
const CONNECTIONS: usize = 10_000;
const MEMORY: i64 = 1_536;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--idle") {
        return local::idle(Path::new(&arguments[at + 1]), arguments.last().unwrap().parse().unwrap());
    }
    // `cargo bench` says so; without it this is a test.
    let test = arguments.iter().any(|argument| argument == "--test")
        || !arguments.iter().any(|argument| argument == "--bench");
    idle_connections(&Bench::new(), &runtime(), if test { 16 } else { CONNECTIONS });
}

/// What local connections hold that have logged in and wait. Their other ends are in a process of their own.
fn idle_connections(bench: &Bench, runtime: &Runtime, count: usize) {
    let path = runtime.block_on(bench.daemon(1));
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

const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
