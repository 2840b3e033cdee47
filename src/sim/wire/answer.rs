//! Answers to bytes.

use core::fmt;
use core::fmt::Write as _;
use std::collections::BTreeMap;

use bytes::Bytes;

use crate::code::ReturnCode;
use crate::secret::{REDACTED, is_secret_name};

/// In which of the two grammars an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// `200 text`, `name:value` lines, `.` (RFC 2832 §4.2).
    Rrp,
    /// `[RESPONSE]`, `key = value` lines, `EOF`.
    Ptf,
    /// As the command was.
    #[default]
    AsCommand,
}

/// What ends a PTF answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Terminator {
    /// `EOF` alone.
    Eof,
    /// `EOF`, then a lone `.`.
    #[default]
    EofDot,
    /// A lone `.` instead of `EOF`.
    Dot,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineEnds {
    /// CR LF (RFC 2832 §4.2).
    #[default]
    Crlf,
    /// LF alone.
    Lf,
}

/// How answers are written: what registries do differently, and readers must bear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a quirk of its own")]
pub struct Style {
    terminator: Terminator,
    line_ends: LineEnds,
    upper_keys: bool,
    tight: bool,
    padded: bool,
    gaps: bool,
    code_last: bool,
    no_times: bool,
    stray_lines: bool,
    rrp_eof: bool,
}

impl Style {
    /// CRLF; PTF ended by `EOF` and a dot; `key = value` in lower case; code and description first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What ends a PTF answer.
    #[must_use]
    pub const fn terminator(mut self, terminator: Terminator) -> Self {
        self.terminator = terminator;
        self
    }

    /// What ends a line.
    #[must_use]
    pub const fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// PTF keys in upper case: `PROPERTY[STATUS][0]`.
    #[must_use]
    pub const fn upper_keys(mut self, yes: bool) -> Self {
        self.upper_keys = yes;
        self
    }

    /// `key=value`, without blanks.
    #[must_use]
    pub const fn tight(mut self, yes: bool) -> Self {
        self.tight = yes;
        self
    }

    /// PTF keys padded with blanks to one width.
    #[must_use]
    pub const fn padded(mut self, yes: bool) -> Self {
        self.padded = yes;
        self
    }

    /// Every other index of a PTF property is left out: 0, 2, 4 …
    #[must_use]
    pub const fn index_gaps(mut self, yes: bool) -> Self {
        self.gaps = yes;
        self
    }

    /// PTF's code and description behind the properties.
    #[must_use]
    pub const fn code_last(mut self, yes: bool) -> Self {
        self.code_last = yes;
        self
    }

    /// PTF without `runtime` and `queuetime`.
    #[must_use]
    pub const fn without_times(mut self, yes: bool) -> Self {
        self.no_times = yes;
        self
    }

    /// A blank line and a lone `.` before each answer.
    #[must_use]
    pub const fn stray_lines(mut self, yes: bool) -> Self {
        self.stray_lines = yes;
        self
    }

    /// RRP answers ended by `EOF` instead of the dot.
    #[must_use]
    pub const fn rrp_ended_by_eof(mut self, yes: bool) -> Self {
        self.rrp_eof = yes;
        self
    }

    pub(in super::super) const fn end(&self) -> &'static str {
        match self.line_ends {
            LineEnds::Crlf => "\r\n",
            LineEnds::Lf => "\n",
        }
    }
}

/// An answer, before it is written.
///
/// In RRP the pairs are attributes, one line a pair; in PTF a property each, repeated names counted up.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    code: u16,
    text: String,
    form: Form,
    pairs: Vec<(String, String)>,
    keys: Vec<(String, String)>,
}

impl Answer {
    /// An answer of this code with the text of the table ([`ReturnCode`]); of an unlisted code, `Unknown`.
    ///
    /// In [`Form::AsCommand`] it is written as RRP unless [`form`](Self::form) says otherwise.
    #[must_use]
    pub fn new(code: u16) -> Self {
        let info = ReturnCode::from_u16(code).ok().and_then(ReturnCode::info);
        let text = info.and_then(|info| info.cnr_text().or_else(|| info.rfc_text())).unwrap_or("Unknown");
        Self { code, text: text.to_owned(), form: Form::AsCommand, pairs: Vec::new(), keys: Vec::new() }
    }

