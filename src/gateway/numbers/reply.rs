//! An answer: HTTP status and body, read once.

use core::fmt;
use std::borrow::Cow;

use bytes::Bytes;

use super::error::{FieldError, Raw};
use super::members::{AnyProblem, Entries, Member, Members, is_problem};
use super::status::Status;
use super::table::Code;
use crate::gateway::body::{open, read};
use crate::gateway::{BodyError, BodyErrorKind};
use crate::secret::REDACTED;
use crate::verdict::{Advice, Class, Executed, Verdict, Word};

/// So many entries of `Errors` are kept.
pub const MAX_ERRORS: usize = 1024;

/// The most bytes of JSON, with its quotes, that a code is made of; of a longer one these are.
pub const MAX_CODE: usize = 1024;

/// An answer of the API.
///
/// Beside the body, which is kept as it came, it takes less than 256 KiB, whatever the body is: texts are decoded when
/// they are asked for. A clone copies no body.
#[derive(Clone)]
pub struct Reply {
    status: Status,
    body: Bytes,
    code: Option<Code>,
    message: Option<Raw>,
    errors: Vec<FieldError>,
    whole: bool,
    /// Whether `ResponseStatus` is there, neither null nor an object.
    odd: bool,
    /// Whether the body tells of a problem, whatever the status.
    problem: bool,
}

impl Reply {
    /// Reads an answer out of its HTTP status and its body.
    ///
    /// `ResponseStatus` is looked for at the top level; its name and those of its members may come in any letter case. A
    /// value of a type that the API does not document (a number as `Message`, one error instead of a list of them, a text
    /// as `ResponseStatus`) refuses no answer: it is kept as the JSON that it is.
    ///
    /// # Errors
    /// [`BodyError`], if the body is too long, no text, a page of HTML, nested too deep, cut off, not JSON; if it is empty,
    /// but for a status other than 2xx, of which that is an answer, and for 204 and 205, which have no body; and if
    /// `ResponseStatus`, or a member in it that is read, is there twice. After a write each of them means that nobody
    /// knows what became of it.
    pub fn read(status: u16, body: Bytes) -> Result<Self, BodyError> {
        let empty = Self {
            status: Status::new(status),
            body: body.clone(),
            code: None,
            message: None,
            errors: Vec::new(),
            whole: true,
            odd: false,
            problem: false,
        };
        let text = match open(status, &body) {
            Ok(text) => text,
            Err(error) if error.kind() == BodyErrorKind::Empty && may_be_empty(status) => return Ok(empty),
            Err(error) => return Err(error),
        };
        let Some(answer) = Members::of(status, text)? else {
            let problem = match text.as_bytes().first() {
                Some(b'[') => read::<AnyProblem>(status, text, "body has a list of another form")?.0,
                // `null` and `true` say nothing; `false`, a text or a number is nothing that was asked for.
                first => !matches!(first, Some(b'n' | b't')),
            };
            return Ok(Self { problem, ..empty });
        };
        let problem = answer.tell_of_error();
        let Some(given) = answer.get(status, Member::ResponseStatus)? else {
            return Ok(Self { problem, ..empty });
        };
        let problem = problem || is_problem(given);
        let Some(members) = Members::of(status, given)? else {
            return Ok(Self { message: Some(Raw::part(&body, given)), odd: true, problem, ..empty });
        };
        let code = members.get(status, Member::ErrorCode)?.map(|code| Raw::part(&body, code).code());
        let message = members.get(status, Member::Message)?.map(|message| Raw::part(&body, message));
        let entries = match members.get(status, Member::Errors)? {
            None => Entries { kept: Vec::new(), whole: true },
            Some(list) if list.starts_with('[') => {
                read::<Entries<'_, MAX_ERRORS>>(status, list, "`Errors` has another form")?
            }
            Some(one) => Entries { kept: vec![one], whole: true },
        };
        let mut errors = Vec::with_capacity(entries.kept.len());
        for entry in entries.kept {
            errors.push(FieldError::read(status, &body, entry)?);
        }
        Ok(Self { code, message, errors, whole: entries.whole, problem, ..empty })
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// `ErrorCode`, listed or not; `None` if it is absent or null.
    ///
    /// Where the API gives none of its own, the framework below it may: `Unauthorized`, or the name of an exception. One
    /// that is no text is the JSON that stands there. One of more than [`MAX_CODE`] bytes is cut.
    #[must_use]
    pub const fn code(&self) -> Option<&Code> {
        self.code.as_ref()
    }

    /// The message, for people.
    #[must_use]
    pub fn message(&self) -> Option<Cow<'_, str>> {
        self.message.as_ref().map(Raw::text)
    }

