//! A local client of the daemon, as mregd has them.

use std::io::{self, ErrorKind};
use std::path::Path;

use bytes::BytesMut;
use rrp::Reply;
use rrp::wire::deframe::{Deframer, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Longer than any reply here.
const MAX: usize = 65_536;

/// A client that has logged in.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) user: &'static str,
    stream: UnixStream,
    buffer: BytesMut,
}

impl Local {
    /// Waits for each prompt, and answers it.
    pub(super) async fn log_in(path: &Path, user: &'static str, password: &str) -> io::Result<Self> {
        let stream = UnixStream::connect(path).await?;
        let mut local = Self { user, stream, buffer: BytesMut::new() };
        for (prompt, answer) in [("login:", user), ("password:", password)] {
            let mut heard = vec![0; prompt.len()];
            local.stream.read_exact(&mut heard).await?;
            if heard != prompt.as_bytes() {
                return Err(io::Error::new(ErrorKind::InvalidData, format!("no prompt `{prompt}`")));
            }
            local.send(&format!("{answer}\n")).await?;
        }
        Ok(local)
    }

    pub(super) async fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await
    }

    /// The next reply.
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        let invalid = |error| io::Error::new(ErrorKind::InvalidData, error);
        loop {
            let end = self.buffer.windows(5).position(|bytes| bytes == b"\nEOF\n");
            if let Some(end) = end {
                let mut whole = self.buffer.split_to(end.saturating_add(5));
                let frame = Deframer::new(Limits::REPLY).deframe(&mut whole).map_err(io::Error::other)?;
                let frame = frame.ok_or_else(|| invalid("no reply"))?;
                return Reply::parse(&frame).map_err(io::Error::other);
            }
            if self.buffer.len() > MAX {
                return Err(invalid("a reply without end"));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Whether the daemon closes, and says nothing more before it.
    pub(super) async fn is_closed(&mut self) -> io::Result<bool> {
        Ok(self.buffer.is_empty() && self.stream.read_buf(&mut self.buffer).await? == 0)
    }
}
