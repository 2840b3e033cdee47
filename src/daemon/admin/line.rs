//! Lines of a connection: bounded in bytes and in time.

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::time::timeout;

/// The most bytes of a request, without its line end.
pub(super) const MAX_REQUEST: usize = 65_536;

/// From an answer, or the beginning, to the end of the next request.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(10);

/// For an answer to be taken.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// Why there is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// The other side has ended, or is not to be had any more.
    Ended,
    TooLong,
    TooLate,
}

/// The next request, whole.
pub(super) async fn read(reader: &mut ReadHalf<'_>, buffer: &mut BytesMut) -> Result<Bytes, NoLine> {
    timeout(REQUEST_TIME, whole(reader, buffer)).await.unwrap_or(Err(NoLine::TooLate))
}

async fn whole(reader: &mut ReadHalf<'_>, buffer: &mut BytesMut) -> Result<Bytes, NoLine> {
    let mut looked = 0;
    loop {
        let new = buffer.get(looked..).unwrap_or_default();
        if let Some(at) = memchr(b'\n', new) {
            let end = looked.saturating_add(at);
            if end > MAX_REQUEST {
                return Err(NoLine::TooLong);
            }
            let line = buffer.split_to(end.saturating_add(1)).freeze();
            return Ok(line.slice(..end));
        }
        looked = buffer.len();
        if looked > MAX_REQUEST {
            return Err(NoLine::TooLong);
        }
        // Never more than one request beyond this one.
        buffer.reserve(4_096);
        match reader.read_buf(buffer).await {
            // A request that is cut off is none.
            Ok(0) | Err(_) => return Err(NoLine::Ended),
            Ok(_) => {}
        }
    }
}

/// Hands an answer over; whether it was taken.
pub(super) async fn write(writer: &mut WriteHalf<'_>, answer: &Value) -> bool {
    let mut line = answer.to_string().into_bytes();
    line.push(b'\n');
    matches!(timeout(ANSWER_TIME, writer.write_all(&line)).await, Ok(Ok(())))
}

/// Ends once nobody is left at the other side. One that only says no more is still there.
pub(super) async fn gone(reader: &ReadHalf<'_>) {
    const LOOK: Duration = Duration::from_millis(250);
    loop {
        tokio::time::sleep(LOOK).await;
        match reader.ready(tokio::io::Interest::WRITABLE | tokio::io::Interest::READABLE).await {
            Ok(ready) if !ready.is_write_closed() => {}
            _ => return,
        }
    }
}
