//! The task that owns a connection: it moves bytes and time between a transport and a session, and decides nothing.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, Bytes};
use futures_channel::mpsc;
use tokio::io::{AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tracing::{Level, debug, enabled, trace, warn};

use super::alarm::Alarm;
use super::proof::Proof;
use super::transport::Transport;
use crate::command::Command;
use crate::concurrent::{OwnedSemaphorePermit, oneshot};
use crate::reply::Reply;
use crate::session::{CommandId, End, Event, Fate, NotReady, Rejected, Session, Stage, Why};
use crate::wire::Greeting;

/// What is read at first while an answer is waited for, in bytes: most are shorter, and allocators take their time for more.
const BUSY_READ: usize = 1_000;
/// What is read at once behind that.
const MORE_READ: usize = 8_192;
/// What is read at once on an idle connection, where at most a short line comes; hundreds of these stand about.
const IDLE_READ: usize = 256;
/// So many reads in a row are taken without waiting: behind a full one, and of a connection whose time is over or whose
/// other half has failed.
const MAX_READS: usize = 64;
/// The connection gets so long to say that it closes.
const CLOSE: Duration = Duration::from_secs(2);

/// What the owner of a connection asks of its task.
pub(super) enum Request {
    /// Comes first, and once.
    LogIn,
    Command(Box<Asked>),
    KeepAlive {
        done: oneshot::Sender<Proof>,
        place: OwnedSemaphorePermit,
    },
    Quit,
}

/// A command, whom to tell of its end, and its place in the queue.
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) done: oneshot::Sender<Result<Fate, Rejected>>,
    pub(super) place: OwnedSemaphorePermit,
}

/// What is known once the login was accepted.
pub(super) struct Opened {
    pub(super) reply: Reply,
    pub(super) password_changed: bool,
}

/// How a session came to its end.
pub(super) type Ended = watch::Sender<Option<Arc<End>>>;

pub(super) struct Driver<T> {
    pub(super) transport: T,
    pub(super) session: Session,
    pub(super) requests: mpsc::UnboundedReceiver<Request>,
    /// Each of the two is told once, or dropped when the session has ended before.
    pub(super) greeted: Option<oneshot::Sender<Greeting>>,
    pub(super) opened: Option<oneshot::Sender<Opened>>,
    pub(super) ended: Ended,
    pub(super) waiting: Option<(CommandId, oneshot::Sender<Result<Fate, Rejected>>)>,
    pub(super) probing: Option<oneshot::Sender<Proof>>,
    /// What the session gave and the transport has not taken.
    pub(super) output: Bytes,
    pub(super) flushing: bool,
    pub(super) closing: bool,
    pub(super) alarm: Alarm,
}

/// What the transport has done.
enum Io {
    Wrote(usize),
    Flushed,
    NotWritten(io::Error),
    Read(usize),
    NotRead(io::Error),
}

