//! A journal on a thread of its own: whoever awaits a write does not block.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use redb::StorageBackend;
use tokio::sync::oneshot;

use super::{
    BoxFuture, Claim, Journal, JournalError, JournalErrorKind, JournalStage, Options, Report, Restored,
    Scope, Store,
};
use crate::dispatch::Put;

/// The most writes that share one commit.
const MAX_GROUP: usize = 256;

type Answer<T> = oneshot::Sender<Result<T, JournalError>>;

enum Request {
    Restore { wall: u64, answer: Answer<Restored> },
    Write { puts: Vec<Put>, wall: u64, answer: Answer<()> },
    Verify { answer: Answer<Report> },
    Backup { to: Box<Path>, answer: Answer<()> },
    Close { answer: Answer<()> },
}

/// A journal in a file, behind a bounded queue to the thread that owns it.
///
/// Writes that wait share one commit. Clones are handles to one journal, which one client has at a time; when the last one is gone, what waits is done,
/// then the file is closed and the thread ends.
#[derive(Clone, Debug)]
pub struct Embedded {
    queue: SyncSender<Request>,
}

impl Embedded {
    /// Opens the journal in this file, or makes it, and starts its thread. `wall` is the time, in milliseconds of Unix
    /// time. It blocks for as long as it takes to read the whole file once.
    ///
    /// # Errors
    ///
    /// As [`Store::create_file`], and if no thread can be started.
    pub fn open(
        path: impl AsRef<Path>,
        scope: &Scope,
        options: &Options,
        wall: u64,
    ) -> Result<Self, JournalError> {
        Self::start(Store::create_file(path, scope, options, wall)?)
    }

    /// The same in a storage that is no file.
    ///
    /// # Errors
    ///
    /// As [`Store::open`], and if no thread can be started.
    pub fn open_with(
        backend: impl StorageBackend,
        scope: &Scope,
        options: &Options,
        wall: u64,
    ) -> Result<Self, JournalError> {
        Self::start(Store::open(backend, scope, options, wall)?)
    }

    fn start(store: Store) -> Result<Self, JournalError> {
        let (queue, requests) = sync_channel(store.options().queue);
        let start =
            thread::Builder::new().name("rrp-journal".to_owned()).spawn(move || run(store, &requests));
        start.map_err(|error| JournalError::io(JournalStage::Open, error))?;
        Ok(Self { queue })
    }

    /// Checks that it is whole; writes wait meanwhile.
    #[must_use]
    pub fn verify(&self) -> BoxFuture<'static, Result<Report, JournalError>> {
        self.ask(JournalStage::Verify, |answer| Request::Verify { answer })
    }

    /// Writes a copy to a new file; writes wait meanwhile.
    #[must_use]
    pub fn backup(&self, to: impl AsRef<Path>) -> BoxFuture<'static, Result<(), JournalError>> {
        self.ask(JournalStage::Copy, |answer| Request::Backup { to: to.as_ref().into(), answer })
    }

    /// Closes it, after what waits is done, whatever other handles there are. What is asked of it later is refused.
    #[must_use]
    pub fn close(&self) -> BoxFuture<'static, Result<(), JournalError>> {
        self.ask(JournalStage::Close, |answer| Request::Close { answer })
    }

    fn ask<T: Send + 'static>(
        &self,
        stage: JournalStage,
        request: impl FnOnce(Answer<T>) -> Request,
    ) -> BoxFuture<'static, Result<T, JournalError>> {
        let (answer, answered) = oneshot::channel();
        // Now, not when the future is polled: the order of the calls is the order of the writes.
        let sent = self.queue.try_send(request(answer)).map_err(|error| {
            let kind = match error {
                TrySendError::Full(_) => JournalErrorKind::Backlog,
                TrySendError::Disconnected(_) => JournalErrorKind::Closed,
            };
            JournalError::new(stage, kind)
        });
        Box::pin(async move {
            sent?;
            let gone = |_| Err(JournalError::new(stage, JournalErrorKind::Closed));
            answered.await.unwrap_or_else(gone)
        })
    }
}

impl Journal for Embedded {
    fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
        self.ask(JournalStage::Restore, |answer| Request::Restore { wall, answer })
    }

    fn write(&self, puts: Vec<Put>, wall: u64) -> BoxFuture<'static, Result<(), JournalError>> {
        self.ask(JournalStage::Write, |answer| Request::Write { puts, wall, answer })
    }
}

/// A write that waits for its commit.
struct Waiting {
    puts: Vec<Put>,
    wall: u64,
    answer: Answer<()>,
}

/// The thread: serves until nobody can ask any more. Nobody waits for an answer whose sending fails.
fn run(mut store: Store, requests: &Receiver<Request>) {
    let claim = Claim::new();
    let mut next = requests.recv().ok();
    while let Some(request) = next.take() {
        match request {
            Request::Write { puts, wall, answer } => {
                let mut group = vec![Waiting { puts, wall, answer }];
                while group.len() < MAX_GROUP {
                    match requests.try_recv() {
                        Ok(Request::Write { puts, wall, answer }) => {
                            group.push(Waiting { puts, wall, answer })
                        }
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let wall = group.iter().map(|one| one.wall).max().unwrap_or(0);
                let writes: Vec<&[Put]> = group.iter().map(|one| one.puts.as_slice()).collect();
                let done = store.write_all(&writes, wall);
                for (one, done) in group.into_iter().zip(done) {
                    let _ = one.answer.send(done);
                }
            }
            Request::Restore { wall, answer } => {
                let restored = claim.lease().and_then(|lease| Ok(store.restore(wall)?.leased(lease)));
                let _ = answer.send(restored);
            }
            Request::Verify { answer } => {
                let _ = answer.send(store.verify());
            }
            Request::Backup { to, answer } => {
                let _ = answer.send(store.backup(&to));
            }
            Request::Close { answer } => {
                let _ = answer.send(store.close());
                return;
            }
        }
        if next.is_none() {
            next = requests.recv().ok();
        }
    }
    // Nobody is left to be told.
    let _ = store.close();
}
