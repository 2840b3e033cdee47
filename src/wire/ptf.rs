//! The grammar of PTF blocks, on whole frames: `[RESPONSE]` and `[COMMAND]` with `key = value` lines.
//!
//! As CNR and HEXONET send them: keys in any case and any order, the code perhaps last; blanks and tabs around the
//! first `=`; values with `=`, `;` and brackets, or empty; property names with blanks; indices with gaps and repeats.

use bytes::BytesMut;
use memchr::memchr;
use nom::character::complete::{alpha1, char};
use nom::combinator::eof;
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};

use super::lines::{
    Index, Line, Lines, RawLine, Span, first_line, is_code_in_disguise, lines, opens_a_reply, separator,
    trim_name, trim_start,
};
use super::malformed::{Malformed, Problem};
use crate::code::ReturnCode;
use crate::command::{CommandError, Field, PtfCommand};

/// `[NAME]` and nothing else.
fn block_name(line: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(delimited(char('['), alpha1, char(']')), eof).parse(line)
}

/// The name of the block that a line opens.
fn block(line: &[u8]) -> Option<&[u8]> {
    // Almost no line does, and the first byte tells.
    (line.first() == Some(&b'[')).then(|| block_name(line).ok().map(|(_, name)| name))?
}

/// What a reader wants of a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A block as it comes over the wire.
    Wire,
    /// A quotation out of a document: the `[RESPONSE]` may be missing, and lines may be left out (`...`).
    Excerpt,
}

/// The code, text, keys and properties of a reply.
pub(crate) fn read_reply(frame: &[u8], form: Form, index: &mut Index) -> Result<ReturnCode, Malformed> {
    index.lines.clear();
    index.text = Span::default();
    let mut head = Head::default();
    let mut run = Run::default();
    let mut lines = open(frame, &mut head);
    loop {
        if run.goes_on
            && let Some((line, len)) = run.property(lines.rest(), lines.position())
        {
            index.lines.push(line);
            lines.skip_line(len);
            continue;
        }
        if head.opened
            && let Some((line, len)) = run.another(lines.rest(), lines.position())
        {
            index.lines.push(line);
            lines.skip_line(len);
            continue;
        }
        let Some(line) = lines.next() else { break };
        let Some((name, value)) = read_line(line, form, &mut head)? else { continue };
        if head.takes(line.number, name.of(frame), value.of(frame), value)? {
            if line.torn {
                return Err(Malformed::new(line.number, Problem::Torn));
            }
        } else {
            if is_code_in_disguise(name.of(frame)) {
                return Err(Malformed::new(line.number, Problem::SecondCode));
            }
            index.lines.push(run.open(frame, name, value));
        }
    }
    index.text = head.text.unwrap_or_default();
    head.code.ok_or_else(|| Malformed::new(0, Problem::NoCode))
}

/// The code and the text of a reply, reading no further than both are found.
pub(crate) fn read_head(frame: &[u8]) -> Result<(ReturnCode, Span), Malformed> {
    let mut head = Head::default();
    for line in open(frame, &mut head) {
        let Some((name, value)) = read_line(line, Form::Wire, &mut head)? else { continue };
        head.takes(line.number, name.of(frame), value.of(frame), value)?;
        if let (Some(code), Some(text)) = (head.code, head.text) {
            return Ok((code, text));
        }
    }
    let code = head.code.ok_or_else(|| Malformed::new(0, Problem::NoCode))?;
    Ok((code, head.text.unwrap_or_default()))
}

/// The lines of a reply; those after the first, if that is `[RESPONSE]` to the letter, and those after the code, if it
/// follows as nearly all registries write it.
#[inline]
fn open<'f>(frame: &'f [u8], head: &mut Head) -> Lines<'f> {
    const FIRST: &[u8] = b"[RESPONSE]\r\n";
    const CODE: &[u8] = b"code = ";
    const CODE_LINE: usize = b"code = 200\r\n".len();
    let mut lines = lines(frame);
    if let Some(rest) = frame.strip_prefix(FIRST) {
        head.opened = true;
        head.block = 1;
        lines.skip_line(FIRST.len());
        if let Some([a, b, c, b'\r', b'\n', ..]) = rest.strip_prefix(CODE)
            && let Ok(code) = ReturnCode::from_bytes(&[*a, *b, *c])
        {
            head.code = Some(code);
            lines.skip_line(CODE_LINE);
        }
    }
    lines
}

