//! Bytes in, whole frames out.
//!
//! A frame is a run of lines that a terminator line ends: a lone `.` (RFC 2832 §4.1, §4.2) or a lone `EOF` in any case
//! (the PTF blocks of XRRP). Lines end with LF; one CR before it belongs to the line's end. Blank lines and terminators
//! between frames are dropped: an empty frame is no reply and no offence.

use core::fmt;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

/// How much a [`Deframer`] takes before it gives up on the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    line: usize,
    frame: usize,
    lines: usize,
}

impl Limits {
    /// For replies: lines of 65,536 bytes, frames of 16 MiB and 262,144 lines.
    ///
    /// A list of 100,000 domains is about 4.6 MB.
    pub const REPLY: Self = Self { line: 65_536, frame: 16 * 1024 * 1024, lines: 262_144 };

    /// For commands: lines of 65,536 bytes, frames of 1 MiB and 4,096 lines.
    pub const COMMAND: Self = Self { line: 65_536, frame: 1024 * 1024, lines: 4_096 };

    /// The largest frame that can be asked for: 1 GiB, for positions are kept in 32 bits.
    pub const MAX_FRAME: usize = 1024 * 1024 * 1024;

    /// With lines of at most this many bytes, line end included.
    #[must_use]
    pub const fn with_line(mut self, bytes: usize) -> Self {
        self.line = bytes;
        self
    }

    /// With frames of at most this many bytes, terminator not included; at most [`MAX_FRAME`](Self::MAX_FRAME).
    #[must_use]
    pub const fn with_frame(mut self, bytes: usize) -> Self {
        self.frame = if bytes > Self::MAX_FRAME { Self::MAX_FRAME } else { bytes };
        self
    }

    /// With frames of at most this many lines, terminator not included.
    #[must_use]
    pub const fn with_lines(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }

    /// The longest line, in bytes.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The largest frame, in bytes.
    #[must_use]
    pub const fn frame(&self) -> usize {
        self.frame
    }

    /// The most lines of a frame.
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.lines
    }
}

impl Default for Limits {
    /// [`Limits::REPLY`].
    fn default() -> Self {
        Self::REPLY
    }
}

/// What ended a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum Terminator {
    /// A lone `.`.
    Dot,
    /// A lone `EOF`, in any case.
    Eof,
}

/// Which lines end a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ends {
    /// Both: whichever comes first. Right for every peer, before anything is known about it.
    #[default]
    Either,
    /// `.` alone. An `EOF` just before it belongs to the end; any other stands in the frame, where a grammar refuses it.
    Dot,
    /// `EOF` alone for a block that begins with `[`, where a `.` stands in the frame; anything else still ends with
    /// either, for a closing server speaks RRP to everybody.
    Eof,
}

/// The grammar that a frame's first line announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grammar {
    /// A reply of RRP: three digits and a blank or the line's end.
    Rrp,
    /// A PTF block: `[`.
    Ptf,
    /// Neither: a greeting, or an RRP command.
    Text,
}

/// The lines between two terminators, with their line ends and without the terminator.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    lines: usize,
    terminator: Option<Terminator>,
}

impl Frame {
    /// The bytes: every line with its line end.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The number of lines.
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// What ended the frame; `None` if the input ended first (see [`Deframer::finish`]).
    #[must_use]
    pub const fn terminator(&self) -> Option<Terminator> {
        self.terminator
    }

    /// The grammar that the first line announces.
    #[must_use]
    pub fn grammar(&self) -> Grammar {
        match self.bytes.as_ref() {
            [b'[', ..] => Grammar::Ptf,
            [a, b, c, b' ' | b'\t' | b'\r' | b'\n', ..] if [a, b, c].into_iter().all(u8::is_ascii_digit) => {
                Grammar::Rrp
            }
            _ => Grammar::Text,
        }
    }
}

impl fmt::Debug for Frame {
    /// Sizes only: a frame can hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("bytes", &self.bytes.len())
            .field("lines", &self.lines)
            .field("terminator", &self.terminator)
            .finish()
    }
}

/// The peer sent more than a limit allows.
///
/// Final: the border of the next frame is lost, so the connection is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// A line is longer than [`Limits::line`].
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A frame is larger than [`Limits::frame`].
    FrameTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A frame has more lines than [`Limits::lines`].
    TooManyLines {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineTooLong { limit } => write!(f, "line is longer than the limit of {limit} bytes"),
            Self::FrameTooLong { limit } => write!(f, "frame is larger than the limit of {limit} bytes"),
            Self::TooManyLines { limit } => write!(f, "frame has more lines than the limit of {limit}"),
        }
    }
}

impl core::error::Error for FrameError {}

