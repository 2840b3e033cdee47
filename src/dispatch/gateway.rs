//! The gateways' answers, as a dispatcher of [`Opaque`](super::Opaque) requests takes them.
//!
//! A body that cannot be read is no answer, and taken for one that leaves everything open: a read is asked again, a write is in
//! doubt. As a reply it says in the journal what came instead.
//!
//! What is kept of the text is the API's message. Of a message that says of each field what is wrong, and may quote what was
//! sent, only the names of the fields are: the whole of it is in the reply.

use super::opaque::OpaqueReply;
use crate::gateway::{BodyError, numbers, reseller};
use crate::verdict::{Class, Verdict};

/// So many names of fields are kept.
const MAX_NAMES: usize = 16;

impl From<reseller::Reply> for OpaqueReply {
    fn from(reply: reseller::Reply) -> Self {
        let code = reply.code().map_or("success", reseller::Code::as_str);
        let mut names = reply.fields().take(MAX_NAMES).map(|field| field.name().to_owned()).peekable();
        let text = match (names.peek(), reply.message()) {
            (Some(_), _) => wrong(names),
            (None, message) => message.unwrap_or_default().to_owned(),
        };
        Self::new(reply.verdict(), code, &text, reply.body().clone()).with_status(reply.status())
    }
}

impl From<numbers::Reply> for OpaqueReply {
    fn from(reply: numbers::Reply) -> Self {
        // Without a code of its own the status is what it says.
        let status = reply.status().to_string();
        let code = reply.code().map_or(&*status, numbers::Code::as_str);
        let mut names = reply.errors().flat_map(|error| error.fields()).take(MAX_NAMES).peekable();
        let text = match (names.peek(), reply.message()) {
            (Some(_), _) => wrong(names),
            (None, message) => message.unwrap_or_default().into_owned(),
        };
        Self::new(reply.verdict(), code, &text, reply.body().clone()).with_status(reply.status().as_u16())
    }
}

/// What came instead of an answer: the code is the HTTP status. Of the body nothing is left.
impl From<BodyError> for OpaqueReply {
    fn from(error: BodyError) -> Self {
        let status = error.status();
        let open = Verdict::new(Class::Temporary);
        Self::new(open, &status.to_string(), &error.to_string(), "").with_status(status)
    }
}

fn wrong(names: impl Iterator<Item = String>) -> String {
    format!("fields: {}", names.collect::<Vec<_>>().join(", "))
}
