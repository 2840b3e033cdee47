//! A TCP stream that remembers how the peer began, and knows whether a record of TLS is only partly there.

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
    record: Record,
}

/// Where in a record of TLS (RFC 8446 §5.1) what was read has ended.
#[derive(Clone, Copy, Debug)]
enum Record {
    /// So many bytes of the header are there, and the last of them.
    Header { has: u8, last: u8 },
    /// So many bytes of the content are to come.
    Content { missing: u16 },
}

impl Record {
    const BORDER: Self = Self::Header { has: 0, last: 0 };
    /// Type and version, before the two bytes of the length.
    const BEFORE_LENGTH: u8 = 3;

    fn after(self, bytes: &[u8]) -> Self {
        let (mut record, mut rest) = (self, bytes);
        loop {
            record = match record {
                Self::Content { missing } => match rest.split_at_checked(usize::from(missing)) {
                    Some((_, after)) => {
                        rest = after;
                        Self::BORDER
                    }
                    None => {
                        let here = u16::try_from(rest.len()).unwrap_or(missing);
                        return Self::Content { missing: missing.saturating_sub(here) };
                    }
                },
                Self::Header { has, last } => {
                    let Some((byte, after)) = rest.split_first() else {
                        return record;
                    };
                    rest = after;
                    if has > Self::BEFORE_LENGTH {
                        Self::Content { missing: u16::from_be_bytes([last, *byte]) }
                    } else {
                        Self::Header { has: has.saturating_add(1), last: *byte }
                    }
                }
            };
        }
    }
}

impl Tap {
    pub(super) const fn new(tcp: TcpStream) -> Self {
        Self { tcp, first: Some(Vec::new()), record: Record::BORDER }
    }

    /// How the peer began.
    pub(super) fn first(&self) -> &[u8] {
        self.first.as_deref().unwrap_or_default()
    }

    /// Whether a record has begun to arrive, and is not all there: TLS has taken what there is of it and says nothing.
    pub(in crate::net) const fn is_within_record(&self) -> bool {
        !matches!(self.record, Record::Header { has: 0, .. })
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
        self.record = self.record.after(buf.filled().get(before..).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_records_end_at_a_border_however_they_are_cut() {
        let records: [&[u8]; 4] = [
            &[23, 3, 3, 0, 2, 9, 9],
            &[21, 3, 3, 0, 0],
            &[&[23, 3, 3, 1, 1][..], &[7; 257]].concat(),
            &[22, 3, 1, 0, 1, 0],
        ];
        let bytes = records.concat();
        let borders: Vec<usize> = (0..=records.len()).map(|count| records[..count].concat().len()).collect();
        for end in 0..=bytes.len() {
            for cut in 0..=end {
                let record = Record::BORDER.after(&bytes[..cut]).after(&bytes[cut..end]);
                let at_border = matches!(record, Record::Header { has: 0, .. });
                assert_eq!(at_border, borders.contains(&end), "{cut} {end} {record:?}");
            }
        }
    }
}
