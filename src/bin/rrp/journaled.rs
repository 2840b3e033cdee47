//! The library's client on a journal in a file: what goes through it is recorded first, and sent again and read back by the
//! rule of resending.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rrp::client::StartError;
use rrp::dispatch::{Config, Entry, Put, Ticket};
use rrp::journal::{BoxFuture, Embedded, Journal, JournalError, Options, Restored};
use rrp::net::{ConnectError, Connector, Endpoint, Stream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::{Peer, block_on};
use crate::exit::Exit;
use crate::failure::{Refusal, chain};
use crate::journal::{refusal, wall};
use crate::look::word;
use crate::output::escape;
use crate::settings::{Settings, in_use};
use crate::signal::Signals;
use crate::target::Environment;

const STAGE: &str = "client";

/// What is on the wire, and the session, have so long to end once nobody waits any more.
const GRACE: Duration = Duration::from_secs(2);

/// For a line that is ready to copy.
pub(crate) fn option(journal: &Path) -> String {
    format!("--journal {}", word(&journal.to_string_lossy()).unwrap_or_else(|| "…".to_owned()))
}

/// What happens while something is waited for.
pub(crate) enum Event {
    /// A connection, and what is known about TLS with whoever it goes to.
    Connected(Option<Peer>),
    Warning(String),
    NotConnected(Trouble),
    /// The journal has written this.
    Recorded(Box<Entry>),
}

/// Why there is no connection, and what to check.
#[derive(Clone)]
pub(crate) struct Trouble {
    pub(crate) error: String,
    pub(crate) fix: String,
}

/// What was seen on the way.
#[derive(Default)]
pub(crate) struct Seen {
    /// What the journal wrote last of each ticket.
    pub(crate) entries: BTreeMap<Ticket, Entry>,
    pub(crate) tls: Option<Peer>,
    /// Why the last try to connect failed.
    trouble: Option<Trouble>,
    /// The signal that ended it.
    pub(crate) interrupted: Option<&'static str>,
    connected: bool,
}

impl Seen {
    /// Why nobody was connected to, not even once.
    pub(crate) fn unreachable(&self) -> Option<&Trouble> {
        self.trouble.as_ref().filter(|_| !self.connected)
    }
}

type Events = mpsc::UnboundedSender<Event>;

/// A journal that tells what it has written.
struct Told {
    inner: Embedded,
    events: Events,
}

impl Journal for Told {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        self.inner.restore(wall)
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        let entries: Vec<Box<Entry>> = puts
            .iter()
            .filter_map(|put| match put {
                Put::Entry(entry) => Some(Box::new(entry.clone())),
                Put::Remove(_) | Put::Account(_) => None,
            })
            .collect();
        let (events, written) = (self.events.clone(), self.inner.write(puts, wall));
        Box::pin(async move {
            written.await?;
            for entry in entries {
                // Whoever has gone does not want to know.
                let _ = events.send(Event::Recorded(entry));
            }
            Ok(())
        })
    }
}

/// The client, its journal, and the runtime that it lives on.
pub(crate) struct Journaled {
    client: rrp::Client,
    journal: Embedded,
    events: mpsc::UnboundedReceiver<Event>,
    /// A runtime of its own, that can be taken away from it.
    runtime: Option<Runtime>,
    seen: Seen,
    /// When it is taken away.
    until: Option<Instant>,
}

impl Journaled {
    /// Opens the journal, or makes it, and begins. Nothing is connected before something is asked.
    pub(crate) fn start(
        settings: &Settings,
        file: &PathBuf,
        config: Config,
        err: &mut dyn std::io::Write,
    ) -> Result<Self, Refusal> {
        let connector = settings.connector(err)?;
        if !file.exists() {
            // Perhaps the path is wrong, and with it every key unknown.
            let _ = writeln!(
                err,
                "note: `{}` is a new journal: it knows of no earlier write and no key",
                escape(&file.display().to_string())
            );
        }
        // Before anybody is asked for a password.
        let journal = Embedded::open(file, &settings.scope()?, &Options::new(), wall()).map_err(refusal)?;
        let session = settings.session(err)?;
        let (sender, events) = mpsc::unbounded_channel();
        let to = Arc::new((connector, settings.target.endpoint.clone(), sender.clone()));
        let builder = rrp::Client::builder(settings.target.endpoint.clone())
            // It asks one thing after the other.
            .sessions(0..=1)
            .session(session)
            .config(config)
            .journal(Told { inner: journal.clone(), events: sender })
            .wall_clock(wall)
            .dial(move || dial(Arc::clone(&to)));
        // A registry that only plays locks nobody out.
        let builder = match settings.target.environment {
            Environment::Simulated => builder.unlimited(),
            _ => builder,
        };
        let not_started = |error: Box<dyn std::error::Error>| {
            Refusal::new(STAGE, "it does not start").because(error).exit(Exit::NotSent)
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| not_started(error.into()))?;
        let client = runtime.block_on(builder.connect()).map_err(|error| match error {
            StartError::Journal(error) => refusal(error),
            error @ StartError::AccountLocked { .. } => in_use(&error),
            error => not_started(error.into()),
        })?;
        let (runtime, seen) = (Some(runtime), Seen::default());
        Ok(Self { client, journal, events, runtime, seen, until: None })
    }

