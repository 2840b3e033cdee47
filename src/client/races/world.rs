//! A registry on the threads of a model, a clock that one of them moves, and the running of a model.

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::RandomScheduler;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

use crate::client::{Builder, Client};
use crate::command::Session as Login;
use crate::dispatch;
use crate::journal::Memory;
use crate::net::Transport;
use crate::pool;
use crate::retry::Backoff;

pub(super) const PASSWORD: &str = "s3same";
pub(super) const NEW_PASSWORD: &str = "0pen-s3same";
/// How many sessions the registry is to see at a time.
pub(super) const SESSIONS: usize = 3;
/// How many calls there may be at a time.
pub(super) const CALLS: usize = 8;

/// Runs a scenario in so many orders of events. `RRP_RACES` is how many times as many; `RRP_RACES_SEED` is the seed, of
/// the first order the one that a failure prints; otherwise it is always the same.
pub(super) fn in_every_order<F: Future<Output = ()> + 'static>(
    orders: usize,
    scenario: impl Fn(Registry) -> F + Send + Sync + 'static,
) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let once = move || {
        // Its clock stands still unless somebody moves it; nobody runs on it.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = Arc::new(runtime.enable_time().start_paused(true).build().unwrap());
        let _entered = runtime.enter();
        drop(crate::concurrent::spawned());
        let registry = Registry::default();
        let over = Arc::new(AtomicBool::new(false));
        let clock = spawn(move_clock(Arc::clone(&runtime), Arc::clone(&over)));
        block_on(async {
            scenario(registry.clone()).await;
            registry.deserted().await;
            for task in crate::concurrent::spawned() {
                while !task.is_finished() {
                    yield_now().await;
                }
            }
            over.store(true, Ordering::SeqCst);
            clock.await.unwrap();
        });
    };
    let seed = number("RRP_RACES_SEED").unwrap_or(20_260_922);
    let orders = orders * usize::try_from(number("RRP_RACES").unwrap_or(1)).unwrap();
    println!("seed {seed}, {orders} orders");
    let mut config = shuttle::Config::default();
    // Futures of unoptimised code are large.
    config.stack_size = 1 << 20;
    // Whoever waits for what never comes waits for ever.
    config.max_steps = shuttle::MaxSteps::FailAfter(300_000);
    config.silence_warnings = true;
    shuttle::Runner::new(RandomScheduler::new_from_seed(seed, orders), config).run(once);
}

/// Time passes, whatever the others do meanwhile.
async fn move_clock(runtime: Arc<tokio::runtime::Runtime>, over: Arc<AtomicBool>) {
    while !over.load(Ordering::SeqCst) {
        let step = Duration::from_millis(5 << thread_rng().gen_range(0..9_u32));
        runtime.block_on(tokio::time::advance(step));
        yield_now().await;
    }
}

/// Lets others go on so often, or less.
pub(super) async fn dawdle(most: u32) {
    for _ in 0..thread_rng().gen_range(0..=most) {
        yield_now().await;
    }
}

/// What the registry does wrong, by chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Good,
    /// It closes instead of answering, or after it, or does not greet.
    Dying,
}

#[derive(Clone, Default)]
pub(super) struct Registry(Arc<Mutex<Inner>>);

struct Inner {
    password: &'static str,
    mood: Mood,
    /// Whether commands wait for their answers until it is open again.
    shut: bool,
    /// Connections that nobody has closed.
    open: BTreeSet<u64>,
    peers: usize,
    numbers: u64,
    received: Vec<String>,
    logins_refused: usize,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            password: PASSWORD,
            mood: Mood::Good,
            shut: false,
            open: BTreeSet::new(),
            peers: 0,
            numbers: 0,
            received: Vec::new(),
            logins_refused: 0,
        }
    }
}