/// Finds frames in a growing buffer.
///
/// The buffer belongs to the caller, who appends to it whatever arrives and calls [`deframe`](Self::deframe) until it
/// returns `None`. Between calls nothing but appending may happen to the buffer. No byte is searched twice, however
/// the input is cut. A caller that appends at most *n* bytes before each call holds at most the frame limit plus *n*
/// bytes (and what the buffer reserves for growth).
///
/// ```
/// use bytes::BytesMut;
/// use rrp::wire::deframe::{Deframer, Limits};
///
/// let mut deframer = Deframer::new(Limits::REPLY);
/// let mut buffer = BytesMut::from(&b"200 Command completed successfully\r\n.\r\n220 Comm"[..]);
/// let frame = deframer.deframe(&mut buffer)?.expect("a whole frame");
/// assert_eq!(frame.bytes().as_ref(), b"200 Command completed successfully\r\n");
/// assert!(deframer.deframe(&mut buffer)?.is_none());
/// # Ok::<(), rrp::wire::deframe::FrameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deframer {
    limits: Limits,
    ends: Ends,
    /// All before this position has been searched for line ends.
    searched: usize,
    /// Where the line that is not yet complete begins. A frame begins at 0.
    line_start: usize,
    /// Where the last whole line that is not blank began, and how many lines stood before it, if it is an `EOF` (which
    /// ends the frame itself but for [`Ends::Dot`]).
    eof_line: Option<(usize, usize)>,
    lines: usize,
    /// Below this length of the buffer no limit can be passed before the line ends; 0 if that is not known.
    unchecked: usize,
    failed: Option<FrameError>,
}