    /// The answer with another text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The answer with a detail behind its text: `text; detail`.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "; {detail}");
        self
    }

    /// The answer in this grammar.
    #[must_use]
    pub const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// One more attribute or value of a property.
    #[must_use]
    pub fn pair(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.pairs.push((name.into(), value.to_string()));
        self
    }

    /// One more attribute or value for each item.
    #[must_use]
    pub fn pairs<V: fmt::Display>(mut self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.pairs.extend(values.into_iter().map(|value| (name.to_owned(), value.to_string())));
        self
    }

    /// One more line of PTF beside code and description, such as `pending = 1`; not written in RRP.
    #[must_use]
    pub fn key(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.keys.push((name.into(), value.to_string()));
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The text behind the code.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.text
    }

    /// The grammar.
    #[must_use]
    pub const fn grammar(&self) -> Form {
        self.form
    }

    /// Attributes or properties, in order.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether it is a success (2xx).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    /// Whether the registry closes the connection behind it: 220, 420, 520 and 521.
    #[must_use]
    pub const fn closes(&self) -> bool {
        matches!(self.code, 220 | 420 | 520 | 521)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &(String, String)| {
            let value = if is_secret_name(name) { REDACTED } else { value };
            format!("{name}={value}")
        };
        f.debug_struct("Answer")
            .field("code", &self.code)
            .field("text", &self.text)
            .field("form", &self.form)
            .field("pairs", &self.pairs.iter().map(shown).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The bytes of an answer.
///
/// Control characters in texts, names and values become blanks: an answer is one frame, whatever is in it.
///
/// ```
/// use rrp::sim::wire::{Answer, Form, Style, Terminator, write_reply};
///
/// let answer = Answer::new(211).form(Form::Ptf);
/// let style = Style::new().terminator(Terminator::Eof).without_times(true);
/// let expected = "[RESPONSE]\r\ncode = 211\r\ndescription = Domain name not available\r\nEOF\r\n";
/// assert_eq!(write_reply(&answer, &style), expected);
/// ```
#[must_use]
pub fn write_reply(answer: &Answer, style: &Style) -> Bytes {
    let mut out = Out { text: String::new(), end: style.end() };
    if style.stray_lines {
        out.line("");
        out.line(".");
    }
    match answer.form {
        Form::Ptf => ptf(answer, style, &mut out),
        Form::Rrp | Form::AsCommand => rrp(answer, style, &mut out),
    }
    Bytes::from(out.text)
}

struct Out {
    text: String,
    end: &'static str,
}

impl Out {
    fn line(&mut self, line: &str) {
        self.text.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        self.text.push_str(self.end);
    }
}

fn rrp(answer: &Answer, style: &Style, out: &mut Out) {
    out.line(&format!("{:03} {}", answer.code, answer.text));
    for (name, value) in &answer.pairs {
        out.line(&format!("{name}:{value}"));
    }
    out.line(if style.rrp_eof { "EOF" } else { "." });
}

fn ptf(answer: &Answer, style: &Style, out: &mut Out) {
    let mut lines: Vec<(String, &str)> = Vec::new();
    let code = format!("{:03}", answer.code);
    let head = [("code".to_owned(), code.as_str()), ("description".to_owned(), answer.text.as_str())];
    let keys = answer.keys.iter().map(|(name, value)| (name.clone(), value.as_str()));
    if !style.code_last {
        lines.extend(head.clone());
    }
    lines.extend(keys);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in &answer.pairs {
        let count = counts.entry(name).or_default();
        let index = if style.gaps { count.saturating_mul(2) } else { *count };
        *count = count.saturating_add(1);
        lines.push((format!("property[{name}][{index}]"), value));
    }
    if style.code_last {
        lines.extend(head);
    }
    if !style.no_times {
        lines.push(("runtime".to_owned(), "0.012"));
        lines.push(("queuetime".to_owned(), "0"));
    }
    let width = if style.padded { lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0) } else { 0 };
    let equals = if style.tight { "=" } else { " = " };
    out.line("[RESPONSE]");
    for (key, value) in lines {
        let key = if style.upper_keys { key.to_ascii_uppercase() } else { key };
        out.line(&format!("{key:width$}{equals}{value}"));
    }
    let ends: &[&str] = match style.terminator {
        Terminator::Eof => &["EOF"],
        Terminator::EofDot => &["EOF", "."],
        Terminator::Dot => &["."],
    };
    for end in ends {
        out.line(end);
    }
}
