//! The gateways' answers, as a dispatcher of [`Opaque`](super::Opaque) requests takes them.
//!
//! What is kept of the text is the API's message, if it is a text. Of one that says of each field what is wrong, and may quote
//! what was sent, only the names of the fields are: the whole of it is in the reply. Where the HTTP status says something of its
//! own, it stands before it.
//!
//! A body that cannot be read is no answer, and taken for one that leaves everything open: a read is asked again, a write is in
//! doubt. As a reply it says in the journal what came instead.

use super::opaque::OpaqueReply;
use crate::gateway::{BodyError, numbers, reseller};
use crate::verdict::{Advice, Class, Executed, Verdict};

/// "Accepted": it is done later.
const ACCEPTED: u16 = 202;
/// The credentials were refused.
const UNAUTHORIZED: u16 = 401;

/// So many names of fields are kept.
const MAX_NAMES: usize = 16;

/// What its [verdict](reseller::Reply::verdict) says, with its code, or `success`, and of its message the text, or the names of
/// the fields that are wrong. It is [pending](OpaqueReply::pending) with the status 202 alone, unless the rest says that nothing
/// was done: where a result says that something is still to come, whoever has read it adds that.
impl From<reseller::Reply> for OpaqueReply {
    fn from(reply: reseller::Reply) -> Self {
        let code = reply.code().map_or("success", reseller::Code::as_str);
        let names = reply.fields().map(|field| field.name().to_owned());
        let text = text(names, reply.message_text());
        // Every answer comes with 200, by the documentation.
        let text = if reply.status() == 200 { text } else { with_status(reply.status(), &text) };
        let opaque = Self::new(reply.verdict(), code, &text, reply.body().clone());
        come_with(opaque, reply.status())
    }
}

/// What its [verdict](numbers::Reply::verdict) says, with its code, or its status, and the names of the parameters that are
/// wrong, or its message if it is a text. It is [pending](OpaqueReply::pending) with the status 202 alone, unless the rest says
/// that nothing was done.
impl From<numbers::Reply> for OpaqueReply {
    fn from(reply: numbers::Reply) -> Self {
        let status = reply.status().as_u16();
        let names = reply.errors().flat_map(|error| error.fields());
        let text = text(names, reply.message_text().as_deref());
        // Without a code of its own the status is what it says.
        let (code, text) = match reply.code().filter(|code| !code.as_str().is_empty()) {
            Some(code) => (code.as_str().to_owned(), with_status(status, &text)),
            None => (status.to_string(), text),
        };
        come_with(Self::new(reply.verdict(), &code, &text, reply.body().clone()), status)
    }
}

/// What came instead of an answer: the code is the HTTP status. Of the body nothing is left, and of what the status says nothing
/// is believed but what does no harm, that 401 refuses the credentials, and that 202 accepts what is still to be done: a read is
/// asked again, a write is in doubt.
impl From<BodyError> for OpaqueReply {
    fn from(error: BodyError) -> Self {
        let status = error.status();
        let open = Verdict::new(Class::Temporary);
        let open = if status == UNAUTHORIZED { open.with_advice(Advice::StopLoggingIn) } else { open };
        come_with(Self::new(open, &status.to_string(), &error.to_string(), ""), status)
    }
}

/// With this status. It may say that the request is still to be done, if nothing else says that it is not.
fn come_with(reply: OpaqueReply, status: u16) -> OpaqueReply {
    let reply = reply.with_status(status);
    let pending = status == ACCEPTED && reply.verdict().executed() != Executed::No;
    if pending { reply.pending(None) } else { reply }
}

/// The names of the fields that are wrong, or else the message.
fn text(names: impl Iterator<Item = String>, message: Option<&str>) -> String {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return message.unwrap_or_default().to_owned();
    }
    let named: Vec<String> = names.by_ref().take(MAX_NAMES).collect();
    let more = if names.next().is_some() { ", …" } else { "" };
    format!("fields: {}{more}", named.join(", "))
}

fn with_status(status: u16, text: &str) -> String {
    format!("http {status}: {text}").trim_end().to_owned()
}
