//! Answers: read once, and kept as they came.

use core::error::Error;
use core::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::super::body::{self, BodyError, BodyErrorKind};
use super::super::code::redacted;
use super::super::sort::Sort;
use super::message::{Field, Message};
use super::table::Code;
use crate::verdict::{Advice, Class, Executed, Verdict, Word};

/// An answer of the API.
///
/// There is no `is_success`: that an answer says so is not all, see [`verdict`](Self::verdict). `Debug` shows neither result
/// nor body, for they may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    body: Bytes,
    result: Option<Bytes>,
    error: Option<Refusal>,
}

#[derive(Clone, PartialEq, Eq)]
struct Refusal {
    code: Code,
    message: Option<Message>,
}

impl Reply {
    /// Reads what came: the HTTP status and the whole body.
    ///
    /// A blank or a byte order mark may stand before it, and members that are not known beside the others; they stay in
    /// [`body`](Self::body).
    ///
    /// # Errors
    /// [`BodyError`] if the body is no answer of the API, or says two things: a member twice, or an error with a success, be it
    /// one whose name is `Error` or `errors` and that is not empty; or a `Success` beside `success`, a `Code` beside `code`.
    /// To a write that is as good as no answer.
    pub fn read(status: u16, body: Bytes) -> Result<Self, BodyError> {
        let wrong = |what| Err(BodyError::new(status, BodyErrorKind::Shape(what)));
        let text = body::open(status, &body)?;
        if !text.starts_with('{') {
            let _: IgnoredAny = body::read(status, text, NO_OBJECT)?;
            return wrong(NO_OBJECT);
        }
        let Wanted { found: [success, result, error], like: [like_success, _, like_error], .. } =
            members(status, text, ANSWER)?;
        let error = error.filter(|error| error.get() != "null");
        let error = match (success.map(RawValue::get), error) {
            (None, _) => return wrong("`success` is missing"),
            (Some(_), _) if like_success => return wrong("ambiguous: `success` with a member like it"),
            (Some("true"), None) if like_error => {
                return wrong("ambiguous: a success with a member like `error`");
            }
            (Some("true"), None) => None,
            (Some("true"), Some(_)) => return wrong("ambiguous: a success with an `error`"),
            (Some("false"), None) => return wrong("`error` is missing"),
            (Some("false"), Some(error)) if !error.get().starts_with('{') => {
                return wrong("`error` is not an object");
            }
            (Some("false"), Some(error)) => {
                let Wanted { found: [code, message], like: [like_code, _], .. } =
                    members(status, error.get(), ERROR)?;
                if like_code {
                    return wrong("ambiguous: `code` of `error` with a member like it");
                }
                let Some(code) = code else { return wrong("`code` of `error` is missing") };
                let Ok(code) = serde_json::from_str::<String>(code.get()) else {
                    return wrong("`code` of `error` is not a text");
                };
                let message = message.filter(|message| message.get() != "null");
                let message = message.map(|message| Message::read(&body, message));
                Some(Refusal { code: Code::new(&code), message })
            }
            (Some(_), _) => return wrong("`success` is neither `true` nor `false`"),
        };
        let result = result.map(|result| body.slice_ref(result.get().as_bytes()));
        Ok(Self { status, result, error, body })
    }

    /// The HTTP status that it came with: 200, by the documentation.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The body as it came.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The code, if the answer is an error.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        self.error.as_ref().map(|error| &error.code)
    }

    /// The message of an error: a text, or the JSON of what is none; `None` if it is missing or `null`. Not escaped.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.said().and_then(Message::as_str)
    }

    /// The message, if it is a JSON text. Not escaped.
    #[must_use]
    pub fn message_text(&self) -> Option<&str> {
        self.said().and_then(Message::text)
    }

    /// The fields of a message that is an object, in the order of the answer. A name may come twice.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &Field> {
        self.said().map_or(&[][..], Message::fields).iter()
    }

    /// Whether [`fields`](Self::fields) has all that the message has: not more than [`MAX_FIELDS`](super::MAX_FIELDS).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.said().is_none_or(Message::is_whole)
    }

    fn said(&self) -> Option<&Message> {
        self.error.as_ref()?.message.as_ref()
    }

    /// The `result`, as the JSON that it is; `None` if there is none. It may hold secrets.
    #[must_use]
    pub fn result(&self) -> Option<&str> {
        self.result.as_ref().and_then(|result| core::str::from_utf8(result).ok())
    }

    /// What a request that was done came to, as [`result`](Self::result) has it.
    ///
    /// # Errors
    /// The [`verdict`](Self::verdict), if it is anything but completed.
    pub fn outcome(&self) -> Result<Option<&str>, Verdict> {
        let verdict = self.verdict();
        if verdict.completed() { Ok(self.result()) } else { Err(verdict) }
    }

    /// The `result` of a request that was done, read as a `T`; one that is missing is read as `null`.
    ///
    /// # Errors
    /// [`ResultError`] if the answer does not say that it was done, or the result is no `T`.
    pub fn read_result<'r, T: Deserialize<'r>>(&'r self) -> Result<T, ResultError> {
        let result = self.outcome().map_err(|_| ResultError(Problem::NotDone))?;
        serde_json::from_str(result.unwrap_or("null")).map_err(|error| ResultError(Problem::Form(error)))
    }

    fn tells_of_result(&self) -> bool {
        self.result().is_some_and(|result| result != "false" && !body::is_nothing(result))
    }

    /// What it means.
    ///
    /// Where status and body contradict each other, nothing is assumed. A success is believed with 200, 201 and 202 alone.
    /// An error with 408 or a 5xx says nothing about what was done, whatever its code: a read is asked again, a write is
    /// read back. An error with another 4xx or a 2xx is what its code says, and with any other status unknown. A code of no
    /// list says nothing about a write either.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        const UNKNOWN: Verdict = Verdict::new(Class::Unclassified);
        match (self.status, &self.error) {
            (200..=202, None) => Verdict::new(Class::Success)
                .with_executed(Executed::Yes, Word::Registry)
                .with_advice(Advice::Done),
            (408 | 500..=599, Some(_)) => Sort::TemporaryUncertain.verdict(),
            (200..=299 | 400..=499, Some(_)) if self.tells_of_result() => UNKNOWN,
            (200..=299 | 400..=499, Some(error)) => error.code.info().map_or(UNKNOWN, |info| info.verdict()),
            (_, _) => UNKNOWN,
        }
    }

    /// Whether the request was only accepted, and its effect is still to come: a success with the HTTP status 202, which
    /// says so (RFC 9110 §15.3.3).
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.status == 202 && self.verdict().completed()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many fields are printed.
        const MAX_PRINTED: usize = 32;
        let mut shows = f.debug_struct("Reply");
        shows.field("status", &self.status);
        if let Some(error) = &self.error {
            shows.field("code", &redacted(error.code.as_str()));
        }
        if let Some(message) = self.said() {
            match message.text() {
                Some(text) => shows.field("message", &redacted(text)),
                None => {
                    let fields = message.fields();
                    shows.field("fields", &fields.get(..MAX_PRINTED).unwrap_or(fields));
                    if let more @ 1.. = fields.len().saturating_sub(MAX_PRINTED) {
                        shows.field("more", &more);
                    }
                    &mut shows
                }
            };
        }
        shows.finish_non_exhaustive()
    }
}