    pub(crate) const fn client(&self) -> &rrp::Client {
        &self.client
    }

    /// Waits for all of these; then the client ends, and closes its journal.
    ///
    /// If nobody can be connected to, or a signal comes, it begins to end at once: what was not handed over is not sent,
    /// what is on the wire has a little time. A second signal is not waited with.
    pub(crate) fn run<T: 'static>(
        mut self,
        calls: Vec<BoxFuture<'static, T>>,
        tell: &mut dyn FnMut(&Event),
    ) -> Result<(Vec<T>, Seen), Refusal> {
        block_on(async {
            let mut signals = match Signals::watch() {
                Ok(signals) => signals,
                Err(error) => {
                    self.take_away();
                    let refusal = Refusal::new(STAGE, "no watch for signals").because(error);
                    return Err(refusal.exit(Exit::NotSent));
                }
            };
            let mut calls = Box::pin(all(calls));
            let told = loop {
                let until = self.until;
                let time = async {
                    match until {
                        Some(until) => sleep_until(until).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    Some(event) = self.events.recv() => self.heed(event, tell),
                    told = &mut calls => break told,
                    name = signals.next() => {
                        if self.seen.interrupted.replace(name).is_some() {
                            self.take_away();
                        } else {
                            self.leave();
                        }
                    }
                    () = time => self.take_away(),
                }
            };
            while let Ok(event) = self.events.try_recv() {
                self.heed(event, tell);
            }
            // What is to be told of a write is not kept back by a registry that does not answer to QUIT.
            if self.runtime.is_some() {
                tokio::select! {
                    _ = timeout(GRACE, self.client.shutdown()) => {}
                    _ = signals.next() => {}
                }
            }
            while let Ok(event) = self.events.try_recv() {
                self.heed(event, tell);
            }
            self.take_away();
            // It is whole without being closed, too.
            let _ = timeout(GRACE, self.journal.close()).await;
            Ok((told, std::mem::take(&mut self.seen)))
        })?
    }

    fn heed(&mut self, event: Event, tell: &mut dyn FnMut(&Event)) {
        tell(&event);
        match event {
            Event::Connected(peer) => {
                (self.seen.connected, self.seen.tls, self.seen.trouble) = (true, peer, None);
            }
            Event::NotConnected(trouble) => {
                self.seen.trouble = Some(trouble);
                // A host that cannot be reached at all is told at once; one that was just there gets its chance.
                if !self.seen.connected {
                    self.leave();
                }
            }
            Event::Recorded(entry) => {
                self.seen.entries.insert(entry.ticket(), *entry);
            }
            Event::Warning(_) => {}
        }
    }

    /// Begins the end.
    fn leave(&mut self) {
        if let (Some(runtime), None) = (&self.runtime, self.until) {
            let client = self.client.clone();
            runtime.spawn(async move { client.shutdown().await });
            self.until = Instant::now().checked_add(GRACE);
        }
    }

    /// Ends it now: those who wait hear what is known.
    fn take_away(&mut self) {
        self.until = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn dial(to: Arc<(Connector, Endpoint, Events)>) -> Result<Stream, ConnectError> {
    let (connector, endpoint, events) = &*to;
    // Whoever has gone does not want to know.
    match connector.connect(endpoint).await {
        Ok(stream) => {
            if let Some(warning) = stream.tls().and_then(|tls| tls.warning()) {
                let _ = events.send(Event::Warning(warning));
            }
            let _ = events.send(Event::Connected(Peer::of(&stream)));
            Ok(stream)
        }
        Err(error) => {
            let trouble = Trouble { error: chain(&error), fix: error.fix() };
            let _ = events.send(Event::NotConnected(trouble));
            Err(error)
        }
    }
}

/// What becomes of each, in order.
pub(crate) async fn all<T>(calls: Vec<Pin<Box<dyn Future<Output = T> + Send>>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.into_iter().map(|call| (Some(call), None)).collect();
    poll_fn(move |context| {
        for (call, told) in &mut calls {
            if let Some(Poll::Ready(done)) = call.as_mut().map(|call| call.as_mut().poll(context)) {
                (*call, *told) = (None, Some(done));
            }
        }
        if calls.iter().any(|(call, _)| call.is_some()) {
            return Poll::Pending;
        }
        Poll::Ready(calls.iter_mut().filter_map(|(_, told)| told.take()).collect())
    })
    .await
}