impl Registry {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        self.inner().mood = mood;
    }

    pub(super) fn set_password(&self, password: &'static str) {
        self.inner().password = password;
    }

    pub(super) fn password(&self) -> &'static str {
        self.inner().password
    }

    pub(super) fn shut(&self, shut: bool) {
        self.inner().shut = shut;
    }

    /// How often it was told to do something with this name.
    pub(super) fn received(&self, name: &str) -> usize {
        self.inner().received.iter().filter(|received| *received == name).count()
    }

    /// How many commands it was sent.
    pub(super) fn commands(&self) -> usize {
        self.inner().received.len()
    }

    pub(super) fn logins_refused(&self) -> usize {
        self.inner().logins_refused
    }

    /// A client that does not wait for its pace, nor in between attempts.
    pub(super) fn builder(&self, sessions: usize) -> Builder {
        let registry = self.clone();
        let at_once = Backoff::new(Duration::ZERO, Duration::ZERO);
        Client::builder("127.0.0.1:2001".parse().unwrap())
            .login(Login::login("registrar", PASSWORD.to_owned()).unwrap())
            .dial(move || {
                let registry = registry.clone();
                async move { io::Result::Ok(registry.dialled()) }
            })
            .without_account_lock()
            .journal(Memory::new([7; 32]))
            .config(dispatch::Config::new(7).backoff(at_once).tries(100))
            .pool(pool::Options::new(7))
            .sessions(0..=sessions)
            .reopening(at_once)
            .unlimited()
            .calls(CALLS)
            .query_deadline(Duration::from_secs(1_000_000))
            .change_deadline(Duration::from_secs(1_000_000))
            .wall_clock(|| 1_790_000_000_000)
    }

    fn dialled(&self) -> Ours {
        let (ours, theirs) = tokio::io::duplex(65_536);
        let mut inner = self.inner();
        inner.numbers += 1;
        inner.peers += 1;
        let number = inner.numbers;
        inner.open.insert(number);
        if inner.mood == Mood::Good {
            assert!(inner.open.len() <= SESSIONS, "{} sessions at the registry", inner.open.len());
        }
        drop(inner);
        let registry = self.clone();
        drop(spawn(async move {
            registry.converse(number, theirs).await;
            registry.inner().peers -= 1;
            registry.closed(number);
        }));
        Ours { registry: self.clone(), number, stream: ours }
    }

    fn closed(&self, number: u64) {
        self.inner().open.remove(&number);
    }

    /// Waits until nobody is connected.
    pub(super) async fn deserted(&self) {
        while self.inner().peers > 0 {
            yield_now().await;
        }
    }

    async fn converse(&self, number: u64, mut stream: DuplexStream) {
        let mut received = String::new();
        let mut chunk = [0; 1_024];
        if self.fails() {
            return;
        }
        let mut answer = "Example RRP Server version 1.1.0\r\nnow\r\n.\r\n".to_owned();
        loop {
            if stream.write_all(answer.as_bytes()).await.is_err() || answer.starts_with("220") || self.fails()
            {
                return;
            }
            let command = loop {
                if let Some((command, rest)) = received.split_once("\r\n.\r\n") {
                    let command = command.to_owned();
                    received = rest.to_owned();
                    break command;
                }
                match stream.read(&mut chunk).await {
                    Ok(read @ 1..) => received.push_str(std::str::from_utf8(&chunk[..read]).unwrap()),
                    _ => return,
                }
            };
            let of = |field: &str| {
                command
                    .lines()
                    .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
                    .map(str::to_owned)
            };
            answer = match command.lines().next() {
                Some("session") => match self.log_in(of("-Password"), of("-NewPassword")) {
                    true => "200 Command completed successfully\r\n.\r\n".to_owned(),
                    false => "530 Authentication failed\r\n.\r\n".to_owned(),
                },
                Some("quit") => {
                    self.closed(number);
                    "220 Goodbye\r\n.\r\n".to_owned()
                }
                Some("describe") => {
                    "200 Command completed successfully\r\nProtocol:RRP 1.1.0\r\n.\r\n".to_owned()
                }
                verb => {
                    let name = of("DomainName").unwrap().to_lowercase();
                    self.inner().received.push(name.clone());
                    while self.inner().shut {
                        yield_now().await;
                    }
                    dawdle(2).await;
                    if self.fails() {
                        return;
                    }
                    let code = if verb == Some("add") { 200 } else { 211 };
                    format!("{code} {name}\r\n.\r\n")
                }
            };
            dawdle(2).await;
        }
    }

    fn fails(&self) -> bool {
        self.inner().mood == Mood::Dying && thread_rng().gen_ratio(1, 8)
    }

    fn log_in(&self, password: Option<String>, new: Option<String>) -> bool {
        let mut inner = self.inner();
        if password.as_deref() != Some(inner.password) {
            inner.logins_refused += 1;
            return false;
        }
        if new.is_some() {
            inner.password = NEW_PASSWORD;
        }
        true
    }
}

/// Our end of a connection: it is closed when it goes.
struct Ours {
    registry: Registry,
    number: u64,
    stream: DuplexStream,
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.registry.closed(self.number);
    }
}

impl AsyncRead for Ours {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, to)
    }
}

impl AsyncWrite for Ours {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Transport for Ours {
    fn kernel_readable(&self) -> io::Result<bool> {
        self.stream.kernel_readable()
    }

    fn poll_kernel_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_kernel_readable(cx)
    }
}
