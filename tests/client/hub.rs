//! The simulated registry in memory, on the clock of the runtime, for clients that dial it.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rrp::Client;
use rrp::client::Builder;
use rrp::command::Session;
use rrp::dispatch::{Config, Ticket};
use rrp::journal::{Journal, Memory};
use rrp::sim::{self, Action, ConnectionId, Effect, Fault, Registrar, Registry, Trigger};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, mpsc};

/// When the simulated registry's clock begins, in milliseconds of Unix time: 2026-01-01.
const BEGIN: u64 = 1_767_225_600_000;

pub(crate) const PASSWORD: &str = "s3same";

#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: Notify,
    begun: Instant,
    dials: AtomicUsize,
    /// Connections from their acceptance to their end: how many now, and the most there ever were.
    open: AtomicUsize,
    most: AtomicUsize,
    unreachable: AtomicBool,
    heard: Mutex<Vec<Heard>>,
}

/// Something that a client has sent.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) when: Instant,
    /// Which connection of the registry, counted from 1.
    pub(crate) connection: u64,
    pub(crate) text: String,
}

struct State {
    registry: Registry,
    clients: HashMap<ConnectionId, mpsc::UnboundedSender<Action>>,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self::with(sim::Config::new())
    }

    /// A registry like this, that knows the registrar.
    pub(crate) fn with(config: sim::Config) -> Self {
        Self::of(config.registrar(Registrar::new("registrar", PASSWORD.to_owned())))
    }

    /// A registry that knows this one alone.
    pub(crate) fn for_registrar(registrar: Registrar) -> Self {
        Self::of(sim::Config::new().registrar(registrar))
    }

    fn of(config: sim::Config) -> Self {
        let registry = Registry::new(config, now());
        let hub = Self(Arc::new(Inner {
            state: Mutex::new(State { registry, clients: HashMap::new() }),
            changed: Notify::new(),
            begun: now(),
            dials: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            heard: Mutex::default(),
            unreachable: AtomicBool::new(false),
        }));
        tokio::spawn(hub.clone().pump());
        hub
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Looks at the registry, or prepares it.
    pub(crate) fn registry<T>(&self, look: impl FnOnce(&mut Registry) -> T) -> T {
        let found = look(&mut self.state().registry);
        self.0.changed.notify_one();
        found
    }

    /// One command of this name goes wrong.
    pub(crate) fn fault(&self, command: &str, effect: Effect) {
        self.registry(|registry| {
            registry.faults().add(Fault::on(Trigger::Command(command.into())).then(effect));
        });
    }

    /// How often something was done to an object.
    pub(crate) fn changes(&self, change: sim::Change, object: &str) -> usize {
        self.registry(|registry| registry.ledger().changes(change, object))
    }

    /// How often somebody dialled.
    pub(crate) fn dials(&self) -> usize {
        self.0.dials.load(Ordering::SeqCst)
    }

    /// The most connections that there ever were at a time.
    pub(crate) fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    /// What was sent that begins like this, logins and QUIT included, in the order in which it came.
    pub(crate) fn heard(&self, beginning: &str) -> Vec<Heard> {
        let heard = self.0.heard.lock().unwrap();
        heard.iter().filter(|heard| heard.text.starts_with(beginning)).cloned().collect()
    }

    /// A fault that has no name of its own.
    pub(crate) fn add(&self, fault: Fault) {
        self.registry(|registry| {
            registry.faults().add(fault);
        });
    }

    /// All is well again.
    pub(crate) fn well(&self) {
        self.registry(|registry| {
            registry.faults().clear();
        });
    }

    /// From now on nobody gets through, or everybody does.
    pub(crate) fn unreachable(&self, yes: bool) {
        self.0.unreachable.store(yes, Ordering::SeqCst);
    }

    /// A client of this registry, as fast as it can be.
    pub(crate) fn builder(&self) -> Builder {
        self.builder_with(PASSWORD)
    }

    pub(crate) fn builder_with(&self, password: &str) -> Builder {
        let (hub, begun) = (self.clone(), self.0.begun);
        let since = move || u64::try_from(now().duration_since(begun).as_millis()).unwrap();
        Client::builder("127.0.0.1:2001".parse().unwrap())
            .login(Session::login("registrar", password.to_owned()).unwrap())
            .dial(move || {
                let hub = hub.clone();
                async move {
                    // A SYN comes behind the FIN or RST that was sent before it.
                    tokio::task::yield_now().await;
                    hub.dialled()
                }
            })
            .unlimited()
            // Each hub is a registry of its own.
            .without_account_lock()
            .config(Config::new(7))
            .seed(7)
            .wall_clock(move || BEGIN + since())
    }

    pub(crate) async fn client(&self, journal: impl Journal) -> Client {
        self.builder().journal(journal).connect().await.unwrap()
    }

    fn dialled(&self) -> io::Result<DuplexStream> {
        self.0.dials.fetch_add(1, Ordering::SeqCst);
        if self.0.unreachable.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::HostUnreachable.into());
        }
        let (ours, theirs) = tokio::io::duplex(65_536);
        let open = self.0.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(open, Ordering::SeqCst);
        tokio::spawn(self.clone().converse(theirs));
        Ok(ours)
    }

    /// Hands out what is due.
    async fn pump(self) {
        loop {
            let due = {
                let state = &mut *self.state();
                while let Some((id, action)) = state.registry.poll(now()) {
                    if let Some(client) = state.clients.get(&id) {
                        let _ = client.send(action);
                    }
                }
                state.registry.poll_timeout()
            };
            match due {
                Some(due) => {
                    let _ = tokio::time::timeout_at(due.into(), self.0.changed.notified()).await;
                }
                None => self.0.changed.notified().await,
            }
        }
    }

    async fn converse(self, mut stream: DuplexStream) {
        let (sender, mut actions) = mpsc::unbounded_channel();
        let id = {
            let mut state = self.state();
            let id = state.registry.connect(now());
            state.clients.insert(id, sender);
            id
        };
        self.0.changed.notify_one();
        let mut chunk = [0; 4_096];
        loop {
            tokio::select! {
                biased;
                action = actions.recv() => match action {
                    Some(Action::Send(bytes)) if stream.write_all(&bytes).await.is_ok() => {}
                    // In memory, all ways to close are one.
                    _ => break,
                },
                read = stream.read(&mut chunk) => match read {
                    Ok(read) if read > 0 => {
                        let text = String::from_utf8_lossy(&chunk[..read]).into_owned();
                        let heard = Heard { when: now(), connection: id.number(), text };
                        self.0.heard.lock().unwrap().push(heard);
                        self.registry(|registry| registry.receive(id, &chunk[..read], now()));
                    }
                    _ => break,
                },
            }
        }
        self.state().clients.remove(&id);
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.registry(|registry| registry.disconnect(id, now()));
    }
}

/// A journal whose entries' hashes have always the same key.
pub(crate) fn journal() -> Memory {
    Memory::new([7; 32])
}

/// How things stand with a ticket.
pub(crate) fn standing(journal: &Memory, ticket: Ticket) -> &'static str {
    journal.entry(ticket).map_or("forgotten", |entry| entry.standing().as_str())
}

/// Polls again and again, and lets everybody else have a turn in between (or so much time pass), until the future is
/// ready or was polled so often; then it is dropped.
pub(crate) async fn polled<F: Future>(future: F, times: usize, step: Duration) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..times {
        let ready = std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await;
        if ready.is_some() {
            return ready;
        }
        if step.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::advance(step).await;
        }
    }
    None
}
