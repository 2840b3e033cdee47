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
    // Of bytes that are no text, the beginning may still tell that it is a page, in an encoding of its own.
    let (text, broken) = match core::str::from_utf8(body) {
        Ok(text) => (text, None),
        Err(error) => {
            let cut =
                if error.error_len().is_none() { BodyErrorKind::Truncated } else { BodyErrorKind::NotText };
            (body.utf8_chunks().next().map_or("", |chunk| chunk.valid()), Some(cut))
        }
    };
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    match (text.bytes().next(), broken) {
        (Some(b'<'), _) => wrong(BodyErrorKind::Page),
        (_, Some(broken)) => wrong(broken),
        (None, None) => wrong(BodyErrorKind::Empty),
        (Some(_), None) if is_too_deep(text) => wrong(BodyErrorKind::TooDeep),
        (Some(_), None) => Ok(text),
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
    serde_json::from_str(text).map_err(|error| not_read(status, text, error, shape))
}

/// What a visitor makes of an object: `text` begins with one.
///
/// # Errors
/// [`BodyError`], if it ends in the middle, or is not JSON.
pub(super) fn visit<'b, V: serde::de::Visitor<'b>>(
    status: u16,
    text: &'b str,
    visitor: V,
) -> Result<V::Value, BodyError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde::Deserializer::deserialize_map(&mut json, visitor);
    value
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| not_read(status, text, error, "answer is not an object"))
}

/// Whether a value says nothing: null, or a text, a list or an object without anything in it.
pub(super) fn is_nothing(json: &str) -> bool {
    let within = |open, close| json.strip_prefix(open).and_then(|json| json.strip_suffix(close));
    let blank = |inner: &str| inner.bytes().all(|byte| byte.is_ascii_whitespace());
    matches!(json, "null" | "\"\"") || within('[', ']').or_else(|| within('{', '}')).is_some_and(blank)
}

fn not_read(status: u16, text: &str, error: serde_json::Error, shape: &'static str) -> BodyError {
    use serde_json::error::Category;
    let kind = match error.classify() {
        Category::Eof => BodyErrorKind::Truncated,
        Category::Data => {
            // What is said of a value quotes it, and it may be secret: `shape` and the place are all that is told.
            let place = format!("unexpected value at line {} column {}", error.line(), error.column());
            let source = <serde_json::Error as serde::de::Error>::custom(place);
            return BodyError { status, kind: BodyErrorKind::Shape(shape), source: Some(source) };
        }
        Category::Syntax if is_in_number(text, &error) => BodyErrorKind::Truncated,
        Category::Syntax | Category::Io => BodyErrorKind::NotJson,
    };
    BodyError { status, kind, source: Some(error) }
}

