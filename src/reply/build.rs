//! Making replies, for whoever answers commands: a front, a simulator, a test.

use core::fmt;

use bytes::BytesMut;

use crate::code::ReturnCode;
use crate::text::{TextError, Value, same_name};
use crate::wire::deframe::{Grammar, Limits};
use crate::wire::opens_a_reply;

/// A reply to be written, in either grammar.
///
/// Every name and value is checked when it is given, so that what is written is one frame and is read as given. At
/// most [`Limits::REPLY`]'s number of lines and bytes.
///
/// ```
/// use bytes::BytesMut;
/// use rrp::ReturnCode;
/// use rrp::reply::ReplyBuilder;
/// use rrp::wire::deframe::Grammar;
///
/// let mut out = BytesMut::new();
/// ReplyBuilder::new(ReturnCode::COMPLETED, "Command completed successfully")?
///     .attribute("status", "ACTIVE")?
///     .encode(Grammar::Rrp, &mut out);
/// assert_eq!(out, "200 Command completed successfully\r\nstatus:ACTIVE\r\n.\r\n");
/// # Ok::<(), rrp::reply::BuildError>(())
/// ```
#[derive(Clone)]
pub struct ReplyBuilder {
    code: ReturnCode,
    text: Value,
    lines: Vec<(Name, Value)>,
    size: usize,
}

#[derive(Clone, PartialEq, Eq)]
enum Name {
    Key(Box<str>),
    Property(Box<str>, u32),
}

/// Why a part of a reply was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    of: Box<str>,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Text(TextError),
    Index,
    TooMany { max: usize },
    TooLarge { max: usize },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.of.escape_debug();
        match &self.problem {
            Problem::Text(_) => write!(f, "invalid text in `{of}`"),
            Problem::Index => write!(f, "the index of `{of}` is larger than {MAX_INDEX}"),
            Problem::TooLarge { max } => write!(f, "more than {max} bytes, at `{of}`"),
            Problem::TooMany { max } => write!(f, "more than {max} lines, at `{of}`"),
        }
    }
}

impl core::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::Text(source) => Some(source),
            _ => None,
        }
    }
}

const MAX_INDEX: u32 = u32::MAX - 1;
const MAX_NAME: usize = 128;

impl ReplyBuilder {
    /// A reply with a code and a text.
    ///
    /// # Errors
    /// [`BuildError`] if the text could not stand on one line.
    pub fn new(code: ReturnCode, text: &str) -> Result<Self, BuildError> {
        Ok(Self {
            code,
            text: value("text", text)?,
            lines: Vec::new(),
            size: HEAD_SIZE.saturating_add(text.len()),
        })
    }

    /// A reply with a code and its listed text; without text if the code is not listed.
    ///
    /// # Errors
    /// None for a listed code; the signature is that of [`new`](Self::new).
    pub fn listed(code: ReturnCode) -> Result<Self, BuildError> {
        Self::new(code, code.info().map_or("", |info| info.text()))
    }

    /// Appends an attribute of RRP, which as PTF is a key of the reply itself.
    ///
    /// # Errors
    /// [`BuildError`] if the name has `:`, `=`, brackets, control characters or blanks at an end, or is `code` or
    /// `description`, or begins like a status line; or the value could not stand on one line.
    pub fn attribute(self, name: &str, value: &str) -> Result<Self, BuildError> {
        self.push(Name::Key(key(name)?), name, value)
    }

    /// Appends a property of PTF, which as RRP is an attribute.
    ///
    /// # Errors
    /// [`BuildError`] as for [`attribute`](Self::attribute), and for an index of 4,294,967,295.
    pub fn property(self, name: &str, index: u32, value: &str) -> Result<Self, BuildError> {
        if index > MAX_INDEX {
            return Err(BuildError { of: name.into(), problem: Problem::Index });
        }
        self.push(Name::Property(key(name)?, index), name, value)
    }

    fn push(mut self, key: Name, name: &str, text: &str) -> Result<Self, BuildError> {
        let max = Limits::REPLY.lines().saturating_sub(HEAD_LINES);
        if self.lines.len() >= max {
            return Err(BuildError { of: name.into(), problem: Problem::TooMany { max } });
        }
        let size = [self.size, LINE_SIZE, name.len(), text.len()].into_iter().fold(0, usize::saturating_add);
        if size > Limits::REPLY.frame() {
            return Err(BuildError {
                of: name.into(),
                problem: Problem::TooLarge { max: Limits::REPLY.frame() },
            });
        }
        self.lines.push((key, value(name, text)?));
        self.size = size;
        Ok(self)
    }

    /// Appends the reply and its terminator: `.` for RRP, `EOF` for PTF. [`Grammar::Text`] is written as RRP.
    pub fn encode(&self, grammar: Grammar, out: &mut BytesMut) {
        let mut line = |parts: &[&str]| {
            for part in parts {
                out.extend_from_slice(part.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        };
        let code = self.code.to_string();
        let (text, ptf) = (self.text.as_str(), grammar == Grammar::Ptf);
        if ptf {
            line(&["[RESPONSE]"]);
            line(&["code = ", &code]);
            line(&["description =", space(text), text]);
        } else {
            line(&[&code, space(text), text]);
        }
        for (name, value) in &self.lines {
            let value = value.as_str();
            match name {
                Name::Key(name) | Name::Property(name, _) if !ptf => line(&[name, ":", value]),
                Name::Key(name) => line(&[name, " =", space(value), value]),
                Name::Property(name, index) => {
                    line(&["property[", name, "][", &index.to_string(), "] =", space(value), value]);
                }
            }
        }
        line(&[if ptf { "EOF" } else { "." }]);
    }
}

/// `[RESPONSE]`, code and description.
const HEAD_LINES: usize = 3;
/// Their bytes in PTF, without the text.
const HEAD_SIZE: usize = 12 + 12 + 16;
/// The most bytes of a line in PTF, without name and value: `property[` … `][4294967294] = ` and its end.
const LINE_SIZE: usize = 27;

/// A blank before a text, if there is one.
const fn space(text: &str) -> &'static str {
    if text.is_empty() { "" } else { " " }
}

fn value(of: &str, text: &str) -> Result<Value, BuildError> {
    Value::new(text).map_err(|source| BuildError { of: of.into(), problem: Problem::Text(source) })
}

fn key(name: &str) -> Result<Box<str>, BuildError> {
    const WHAT: &str = "name";
    let error = |source| BuildError { of: name.into(), problem: Problem::Text(source) };
    value(name, name)?;
    if name.is_empty() {
        return Err(error(TextError::empty(WHAT)));
    }
    if name.len() > MAX_NAME {
        return Err(error(TextError::too_long(WHAT, MAX_NAME)));
    }
    let operator = |c: char| matches!(c, ':' | '=' | '[' | ']');
    if let Some((at, found)) = name.char_indices().find(|(_, c)| operator(*c)) {
        return Err(error(TextError::forbidden(WHAT, found, at)));
    }
    if opens_a_reply(name.as_bytes()) {
        return Err(error(TextError::reserved(WHAT, "a return code and a text")));
    }
    for reserved in ["code", "description"] {
        if same_name(name.as_bytes(), reserved.as_bytes()) {
            return Err(error(TextError::reserved(WHAT, reserved)));
        }
    }
    Ok(name.into())
}

impl fmt::Debug for ReplyBuilder {
    /// The code and the number of lines: a reply can hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBuilder").field("code", &self.code).field("lines", &self.lines.len()).finish()
    }
}
