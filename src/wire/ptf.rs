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

use super::lines::{Index, Line, Span, blanks, lines, trim_end};
use super::malformed::{Malformed, Problem};
use crate::code::ReturnCode;
use crate::command::{CommandError, PtfCommand};

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
    for (number, start, line) in lines(frame) {
        if let Some(line) = run.property(frame, start, line) {
            index.lines.push(line);
            continue;
        }
        match read_line(number, start, line, form)? {
            Read::Nothing => {}
            Read::Block(first) => head.block(number, first)?,
            Read::Pair(name, value) => {
                head.opened(number, form)?;
                if head.takes(number, name.of(frame), value, frame)? {
                    continue;
                }
                index.lines.push(run.open(frame, name, value));
            }
        }
    }
    index.text = head.text.unwrap_or_default();
    head.code.ok_or(Malformed::new(0, Problem::NoCode))
}

/// The code and the text of a reply, reading no further than both are found.
pub(crate) fn read_head(frame: &[u8]) -> Result<(ReturnCode, Span), Malformed> {
    let mut head = Head::default();
    for (number, start, line) in lines(frame) {
        match read_line(number, start, line, Form::Wire)? {
            Read::Nothing => {}
            Read::Block(first) => head.block(number, first)?,
            Read::Pair(name, value) => {
                head.opened(number, Form::Wire)?;
                head.takes(number, name.of(frame), value, frame)?;
            }
        }
        if let (Some(code), Some(text)) = (head.code, head.text) {
            return Ok((code, text));
        }
    }
    let code = head.code.ok_or(Malformed::new(0, Problem::NoCode))?;
    Ok((code, head.text.unwrap_or_default()))
}

/// A line of a reply.
enum Read {
    Nothing,
    /// A block opens; whether it is `[RESPONSE]`.
    Block(bool),
    Pair(Span, Span),
}

fn read_line(number: usize, start: usize, line: &[u8], form: Form) -> Result<Read, Malformed> {
    let line = trim_end(line);
    let Some(equals) = memchr(b'=', line) else {
        return match block(line) {
            Some(name) => Ok(Read::Block(name.eq_ignore_ascii_case(b"RESPONSE"))),
            None if line.is_empty() || form == Form::Excerpt => Ok(Read::Nothing),
            None => Err(Malformed::new(number, Problem::NoSeparator('='))),
        };
    };
    let name = trim_end(line.get(..equals).unwrap_or_default());
    let lead = blanks(name);
    if lead == name.len() {
        return Err(Malformed::new(number, Problem::NoName));
    }
    let after = equals.saturating_add(1);
    let value = after.saturating_add(blanks(line.get(after..).unwrap_or_default()));
    let span = |from: usize, to: usize| Span::new(start.saturating_add(from), start.saturating_add(to));
    Ok(Read::Pair(span(lead, name.len()), span(value, line.len())))
}

/// What stands once in a reply.
#[derive(Default)]
struct Head {
    opened: bool,
    code: Option<ReturnCode>,
    text: Option<Span>,
}

impl Head {
    fn block(&mut self, number: usize, response: bool) -> Result<(), Malformed> {
        if self.opened {
            return Err(Malformed::new(number, Problem::SecondBlock));
        }
        if !response {
            return Err(Malformed::new(number, Problem::WrongBlock("[RESPONSE]")));
        }
        self.opened = true;
        Ok(())
    }

    fn opened(&mut self, number: usize, form: Form) -> Result<(), Malformed> {
        if !self.opened && form == Form::Wire {
            return Err(Malformed::new(number, Problem::WrongBlock("[RESPONSE]")));
        }
        self.opened = true;
        Ok(())
    }

    /// Takes the code and the first description; everything else is a line of the reply.
    fn takes(&mut self, number: usize, name: &[u8], value: Span, frame: &[u8]) -> Result<bool, Malformed> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"code") => {
                if self.code.is_some() {
                    return Err(Malformed::new(number, Problem::SecondCode));
                }
                let code = ReturnCode::from_bytes(value.of(frame));
                self.code = Some(code.map_err(|_| Malformed::new(number, Problem::InvalidCode))?);
                Ok(true)
            }
            11 if self.text.is_none() && name.eq_ignore_ascii_case(b"description") => {
                self.text = Some(value);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// A run of properties of one name: long lists are long runs, and all but the first line of one begin with the same
/// `property[name][`.
#[derive(Default)]
struct Run {
    prefix: Span,
    name: Span,
}

impl Run {
    /// The line as one more property of the run. `None` if it may be anything else: then it is read from its start.
    #[inline]
    fn property(&self, frame: &[u8], start: usize, line: &[u8]) -> Option<Line> {
        let prefix = self.prefix.of(frame);
        if prefix.is_empty() {
            return None;
        }
        let rest = line.strip_prefix(prefix)?;
        let (index, rest) = small_number(rest)?;
        let [b']', rest @ ..] = rest else { return None };
        let [b'=', rest @ ..] = rest.get(blanks(rest)..)? else { return None };
        let rest = rest.get(blanks(rest)..)?;
        let from = start.saturating_add(line.len().saturating_sub(rest.len()));
        let value = trim_end(rest);
        Line::property(self.name, index, Span::new(from, from.saturating_add(value.len())))
    }

    /// A line that is no more of the run: a property, which opens the next one, or a plain key.
    fn open(&mut self, frame: &[u8], key: Span, value: Span) -> Line {
        match property(key.of(frame)) {
            Some((name_start, name_end, index)) => {
                let start = key.range().start;
                let at = |offset: usize| start.saturating_add(offset);
                let name = Span::new(at(name_start), at(name_end));
                // Up to and with the `][` behind the name.
                self.prefix = Span::new(start, at(name_end.saturating_add(2)));
                self.name = name;
                Line::property(name, index, value).unwrap_or_else(|| Line::plain(key, value))
            }
            None => Line::plain(key, value),
        }
    }
}

/// One to nine digits, and what follows them.
#[inline]
fn small_number(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    for (at, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (at > 0).then(|| text.get(at..).map(|rest| (number, rest)))?;
        }
        if at == 9 {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    None
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
    for (number, _, line) in lines(frame) {
        let line = trim_end(line);
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
            |number: usize| move |error: CommandError| Malformed::new(number, Problem::Refused(error));
        let (number, name) = self.name.ok_or(Malformed::new(0, Problem::NoCommand))?;
        let mut command = PtfCommand::new(name).map_err(refused(number))?;
        for (number, name, value) in self.header {
            command = command.header(name, value).map_err(refused(number))?;
        }
        for (number, name, value) in self.parameters {
            command = command.param(name, value).map_err(refused(number))?;
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