/// The runtime's clock, which a test may hold in its hand.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl<T: Transport> Driver<T> {
    /// Comes to the end, which is to be told once the transport is gone: whoever hears of it may connect anew at once, and
    /// the registry is not to see that one first.
    pub(super) async fn run(&mut self) -> Arc<End> {
        let mut chunk = Vec::new();
        let end = loop {
            if let Some(end) = self.tell() {
                break end;
            }
            if self.session.wants_check() {
                self.check(&mut chunk).await;
                continue;
            }
            if let Some(output) = self.session.poll_output() {
                trace!(bytes = output.len(), "handed over");
                self.output = output;
                self.flushing = true;
            }
            self.wait(&mut chunk).await;
        };
        self.close(&end).await;
        Arc::new(end)
    }

    /// Waits for whatever happens first, and hands it to the session.
    async fn wait(&mut self, chunk: &mut Vec<u8>) {
        let stage = self.session.stage();
        let stands = self.session.is_ready() || stage == Stage::Greeted;
        // Before the greeting comes nothing but that nobody holds the connection any more.
        let takes = (stands || stage == Stage::Greeting) && !self.closing;
        fit(chunk, if stands { IDLE_READ } else { BUSY_READ });
        let timeout = self.alarm.until(self.session.poll_timeout());
        let (transport, output, flushing) = (&mut self.transport, &self.output, self.flushing);
        tokio::select! {
            biased;
            // Before the clock, which can only ask for a keepalive when the session is idle.
            request = self.requests.recv(), if takes => self.request(request.ok()),
            () = timeout => {
                // It may be the runtime that was late, and not the registry: a whole reply that lies there counts.
                // Boxed, as what is rare is here: an idle task keeps room for all that it may come to.
                Box::pin(self.catch_up(chunk)).await;
                self.session.handle_timeout(now());
            }
            io = move_bytes(transport, output, flushing, chunk) => match io {
                // A registry that closed may have said why.
                Io::NotWritten(error) => {
                    Box::pin(self.catch_up(chunk)).await;
                    self.session.handle_error(error);
                }
                // Where more may lie behind it, it is not to be judged alone.
                Io::Read(read) if read == chunk.len() => Box::pin(self.read_on(chunk)).await,
                io => self.moved(io, chunk),
            }
        }
    }

    /// Reads what there is behind a read that filled the storage, and hands it all to the session at once: what comes right
    /// behind a reply casts doubt on it, and must not fall behind the end of a read by chance.
    async fn read_on(&mut self, chunk: &[u8]) {
        let mut all = chunk.to_vec();
        let mut more = vec![0; MORE_READ];
        let chunk = more.as_mut_slice();
        let mut last = None;
        for _ in 0..MAX_READS {
            match read_now(&mut self.transport, chunk).await {
                Some(Io::Read(read)) if read > 0 => {
                    all.extend_from_slice(chunk.get(..read).unwrap_or_default());
                    if read < chunk.len() {
                        break;
                    }
                }
                other => {
                    last = other;
                    break;
                }
            }
        }
        trace!(bytes = all.len(), "read");
        self.session.handle_input(&all, now());
        if let Some(io) = last {
            self.moved(io, chunk);
        }
    }

    /// Reads what is there already, within bounds.
    async fn catch_up(&mut self, chunk: &mut [u8]) {
        // A fresh turn, that being short of turns is not taken for being out of bytes.
        tokio::task::yield_now().await;
        for _ in 0..MAX_READS {
            match read_now(&mut self.transport, chunk).await {
                Some(Io::Read(read)) if read == chunk.len() => self.read_on(chunk).await,
                Some(io) => self.moved(io, chunk),
                None if tokio::task::coop::has_budget_remaining() => return,
                None => tokio::task::yield_now().await,
            }
            if self.session.has_ended() {
                return;
            }
        }
    }

    fn request(&mut self, request: Option<Request>) {
        match request {
            // Whoever gave up before the first byte has sent nothing.
            Some(Request::LogIn) if self.opened.as_ref().is_none_or(oneshot::Sender::is_closed) => {}
            Some(Request::LogIn) => {
                // It comes once, from whoever was told of the greeting, so there is a login that waits.
                let _ = self.session.log_in(now());
            }
            Some(Request::Command(asked)) if asked.done.is_closed() => {}
            Some(Request::Command(asked)) => {
                let Asked { command, done, place } = *asked;
                drop(place);
                let effect = command.nature().effect();
                let name = enabled!(Level::DEBUG).then(|| command.name().to_owned()).unwrap_or_default();
                match self.session.submit(command, now()) {
                    Ok(id) => {
                        debug!(%id, name = %name.escape_debug(), effect = effect.as_str(), "command");
                        self.waiting = Some((id, done));
                    }
                    Err(rejected) => answer(done, rejected),
                }
            }
            Some(Request::KeepAlive { done, .. }) if done.is_closed() => {}
            Some(Request::KeepAlive { done, place }) => {
                drop(place);
                if self.session.keep_alive(now()).is_ok() {
                    self.probing = Some(done);
                } else {
                    // It is ready, and the dialect allows it, so this is not reached. Nothing was proven.
                    let _ = done.send(Proof::NOT_ASKED);
                }
            }
            // Quit, or nobody holds the connection any more.
            Some(Request::Quit) | None => {
                self.closing = true;
                self.session.quit(now());
            }
        }
    }

    fn moved(&mut self, io: Io, chunk: &[u8]) {
        match io {
            Io::Wrote(bytes) => self.output.advance(bytes.min(self.output.len())),
            Io::Flushed => {
                self.flushing = false;
                self.output = Bytes::new();
                self.session.handle_flushed(now());
            }
            Io::Read(0) => self.session.handle_eof(now()),
            Io::Read(bytes) => {
                trace!(bytes, "read");
                self.session.handle_input(chunk.get(..bytes).unwrap_or_default(), now());
            }
            // TLS that ends without saying so. A reply that is cut short shows by itself.
            Io::NotRead(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.session.handle_eof(now());
            }
            Io::NotWritten(error) | Io::NotRead(error) => self.session.handle_error(error),
        }
    }

    /// Looks whether anything is to be read, and tells the session.
    async fn check(&mut self, chunk: &mut Vec<u8>) {
        fit(chunk, BUSY_READ);
        let looked = {
            let mut look = core::pin::pin!(look(&mut self.transport, chunk));
            // Mostly it is known at once, and takes neither a clock nor a timer.
            match poll_fn(|cx| Poll::Ready(look.as_mut().poll(cx))).await {
                Poll::Ready(looked) => Some(looked),
                Poll::Pending => {
                    let due = self.session.poll_timeout();
                    let deadline = due.map_or_else(tokio::time::Instant::now, Into::into);
                    tokio::time::timeout_at(deadline, look).await.ok()
                }
            }
        };
        match looked {
            Some(Some(io)) => {
                self.moved(io, chunk);
                // A peer that is faster than we are keeps neither the thread nor the clock from their turn.
                tokio::task::yield_now().await;
                self.session.handle_timeout(now());
            }
            Some(None) => self.session.handle_checked(now()),
            None => self.session.handle_timeout(now()),
        }
    }

    /// Passes on what happened; the end, if it came.
    fn tell(&mut self) -> Option<End> {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Greeted(greeting) => {
                    debug!(?greeting, "greeted");
                    if let Some(greeted) = self.greeted.take() {
                        // If nobody waits any more, the channel of requests is closed too, and nothing is sent.
                        let _ = greeted.send(greeting);
                    }
                }
                Event::LoggedIn { reply, password_changed } => {
                    debug!(code = %reply.code(), password_changed, "logged in");
                    self.transport.settle();
                    if let Some(opened) = self.opened.take() {
                        // If nobody waits any more, the channel of requests is closed too, and the session quits.
                        let _ = opened.send(Opened { reply, password_changed });
                    }
                }
                Event::Done { id, fate } => {
                    match &fate {
                        Fate::Unsent(_) => debug!(%id, "command not sent"),
                        Fate::Answered(reply) => debug!(%id, code = %reply.code(), "answered"),
                        Fate::Unanswered => warn!(%id, "no answer"),
                    }
                    if let Some((_, done)) = self.waiting.take_if(|(waiting, _)| *waiting == id) {
                        // A caller that has left has left; the exchange was finished all the same.
                        let _ = done.send(Ok(fate));
                    }
                }
                Event::KeptAlive { reply, proven } => {
                    debug!(code = %reply.code(), proven, "kept alive");
                    if let Some(done) = self.probing.take() {
                        let _ = done.send(Proof::answered(reply, proven));
                    }
                }
                Event::Ended(end) => return Some(end),
            }
        }
        None
    }

    async fn close(&mut self, end: &End) {
        if end.is_orderly() {
            debug!(%end, "session ended");
        } else {
            warn!(%end, source = end_source(end), "session ended");
        }
        self.requests.close();
        // To the end: somebody may have a place in the channel and not have put the request there yet.
        while let Ok(request) = self.requests.recv().await {
            if let Request::Command(asked) = request {
                let _ = asked.done.send(Ok(Fate::Unsent(asked.command)));
            }
        }
        let in_step = matches!(
            end.why(),
            Why::Quit
                | Why::Abandoned
                | Why::Closing(_)
                | Why::LoginRefused(_)
                | Why::LoginLost(_)
                | Why::InsteadOfGreeting(_)
                | Why::Eof
        ) || matches!(end.why(), Why::Unsolicited(reply) if reply.code().closes_connection());
        // What became of the commands is told before; this may take its time.
        if in_step {
            // Whether it hears us or not, this is the end.
            let _ = tokio::time::timeout(CLOSE, self.transport.shutdown()).await;
        } else {
            self.transport.abort();
        }
    }
}

