//! What a session runs over.

use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;

use super::cause::Cause;

/// What a session runs over: bytes both ways, and a question to the kernel.
///
/// The question is there for the check before a write: a registry that closed the session (220, 420, 520), or wrote a
/// line too many, must be noticed before a command goes out. The async runtime learns of such bytes only when its own
/// task has run, so readiness that it remembers proves nothing; the kernel's answer does.
///
/// The check goes: read until [`poll_read`](AsyncRead::poll_read) is pending; ask
/// [`kernel_readable`](Self::kernel_readable); if it says yes, wait for
/// [`poll_kernel_readable`](Self::poll_kernel_readable) and begin again. Under TLS what is there to read may be a
/// session ticket, of which nothing comes out.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether the kernel holds bytes or an end that are not read yet, by a system call. Never blocks.
    ///
    /// After the end was read it keeps saying yes. Transports without a kernel behind them say no.
    ///
    /// # Errors
    /// The connection's own error, such as a reset. The kernel tells it once, so that reading may find an end instead.
    fn kernel_readable(&self) -> io::Result<bool>;

    /// Ready as soon as the async runtime, too, knows of what [`kernel_readable`](Self::kernel_readable) found.
    ///
    /// Wakes the same task as `poll_read`. May be ready too early; then the next `poll_read` is pending.
    fn poll_kernel_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Makes dropping this end the connection at once, and what the kernel has not sent yet be lost: for a session that
    /// is out of step. Does nothing where there is no such thing.
    fn abort(&self) {}

    /// The session on it is open: what was kept to tell how the connection came about may go. Does nothing by default.
    fn settle(&mut self) {}

    /// Our own address, which the registry may have on its list of those that may connect; `None` if it has none.
    fn source_address(&self) -> Option<IpAddr> {
        None
    }

    /// Whether this is TLS.
    fn is_tls(&self) -> bool {
        false
    }

    /// The cause behind an error of reading or writing, if this transport knows more than the error says: an alert of TLS,
    /// such as the refusal of our certificate, which in TLS 1.3 comes with the first read.
    fn explain(&self, error: &io::Error) -> Option<Cause> {
        let _ = error;
        None
    }
}

/// `recv(MSG_PEEK)`, answered at once, for the runtime's sockets do not block.
fn peek(socket: &SockRef<'_>) -> io::Result<bool> {
    loop {
        match socket.peek(&mut [MaybeUninit::uninit()]) {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // A signal came in between, which says nothing.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Transport for TcpStream {
    fn kernel_readable(&self) -> io::Result<bool> {
        peek(&SockRef::from(self))
    }

    fn poll_kernel_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn abort(&self) {
        // With 0 seconds, closing resets the connection instead of waiting. If that cannot be set, it just closes.
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }

    fn source_address(&self) -> Option<IpAddr> {
        self.local_addr().ok().map(|address| address.ip())
    }
}

#[cfg(unix)]
impl Transport for tokio::net::UnixStream {
    fn kernel_readable(&self) -> io::Result<bool> {
        peek(&SockRef::from(self))
    }

    fn poll_kernel_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }
}

impl Transport for DuplexStream {
    fn kernel_readable(&self) -> io::Result<bool> {
        Ok(false)
    }

    fn poll_kernel_readable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn kernel_readable(&self) -> io::Result<bool> {
        (**self).kernel_readable()
    }

    fn poll_kernel_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_kernel_readable(cx)
    }

    fn abort(&self) {
        (**self).abort();
    }

    fn settle(&mut self) {
        (**self).settle();
    }

    fn source_address(&self) -> Option<IpAddr> {
        (**self).source_address()
    }

    fn is_tls(&self) -> bool {
        (**self).is_tls()
    }

    fn explain(&self, error: &io::Error) -> Option<Cause> {
        (**self).explain(error)
    }
}
