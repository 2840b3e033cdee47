//! A local connection's bytes.

use core::future::poll_fn;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, Interest, ReadBuf, Ready};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, sleep};

/// A connection that was half closed, or has sent enough for now, is looked at so often to see whether it is gone.
const LOOK: Duration = Duration::from_millis(500);

/// One piece of what a client sends is at most so long.
pub(super) const PIECE: usize = 4_096;

/// A local connection's socket.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    pub(super) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        match self {
            Self::Unix(stream) => stream.ready(interest).await,
            Self::Tcp(stream) => stream.ready(interest).await,
        }
    }

    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.try_write_vectored(pieces),
            Self::Tcp(stream) => stream.try_write_vectored(pieces),
        }
    }

    /// Waits for what comes next, and takes it: `Ok(0)` if nothing more comes. Without a system call that finds nothing, where
    /// one is not needed.
    pub(super) async fn read(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<usize> {
        poll_fn(|context| {
            let mut piece = [MaybeUninit::uninit(); PIECE];
            let mut piece = ReadBuf::uninit(&mut piece);
            let read = match self {
                Self::Unix(stream) => Pin::new(stream).poll_read(context, &mut piece),
                Self::Tcp(stream) => Pin::new(stream).poll_read(context, &mut piece),
            };
            read.map_ok(|()| {
                take(piece.filled());
                piece.filled().len()
            })
        })
        .await
    }

    /// Whether something is there to be read, by the system's word.
    pub(super) fn has_more(&self) -> bool {
        let socket = match self {
            Self::Unix(stream) => socket2::SockRef::from(stream),
            Self::Tcp(stream) => socket2::SockRef::from(stream),
        };
        !socket
            .peek(&mut [MaybeUninit::uninit()])
            .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Writes all of two pieces; once there is no room, in so much time. Mostly there is, and no clock is looked at.
    pub(super) async fn write(&self, body: &[u8], end: &[u8], time: Duration) -> io::Result<()> {
        let mut deadline = None;
        let mut slices = [IoSlice::new(body), IoSlice::new(end)];
        let mut rest = &mut slices[..];
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match self.try_write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut rest, written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let until = *deadline.get_or_insert_with(|| {
                        let now = Instant::now();
                        now.checked_add(time).unwrap_or(now)
                    });
                    let ready = tokio::time::timeout_at(until, self.ready(Interest::WRITABLE)).await;
                    ready.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether nobody is left at the other end who could read. A half-close of the other end's writing is not that.
    pub(super) async fn is_gone(&self) -> bool {
        let mut look = core::pin::pin!(self.ready(Interest::READABLE | Interest::WRITABLE));
        let ready = poll_fn(|context| match look.as_mut().poll(context) {
            Poll::Ready(ready) => Poll::Ready(Some(ready)),
            Poll::Pending => Poll::Ready(None),
        });
        match ready.await {
            Some(Ok(ready)) => ready.is_write_closed(),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// Waits until the other end is gone, however long it takes.
    pub(super) async fn gone(&self) {
        while !self.is_gone().await {
            sleep(LOOK).await;
        }
    }

    pub(super) const fn is_unix(&self) -> bool {
        matches!(self, Self::Unix(_))
    }
}