/// What the session did not take goes back: what has ended or is ending has sent nothing.
fn answer(done: oneshot::Sender<Result<Fate, Rejected>>, rejected: Rejected) {
    let answer = match rejected.cause() {
        NotReady::OfTheSession | NotReady::Encode(_) => Err(rejected),
        _ => Ok(Fate::Unsent(rejected.into_command())),
    };
    let _ = done.send(answer);
}

/// The causes of an end, escaped.
fn end_source(end: &End) -> Option<String> {
    use core::error::Error;
    let source = end.source()?;
    Some(source.to_string().escape_debug().to_string())
}

/// Storage of this size, and no more.
fn fit(chunk: &mut Vec<u8>, size: usize) {
    if chunk.len() != size {
        // Storage that was in use a moment ago is faster than such as comes zeroed.
        *chunk = Vec::with_capacity(size);
        chunk.resize(size, 0);
    }
}

/// Writes what there is to write, flushes it, and reads.
async fn move_bytes<T: Transport>(transport: &mut T, output: &Bytes, flushing: bool, chunk: &mut [u8]) -> Io {
    poll_fn(|cx| {
        if flushing && let Poll::Ready(io) = poll_send(transport, output, cx) {
            return Poll::Ready(io);
        }
        poll_read(transport, chunk, cx)
    })
    .await
}

