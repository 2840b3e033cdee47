//! Bytes to commands.

use core::fmt;
use std::collections::VecDeque;

use super::Form;
use crate::command::Dialect;
use crate::secret::{REDACTED, is_secret_name};

/// The longest line that is read, in bytes without its end.
pub const MAX_LINE: usize = 64 * 1024;
/// The longest frame that is read, in bytes without line ends.
pub const MAX_FRAME: usize = 1024 * 1024;
/// The most lines of a frame.
pub const MAX_LINES: usize = 4096;

/// A command as the registry read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    form: Form,
    name: String,
    fields: Vec<Field>,
    header: Vec<Field>,
}

/// A line of a command behind its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    kind: FieldKind,
    name: String,
    value: String,
}

/// What a [`Field`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// `name:value` of RRP.
    Attribute,
    /// `-name:value` of RRP; the name is given without the dash.
    Option,
    /// `name = value` of PTF.
    Parameter,
}

impl Request {
    /// Whether it was a command of RRP or of PTF; never [`Form::AsCommand`].
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The name of the command, as it was sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is the command of that name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Attributes, options or parameters, in the order in which they were sent.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The lines of a `[HEADER]` block before a PTF command.
    #[must_use]
    pub fn header(&self) -> &[Field] {
        &self.header
    }

    /// All values of an attribute or parameter; names compare without case.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.of(name, false)
    }

    /// The first value of an attribute or parameter.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.of(name, false).next()
    }

    /// The first value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.of(name, true).next()
    }

    /// The values of the parameters `name0`, `name1` … and `name` itself, ordered by index; empty ones are left out.
    #[must_use]
    pub fn indexed(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<(u32, &str)> = self
            .fields
            .iter()
            .filter_map(|field| {
                let index = field.name.get(name.len()..)?;
                let same = field.name.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
                let digits = index.bytes().all(|byte| byte.is_ascii_digit());
                let index = if index.is_empty() { 0 } else { index.parse().ok()? };
                (same && digits && !field.value.is_empty()).then_some((index, field.value.as_str()))
            })
            .collect();
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, value)| value).collect()
    }

    fn of<'a, 'n>(&'a self, name: &'n str, option: bool) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields
            .iter()
            .filter(move |field| {
                (field.kind == FieldKind::Option) == option && field.name.eq_ignore_ascii_case(name)
            })
            .map(|field| field.value.as_str())
    }
}

impl Field {
    /// Attribute, option or parameter.
    #[must_use]
    pub const fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The name, as it was sent, without a dash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, without blanks at its ends.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("name", &self.name)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Field {
    /// Values of secret names are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if is_secret_name(&self.name) { REDACTED } else { &self.value };
        write!(f, "{}={value:?}", self.name)
    }
}

/// Why bytes are no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// No frame is whole yet.
    Incomplete,
    /// The frame is whole, and no command: answered with 507.
    Malformed(&'static str),
    /// A line, a frame or the number of its lines is over the limit: answered with 507, and the connection ends.
    TooLong,
    /// Another frame begins behind the command ([`read_command`] only).
    Trailing,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("reading a command: the frame has no end"),
            Self::Malformed(what) => write!(f, "reading a command: {what}"),
            Self::TooLong => f.write_str("reading a command: line or frame too long"),
            Self::Trailing => f.write_str("reading a command: bytes behind its end"),
        }
    }
}

impl core::error::Error for RequestError {}

/// Reads one command, which the bytes must hold whole and alone.
///
/// Stray blank, `.` and `EOF` lines around it are ignored, as between commands.
///
/// # Errors
/// [`RequestError`], if it is not whole, not well-formed, too long, or not alone.
///
/// ```
/// use rrp::sim::wire::read_command;
///
/// let add = read_command(b"add\r\nEntityName:Domain\r\nDomainName:example.com\r\n-Period:10\r\n.\r\n")?;
/// assert!(add.is("ADD"));
/// assert_eq!((add.first("domainname"), add.option("period")), (Some("example.com"), Some("10")));
/// # Ok::<(), rrp::sim::wire::RequestError>(())
/// ```
pub fn read_command(bytes: &[u8]) -> Result<Request, RequestError> {
    let mut reader = Reader::new(Dialect::Xrrp);
    reader.push(bytes);
    let request = reader.next_command().unwrap_or(Err(RequestError::Incomplete))?;
    if reader.next_command().is_some() || !reader.is_between() {
        return Err(RequestError::Trailing);
    }
    Ok(request)
}

/// The lines of a frame or header, without their ends.
type Lines<'a> = &'a [Vec<u8>];

/// Where in the stream the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Between,
    Header,
    Rrp,
    Ptf,
    /// A limit was exceeded; nothing more is read.
    Lost,
}

/// Cuts a stream of bytes into commands; holds at most one frame and what was read and not yet taken.
#[derive(Clone)]
pub struct Reader {
    dialect: Dialect,
    place: Place,
    line: Vec<u8>,
    lines: Vec<Vec<u8>>,
    header: Vec<Vec<u8>>,
    size: usize,
    read: VecDeque<Result<Request, RequestError>>,
}

