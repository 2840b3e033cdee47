//! The grammar of RRP (RFC 2832 §3, §4.1, §4.2 and §7), on whole frames.

use core::fmt;

use bytes::BytesMut;
use nom::branch::alt;
use nom::bytes::complete::take;
use nom::character::complete::one_of;
use nom::combinator::{eof, map_res, rest};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::encode::EncodeError;
use super::lines::{Index, Line, RawLine, Span, lines, opens_a_reply, separator, trim_name, trim_start};
use super::malformed::{Malformed, Problem};
use crate::code::ReturnCode;
use crate::command::{RrpCommand, RrpLine};
use crate::name::DomainName;
use crate::secret::{REDACTED, assigns_secret};
use crate::text::TextError;
use crate::verb::Verb;

/// Three digits, then nothing or a blank and a text.
fn status_line(line: &[u8]) -> IResult<&[u8], (ReturnCode, &[u8])> {
    let code = map_res(take(3_usize), ReturnCode::from_bytes);
    (code, alt((eof, preceded(one_of(" \t"), rest)))).parse(line)
}

/// The code and the text of a reply, from its first line alone.
pub(crate) fn read_head(frame: &[u8]) -> Result<(ReturnCode, Span), Malformed> {
    let first = lines(frame).next().ok_or_else(|| Malformed::new(0, Problem::Empty))?;
    let line = first.text;
    let (_, (code, text)) = status_line(line).map_err(|_| Malformed::new(1, Problem::NoStatusLine))?;
    let text = trim_start(text);
    if first.torn {
        return Err(Malformed::new(1, Problem::Torn));
    }
    Ok((code, Span::new(line.len().wrapping_sub(text.len()), line.len())))
}

/// The code, text and attributes of a reply: `attributeName:attributeValue` lines.
pub(crate) fn read_reply(frame: &[u8], index: &mut Index) -> Result<ReturnCode, Malformed> {
    index.lines.clear();
    let (code, text) = read_head(frame)?;
    index.text = text;
    for RawLine { number, start, text: line, torn } in lines(frame).skip(1) {
        if line.is_empty() {
            continue;
        }
        let at = separator(b':', line).ok_or_else(|| Malformed::new(number, Problem::NoSeparator(':')))?;
        let (name, value) = line.split_at_checked(at).unwrap_or_default();
        let name = trim_name(name);
        let inner = trim_start(name);
        if inner.is_empty() {
            return Err(Malformed::new(number, Problem::NoName));
        }
        if torn {
            return Err(Malformed::new(number, Problem::Torn));
        }
        if opens_a_reply(inner) {
            return Err(Malformed::new(number, Problem::SecondCode));
        }
        let value = trim_start(value.get(1..).unwrap_or_default());
        let end = start.wrapping_add(name.len());
        let name = Span::new(end.wrapping_sub(inner.len()), end);
        let end = start.wrapping_add(line.len());
        index.lines.push(Line::plain(name, Span::new(end.wrapping_sub(value.len()), end)));
    }
    Ok(code)
}

/// The first frame that a server sends: `<registry> RRP Server version <version>` and a date line (RFC 2832 §3).
///
/// Registries word it as they like; what does not have that form survives as lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Greeting {
    lines: Vec<String>,
    registry: Option<String>,
    version: Option<String>,
}

impl Greeting {
    /// The greeting in a frame that announces neither a reply nor a block. Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Self {
        let lines: Vec<String> =
            lines(frame).map(|line| String::from_utf8_lossy(line.text).into_owned()).collect();
        let first = lines.first().map_or("", String::as_str);
        let (registry, version) = banner(first).unzip();
        let (registry, version) = (registry.map(str::to_owned), version.map(str::to_owned));
        Self { lines, registry, version }
    }

    /// All lines, without line ends.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The name of the registry, if the first line has the form of RFC 2832.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// The version of the server, if the first line has the form of RFC 2832.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// What stands before and behind the words of RFC 2832 §3, which are read in any case.
fn banner(line: &str) -> Option<(&str, &str)> {
    const WORDS: &str = " rrp server version ";
    let (registry, rest) = line.split_at_checked(line.to_ascii_lowercase().find(WORDS)?)?;
    Some((registry, rest.get(WORDS.len()..)?))
}

impl fmt::Debug for Greeting {
    /// The lines, escaped and without those that assign a secret: what is no reply may have been meant for one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |line: &String| if assigns_secret(line) { REDACTED.to_owned() } else { line.clone() };
        f.debug_list().entries(self.lines.iter().map(line)).finish()
    }
}