/// Whether a text was cut within a number (`-`, `1.`, `1e`), which is not told from a wrong one.
fn is_in_number(text: &str, error: &serde_json::Error) -> bool {
    let last = text.rsplit('\n').next().unwrap_or_default();
    text.ends_with(['-', '+', '.', 'e', 'E'])
        && text.split('\n').count() == error.line()
        && last.len() <= error.column()
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

#[cfg(test)]
mod tests {
    use core::error::Error;

    use super::*;

    fn opened(body: impl AsRef<[u8]>) -> Result<String, BodyErrorKind> {
        open(200, body.as_ref()).map(str::to_owned).map_err(|error| error.kind())
    }

    #[test]
    fn blanks_and_a_byte_order_mark_go() {
        for before in ["", " ", "\r\n\t ", "\u{feff}", "\u{feff} \n", " \u{feff}"] {
            assert_eq!(opened(format!("{before}{{}} ")), Ok("{} ".to_owned()), "{before:?}");
        }
        for nothing in ["", " ", "\r\n\r\n", "\u{feff}", "\t\u{feff}\t"] {
            assert_eq!(opened(nothing), Err(BodyErrorKind::Empty), "{nothing:?}");
        }
    }

    #[test]
    fn pages_are_told() {
        for page in ["<html></html>", " \n<!DOCTYPE html>", "\u{feff}<?xml version=\"1.0\"?>", "<"] {
            assert_eq!(opened(page), Err(BodyErrorKind::Page), "{page:?}");
        }
        // In another encoding, and cut in the middle of a character.
        assert_eq!(opened(b"<html>Fehler: ung\xfcltig</html>"), Err(BodyErrorKind::Page));
        assert_eq!(opened(b"<html>\xe2\x80"), Err(BodyErrorKind::Page));
    }

    #[test]
    fn what_is_no_text_is_told_from_what_is_cut() {
        for bytes in [&b"{\"a\":\"\xfc\"}"[..], b"\xff\xfe{\0}\0", b"\xc3(", b"{\"a\":\"\xed\xa0\x80\"}"] {
            assert_eq!(opened(bytes), Err(BodyErrorKind::NotText), "{bytes:?}");
        }
        for bytes in [&b"{\"a\":\"\xc3"[..], b"\xef\xbb", b"{\"a\":\"\xf0\x9f\x98"] {
            assert_eq!(opened(bytes), Err(BodyErrorKind::Truncated), "{bytes:?}");
        }
    }

    #[test]
    fn the_longest_body_is_read_and_no_longer_one() {
        let body = format!("[{}]", " ".repeat(MAX_BODY - 2));
        assert_eq!(opened(&body).map(|text| text.len()), Ok(MAX_BODY));
        assert_eq!(opened(format!("{body} ")), Err(BodyErrorKind::TooLong));
        // Whatever else is wrong with it.
        assert_eq!(opened(vec![0xff; MAX_BODY + 1]), Err(BodyErrorKind::TooLong));
    }

    #[test]
    fn the_deepest_body_is_read_and_no_deeper_one() {
        let nested = |depth: usize| format!("{}{}", "[{\"a\":".repeat(depth / 2), "[".repeat(depth % 2));
        let closed = |depth: usize| format!("{}0{}", "[".repeat(depth), "]".repeat(depth));
        for body in [nested(MAX_DEPTH), closed(MAX_DEPTH)] {
            assert_eq!(opened(&body), Ok(body));
        }
        for body in [nested(MAX_DEPTH + 1), closed(MAX_DEPTH + 1), "{".repeat(1 << 20)] {
            assert_eq!(opened(&body), Err(BodyErrorKind::TooDeep), "{} bytes", body.len());
        }
        // Beside each other they are not deep.
        let flat = format!("[{}0]", "[[]],{},".repeat(1_000));
        assert_eq!(opened(&flat), Ok(flat));
    }

    #[test]
    fn brackets_within_texts_are_not_deep() {
        let brackets = "[".repeat(MAX_DEPTH + 1);
        for text in [
            format!("[\"{brackets}\"]"),
            format!("[\"\\\"{brackets}\"]"),
            format!("[\"\\\\\\\"{brackets}\"]"),
            format!("{{\"{brackets}\":0}}"),
        ] {
            assert_eq!(opened(&text), Ok(text.clone()));
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        }
        // An escaped backslash ends no text with the quote behind it.
        for text in [format!("[\"\\\\\", {brackets}"), format!("\\\"{brackets}\"{brackets}")] {
            assert_eq!(opened(&text), Err(BodyErrorKind::TooDeep), "{text}");
        }
    }

    #[test]
    fn what_ends_in_the_middle_is_told_from_what_is_no_json() {
        let body = "{\"a\": [true, null, -1.5e3, \"\\u00e4ü😀\\n\"], \"b\": {}}";
        assert!(read::<serde::de::IgnoredAny>(200, body, "").is_ok());
        for end in 1..body.len() {
            let cut = body.as_bytes().get(..end).unwrap();
            let error =
                open(200, cut).and_then(|text| read::<serde::de::IgnoredAny>(200, text, "")).unwrap_err();
            assert_eq!(error.kind(), BodyErrorKind::Truncated, "{}", String::from_utf8_lossy(cut));
        }
        for wrong in
            ["{'a': False}", "{a: 1}", "[1,]", "[1] 2", "nul!", "plain words", "{\"a\":\"\n\"}", "\0"]
        {
            let text = open(502, wrong.as_bytes()).unwrap();
            let error = read::<serde::de::IgnoredAny>(502, text, "").unwrap_err();
            assert_eq!(error.kind(), BodyErrorKind::NotJson, "{wrong}");
            assert!(error.source().is_some() && error.status() == 502, "{wrong}");
        }
    }

    #[test]
    fn what_is_empty_says_nothing() {
        for nothing in ["null", "\"\"", "[]", "[ \n]", "{}", "{\t}"] {
            assert!(is_nothing(nothing), "{nothing}");
        }
        for something in ["false", "0", "\" \"", "[null]", "[[]]", "{\"\":null}", "[{}]"] {
            assert!(!is_nothing(something), "{something}");
        }
    }

    #[test]
    fn another_form_is_told_without_what_stands_there() {
        let error = read::<u8>(200, "\"hunter2\"", "answer is not a number").unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::Shape("answer is not a number"));
        assert_eq!(error.to_string(), "answer with http status `200` not read: answer is not a number");
        let source = error.source().unwrap().to_string();
        assert_eq!(source, "unexpected value at line 1 column 9");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
