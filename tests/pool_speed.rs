//! How fast a pool is, on a clock that stands still while anybody has something to do: as fast as its sessions let it be,
//! and nobody is woken for nothing.
#![cfg(feature = "net")]

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use rrp::Client;
use rrp::client::Builder;
use rrp::command::{Check, Session};
use rrp::dispatch::Config;
use rrp::pool;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// So long the registry takes for a command. Its logins take no time.
const SERVICE: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Registry(Arc<Inner>);

struct Inner {
    /// When somebody connected, and when his login was accepted.
    dials: Mutex<Vec<(Instant, Option<Instant>)>>,
    commands: AtomicUsize,
    /// Whoever is connected while it changes is cut off.
    cut: watch::Sender<()>,
}

impl Registry {
    fn new() -> Self {
        Self(Arc::new(Inner {
            dials: Mutex::default(),
            commands: AtomicUsize::new(0),
            cut: watch::channel(()).0,
        }))
    }

    fn dials(&self) -> MutexGuard<'_, Vec<(Instant, Option<Instant>)>> {
        self.0.dials.lock().unwrap()
    }

    /// A client with so many sessions, as fast as they let it be.
    fn builder(&self, sessions: usize) -> Builder {
        let registry = self.clone();
        Client::builder("127.0.0.1:2001".parse().unwrap())
            .login(Session::login("registrar", "password".to_owned()).unwrap())
            .dial(move || {
                let (ours, theirs) = tokio::io::duplex(4_096);
                tokio::spawn(registry.clone().converse(theirs));
                async move { io::Result::Ok(ours) }
            })
            .without_account_lock()
            .config(Config::new(7))
            .pool(pool::Options::new(7))
            .sessions(sessions..=sessions)
            .query_deadline(Duration::from_secs(100_000))
            .unlimited()
    }

    async fn converse(self, mut stream: DuplexStream) {
        let number = {
            let mut dials = self.dials();
            dials.push((Instant::now(), None));
            dials.len() - 1
        };
        let mut cut = self.0.cut.subscribe();
        let mut received = Vec::new();
        let mut answer: &[u8] = b"A RRP Server version 1.1.0\r\nnow\r\n.\r\n";
        while stream.write_all(answer).await.is_ok() {
            received.clear();
            while !received.ends_with(b"\r\n.\r\n") {
                tokio::select! {
                    read = stream.read_buf(&mut received) => if read.unwrap_or(0) == 0 { return },
                    _ = cut.changed() => return,
                }
            }
            answer = match received.split(|byte| *byte == b'\r').next() {
                Some(b"session") => {
                    self.dials()[number].1 = Some(Instant::now());
                    b"200 Command completed successfully\r\n.\r\n"
                }
                Some(b"quit") => b"220 Goodbye\r\n.\r\n",
                _ => {
                    self.0.commands.fetch_add(1, Ordering::SeqCst);
                    tokio::select! {
                        () = sleep(SERVICE) => {}
                        _ = cut.changed() => return,
                    }
                    b"211 Domain name not available\r\n.\r\n"
                }
            };
        }
    }
}

/// A name that nobody else asks for, so that each call is a command of its own.
async fn ask(client: Client, caller: usize) {
    let check = Check::domain(&format!("caller-{caller}.example").parse().unwrap());
    assert_eq!(client.query(&check).raw().await.unwrap().code(), 211);
}

async fn all_open(client: &Client, sessions: usize) {
    while client.snapshot().await.unwrap().sessions.sessions.idle < sessions {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn throughput(sessions: usize) {
    const CALLERS: usize = 256;
    const ROUNDS: usize = 12;
    let registry = Registry::new();
    let client = registry.builder(sessions).connect().await.unwrap();
    all_open(&client, sessions).await;

    let begun = Instant::now();
    let waits = Arc::new(Mutex::new(Vec::new()));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (client, waits) = (client.clone(), Arc::clone(&waits));
        callers.spawn(async move {
            for round in 0..ROUNDS {
                let asked = Instant::now();
                ask(client.clone(), caller).await;
                // The first ones do not wait behind everybody.
                if round > 0 {
                    waits.lock().unwrap().push(asked.elapsed());
                }
            }
        });
    }
    callers.join_all().await;
    let took = begun.elapsed().as_secs_f64();
    let permitted = sessions as f64 / SERVICE.as_secs_f64();
    let share = (CALLERS * ROUNDS) as f64 / took / permitted;
    let mut waits = waits.lock().unwrap().clone();
    waits.sort_unstable();
    let [p50, p99] = [50, 99].map(|percent| waits[waits.len() * percent / 100].as_secs_f64());
    println!(
        "{sessions} sessions: {:.2} % of {permitted} commands a second; p50 {p50:.3} s, p99 {p99:.3} s",
        share * 100.0
    );
    assert!(share >= 0.98, "{share}");
    assert!(p99 <= 1.5 * p50, "{p99} {p50}");
    client.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_are_never_idle_while_somebody_waits() {
    for sessions in [1, 3, 5] {
        throughput(sessions).await;
    }
}

/// Counts how often the future is polled.
struct Counted<F>(Pin<Box<F>>, Arc<AtomicUsize>);

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.as_mut().poll(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn five_sessions_that_die_at_once_are_opened_one_by_one_and_wake_nobody() {
    const CALLERS: usize = 1_000;
    const SESSIONS: usize = 5;
    let registry = Registry::new();
    let client = registry.builder(SESSIONS).connect().await.unwrap();
    all_open(&client, SESSIONS).await;
    assert_eq!(registry.dials().len(), SESSIONS);

    let polls = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(Counted(Box::pin(ask(client.clone(), caller)), Arc::clone(&polls)));
    }
    // In the midst of the second round.
    sleep(SERVICE * 3 / 2).await;
    assert_eq!(polls.load(Ordering::SeqCst), CALLERS + SESSIONS, "each once, and five with their answers");
    assert_eq!(registry.0.commands.load(Ordering::SeqCst), 2 * SESSIONS);
    registry.0.cut.send_replace(());

    callers.join_all().await;
    // Once to begin and once with the answer, whatever became of the sessions meanwhile.
    assert_eq!(polls.load(Ordering::SeqCst), 2 * CALLERS);
    // The five that were cut off were sent again, and nothing else.
    assert_eq!(registry.0.commands.load(Ordering::SeqCst), CALLERS + SESSIONS);
    let dials = registry.dials().clone();
    assert_eq!(dials.len(), 2 * SESSIONS, "no more connections than sessions");
    for pair in dials[SESSIONS..].windows(2) {
        let logged_in = pair[0].1.expect("it has logged in");
        assert!(logged_in <= pair[1].0, "one at a time: {pair:?}");
    }
    let begun = dials[SESSIONS].0;
    println!(
        "opened again after {:?}",
        dials[SESSIONS..].iter().map(|dial| dial.0 - begun).collect::<Vec<_>>()
    );
    client.shutdown().await;
}