/// Writes what there is, and flushes it at once if all of it was taken.
fn poll_send<T: Transport>(transport: &mut T, output: &Bytes, cx: &mut Context<'_>) -> Poll<Io> {
    if !output.is_empty() {
        match ready!(Pin::new(&mut *transport).poll_write(cx, output)) {
            Ok(0) => return Poll::Ready(Io::NotWritten(io::ErrorKind::WriteZero.into())),
            Ok(written) if written < output.len() => return Poll::Ready(Io::Wrote(written)),
            Ok(written) => {
                let flushed = Pin::new(transport).poll_flush(cx);
                return Poll::Ready(match flushed {
                    Poll::Ready(Ok(())) => Io::Flushed,
                    Poll::Ready(Err(error)) => Io::NotWritten(error),
                    Poll::Pending => Io::Wrote(written),
                });
            }
            Err(error) => return Poll::Ready(Io::NotWritten(error)),
        }
    }
    Pin::new(transport).poll_flush(cx).map(|flushed| match flushed {
        Ok(()) => Io::Flushed,
        Err(error) => Io::NotWritten(error),
    })
}

fn poll_read<T: Transport>(transport: &mut T, chunk: &mut [u8], cx: &mut Context<'_>) -> Poll<Io> {
    let mut buffer = ReadBuf::new(chunk);
    Pin::new(transport).poll_read(cx, &mut buffer).map(|read| match read {
        Ok(()) => Io::Read(buffer.filled().len()),
        Err(error) => Io::NotRead(error),
    })
}

/// Reads without waiting; `None` if the runtime knows of nothing, or our turn is over.
async fn read_now<T: Transport>(transport: &mut T, chunk: &mut [u8]) -> Option<Io> {
    poll_fn(|cx| {
        Poll::Ready(match poll_read(transport, chunk, cx) {
            Poll::Ready(io) => Some(io),
            Poll::Pending => None,
        })
    })
    .await
}

/// Whether anything is to be read, now: first what the runtime knows of, then what only the kernel does. Under TLS what is
/// there may be a record of which nothing comes out, or a part of one, whose rest is waited for: the caller has a deadline.
async fn look<T: Transport>(transport: &mut T, chunk: &mut [u8]) -> Option<Io> {
    loop {
        let read = read_now(transport, chunk).await;
        if read.is_some() {
            return read;
        }
        if !tokio::task::coop::has_budget_remaining() {
            // It was our turn that was over, and says nothing about the peer.
            tokio::task::yield_now().await;
            continue;
        }
        match transport.kernel_readable() {
            Ok(false) => return None,
            Ok(true) => {}
            Err(error) => return Some(Io::NotRead(error)),
        }
        // Moved in, so that a transport need not be shared between threads to be asked.
        let asked = &mut *transport;
        if let Err(error) = poll_fn(move |cx| asked.poll_kernel_readable(cx)).await {
            return Some(Io::NotRead(error));
        }
    }
}