impl Deframer {
    /// A deframer at the border of a frame, which either terminator ends.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            ends: Ends::Either,
            searched: 0,
            line_start: 0,
            eof_line: None,
            lines: 0,
            unchecked: 0,
            failed: None,
        }
    }

    /// Chooses which lines end a frame, from the next line on.
    pub const fn set_ends(&mut self, ends: Ends) {
        self.ends = ends;
    }

    /// The next whole frame, if the buffer has one. Takes it, and stray lines before it, off the buffer.
    ///
    /// # Errors
    /// [`FrameError`] if a limit is passed; every later call returns the same error.
    #[inline]
    pub fn deframe(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        // Byte by byte, as some peers write, most calls bring nothing that could end a line or pass a limit.
        if buffer.len() < self.unchecked {
            let fresh = buffer.get(self.searched..).unwrap_or_default();
            if fresh.len() <= FEW && !fresh.contains(&b'\n') {
                self.searched = buffer.len();
                return Ok(None);
            }
        }
        self.search(buffer)
    }

    fn search(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while let Some(offset) = buffer.get(self.searched..).and_then(|fresh| memchr(b'\n', fresh)) {
            let after = self.searched.wrapping_add(offset).wrapping_add(1);
            let line = buffer.get(self.line_start..after).unwrap_or_default();
            let end = LineEnd::of(line);
            if !matches!(end, LineEnd::Content) {
                if self.line_start == 0 {
                    if after > TERMINATOR_MAX {
                        self.check(after, after, 0)?;
                    }
                    buffer.advance(after);
                    self.searched = 0;
                    continue;
                }
                if let Some(terminator) = self.terminator(end, buffer) {
                    return Ok(Some(self.take(buffer, after, terminator)));
                }
            }
            let lines = self.lines.wrapping_add(1);
            match end {
                LineEnd::Content => {
                    self.check(line.len(), after, lines)?;
                    self.eof_line = None;
                }
                // If the dot follows, it is no part of the frame; whatever else follows counts it.
                LineEnd::Eof => {
                    self.check(0, self.line_start, self.lines)?;
                    self.eof_line = Some((self.line_start, self.lines));
                }
                LineEnd::Dot | LineEnd::Blank => self.check(line.len(), after, lines)?,
            }
            self.lines = lines;
            self.line_start = after;
            self.searched = after;
        }
        self.searched = buffer.len();
        // The terminator is no part of the frame, and what has arrived of this line may be one.
        let partial = buffer.len().saturating_sub(self.line_start);
        if partial >= TERMINATOR_MAX {
            self.check(partial, buffer.len(), self.lines)?;
        }
        self.unchecked = self.line_start.saturating_add(self.limits.line).min(self.limits.frame);
        Ok(None)
    }

    /// What is left when the input has ended, as a file or a document may: a last line may lack its line end, and a
    /// frame its terminator. On a connection this is no frame but an incomplete reply; see
    /// [`is_between_frames`](Self::is_between_frames).
    ///
    /// # Errors
    /// As [`deframe`](Self::deframe).
    pub fn finish(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        if buffer.last().is_some_and(|byte| *byte != b'\n') {
            buffer.extend_from_slice(b"\n");
        }
        if let Some(frame) = self.deframe(buffer)? {
            return Ok(Some(frame));
        }
        let bytes = buffer.split().freeze();
        let lines = self.reset();
        Ok((!bytes.is_empty()).then_some(Frame { bytes, lines, terminator: None }))
    }

    /// Whether nothing of a frame has arrived: the buffer holds at most the beginning of a stray line, of which at most
    /// 64 blanks.
    ///
    /// To be asked after [`deframe`](Self::deframe) has returned `None`.
    #[must_use]
    pub fn is_between_frames(&self, buffer: &BytesMut) -> bool {
        let stray = match buffer.as_ref() {
            [b'.'] | [b'.', b'\r'] => true,
            [b'E' | b'e'] | [b'E' | b'e', b'O' | b'o'] => true,
            [b'E' | b'e', b'O' | b'o', b'F' | b'f'] | [b'E' | b'e', b'O' | b'o', b'F' | b'f', b'\r'] => true,
            // Nobody sends that many, and counting them again after each would take its time.
            line => line.len() <= MAX_BLANKS && line.iter().all(|byte| BLANKS.contains(byte)),
        };
        self.failed.is_none() && self.line_start == 0 && stray
    }

    #[inline]
    fn check(&mut self, line: usize, frame: usize, lines: usize) -> Result<(), FrameError> {
        let Limits { line: max_line, frame: max_frame, lines: max_lines } = self.limits;
        if line <= max_line && frame <= max_frame && lines <= max_lines {
            return Ok(());
        }
        Err(self.fail(line, frame))
    }

    #[cold]
    fn fail(&mut self, line: usize, frame: usize) -> FrameError {
        let Limits { line: max_line, frame: max_frame, lines: max_lines } = self.limits;
        // A line that passes both limits passed one of them first, however it was cut.
        let room = max_frame.saturating_sub(frame.saturating_sub(line));
        let error = if self.lines > max_lines {
            // An `EOF` line too many, which counts only now.
            FrameError::TooManyLines { limit: max_lines }
        } else if line > max_line && max_line <= room {
            FrameError::LineTooLong { limit: max_line }
        } else if frame > max_frame {
            FrameError::FrameTooLong { limit: max_frame }
        } else {
            FrameError::TooManyLines { limit: max_lines }
        };
        self.failed = Some(error);
        self.unchecked = 0;
        error
    }

    fn terminator(&self, end: LineEnd, buffer: &BytesMut) -> Option<Terminator> {
        let block = buffer.first() == Some(&b'[');
        match (end, self.ends) {
            (LineEnd::Dot, Ends::Eof) if block => None,
            (LineEnd::Eof, Ends::Dot) => None,
            (LineEnd::Dot, _) => Some(Terminator::Dot),
            (LineEnd::Eof, _) => Some(Terminator::Eof),
            (LineEnd::Blank | LineEnd::Content, _) => None,
        }
    }

    fn take(&mut self, buffer: &mut BytesMut, after: usize, terminator: Terminator) -> Frame {
        let mut bytes = buffer.split_to(after);
        let before_eof = self.eof_line.filter(|_| terminator == Terminator::Dot);
        let (end, lines) = before_eof.unwrap_or((self.line_start, self.lines));
        bytes.truncate(end);
        self.reset();
        Frame { bytes: bytes.freeze(), lines, terminator: Some(terminator) }
    }

    fn reset(&mut self) -> usize {
        self.searched = 0;
        self.line_start = 0;
        self.eof_line = None;
        self.unchecked = 0;
        core::mem::take(&mut self.lines)
    }
}

/// So many blanks on a line that has not ended may still become a stray line; more are something else.
const MAX_BLANKS: usize = 64;

/// What a blank line is made of.
const BLANKS: &[u8] = b" \t\r\n";

/// So many fresh bytes are searched without the library, whose call would cost more.
const FEW: usize = 4;

/// The longest terminator line: `EOF` CR LF.
const TERMINATOR_MAX: usize = 5;

/// What a whole line is to framing.
#[derive(Clone, Copy)]
enum LineEnd {
    Blank,
    Dot,
    Eof,
    Content,
}

impl LineEnd {
    #[inline]
    fn of(line: &[u8]) -> Self {
        match line {
            [b'!'..=b'~', _, _, _, _, _, ..] => Self::Content,
            [b'\n'] | [b'\r', b'\n'] => Self::Blank,
            [b'.', b'\n'] | [b'.', b'\r', b'\n'] => Self::Dot,
            [e, o, f, b'\n'] | [e, o, f, b'\r', b'\n'] if [*e, *o, *f].eq_ignore_ascii_case(b"EOF") => {
                Self::Eof
            }
            [b' ' | b'\t' | b'\r', ..] if line.iter().all(|byte| BLANKS.contains(byte)) => Self::Blank,
            _ => Self::Content,
        }
    }
}