/// The command in a frame: a verb, then attributes and options in any order (§4.1).
pub(crate) fn read_command(frame: &[u8]) -> Result<RrpCommand, Malformed> {
    let mut command: Option<RrpCommand> = None;
    for RawLine { number, text: line, .. } in lines(frame) {
        let line = trim_start(line);
        if line.is_empty() {
            continue;
        }
        let text = core::str::from_utf8(line).map_err(|_| Malformed::new(number, Problem::NotUtf8))?;
        let next = match command.take() {
            None => RrpCommand::new(text),
            Some(command) => {
                let (name, value) =
                    text.split_once(':').ok_or_else(|| Malformed::new(number, Problem::NoSeparator(':')))?;
                let bare = name.trim_matches([' ', '\t']);
                if bare.is_empty() || bare == "-" {
                    return Err(Malformed::new(number, Problem::NoName));
                }
                read_line(command, name.trim_end_matches([' ', '\t']), value.trim_matches([' ', '\t']))
            }
        };
        command = Some(next.map_err(|error| Malformed::new(number, Problem::Refused(error.into())))?);
    }
    command.ok_or(Malformed::new(0, Problem::Empty))
}

fn read_line(
    command: RrpCommand,
    name: &str,
    value: &str,
) -> Result<RrpCommand, crate::command::CommandError> {
    if let Some(option) = name.strip_prefix('-') {
        return command.option(option, value);
    }
    match value.split_once('=') {
        Some((old, "")) if command.known_verb() == Some(Verb::Mod) => command.remove(name, old),
        Some((old, new)) if command.known_verb() == Some(Verb::Mod) => command.replace(name, old, new),
        _ => command.attribute(name, value),
    }
}

/// Appends the command and its terminator.
pub(crate) fn write_command(command: &RrpCommand, out: &mut BytesMut) {
    let mut line = |parts: &[&str]| {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    };
    line(&[command.verb().as_str()]);
    for given in command.lines() {
        let name = given.name().as_str();
        match given {
            RrpLine::Attribute { value, .. } => line(&[name, ":", value.expose()]),
            RrpLine::Remove { old, .. } => line(&[name, ":", old.expose(), "="]),
            RrpLine::Replace { old, new, .. } => line(&[name, ":", old.expose(), "=", new.expose()]),
            RrpLine::Option { value, .. } => line(&["-", name, ":", value.expose()]),
        }
    }
    line(&["."]);
}

/// Refuses what §7 of RFC 2832 does not allow.
pub(crate) fn check_rfc(command: &RrpCommand) -> Result<(), EncodeError> {
    if command.known_verb().is_none() {
        return Err(EncodeError::unknown_verb(command.verb().as_str()));
    }
    for line in command.lines() {
        let name = line.name().as_str();
        let check = |value: &str, what| ascii(what, value).map_err(|source| EncodeError::text(name, source));
        match line {
            RrpLine::Attribute { value, .. } => {
                check(value.expose(), "value")?;
                let second_level = |name: DomainName| name.labels().count() == 2;
                if name.eq_ignore_ascii_case("DomainName")
                    && !DomainName::new(value.expose()).is_ok_and(second_level)
                {
                    return Err(EncodeError::not_second_level(name));
                }
            }
            RrpLine::Remove { old, .. } => check(old.expose(), "old value")?,
            RrpLine::Replace { old, new, .. } => {
                check(old.expose(), "old value")?;
                check(new.expose(), "new value")?;
            }
            RrpLine::Option { value, .. } => {
                option(name, value.expose()).map_err(|source| EncodeError::text(name, source))?;
            }
        }
    }
    Ok(())
}

/// `printable-char`, at most 128 of them.
fn ascii(what: &'static str, value: &str) -> Result<(), TextError> {
    const MAX: usize = 128;
    if value.len() > MAX {
        return Err(TextError::too_long(what, MAX));
    }
    match value.char_indices().find(|(_, c)| !(' '..='~').contains(c)) {
        Some((at, found)) => Err(TextError::forbidden(what, found, at)),
        None => Ok(()),
    }
}

/// A `password` of 4 to 16 printable characters, or an `option-value` of words.
fn option(name: &str, value: &str) -> Result<(), TextError> {
    const PASSWORD_MIN: usize = 4;
    const PASSWORD_MAX: usize = 16;
    const PASSWORD: &str = "password";
    if ["Password", "NewPassword"].iter().any(|password| password.eq_ignore_ascii_case(name)) {
        ascii(PASSWORD, value)?;
        return match value.len() {
            ..PASSWORD_MIN => Err(TextError::too_short(PASSWORD, PASSWORD_MIN)),
            PASSWORD_MIN..=PASSWORD_MAX => Ok(()),
            _ => Err(TextError::too_long(PASSWORD, PASSWORD_MAX)),
        };
    }
    crate::text::Token::new(value).map(|_| ())
}
