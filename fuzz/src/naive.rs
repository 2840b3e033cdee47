//! A second reading of the wire, as plain as can be: copies everything, allocates for every line, has no state to
//! resume. Where it differs from the crate, one of the two is wrong.

use rrp::wire::deframe::{Ends, FrameError, Limits, Terminator};

/// The longest terminator line. A line that is shorter, without its end, may still become one.
const TERMINATOR: usize = 5;

/// One frame: its bytes, its lines, and what ended it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    pub(crate) lines: usize,
    pub(crate) terminator: Option<Terminator>,
}

/// What a line is, by its text alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Dot,
    Eof,
    Content,
}

fn kind(line: &[u8]) -> Kind {
    let text = line.strip_suffix(b"\n").expect("a whole line");
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() {
        Kind::Blank
    } else if text == b"." {
        Kind::Dot
    } else if text.eq_ignore_ascii_case(b"EOF") {
        Kind::Eof
    } else if text.iter().all(|byte| b" \t\r".contains(byte)) {
        Kind::Blank
    } else {
        Kind::Content
    }
}

/// Splits a stream byte by byte.
pub(crate) struct Splitter {
    limits: Limits,
    ends: Ends,
    line: Vec<u8>,
    frame: Vec<Vec<u8>>,
    /// The bytes of `frame`.
    size: usize,
    frames: Vec<Frame>,
}

impl Splitter {
    pub(crate) fn new(limits: Limits, ends: Ends) -> Self {
        Self { limits, ends, line: Vec::new(), frame: Vec::new(), size: 0, frames: Vec::new() }
    }

    /// The frames of a stream, and the limit that its first byte too many passes.
    pub(crate) fn split(&mut self, data: &[u8]) -> (Vec<Frame>, Option<FrameError>) {
        let error = data.iter().find_map(|byte| self.byte(*byte).err());
        (std::mem::take(&mut self.frames), error)
    }

    /// What is left at the end of the stream.
    pub(crate) fn finish(&mut self) -> (Vec<Frame>, Option<FrameError>) {
        let ended = if self.line.is_empty() { Ok(()) } else { self.byte(b'\n') };
        if let Err(error) = ended {
            return (Vec::new(), Some(error));
        }
        if !self.frame.is_empty() {
            self.end(None);
        }
        (std::mem::take(&mut self.frames), None)
    }

    /// Whether no line of a frame has come, nor a part of one.
    pub(crate) fn is_between_frames(&self) -> bool {
        let line = self.line.as_slice();
        let stray = match line {
            b"." | b".\r" => true,
            blank if blank.len() <= 64 && blank.iter().all(|byte| b" \t\r".contains(byte)) => true,
            _ => b"EOF\r".get(..line.len()).is_some_and(|eof| eof.eq_ignore_ascii_case(line)),
        };
        self.frame.is_empty() && stray
    }

    fn byte(&mut self, byte: u8) -> Result<(), FrameError> {
        self.line.push(byte);
        if byte != b'\n' {
            // Until then it may become a terminator, which no limit concerns.
            return if self.line.len() >= TERMINATOR { self.within(self.line.len()) } else { Ok(()) };
        }
        let block = self.frame.first().is_some_and(|line| line[0] == b'[');
        match (kind(&self.line), self.ends) {
            (Kind::Dot | Kind::Eof, _) if self.frame.is_empty() => self.line.clear(),
            (Kind::Blank, _) if self.frame.is_empty() => {
                if self.line.len() > TERMINATOR {
                    self.within(self.line.len())?;
                }
                self.line.clear();
            }
            (Kind::Dot, Ends::Eof) if block => self.content()?,
            (Kind::Eof, Ends::Dot) => {
                // Counts only if another line than the dot follows.
                self.counted(0)?;
                self.keep();
            }
            (Kind::Dot, _) => self.end(Some(Terminator::Dot)),
            (Kind::Eof, _) => self.end(Some(Terminator::Eof)),
            (Kind::Blank | Kind::Content, _) => self.content()?,
        }
        Ok(())
    }

    /// Refuses a line of so many bytes; if it passes both limits, by the one that it passed first.
    fn within(&self, line: usize) -> Result<(), FrameError> {
        if self.frame.len() > self.limits.lines() {
            return Err(FrameError::TooManyLines { limit: self.limits.lines() });
        }
        let room = self.limits.frame().saturating_sub(self.size);
        if line > room && room < self.limits.line() {
            return Err(FrameError::FrameTooLong { limit: self.limits.frame() });
        }
        if line > self.limits.line() {
            return Err(FrameError::LineTooLong { limit: self.limits.line() });
        }
        if line > room || self.size > self.limits.frame() {
            return Err(FrameError::FrameTooLong { limit: self.limits.frame() });
        }
        Ok(())
    }

    /// What stands in the frame already, and so many lines more.
    fn counted(&self, more: usize) -> Result<(), FrameError> {
        if self.frame.len() + more > self.limits.lines() {
            return Err(FrameError::TooManyLines { limit: self.limits.lines() });
        }
        if self.size > self.limits.frame() {
            return Err(FrameError::FrameTooLong { limit: self.limits.frame() });
        }
        Ok(())
    }

    fn content(&mut self) -> Result<(), FrameError> {
        self.within(self.line.len())?;
        self.counted(1)?;
        self.keep();
        Ok(())
    }

    fn keep(&mut self) {
        self.size += self.line.len();
        self.frame.push(std::mem::take(&mut self.line));
    }

