//! Where the parts of each line of a reply lie: positions into the frame, nothing copied.

use core::ops::Range;

use memchr::{memchr, memchr2};

/// A range of positions in a frame. 32 bits are enough: [`Limits::MAX_FRAME`](super::deframe::Limits::MAX_FRAME).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The range. No frame is larger than 1 GiB, so nothing is cut off.
    #[inline]
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(crate) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The bytes of this range; empty if the frame is not the one that the range was made from.
    pub(crate) fn of(self, frame: &[u8]) -> &[u8] {
        frame.get(self.range()).unwrap_or_default()
    }
}

/// One line of a reply, after its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) name: Span,
    pub(crate) value: Span,
    index: u32,
}

const NO_INDEX: u32 = u32::MAX;

impl Line {
    /// A name and a value without index: an attribute, or a key of the reply itself.
    pub(crate) const fn plain(name: Span, value: Span) -> Self {
        Self { name, value, index: NO_INDEX }
    }

    /// A property, `property[name][index]`. `None` for the one index that is not kept, 4,294,967,295.
    pub(crate) const fn property(name: Span, index: u32, value: Span) -> Option<Self> {
        if index == NO_INDEX { None } else { Some(Self { name, value, index }) }
    }

    pub(crate) const fn index(&self) -> Option<u32> {
        if self.index == NO_INDEX { None } else { Some(self.index) }
    }
}

/// The parts of all lines of one reply, and of its code and text.
///
/// Storage that can be used again: [`Reply::parse_into`](crate::reply::Reply::parse_into) takes one and
/// [`Reply::into_index`](crate::reply::Reply::into_index) gives it back, so that reading reply after reply allocates
/// nothing. 20 bytes a line.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub(crate) text: Span,
    pub(crate) lines: Vec<Line>,
}

impl Index {
    /// Empty storage.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: Span { start: 0, end: 0 }, lines: Vec::new() }
    }

    /// For how many lines there is room without allocating.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.lines.capacity()
    }
}

/// Without the blanks, and stray CRs, at its end.
#[inline]
pub(crate) fn trim_end(text: &[u8]) -> &[u8] {
    match text {
        [.., b' ' | b'\t' | b'\r'] => trim_blanks(text),
        _ => text,
    }
}

/// The same for a name, which most often has one blank behind it.
#[inline]
pub(crate) fn trim_name(name: &[u8]) -> &[u8] {
    match name {
        [rest @ .., b' '] => trim_end(rest),
        _ => trim_end(name),
    }
}

/// The first line of a text, without its line end and blanks before that; and how many bytes it takes with them.
#[inline]
pub(crate) fn first_line(text: &[u8]) -> (&[u8], usize) {
    let end = memchr(b'\n', text).unwrap_or(text.len());
    let line = match text.get(..end) {
        Some([line @ .., b'\r']) | Some(line) => line,
        None => &[],
    };
    (trim_end(line), end.wrapping_add(1))
}

/// Apart, for almost no line has any.
#[cold]
fn trim_blanks(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let [rest @ .., b' ' | b'\t' | b'\r'] = line {
        line = rest;
    }
    line
}

/// Without the blanks that a text begins with.
#[inline]
pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    // One comparison for almost every text.
    if let [b'!'..=u8::MAX, ..] = text {
        return text;
    }
    let mut text = text;
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// The lines of a frame, one after the other. A last line may lack its LF.
pub(crate) struct Lines<'f> {
    frame: &'f [u8],
    /// Where the next line begins.
    start: usize,
    number: usize,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct RawLine<'f> {
    /// From 1.
    pub(crate) number: usize,
    /// Its position in the frame.
    pub(crate) start: usize,
    /// Without its line end, and without blanks before that.
    pub(crate) text: &'f [u8],
    /// Whether a CR stands within, which some reader takes for the end of a line.
    pub(crate) torn: bool,
}

#[inline]
pub(crate) const fn lines(frame: &[u8]) -> Lines<'_> {
    Lines { frame, start: 0, number: 0 }
}

impl<'f> Lines<'f> {
    /// Where the next line begins.
    #[inline]
    pub(crate) const fn position(&self) -> usize {
        self.start
    }

    /// All that is not yet taken.
    #[inline]
    pub(crate) fn rest(&self) -> &'f [u8] {
        self.frame.get(self.start..).unwrap_or_default()
    }

    /// Takes a line of so many bytes, whose border the caller has found.
    #[inline]
    pub(crate) const fn skip_line(&mut self, bytes: usize) {
        self.start = self.start.wrapping_add(bytes);
        self.number = self.number.wrapping_add(1);
    }
}

impl<'f> Iterator for Lines<'f> {
    type Item = RawLine<'f>;

    #[inline]
    fn next(&mut self) -> Option<RawLine<'f>> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let start = self.start;
        let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at_checked(end).unwrap_or_default();
        let (text, len, torn) = match after {
            [b'\r', b'\n', ..] => (trim_end(line), end.wrapping_add(2), false),
            [b'\n', ..] | [] => (trim_end(line), end.wrapping_add(1), false),
            _ => torn_line(rest),
        };
        self.skip_line(len);
        Some(RawLine { number: self.number, start, text, torn })
    }
}

/// A line with a CR that does not end it, unless more CRs do; its length, and whether one stands within.
#[cold]
fn torn_line(rest: &[u8]) -> (&[u8], usize, bool) {
    let (text, len) = first_line(rest);
    (text, len, text.contains(&b'\r'))
}

/// Whether a key is none of ours, but `code` to a reader that drops control characters and byte order marks.
#[inline]
pub(crate) fn is_code_in_disguise(key: &[u8]) -> bool {
    !matches!(key.first(), Some(b'A'..=b'B' | b'D'..=b'Z' | b'a'..=b'b' | b'd'..=b'z')) && drops_to_code(key)
}

/// Apart, for almost no other key begins with a `c`.
#[cold]
fn drops_to_code(key: &[u8]) -> bool {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let letters = key.iter().filter(|byte| !byte.is_ascii_control() && !MARK.contains(byte));
    letters.map(u8::to_ascii_lowercase).eq(b"code".iter().copied())
}

/// Whether a line that should have a name opens like the status line of RRP: then it is a second reply.
#[cold]
pub(crate) fn opens_a_reply(line: &[u8]) -> bool {
    matches!(line, [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', b' ' | b'\t', ..])
}

/// Where a separator stands, which is near the beginning of a line: looked for byte by byte there, and by the library
/// only beyond.
#[inline]
pub(crate) fn separator(byte: u8, line: &[u8]) -> Option<usize> {
    const NEAR: usize = 16;
    let near = line.get(..NEAR).unwrap_or(line);
    if let Some(at) = near.iter().position(|found| *found == byte) {
        return Some(at);
    }
    let at = memchr(byte, line.get(NEAR..)?)?;
    Some(at.wrapping_add(NEAR))
}