impl fmt::Debug for Reader {
    /// Shows nothing of what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, size, read, .. } = self;
        f.debug_struct("Reader")
            .field("place", place)
            .field("size", size)
            .field("read", &read.len())
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader at the beginning of a stream. In [`Dialect::Rfc`] there is no PTF.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            place: Place::Between,
            line: Vec::new(),
            lines: Vec::new(),
            header: Vec::new(),
            size: 0,
            read: VecDeque::new(),
        }
    }

    /// Reads more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.place == Place::Lost {
                return;
            }
            match piece.split_last() {
                Some((b'\n', begin)) => {
                    self.line.extend_from_slice(begin);
                    let mut line = core::mem::take(&mut self.line);
                    line.pop_if(|byte| *byte == b'\r');
                    self.end_of_line(line);
                }
                _ => {
                    self.line.extend_from_slice(piece);
                    // One more than the longest line: its CR.
                    if self.line.len() > MAX_LINE.saturating_add(1) {
                        self.lose();
                    }
                }
            }
        }
    }

    /// The next whole command or offence.
    pub fn next_command(&mut self) -> Option<Result<Request, RequestError>> {
        self.read.pop_front()
    }

    /// Whether no frame and no line has begun.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.place == Place::Between && self.line.is_empty()
    }

    fn lose(&mut self) {
        self.place = Place::Lost;
        self.line = Vec::new();
        self.lines = Vec::new();
        self.header = Vec::new();
        self.read.push_back(Err(RequestError::TooLong));
    }

    fn end_of_line(&mut self, line: Vec<u8>) {
        if line.len() > MAX_LINE {
            return self.lose();
        }
        let bare = line.trim_ascii();
        let (dot, eof) = (line == b".", bare.eq_ignore_ascii_case(b"EOF"));
        let opens = |name: &[u8]| self.dialect != Dialect::Rfc && bare.eq_ignore_ascii_case(name);
        match self.place {
            Place::Between if bare.is_empty() || dot || eof => return,
            Place::Between if opens(b"[HEADER]") => {
                self.place = Place::Header;
                return;
            }
            Place::Between | Place::Header if opens(b"[COMMAND]") => {
                self.place = Place::Ptf;
                return;
            }
            Place::Between => self.place = Place::Rrp,
            // The header belongs to the command that follows.
            Place::Header if dot || eof => {
                self.place = Place::Between;
                return;
            }
            Place::Rrp if dot => return self.end_of_frame(rrp),
            Place::Ptf if eof => return self.end_of_frame(ptf),
            // Some readers end the frame here and others do not: nothing of it is executed.
            Place::Ptf if dot => {
                return self.end_of_frame(|_, _| Err(RequestError::Malformed("`.` before `EOF`")));
            }
            Place::Header | Place::Rrp | Place::Ptf => {}
            Place::Lost => return,
        }
        self.size = self.size.saturating_add(line.len());
        let lines = if self.place == Place::Header { &mut self.header } else { &mut self.lines };
        lines.push(line);
        if self.size > MAX_FRAME || self.lines.len().saturating_add(self.header.len()) > MAX_LINES {
            self.lose();
        }
    }

    fn end_of_frame(&mut self, read: fn(Lines<'_>, Lines<'_>) -> Result<Request, RequestError>) {
        let (lines, header) = (core::mem::take(&mut self.lines), core::mem::take(&mut self.header));
        self.size = 0;
        self.place = Place::Between;
        self.read.push_back(read(&lines, &header));
    }
}

fn text(line: &[u8]) -> Result<&str, RequestError> {
    let text = core::str::from_utf8(line).map_err(|_| RequestError::Malformed("a line is not UTF-8"))?;
    // A CR in a line would end it for some readers.
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(RequestError::Malformed("a line has a control character"));
    }
    Ok(text.trim_matches([' ', '\t']))
}

fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && name.len() <= 128
}

fn rrp(lines: Lines<'_>, _: Lines<'_>) -> Result<Request, RequestError> {
    let mut lines = lines.iter();
    let name = lines.next().map_or(Ok(""), |line| text(line))?;
    if !is_word(name) {
        return Err(RequestError::Malformed("the name of the command is no word"));
    }
    let mut fields = Vec::new();
    for line in lines {
        let line = text(line)?;
        if line.is_empty() {
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(RequestError::Malformed("a line has no colon"))?;
        let (kind, name) = match name.strip_prefix('-') {
            Some(name) => (FieldKind::Option, name),
            None => (FieldKind::Attribute, name),
        };
        if !is_word(name) {
            return Err(RequestError::Malformed("the name of an attribute or option is no word"));
        }
        fields.push(Field { kind, name: name.to_owned(), value: value.trim_matches([' ', '\t']).to_owned() });
    }
    Ok(Request { form: Form::Rrp, name: name.to_owned(), fields, header: Vec::new() })
}

fn ptf(lines: Lines<'_>, header: Lines<'_>) -> Result<Request, RequestError> {
    let mut fields = parameters(lines)?;
    let is_command = |field: &Field| field.name.eq_ignore_ascii_case("command");
    let at =
        fields.iter().position(is_command).ok_or(RequestError::Malformed("the block names no command"))?;
    let name = fields.remove(at).value;
    if fields.iter().any(is_command) {
        return Err(RequestError::Malformed("the block names two commands"));
    }
    if !is_word(&name) {
        return Err(RequestError::Malformed("the name of the command is no word"));
    }
    Ok(Request { form: Form::Ptf, name, fields, header: parameters(header)? })
}

fn parameters(lines: Lines<'_>) -> Result<Vec<Field>, RequestError> {
    let mut fields = Vec::new();
    for line in lines {
        let line = text(line)?;
        if line.is_empty() {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or(RequestError::Malformed("a line has no `=`"))?;
        let name = name.trim_matches([' ', '\t']);
        if name.is_empty() {
            return Err(RequestError::Malformed("a line has no name before `=`"));
        }
        let value = value.trim_matches([' ', '\t']).to_owned();
        fields.push(Field { kind: FieldKind::Parameter, name: name.to_owned(), value });
    }
    Ok(fields)
}
