//! Where the parts of each line of a reply lie: positions into the frame, nothing copied.

use core::ops::Range;

/// A range of positions in a frame. 32 bits are enough: [`Limits::MAX_FRAME`](super::deframe::Limits::MAX_FRAME).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The range; positions beyond 32 bits, which no frame has, end at the last one.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end) }
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

/// Without the LF and CR at its end, and blanks before them.
#[inline]
pub(crate) fn trim_end(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = line {
        line = rest;
    }
    line
}

/// How many blanks a text begins with.
#[inline]
pub(crate) fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The lines of a frame with their LF: number from 1, position, bytes. A last line may lack its LF.
#[inline]
pub(crate) fn lines(frame: &[u8]) -> impl Iterator<Item = (usize, usize, &[u8])> {
    let mut ends = memchr::memchr_iter(b'\n', frame);
    let mut start = 0_usize;
    let mut number = 0_usize;
    core::iter::from_fn(move || {
        let after = match ends.next() {
            Some(end) => end.saturating_add(1),
            None => frame.len(),
        };
        let line = frame.get(start..after).filter(|line| !line.is_empty())?;
        number = number.saturating_add(1);
        let at = core::mem::replace(&mut start, after);
        Some((number, at, line))
    })
}
