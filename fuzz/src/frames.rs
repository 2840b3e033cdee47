//! Any cut of a stream gives the same frames and the same error, and those of a naive splitter.

use bytes::BytesMut;
use rrp::wire::deframe::{Deframer, Ends, Frame, FrameError, Limits, Terminator};

use super::naive::{self, Splitter};

/// What may wait in the buffer beyond the limit of a frame: an `EOF` line, of which the next line tells whether it
/// counts, and the longest terminator line less its LF.
const SLACK: usize = 5 + 4;

/// Which lines end a frame, limits of line, frame and lines, a number of chunk sizes, the sizes, then the stream.
pub fn frames(data: &[u8]) {
    let [ends, line, frame, lines, count, rest @ ..] = data else { return };
    let ends = [Ends::Either, Ends::Dot, Ends::Eof][usize::from(*ends) % 3];
    let size = |byte: u8, unlimited: usize| if byte >= b'z' { unlimited } else { usize::from(byte) };
    let limits = Limits::REPLY
        .with_line(size(*line, Limits::REPLY.line()))
        .with_frame(size(*frame, Limits::REPLY.frame()))
        .with_lines(size(*lines, Limits::REPLY.lines()));
    let (sizes, stream) = rest.split_at(rest.len().min(usize::from(*count) % 16));

    let mut splitter = Splitter::new(limits, ends);
    let (mut expected, mut error) = splitter.split(stream);
    let between = error.is_none() && splitter.is_between_frames();
    if error.is_none() {
        let (more, at_end) = splitter.finish();
        expected.extend(more);
        error = at_end;
    }
    let whole = [stream.len()];
    for sizes in [&whole[..], &[1], &sizes.iter().map(|size| usize::from(*size)).collect::<Vec<_>>()] {
        let found = Found::of(stream, limits, ends, sizes);
        let frames: Vec<_> = found.frames.iter().map(plain).collect();
        assert_eq!(frames, expected, "frames, in chunks of {sizes:?}");
        assert_eq!(found.error, error, "error, in chunks of {sizes:?}");
        assert_eq!(found.between, between, "between frames, in chunks of {sizes:?}");
        found.check(ends);
    }
}

fn plain(frame: &Frame) -> naive::Frame {
    naive::Frame { bytes: frame.bytes().to_vec(), lines: frame.lines(), terminator: frame.terminator() }
}

struct Found {
    frames: Vec<Frame>,
    error: Option<FrameError>,
    /// Whether the stream ended between frames.
    between: bool,
}

impl Found {
    /// What a deframer finds in a stream that arrives in chunks of these sizes, over and over.
    fn of(stream: &[u8], limits: Limits, ends: Ends, sizes: &[usize]) -> Self {
        let mut deframer = Deframer::new(limits);
        deframer.set_ends(ends);
        let mut buffer = BytesMut::new();
        let mut frames = Vec::new();
        let mut sizes = sizes.iter().map(|size| (*size).max(1)).cycle();
        let mut rest = stream;
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(rest.len()).min(rest.len());
            let (chunk, later) = rest.split_at(size);
            rest = later;
            buffer.extend_from_slice(chunk);
            loop {
                match deframer.deframe(&mut buffer) {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(deframer.deframe(&mut buffer), Err(error), "an error is final");
                        assert_eq!(deframer.finish(&mut buffer), Err(error), "an error is final");
                        assert!(!deframer.is_between_frames(&buffer), "an error is no border");
                        return Self { frames, error: Some(error), between: false };
                    }
                }
            }
            assert!(buffer.len() <= limits.frame().saturating_add(SLACK), "{} bytes wait", buffer.len());
        }
        let between = deframer.is_between_frames(&buffer);
        let error = loop {
            match deframer.finish(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        assert!(error.is_some() || buffer.is_empty(), "something is left at the end");
        Self { frames, error, between }
    }

    /// What holds of all frames, whatever the stream.
    fn check(&self, ends: Ends) {
        let mut again = Vec::new();
        for frame in &self.frames {
            let bytes = frame.bytes();
            assert!(bytes.ends_with(b"\n") && !bytes.starts_with(b"\n"), "whole lines, the first not blank");
            assert_eq!(frame.lines(), bytes.iter().filter(|byte| **byte == b'\n').count());
            let text = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_ascii_lowercase();
            for line in bytes.split(|byte| *byte == b'\n').map(text) {
                let block = bytes.starts_with(b"[");
                assert!(line != b"." || (ends == Ends::Eof && block), "a dot in a frame");
                assert!(line != b"eof" || ends == Ends::Dot, "an EOF in a frame");
            }
            again.extend_from_slice(bytes);
            again.extend_from_slice(match frame.terminator() {
                Some(Terminator::Dot) if ends == Ends::Dot => b"EOF\r\n.\r\n",
                Some(Terminator::Dot) => b".\r\n",
                Some(Terminator::Eof) => b"EOF\r\n",
                None => b"",
            });
        }
        // Frames one behind the other are the same frames.
        assert_eq!(super::all_frames(&again, Limits::REPLY, ends), self.frames);
    }
}
