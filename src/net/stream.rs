//! The connection that a connector makes.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::cause::Cause;
use super::error::Attempt;
#[cfg(feature = "tls")]
use super::tls::{TlsInfo, TlsTransport, explain_io};
use super::transport::Transport;

/// A connection to a registry, plain or TLS.
///
/// Under TLS, an end of the connection without the peer's word for it (`close_notify`) is an error of kind
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), not an end; and what was written may wait inside until it is flushed.
pub struct Stream {
    inner: Inner,
    peer: SocketAddr,
    local: SocketAddr,
    tried: Vec<Attempt>,
}

pub(super) enum Inner {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<TlsTransport>, Option<Box<TlsInfo>>),
}

/// The same call on whichever it is.
macro_rules! each {
    ($inner:expr, $stream:ident => $call:expr) => {
        match $inner {
            Inner::Plain($stream) => $call,
            #[cfg(feature = "tls")]
            Inner::Tls($stream, _) => $call,
        }
    };
}

impl Stream {
    pub(super) const fn new(inner: Inner, peer: SocketAddr, local: SocketAddr, tried: Vec<Attempt>) -> Self {
        Self { inner, peer, local, tried }
    }

    /// The address it is connected to.
    #[must_use]
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// Our own address.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// What the TLS handshake found; `None` if the connection is plain, or has served a session already.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        match &self.inner {
            Inner::Plain(_) => None,
            Inner::Tls(_, info) => info.as_deref(),
        }
    }

    /// The addresses that were tried in vain before this one.
    #[must_use]
    pub fn tried(&self) -> &[Attempt] {
        &self.tried
    }

    fn tcp(&self) -> &TcpStream {
        match &self.inner {
            Inner::Plain(tcp) => tcp,
            #[cfg(feature = "tls")]
            Inner::Tls(tls, _) => tls.get_ref().0.tcp(),
        }
    }
}

impl Cause {
    /// What it means that this connection ended, or was reset, before the registry greeted.
    #[must_use]
    pub fn ended_before_greeting(transport: &impl Transport) -> Self {
        Self::EndedBeforeGreeting { source: transport.source_address(), tls: transport.is_tls() }
    }

    /// What it means that nothing came over this connection before the registry should have greeted.
    #[must_use]
    pub fn silent_before_greeting(transport: &impl Transport) -> Self {
        Self::SilentBeforeGreeting { tls: transport.is_tls() }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("peer", &self.peer)
            .field("local", &self.local)
            .field("tls", &self.is_tls())
            .finish_non_exhaustive()
    }
}

/// The socket beneath, for options that [`Connector`](super::Connector) does not know. Reading or writing it breaks TLS.
#[cfg(unix)]
impl std::os::fd::AsFd for Stream {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.tcp().as_fd()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(&mut self.inner, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(&mut self.inner, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(&mut self.inner, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        each!(&self.inner, stream => stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.inner, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.inner, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

impl Transport for Stream {
    /// Yes, too, if TLS holds a part of a record: what may be a reply has begun to arrive, and the rest is waited for.
    fn kernel_readable(&self) -> io::Result<bool> {
        #[cfg(feature = "tls")]
        if let Inner::Tls(tls, _) = &self.inner
            && tls.get_ref().0.is_within_record()
        {
            return Ok(true);
        }
        self.tcp().kernel_readable()
    }

    fn poll_kernel_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_kernel_readable(cx)
    }

    fn abort(&self) {
        self.tcp().abort();
    }

    /// `tls` and `tried` have nothing to tell any more.
    fn settle(&mut self) {
        self.tried = Vec::new();
        #[cfg(feature = "tls")]
        if let Inner::Tls(_, info) = &mut self.inner {
            *info = None;
        }
    }

    fn source_address(&self) -> Option<IpAddr> {
        Some(self.local.ip())
    }

    fn is_tls(&self) -> bool {
        !matches!(self.inner, Inner::Plain(_))
    }

    #[cfg(feature = "tls")]
    fn explain(&self, error: &io::Error) -> Option<Cause> {
        explain_io(error)
    }
}
