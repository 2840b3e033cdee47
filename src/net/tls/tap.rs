//! A TCP stream that remembers how the peer began.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The bytes that are remembered.
const MAX_FIRST: usize = 64;

/// A TCP stream under TLS. Until it is told that the handshake is done, it keeps the first bytes of the peer: whether they
/// are a greeting in plain text is asked when the handshake has failed.
#[derive(Debug)]
pub(in crate::net) struct Tap {
    tcp: TcpStream,
    first: Option<Vec<u8>>,
}

impl Tap {
    pub(super) const fn new(tcp: TcpStream) -> Self {
        Self { tcp, first: Some(Vec::new()) }
    }

    /// How the peer began.
    pub(super) fn first(&self) -> &[u8] {
        self.first.as_deref().unwrap_or_default()
    }

    /// Remembers nothing from now on.
    pub(super) fn forget(&mut self) {
        self.first = None;
    }

    pub(in crate::net) const fn tcp(&self) -> &TcpStream {
        &self.tcp
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buf);
        if let Some(first) = &mut self.first {
            let room = MAX_FIRST.saturating_sub(first.len());
            first.extend(buf.filled().iter().skip(before).take(room));
        }
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