/// The name and the value on a line; `None` if it is blank, opens the block or, in a quotation, has no `=`.
#[inline(always)] // Its result, handed through memory, would cost a tenth of a short reply.
fn read_line(
    RawLine { number, start, text: line, .. }: RawLine<'_>,
    form: Form,
    head: &mut Head,
) -> Result<Option<(Span, Span)>, Malformed> {
    let Some(equals) = separator(b'=', line) else {
        return no_pair(number, line, form, head).map(|()| None);
    };
    if !head.opened {
        if form == Form::Wire {
            return Err(Malformed::new(number, Problem::WrongBlock("[RESPONSE]")));
        }
        head.opened = true;
    }
    let (name, value) = line.split_at_checked(equals).unwrap_or_default();
    let name = trim_name(name);
    let inner = trim_start(name);
    if inner.is_empty() {
        return Err(Malformed::new(number, Problem::NoName));
    }
    if inner.first().is_some_and(u8::is_ascii_digit) && opens_a_reply(inner) {
        return Err(Malformed::new(number, Problem::SecondCode));
    }
    let value = match value {
        [b'=', b' ', value @ ..] | [b'=', value @ ..] => trim_start(value),
        _ => &[],
    };
    let end = start.wrapping_add(name.len());
    let name = Span::new(end.wrapping_sub(inner.len()), end);
    let end = start.wrapping_add(line.len());
    Ok(Some((name, Span::new(end.wrapping_sub(value.len()), end))))
}

/// A line without `=`.
#[cold]
fn no_pair(number: usize, line: &[u8], form: Form, head: &mut Head) -> Result<(), Malformed> {
    match block(line) {
        Some(name) => head.block(number, name, form),
        None if line.is_empty() || form == Form::Excerpt => Ok(()),
        None => Err(Malformed::new(number, Problem::NoSeparator('='))),
    }
}

/// What stands once in a reply.
#[derive(Default)]
struct Head {
    opened: bool,
    /// The number of the line that opened the block; 0 if none did.
    block: usize,
    code: Option<ReturnCode>,
    text: Option<Span>,
}

impl Head {
    fn block(&mut self, number: usize, name: &[u8], form: Form) -> Result<(), Malformed> {
        // Documents have been seen that print the first line twice.
        let twice = form == Form::Excerpt && self.block > 0 && number == self.block.wrapping_add(1);
        if self.opened && !twice {
            return Err(Malformed::new(number, Problem::SecondBlock));
        }
        if !name.eq_ignore_ascii_case(b"RESPONSE") {
            return Err(Malformed::new(number, Problem::WrongBlock("[RESPONSE]")));
        }
        self.opened = true;
        self.block = number;
        Ok(())
    }

