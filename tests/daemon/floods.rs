//! Floods: they neither reach the registry, nor grow memory, nor delay others.
//!
//! Peaks of memory are those of this thread, on which the daemon, the registry and the clients live together.

use std::io::Write;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::runtime::Builder;

use crate::harness::{Daemon, Local, Setup, assert_own, code};

const MIB: usize = 1_048_576;
const FLOOD: usize = 50 * MIB;

/// What this allocates at its peak, in bytes, on this thread.
fn peak(what: impl Future<Output = ()>) -> usize {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let info = allocation_counter::measure(|| runtime.block_on(what));
    usize::try_from(info.bytes_max).unwrap()
}

/// Sends 50 MB of this, or as much as is taken.
async fn flood(mut local: Local, start: &str, piece: &[u8]) -> (Local, usize) {
    let mut sent = 0;
    if local.write_all(start.as_bytes()).await.is_ok() {
        while sent < FLOOD {
            match local.write(piece).await {
                Ok(written) => sent += written,
                Err(_) => break,
            }
        }
    }
    (local, sent)
}

/// A client that behaves is answered all the while. Until it is told to stop, this asks and asks; the slowest answer.
fn served(
    daemon: &Daemon,
    mut local: Local,
) -> (tokio::task::JoinHandle<(usize, Duration)>, tokio::sync::oneshot::Sender<()>) {
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let _ = daemon;
    let task = tokio::spawn(async move {
        let (mut answers, mut slowest) = (0, Duration::ZERO);
        while stopped.try_recv().is_err() {
            let since = Instant::now();
            assert_eq!(code(&local.ask("command=CheckDomain\ndomain=example.com").await), "210");
            slowest = slowest.max(since.elapsed());
            answers += 1;
        }
        (answers, slowest)
    });
    (task, stop)
}

/// Whoever floods hears 507 and is closed; this much is taken of it at the most.
fn offends(start: &str, piece: &[u8], most_taken: usize, most_held: usize) {
    let peak = peak(async {
        let daemon = Daemon::start().await;
        let (task, stop) = served(&daemon, daemon.log_in("batch").await);
        for tcp in [false, true] {
            let local = match (start.is_empty(), tcp) {
                (true, false) => daemon.connect().await,
                (true, true) => daemon.connect_by_tcp().await,
                (false, false) => daemon.log_in("desk").await,
                (false, true) => daemon.log_in_by_tcp("desk").await,
            };
            let (mut local, sent) = flood(local, start, piece).await;
            let told = local.rest().await;
            // A reset may take the last words away; never with a unix socket.
            if !tcp {
                assert_own(&told, "507");
                assert!(sent <= most_taken, "{sent} bytes were taken");
            }
            assert!(sent < FLOOD, "all was taken");
        }
        stop.send(()).unwrap();
        let (answers, slowest) = task.await.unwrap();
        assert!(
            answers > 0 && slowest < Duration::from_secs(5),
            "{answers} answers, the slowest in {slowest:?}"
        );
        assert!(daemon.reached().iter().all(|command| command == "checkdomain example.com"));
        daemon.end().await;
    });
    assert!(peak < most_held, "{peak} bytes were held");
}

#[test]
fn a_line_of_fifty_megabytes() {
    offends("[COMMAND]\ncommand=AddDomain\ndomain=", &[b'a'; 65_536], MIB, 2 * MIB);
}

#[test]
fn fifty_megabytes_of_short_lines() {
    offends("[COMMAND]\ncommand=AddDomain\n", &b"a=b\n".repeat(16_384), MIB, 2 * MIB);
}

#[test]
fn fifty_megabytes_of_long_lines() {
    offends(
        "[COMMAND]\ncommand=AddDomain\n",
        &[&[b'a'; 59], &b"=b\n"[..]].concat().repeat(1_024),
        MIB,
        2 * MIB,
    );
}

#[test]
fn fifty_megabytes_instead_of_a_login() {
    offends("", &[b'a'; 65_536], MIB, 2 * MIB);
}

#[test]
fn blank_lines_without_end() {
    let peak = peak(async {
        let daemon = Setup::new().limits("request-time = '1s'").start().await;
        let (task, stop) = served(&daemon, daemon.log_in("batch").await);
        // From threads of their own, so that there always is more.
        let path = daemon.directory.path().join("front.sock");
        let floods: Vec<_> = (0..2)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || {
                    let mut socket = std::os::unix::net::UnixStream::connect(path).unwrap();
                    let since = Instant::now();
                    let mut sent = 0;
                    if socket.write_all(b"desk\nsecret\n").is_ok() {
                        let blank = [b'\n'; 65_536];
                        while let Ok(written) = socket.write(&blank) {
                            sent += written;
                            if since.elapsed() > Duration::from_secs(20) {
                                break;
                            }
                        }
                    }
                    (sent, since.elapsed())
                })
            })
            .collect();
        for flood in floods {
            let (sent, took) = tokio::task::spawn_blocking(move || flood.join().unwrap()).await.unwrap();
            assert!(took < Duration::from_secs(10), "{sent} bytes in {took:?}");
        }
        stop.send(()).unwrap();
        let (answers, slowest) = task.await.unwrap();
        assert!(
            answers > 10 && slowest < Duration::from_secs(5),
            "{answers} answers, the slowest in {slowest:?}"
        );
        daemon.end().await;
    });
    assert!(peak < 2 * MIB, "{peak} bytes were held");
}

