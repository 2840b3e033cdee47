//! Bodies: looked at before they are read as JSON.

use core::error::Error;
use core::fmt;

/// The longest body that is read, in bytes: 8 MiB.
pub const MAX_BODY: usize = 8 << 20;

/// So deep may objects and lists of a body be nested.
pub const MAX_DEPTH: usize = 64;

/// Why a body is no answer of the API. To a write it is as good as none: nobody knows what became of it.
#[derive(Debug)]
pub struct BodyError {
    status: u16,
    kind: BodyErrorKind,
    source: Option<serde_json::Error>,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyErrorKind {
    /// It is longer than [`MAX_BODY`].
    TooLong,
    /// There is nothing in it.
    Empty,
    /// It is not UTF-8.
    NotText,
    /// It is a page of HTML or XML, as a proxy sends it.
    Page,
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// It ends in the middle.
    Truncated,
    /// It is not JSON.
    NotJson,
    /// It is JSON, but not of the form that the API's answers have: what is wrong.
    Shape(&'static str),
}

impl BodyError {
    pub(super) const fn new(status: u16, kind: BodyErrorKind) -> Self {
        Self { status, kind, source: None }
    }

    /// The HTTP status that came with it.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> BodyErrorKind {
        self.kind
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answer with http status `{}` not read: ", self.status)?;
        match self.kind {
            BodyErrorKind::TooLong => write!(f, "body is longer than `{MAX_BODY}` bytes"),
            BodyErrorKind::Empty => f.write_str("body is empty"),
            BodyErrorKind::NotText => f.write_str("body is not utf-8"),
            BodyErrorKind::Page => f.write_str("body is a page of html or xml, perhaps of a proxy"),
            BodyErrorKind::TooDeep => write!(f, "body is nested deeper than `{MAX_DEPTH}`"),
            BodyErrorKind::Truncated => f.write_str("body ends in the middle"),
            BodyErrorKind::NotJson => f.write_str("body is not json"),
            BodyErrorKind::Shape(what) => f.write_str(what),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// The text of a body that may be JSON, without blanks and byte order mark before it.
///
/// # Errors
/// [`BodyError`], if it is too long, empty, no text, a page, or nested too deep.
pub(super) fn open(status: u16, body: &[u8]) -> Result<&str, BodyError> {
    let wrong = |kind| Err(BodyError::new(status, kind));
    if body.len() > MAX_BODY {
        return wrong(BodyErrorKind::TooLong);
    }
    let Ok(text) = core::str::from_utf8(body) else { return wrong(BodyErrorKind::NotText) };
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    match text.bytes().next() {
        None => wrong(BodyErrorKind::Empty),
        Some(b'<') => wrong(BodyErrorKind::Page),
        Some(_) if is_too_deep(text) => wrong(BodyErrorKind::TooDeep),
        Some(_) => Ok(text),
    }
}

/// What JSON of a text that was [opened](open) says.
///
/// # Errors
/// [`BodyError`], if it ends in the middle, is not JSON, or not of this form: `shape` says so.
pub(super) fn read<'b, T: serde::Deserialize<'b>>(
    status: u16,
    text: &'b str,
    shape: &'static str,
) -> Result<T, BodyError> {
    serde_json::from_str(text).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Eof => BodyErrorKind::Truncated,
            serde_json::error::Category::Data => BodyErrorKind::Shape(shape),
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => BodyErrorKind::NotJson,
        };
        BodyError { status, kind, source: Some(error) }
    })
}

/// Whether objects and lists are nested deeper than [`MAX_DEPTH`]: without recursion, whatever else is wrong.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// As [`read`], for a form of the caller's own choice: the error tells the place where the body has another one, and
/// quotes nothing of it, which may be personal data.
///
/// # Errors
/// As [`read`].
pub(super) fn read_unquoted<'b, T: serde::Deserialize<'b>>(
    status: u16,
    text: &'b str,
    shape: &'static str,
) -> Result<T, BodyError> {
    read(status, text, shape).map_err(|error: BodyError| {
        let place = error.source.as_ref().map(|source| (source.line(), source.column()));
        let source = place.map(|(line, column)| {
            serde::de::Error::custom(format_args!(
                "unexpected or missing value at line {line} column {column}"
            ))
        });
        BodyError { source, ..error }
    })
}