    /// Takes the code and the first description; everything else is a line of the reply.
    #[inline(always)] // As for `read_line`.
    fn takes(&mut self, number: usize, name: &[u8], value: &[u8], span: Span) -> Result<bool, Malformed> {
        match name.len() {
            4 if is(name, b"code") => {
                if self.code.is_some() {
                    return Err(Malformed::new(number, Problem::SecondCode));
                }
                let code = ReturnCode::from_bytes(value);
                self.code = Some(code.map_err(|_| Malformed::new(number, Problem::InvalidCode))?);
                Ok(true)
            }
            11 if self.text.is_none() && is(name, b"description") => {
                self.text = Some(span);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Whether a key is this one, in any case; most often in this one.
#[inline]
fn is(key: &[u8], wanted: &[u8]) -> bool {
    key == wanted || key.eq_ignore_ascii_case(wanted)
}

/// A run of properties of one name: long lists are long runs, and all but the first line of one begin with the same
/// `property[name][`.
#[derive(Default)]
struct Run<'f> {
    prefix: &'f [u8],
    name: Span,
    /// Whether the next line is probably one of it: the last two were.
    goes_on: bool,
}

impl<'f> Run<'f> {
    /// The line at the beginning of `rest`, which stands at `start`, as one more property of the run, and its length.
    /// `None` if it may be anything else: then it is read as any line is.
    #[inline]
    fn property(&self, rest: &[u8], start: usize) -> Option<(Line, usize)> {
        let (index, after) = small_number(rest.strip_prefix(self.prefix)?)?;
        let value = match after {
            [b']', b' ', b'=', b' ', value @ ..] => value,
            [b']', after @ ..] => trim_start(after).strip_prefix(b"=")?,
            _ => return None,
        };
        let value = trim_start(value);
        let from = rest.len().wrapping_sub(value.len());
        let (value, len) = first_line(value);
        let at = start.wrapping_add(from);
        let line = Line::property(self.name, index, Span::new(at, at.wrapping_add(value.len())))?;
        Some((line, from.wrapping_add(len)))
    }

    /// The line at the beginning of `rest`, which stands at `start`, as the first property of another run, written as nearly all
    /// registries write it; and its length. `None` if it may be anything else.
    #[inline]
    fn another(&mut self, rest: &'f [u8], start: usize) -> Option<(Line, usize)> {
        const OPEN: &[u8] = b"property[";
        let inner = rest.strip_prefix(OPEN)?;
        let length = inner.iter().position(|byte| ENDS_NAME.get(usize::from(*byte)) == Some(&true))?;
        let (name, after) = inner.split_at_checked(length)?;
        if name.is_empty() || !after.starts_with(b"][") {
            return None;
        }
        let name =
            Span::new(start.wrapping_add(OPEN.len()), start.wrapping_add(OPEN.len()).wrapping_add(length));
        // Up to and with the `][` behind the name.
        let prefix = rest.get(..OPEN.len().wrapping_add(length).wrapping_add(2))?;
        let goes_on = prefix == self.prefix;
        let another = Self { prefix, name, goes_on };
        let found = another.property(rest, start)?;
        *self = another;
        Some(found)
    }

    /// A line that is no more of the run: a property, which opens the next one, or a plain key.
    fn open(&mut self, frame: &'f [u8], key: Span, value: Span) -> Line {
        match property(key.of(frame)) {
            Some((name_start, name_end, index)) => {
                let start = key.range().start;
                let at = |offset: usize| start.saturating_add(offset);
                let name = Span::new(at(name_start), at(name_end));
                // Up to and with the `][` behind the name.
                self.prefix = frame.get(start..at(name_end.saturating_add(2))).unwrap_or_default();
                self.name = name;
                self.goes_on = !self.prefix.is_empty();
                Line::property(name, index, value).unwrap_or_else(|| Line::plain(key, value))
            }
            None => Line::plain(key, value),
        }
    }
}

/// What ends the name of a property, or shows that it is none.
#[expect(clippy::indexing_slicing, reason = "while it is compiled")]
static ENDS_NAME: [bool; 256] = {
    let mut ends = [false; 256];
    ends[b']' as usize] = true;
    ends[b'=' as usize] = true;
    ends[b'\r' as usize] = true;
    ends[b'\n' as usize] = true;
    ends
};

/// One to nine digits, and what follows them.
#[inline]
fn small_number(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0')));
        rest = after;
    }
    // Ten digits may have wrapped; that line is read the long way.
    let digits = text.len().wrapping_sub(rest.len());
    (1..=9).contains(&digits).then_some((number, rest))
}

/// Where the name lies in `property[name][index]`, and the index.
fn property(key: &[u8]) -> Option<(usize, usize, u32)> {
    const OPEN: &[u8] = b"property[";
    let inner = key.get(OPEN.len()..)?.strip_suffix(b"]")?;
    if !key.get(..OPEN.len())?.eq_ignore_ascii_case(OPEN) {
        return None;
    }
    let digits = inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (name, number) = inner.split_at_checked(inner.len().checked_sub(digits)?)?;
    let name = name.strip_suffix(b"][")?;
    let index = core::str::from_utf8(number).ok()?.parse().ok()?;
    (!name.is_empty()).then_some((OPEN.len(), OPEN.len().saturating_add(name.len()), index))
}

/// The command in a frame: perhaps a `[HEADER]`, then a `[COMMAND]` with its `command` and parameters in any order.
pub(crate) fn read_command(frame: &[u8]) -> Result<PtfCommand, Malformed> {
    let mut parts = Parts::default();
    for RawLine { number, text: line, .. } in lines(frame) {
        let Some(equals) = memchr(b'=', line) else {
            match block(line) {
                Some(name) => parts.open(number, name)?,
                None if line.is_empty() => {}
                None => return Err(Malformed::new(number, Problem::NoSeparator('='))),
            }
            continue;
        };
        let text = core::str::from_utf8(line).map_err(|_| Malformed::new(number, Problem::NotUtf8))?;
        let (name, value) =
            text.split_at_checked(equals).ok_or_else(|| Malformed::new(number, Problem::NotUtf8))?;
        let name = name.trim_matches([' ', '\t']);
        let value = value.strip_prefix('=').unwrap_or(value).trim_start_matches([' ', '\t']);
        parts.pair(number, name, value)?;
    }
    parts.command()
}

/// The parts of a command while they are read.
#[derive(Default)]
struct Parts<'f> {
    place: Place,
    name: Option<(usize, &'f str)>,
    header: Vec<(usize, &'f str, &'f str)>,
    parameters: Vec<(usize, &'f str, &'f str)>,
}

#[derive(Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Header,
    Command,
}

impl<'f> Parts<'f> {
    fn open(&mut self, number: usize, name: &[u8]) -> Result<(), Malformed> {
        let next = if name.eq_ignore_ascii_case(b"COMMAND") {
            Place::Command
        } else if name.eq_ignore_ascii_case(b"HEADER") {
            Place::Header
        } else {
            return Err(Malformed::new(number, Problem::WrongBlock("[COMMAND]")));
        };
        let order = matches!((&self.place, &next), (Place::Start, _) | (Place::Header, Place::Command));
        if !order {
            return Err(Malformed::new(number, Problem::SecondBlock));
        }
        self.place = next;
        Ok(())
    }