#[test]
fn many_requests_that_are_never_finished_share_a_bound() {
    let peak = peak(async {
        let daemon = Setup::new().limits("unfinished = 1048576").start().await;
        let part =
            format!("[COMMAND]\ncommand=AddDomain\n{}", format!("a={}\n", "a".repeat(1_000)).repeat(200));
        let mut clients = Vec::new();
        let (mut closed, mut open) = (0, 0);
        for _ in 0..100 {
            let mut local = daemon.log_in("desk").await;
            let _ = local.write_all(part.as_bytes()).await;
            clients.push(local);
        }
        for mut local in clients {
            // What one may hold in any case, all may.
            let told = tokio::time::timeout(Duration::from_millis(20), local.rest()).await;
            match told {
                Ok(told) => {
                    assert_own(&told, "507");
                    closed += 1;
                }
                Err(_) => open += 1,
            }
        }
        assert!(closed >= 90 && open > 0, "{closed} {open}");
        let mut local = daemon.log_in("batch").await;
        assert_eq!(code(&local.ask("command=CheckDomain\ndomain=example.com").await), "210");
        assert_eq!(daemon.reached().len(), 1);
        daemon.end().await;
    });
    assert!(peak < 6 * MIB, "{peak} bytes were held");
}

#[test]
fn ten_thousand_silent_connections() {
    // Two descriptors each, as both ends are here. The daemon raises the soft limit by itself.
    let limit = rlimit();
    let many = if limit >= 20_600 { 10_000 } else { (limit - 600) / 2 };
    eprintln!("{many} connections, as {limit} descriptors are allowed");
    let most = many + 10;
    let peak = peak(async {
        let limits = format!("connections = {most}\nconnections-per-user = {most}");
        let daemon = Setup::new().limits(&limits).start().await;
        let mut silent = Vec::new();
        let mut real = daemon.log_in("batch").await;
        while silent.len() < many {
            // Half of them have logged in.
            let local =
                if silent.len() % 2 == 0 { daemon.connect().await } else { daemon.log_in("desk").await };
            silent.push(local);
            if silent.len() % 1_000 == 0 {
                assert_eq!(code(&real.ask("command=CheckDomain\ndomain=example.com").await), "210");
            }
        }
        let since = Instant::now();
        for _ in 0..100 {
            assert_eq!(code(&real.ask("command=CheckDomain\ndomain=example.com").await), "210");
        }
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        // One that comes now is served, too.
        let mut late = daemon.log_in_by_tcp("desk").await;
        assert_eq!(code(&late.ask("command=CheckDomain\ndomain=example.com").await), "210");
        drop(silent);
        assert_eq!(code(&real.ask("command=CheckDomain\ndomain=example.com").await), "210");
        daemon.end().await;
    });
    // Both ends of each, and the daemon itself.
    assert!(peak < 4 * MIB + many * 4_096, "{peak} bytes were held");
}

#[tokio::test]
async fn whoever_says_nothing_keeps_nobody_out() {
    let daemon = Setup::new().limits("connections = 64").start().await;
    let mut real = daemon.log_in("batch").await;
    let mut silent = Vec::new();
    for _ in 0..1_000 {
        silent.push(daemon.connect().await);
    }
    // The oldest made room.
    assert_eq!(silent[0].rest().await, "login:");
    let mut late = daemon.log_in("desk").await;
    for local in [&mut real, &mut late] {
        assert_eq!(code(&local.ask("command=CheckDomain\ndomain=example.com").await), "210");
    }
    daemon.end().await;
}

#[test]
fn large_replies_that_nobody_reads() {
    let peak = peak(async {
        let daemon = Setup::new().limits("write-time = '1s'").start().await;
        let mut real = daemon.log_in("batch").await;
        for number in 0..300 {
            let name = format!("a-name-of-some-length-{number}.com");
            assert_eq!(code(&real.ask(&format!("command=AddDomain\ndomain={name}\nperiod=1")).await), "200");
        }
        let (task, stop) = served(&daemon, real);
        let ask = "[COMMAND]\ncommand=QueryDomainList\nEOF\n".repeat(200);
        let mut stuck = Vec::new();
        for tcp in [false, true, false, true] {
            let mut local =
                if tcp { daemon.log_in_by_tcp("desk").await } else { daemon.log_in("desk").await };
            let ask = ask.clone();
            stuck.push(tokio::spawn(async move {
                // Answers fill the socket, then requests do, and then it is closed.
                let since = Instant::now();
                while local.write_all(ask.as_bytes()).await.is_ok() {
                    assert!(since.elapsed() < Duration::from_secs(30));
                }
                since.elapsed()
            }));
        }
        for task in stuck {
            task.await.unwrap();
        }
        stop.send(()).unwrap();
        let (answers, slowest) = task.await.unwrap();
        assert!(
            answers > 10 && slowest < Duration::from_secs(5),
            "{answers} answers, the slowest in {slowest:?}"
        );
        daemon.end().await;
    });
    assert!(peak < 8 * MIB, "{peak} bytes were held");
}

/// How many descriptors this process may have.
fn rlimit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let hard = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().nth(1)?.parse().ok());
    hard.unwrap_or(4_096)
}