    /// The message, if it is a JSON text: the `Message` of a `ResponseStatus` that is an object.
    ///
    /// [`message`](Self::message) gives the JSON of what is no text, too, and a `ResponseStatus` that is no object.
    #[must_use]
    pub fn message_text(&self) -> Option<Cow<'_, str>> {
        self.message.as_ref().filter(|_| !self.odd)?.as_text()
    }

    /// The entries of `Errors`, in their order, at most [`MAX_ERRORS`]. Such as are null are left out.
    pub fn errors(&self) -> impl ExactSizeIterator<Item = &FieldError> {
        self.errors.iter()
    }

    /// Whether [`errors`](Self::errors) are all that there are; the [`body`](Self::body) has the others.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// The body as it came: of a success what was asked for. It may have phone numbers and other personal data in it.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, read as a form of the caller's own, whatever the answer means: ask for the [`outcome`](Self::outcome) first,
    /// for a form whose members may all be missing is found in a refusal, too.
    ///
    /// # Errors
    /// [`BodyError`], if it has another form, or is empty. It names the place where, but quotes nothing, for what stands
    /// there may be personal data.
    pub fn read_body<'b, T: serde::Deserialize<'b>>(&'b self) -> Result<T, BodyError> {
        let status = self.status.as_u16();
        read(status, open(status, &self.body)?, "body has another form than is asked for")
    }

    /// The body of a request that was done.
    ///
    /// # Errors
    /// The [`verdict`](Self::verdict), if it is anything but completed.
    pub fn outcome(&self) -> Result<&Bytes, Verdict> {
        let verdict = self.verdict();
        if verdict.completed() { Ok(&self.body) } else { Err(verdict) }
    }

    /// Whether the request was only accepted, and its effect is still to come: a success with the status 202.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.status.is_pending() && self.verdict().completed()
    }

    /// What the answer means.
    ///
    /// A listed code speaks for itself where the status is a 4xx; with any other code, or none, the
    /// [status](Status::verdict) does. Where the two contradict each other the safer reading is taken: with a 5xx or 408
    /// nobody knows what was done, whatever the code; and 401 is about the credentials. An unlisted code that is the name of
    /// an exception (`ArgumentNullException`) says that the server did not expect what happened: its framework makes 400 or
    /// 403 of some of these wherever they are thrown, so that with one nobody knows what was done before.
    ///
    /// A 2xx whose body tells of a problem is no success, nor anything else that is known: a `ResponseStatus` comes "if
    /// there is a problem". So does a body that
    ///
    /// * has a `ResponseStatus` that is no object, or that has a code, an error, or a message that is not empty;
    /// * has, beside it or without it, an `ErrorCode` or an `error` that is not null, `Errors` that are not empty, or a
    ///   `success` that is `false`, in any letter case;
    /// * is a list with such a `ResponseStatus` in one of its objects;
    /// * is `false`, a text or a number.
    ///
    /// What stands deeper in a body is not looked at.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let verdict = self.status.verdict();
        match self.status.as_u16() {
            200..=299 if self.problem => Verdict::new(Class::Unclassified),
            401 | 408 => verdict,
            status @ 400..=499 => match self.code.as_ref().and_then(Code::info).map(|info| info.verdict()) {
                Some(said) if matches!(status, 400 | 403) => said,
                // Of other statuses the list does not say that the request was not processed.
                Some(said) => said.with_executed(Executed::No, Word::Inference),
                None if matches!(status, 400 | 403) && self.code.as_ref().is_some_and(is_exception) => {
                    Verdict::new(Class::Permanent).with_advice(Advice::ReadMessage)
                }
                None => verdict,
            },
            _ => verdict,
        }
    }
}

/// Whether a code is the name of an exception, which the framework gives where the API has no code.
fn is_exception(code: &Code) -> bool {
    code.as_str().trim().ends_with("Exception")
}

/// Whether an answer with this status may have no body: 204 and 205 never have one (RFC 9110 §15.3.5, §15.3.6), and of
/// what is no success the status alone is an answer.
const fn may_be_empty(status: u16) -> bool {
    matches!(status, 204 | 205) || !matches!(status, 200..=299)
}

/// Status, code, message and errors, of each text 256 characters; never the body. The message is the API's own, and may
/// quote a value that was sent; it is left out where an error is about a parameter whose name is that of a secret.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many errors are printed.
        const MAX_PRINTED: usize = 32;
        let mut out = f.debug_struct("Reply");
        out.field("status", &self.status).field("code", &self.code);
        // It is mostly the message of the first error.
        if self.message.is_some() && self.errors.iter().any(FieldError::is_about_secret) {
            out.field("message", &REDACTED);
        } else {
            out.field("message", &self.message);
        }
        out.field("errors", &self.errors.get(..MAX_PRINTED).unwrap_or(&self.errors));
        match self.errors.len().saturating_sub(MAX_PRINTED) {
            0 => out.finish_non_exhaustive(),
            more => out.field("more", &more).finish_non_exhaustive(),
        }
    }
}