    fn pair(&mut self, number: usize, name: &'f str, value: &'f str) -> Result<(), Malformed> {
        if name.is_empty() {
            return Err(Malformed::new(number, Problem::NoName));
        }
        match self.place {
            Place::Start => Err(Malformed::new(number, Problem::WrongBlock("[COMMAND]"))),
            Place::Header => {
                self.header.push((number, name, value));
                Ok(())
            }
            Place::Command if name.eq_ignore_ascii_case("command") => match self.name {
                Some(_) => Err(Malformed::new(number, Problem::SecondCommand)),
                None => {
                    self.name = Some((number, value));
                    Ok(())
                }
            },
            Place::Command => {
                self.parameters.push((number, name, value));
                Ok(())
            }
        }
    }

    fn command(self) -> Result<PtfCommand, Malformed> {
        let refused =
            |number: usize| move |error: CommandError| Malformed::new(number, Problem::Refused(error.into()));
        let (number, name) = self.name.ok_or(Malformed::new(0, Problem::NoCommand))?;
        let mut command = PtfCommand::new(name).map_err(refused(number))?;
        for (number, name, value) in self.header {
            command = command.header(name, value).map_err(refused(number))?;
        }
        command.expect(self.parameters.len());
        for (number, name, value) in self.parameters {
            command.push(name, Field::new(name, value)).map_err(refused(number))?;
        }
        Ok(command)
    }
}

/// Appends the command, `EOF` and the dot.
pub(crate) fn write_command(command: &PtfCommand, out: &mut BytesMut) {
    let mut line = |parts: &[&str]| {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    };
    if !command.headers().is_empty() {
        line(&["[HEADER]"]);
    }
    for header in command.headers() {
        line(&[header.name().as_str(), "=", header.value().expose()]);
    }
    line(&["[COMMAND]"]);
    line(&["command=", command.name().as_str()]);
    for parameter in command.parameters() {
        line(&[parameter.name().as_str(), "=", parameter.value().expose()]);
    }
    line(&["EOF"]);
    line(&["."]);
}