    fn end(&mut self, terminator: Option<Terminator>) {
        self.line.clear();
        self.size = 0;
        let mut frame = std::mem::take(&mut self.frame);
        let last = frame.iter().rposition(|line| kind(line) != Kind::Blank).unwrap_or(0);
        let eof = frame.get(last).is_some_and(|line| kind(line) == Kind::Eof);
        if self.ends == Ends::Dot && terminator == Some(Terminator::Dot) && eof {
            frame.truncate(last);
        }
        self.frames.push(Frame { lines: frame.len(), bytes: frame.concat(), terminator });
    }
}

/// A line of a reply: name, index, value.
pub(crate) type Line = (Vec<u8>, Option<u32>, Vec<u8>);

/// A reply as its parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) text: Vec<u8>,
    pub(crate) lines: Vec<Line>,
}

fn trimmed(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !b" \t".contains(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !b" \t\r\n".contains(byte)).map_or(start, |last| last + 1);
    &text[start.min(end)..end]
}

/// A name that opens like a status line is a second reply.
fn opens_a_reply(name: &[u8]) -> bool {
    name.len() > 3 && code(&name[..3]).is_some() && b" \t".contains(&name[3])
}

/// A name, and what follows the first separator.
fn pair(line: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let mut parts = line.splitn(2, |byte| *byte == separator);
    let (name, value) = (trimmed(parts.next()?), trimmed(parts.next()?));
    (!name.is_empty() && !opens_a_reply(name)).then_some((name, value))
}

/// A bare CR.
fn torn(text: &[u8]) -> bool {
    text.contains(&b'\r')
}

/// A key that is `code` without control characters and the bytes of a byte order mark.
fn disguised(key: &[u8]) -> bool {
    let dropped = |byte: u8| byte < 0x20 || byte == 0x7f || [0xef, 0xbb, 0xbf].contains(&byte);
    let left: Vec<u8> = key.iter().copied().filter(|byte| !dropped(*byte)).collect();
    left.eq_ignore_ascii_case(b"code")
}

fn code(digits: &[u8]) -> Option<u16> {
    let number: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (digits.len() == 3 && digits[0] != b'+' && (100..=999).contains(&number)).then_some(number)
}

/// A reply of RRP: a code and a text, then `name:value` lines.
pub(crate) fn rrp_reply(frame: &[u8]) -> Option<Reply> {
    let mut lines = frame.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    // What stands before the code is not forgiven, blanks included.
    let (digits, text) = first.split_at_checked(3)?;
    let code = code(digits)?;
    if !trimmed(text).is_empty() && !b" \t".contains(&text[0]) {
        return None;
    }
    if torn(trimmed(text)) {
        return None;
    }
    let lines: Option<Vec<Line>> = lines
        .filter(|line| !line.iter().all(|byte| b" \t\r".contains(byte)))
        .map(|line| (!torn(trimmed(line))).then(|| pair(line, b':'))?)
        .map(|pair| pair.map(|(name, value)| (name.to_vec(), None, value.to_vec())))
        .collect();
    Some(Reply { code, text: trimmed(text).to_vec(), lines: lines? })
}

/// A reply of PTF: a block of `key = value` lines. An excerpt may lack its head and other lines.
pub(crate) fn ptf_reply(frame: &[u8], excerpt: bool) -> Option<Reply> {
    let (mut opened, mut found_code, mut text, mut lines) = (false, None, None, Vec::new());
    let mut last_opened = false;
    for line in frame.split(|byte| *byte == b'\n') {
        let first_twice = std::mem::take(&mut last_opened) && excerpt;
        if !line.contains(&b'=') {
            let block = line.first() == Some(&b'[');
            // Here a blank before `[` counts: `trimmed` would drop it.
            let line = trimmed(line);
            let name = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]"));
            match name.filter(|name| block && !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic)) {
                Some(name) if !name.eq_ignore_ascii_case(b"response") => return None,
                // Documents have been seen that print the first line twice.
                Some(_) if opened && !first_twice => return None,
                Some(_) => (opened, last_opened) = (true, true),
                None if line.is_empty() || excerpt => {}
                None => return None,
            }
            continue;
        }
        let (key, value) = pair(line, b'=')?;
        if !opened && !excerpt {
            return None;
        }
        opened = true;
        if key.eq_ignore_ascii_case(b"code") {
            if found_code.is_some() || torn(trimmed(line)) {
                return None;
            }
            found_code = Some(code(value)?);
        } else if key.eq_ignore_ascii_case(b"description") && text.is_none() {
            if torn(trimmed(line)) {
                return None;
            }
            text = Some(value.to_vec());
        } else {
            if disguised(key) {
                return None;
            }
            lines.push(match property(key) {
                Some((name, index)) => (name.to_vec(), Some(index), value.to_vec()),
                None => (key.to_vec(), None, value.to_vec()),
            });
        }
    }
    Some(Reply { code: found_code?, text: text.unwrap_or_default(), lines })
}

/// `property[name][index]`, where the name may hold brackets and the largest index is none.
fn property(key: &[u8]) -> Option<(&[u8], u32)> {
    let (open, rest) = key.split_at_checked(b"property[".len())?;
    let inner = rest.strip_suffix(b"]")?;
    let border = inner.windows(2).rposition(|pair| pair == b"][")?;
    let (name, digits) = (&inner[..border], &inner[border + 2..]);
    let index: u32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let fits = open.eq_ignore_ascii_case(b"property[")
        && !name.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && index != u32::MAX;
    fits.then_some((name, index))
}

/// A name without case and blanks.
pub(crate) fn folded(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| !b" \t".contains(byte)).map(u8::to_ascii_lowercase).collect()
}