/// A result was not read.
#[derive(Debug)]
pub struct ResultError(Problem);

enum Problem {
    NotDone,
    Form(serde_json::Error),
}

impl ResultError {
    /// Whether it was not tried, because the answer does not say that the request was done.
    #[must_use]
    pub const fn is_not_done(&self) -> bool {
        matches!(self.0, Problem::NotDone)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDone => f.write_str("NotDone"),
            // What it says may quote the result.
            Self::Form(error) => write!(f, "Form({}, {})", error.line(), error.column()),
        }
    }
}

impl fmt::Display for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("result not read: ")?;
        match &self.0 {
            Problem::NotDone => f.write_str("answer does not say that the request was done"),
            Problem::Form(error) => {
                let (line, column) = (error.line(), error.column());
                write!(f, "not of the form that was asked for at line `{line}`, column `{column}` of it")
            }
        }
    }
}

impl Error for ResultError {
    /// What JSON has against it. What a type has against a value is not told, for it quotes the value.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Form(error) if !error.is_data() => Some(error),
            Problem::Form(_) | Problem::NotDone => None,
        }
    }
}

const NO_OBJECT: &str = "answer is not an object";

/// A member, and what is wrong if it comes twice.
type Name = (&'static str, &'static str);

const ANSWER: [Name; 3] = [
    ("success", "ambiguous: `success` is there twice"),
    ("result", "ambiguous: `result` is there twice"),
    ("error", "ambiguous: `error` is there twice"),
];

const ERROR: [Name; 2] = [
    ("code", "ambiguous: `code` of `error` is there twice"),
    ("message", "ambiguous: `message` of `error` is there twice"),
];

/// The members of an object that have these names, each as the JSON that it is; none of them is there twice.
fn members<const N: usize>(status: u16, object: &str, names: [Name; N]) -> Result<Wanted<'_, N>, BodyError> {
    let wanted = Wanted { names, found: [None; N], twice: None, like: [false; N] };
    let wanted = body::visit(status, object, wanted)?;
    match wanted.twice {
        Some(twice) => Err(BodyError::new(status, BodyErrorKind::Shape(twice))),
        None => Ok(wanted),
    }
}

struct Wanted<'b, const N: usize> {
    names: [Name; N],
    found: [Option<&'b RawValue>; N],
    twice: Option<&'static str>,
    /// Whether something stands in a member that is named like it, but not so.
    like: [bool; N],
}

impl<'de, const N: usize> Visitor<'de> for Wanted<'de, N> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            for ((place, like), (name, twice)) in self.found.iter_mut().zip(&mut self.like).zip(self.names) {
                if is_named(key.get(), name) && place.replace(value).is_some() {
                    self.twice = Some(twice);
                }
                *like |= is_named_like(key.get(), name) && !body::is_nothing(value.get());
            }
        }
        Ok(self)
    }
}

/// Whether a key, with its quotes, is this name: each letter of it may be escaped (`\u0063`).
fn is_named(key: &str, name: &str) -> bool {
    is_key(key, name.len(), |key| key == name)
}

/// Whether a key is this name in another case, or `errors` for `error`, in any.
fn is_named_like(key: &str, name: &str) -> bool {
    let plural = |key: &str| name == "error" && key.eq_ignore_ascii_case("errors");
    is_key(key, name.len().saturating_add(1), |key| {
        key != name && (key.eq_ignore_ascii_case(name) || plural(key))
    })
}

/// Whether a key, with its quotes, is such a name, which has at most so many letters.
fn is_key(key: &str, letters: usize, is_name: impl Fn(&str) -> bool) -> bool {
    let longest = letters.saturating_mul(6).saturating_add(2);
    if key.len() > longest {
        return false;
    }
    if key.contains('\\') {
        return serde_json::from_str(key).is_ok_and(|key: String| is_name(&key));
    }
    key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).is_some_and(is_name)
}
