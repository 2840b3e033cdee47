//! Any other API, by bytes and verdicts.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::entry::Summary;
use super::told::Refused;
use super::upstream::Upstream;
use crate::code::ReturnCode;
use crate::command::{Effect, Nature, Object};
use crate::secret::{REDACTED, assigns_secret};
use crate::settle::{Finding, Form, Kept, Keyed, LineKind, Proof, Reading, Resolver, Sent, SentLine, Sight};
use crate::verdict::{Advice, Verdict};

/// An upstream of which nothing is known but what its owner says: requests are bytes with a nature, answers are bytes with a
/// [`Verdict`]. `R` says which reads settle a write; [`NoReads`] knows none, and what is lost stays in doubt until a person,
/// or a program that has looked, says what became of it ([`Dispatch::resolve`](super::Dispatch::resolve)).
#[derive(Clone, Copy, Debug, Default)]
pub struct Opaque<R = NoReads> {
    reads: R,
}

impl<R: Reads> Opaque<R> {
    /// With these reads.
    #[must_use]
    pub const fn new(reads: R) -> Self {
        Self { reads }
    }

    /// The reads of a write. Those that would write settle nothing, and are not sent; nor is one looked for by a name or a value
    /// that may have been cut, or by what was sent elsewhere. Nor are there any of what is about no object: others of its sort
    /// may be under way, and have left what is found.
    fn looks(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let names = sent.objects().iter().map(Object::name).chain([sent.name()]);
        let lines = sent.lines().iter().flat_map(|line| [Some(line.name()), line.value().as_clear()]);
        // Of the fields some may not be remembered.
        let full = sent.lines().len() >= OpaqueCommand::MAX_FIELDS;
        if full
            || sent.objects().is_empty()
            || names.chain(lines.flatten()).any(is_cut)
            || sent.form() != Form::Opaque
        {
            return Vec::new();
        }
        let reads = self.reads.reads(sent);
        let harmless = reads.iter().all(|read| read.nature().effect() == Effect::Read);
        if harmless { reads } else { Vec::new() }
    }
}

/// The beginning of a text, of at most so many bytes.
fn cut(text: &str, most: usize) -> Box<str> {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default().into()
}

/// Whether a name or a value in clear may have been cut: a character has four bytes at the most.
const fn is_cut(kept: &str) -> bool {
    const MOST: usize =
        if Object::MAX_NAME < OpaqueCommand::MAX_NAME { Object::MAX_NAME } else { OpaqueCommand::MAX_NAME };
    kept.len() > MOST.saturating_sub(4)
}

/// Which reads settle the writes of an API.
///
/// All of them go by what may be remembered of a write ([`Sent`]): its name, its objects, and the fields that
/// [`OpaqueCommand::field`] and [`clear_field`](OpaqueCommand::clear_field) gave it. After a restart nothing else is left. They are
/// asked whenever somebody settles a write: one that was recorded when no read was known is settled by those that are known now.
pub trait Reads: Clone + fmt::Debug {
    /// The reads that show what became of this write; none if no read can tell. If one of them would write, none is sent.
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand>;

    /// Whether a proof needs a reading before the write, by the same reads: wherever what an earlier write has left could be
    /// taken for what this one leaves. Behind one of ours of the same name, to the same object, it is read in any case, but for
    /// what is repeatable; and what was not read before is never proven to be done where either holds. Nor is anything behind one
    /// of ours to the same object that was accepted to be done later ([`OpaqueReply::pending`]), if that has the same name or if
    /// this holds; nor, where either holds, once an answer has named another operation at the object
    /// ([`Advice::WaitForOther`]), until one to a write of ours there says that it was done:
    /// what is lost meanwhile stays in doubt, also if a reference of its own is found.
    fn wants_earlier_reading(&self, _sent: &Sent) -> bool {
        false
    }

    /// What the reply to a read shows; `None` if nothing. The code of a [`Reading`] is whatever number
    /// [`judge`](Self::judge) is to find there.
    ///
    /// That something is not there is what a write is sent again for: it takes an answer in which the API itself says so. A mere
    /// 404 may be that of a proxy or of a path that has moved, and a refusal (403) shows nothing.
    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading>;

    /// What the readings prove. What was *not* found counts only when it is seen twice, and not while the API may still have it
    /// in a queue ([`Sight::may_be_queued`], [`Queues`](super::Queues)); a reading that is not
    /// [whole](Reading::is_whole) is none. None of these is to be cared for here.
    fn judge(&self, sight: Sight<'_>) -> Finding;
}

/// No read settles anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it")]
pub struct NoReads;

impl Reads for NoReads {
    fn reads(&self, _sent: &Sent) -> Vec<OpaqueCommand> {
        Vec::new()
    }

    fn reading(&self, _reply: &OpaqueReply, _keyed: &Keyed) -> Option<Reading> {
        None
    }

    fn judge(&self, _sight: Sight<'_>) -> Finding {
        Finding::Unproved("no read is known that could")
    }
}

/// A request of any API: a name for people, what is known about repeating it, and bytes.
///
/// The bytes are the dispatcher's to keep and the transport's to read: all that it needs stands in them, the method and the path
/// of an HTTP request too. Two requests are the same if all their bytes, objects and fields are: a key goes with these. So what
/// is another one at each sending is the transport's to add: credentials, a date, a number for tracing. In the bytes it would
/// make an order that is asked for again another one, which its key refuses, and credentials that are corrected would not reach
/// what waits.
///
/// Of the bytes nothing is kept but a keyed hash. `Debug` shows how many there are.
#[derive(Clone)]
pub struct OpaqueCommand(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    name: Box<str>,
    nature: Nature,
    objects: Vec<Object>,
    fields: Vec<Field>,
    body: Bytes,
}

#[derive(Clone)]
struct Field {
    name: Box<str>,
    value: Box<str>,
    clear: bool,
}

impl Field {
    fn kept(&self, keyed: &Keyed) -> Kept {
        if self.clear {
            Kept::Clear(cut(&self.value, OpaqueCommand::MAX_NAME))
        } else {
            keyed.keep_hidden(&self.value)
        }
    }
}

impl OpaqueCommand {
    /// The longest name, in bytes; a longer one is cut.
    pub const MAX_NAME: usize = 255;
    /// So many fields are remembered of one; more are not, and no read settles a write that has as many.
    pub const MAX_FIELDS: usize = 64;
    /// A request that is about more objects is refused ([`Refused::TooLong`]).
    pub const MAX_OBJECTS: usize = 64;

    /// A request that only reads. Nothing checks that: it is sent again when its answer is lost, is not in the journal, and
    /// settles writes. A transport that knows the methods of its API does well to send nothing but a GET or a HEAD as such
    /// ([`nature`](Self::nature)).
    #[must_use]
    pub fn read(name: &str, body: impl Into<Bytes>) -> Self {
        Self::new(name, Nature::READ, body.into())
    }

    /// A request that writes, of this nature: [`Nature::write`], or [`Nature::UNKNOWN`], for which that of a read is taken.
    ///
    /// Without an [object](Self::object) nothing connects it with other requests: while it is in doubt, the same may be ordered
    /// again under another key, and no read settles it. What has no name yet may go by a reference of the caller's own.
    #[must_use]
    pub fn write(name: &str, nature: Nature, body: impl Into<Bytes>) -> Self {
        let nature = if nature.effect() == Effect::Read { Nature::UNKNOWN } else { nature };
        Self::new(name, nature, body.into())
    }

    fn new(name: &str, nature: Nature, body: Bytes) -> Self {
        Self(Arc::new(Parts {
            name: cut(name, Self::MAX_NAME),
            nature,
            objects: Vec::new(),
            fields: Vec::new(),
            body,
        }))
    }

    /// With one more object that it is about. One write at a time goes to an object, and none while one is in doubt. Its
    /// name is kept in clear, and is what [`Reads`] find later: names of domains, hosts and zones in canonical form, contacts in
    /// capitals, and [`ObjectKind::Other`](crate::command::ObjectKind::Other) to the letter. A write to one whose name has
    /// more than 251 bytes is settled by no read, for it may have been cut ([`Object::MAX_NAME`]).
    #[must_use]
    pub fn object(mut self, object: Object) -> Self {
        Arc::make_mut(&mut self.0).objects.push(object);
        self
    }

    /// With a value of which a keyed hash is remembered: for reads that compare it with what they find
    /// ([`Keyed::keep_hidden`]). What quotes it is concealed.
    #[must_use]
    pub fn field(self, name: &str, value: &str) -> Self {
        self.remembering(name, value, false)
    }

    /// With a value that is remembered in clear: for people, and for reads that ask for it, such as a reference of the caller's
    /// own. Whoever gives it vouches that it is neither secret nor personal. Of one of more than 251 bytes the first [`MAX_NAME`](Self::MAX_NAME) are kept, and no read settles the write.
    #[must_use]
    pub fn clear_field(self, name: &str, value: &str) -> Self {
        self.remembering(name, value, true)
    }

    fn remembering(mut self, name: &str, value: &str, clear: bool) -> Self {
        let fields = &mut Arc::make_mut(&mut self.0).fields;
        if fields.len() < Self::MAX_FIELDS {
            fields.push(Field { name: cut(name, Self::MAX_NAME), value: value.into(), clear });
        }
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What is known about repeating it.
    #[must_use]
    pub fn nature(&self) -> &Nature {
        &self.0.nature
    }

    /// The objects that it is about.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.0.objects
    }

    /// What is sent.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }
}

impl fmt::Debug for OpaqueCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueCommand")
            .field("name", &self.0.name)
            .field("objects", &self.0.objects)
            .field("bytes", &self.0.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer of any API, as its reader understood it: a verdict, a code, a text, and bytes.
///
/// The verdict is believed: what comes with a wait (`Retry-After`) is taken for "failed, try again", so that a 5xx of which nobody
/// knows whether it was done must have none.
///
/// Code, text and the name of a job are kept in journals and shown to people: whoever reads the body leaves out of them what is
/// secret. `Debug` does not show the bytes, nor a text that assigns a secret (`password=…`) or quotes a hidden
/// [field](OpaqueCommand::field) of the request; nor does a journal.
#[derive(Clone)]
pub struct OpaqueReply {
    verdict: Verdict,
    code: Box<str>,
    text: Box<str>,
    job: Option<Box<str>>,
    pending: bool,
    status: Option<u16>,
    /// Whether the text assigns a secret, or quotes a value that is nobody's business.
    concealed: bool,
    body: Bytes,
}

impl OpaqueReply {
    /// The longest code that is kept, in bytes; of a longer one the beginning counts.
    pub const MAX_CODE: usize = 128;
    /// The longest text that is kept, in bytes; of a longer one the beginning counts. The body has all of it.
    pub const MAX_TEXT: usize = 4_096;

    /// An answer that means this, with its code and its text.
    #[must_use]
    pub fn new(verdict: Verdict, code: &str, text: &str, body: impl Into<Bytes>) -> Self {
        Self {
            verdict,
            code: if assigns_secret(&cut(code, Self::MAX_TEXT)) {
                REDACTED.into()
            } else {
                cut(code, Self::MAX_CODE)
            },
            text: cut(text, Self::MAX_TEXT),
            job: None,
            pending: false,
            status: None,
            concealed: assigns_secret(&cut(text, Self::MAX_TEXT)),
            body: body.into(),
        }
    }

    /// As one that only accepts a write, which is done later; with the name of the job, if it has one. From then on nothing that
    /// is not found is taken for not done: see [`Queues`](super::Queues).
    #[must_use]
    pub fn pending(mut self, job: Option<&str>) -> Self {
        self.pending = true;
        self.job = job.map(|job| cut(job, Self::MAX_TEXT));
        self
    }

    /// With the HTTP status that it came with.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The HTTP status that it came with, if it was said.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// What it means.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All of it.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Its text, as far as it is for everybody.
    fn shown(&self) -> &str {
        if self.concealed { REDACTED } else { &self.text }
    }
}

impl fmt::Debug for OpaqueReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueReply")
            .field("verdict", &self.verdict)
            .field("code", &self.code)
            .field("text", &self.shown())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl<R: Reads> Upstream for Opaque<R> {
    type Command = OpaqueCommand;
    type Reply = OpaqueReply;

    fn nature(command: &OpaqueCommand) -> &Nature {
        command.nature()
    }

    fn name(command: &OpaqueCommand) -> &str {
        command.name()
    }

    fn objects(command: &OpaqueCommand) -> Vec<Object> {
        command.objects().to_vec()
    }

    fn sent(command: &OpaqueCommand, keyed: &Keyed) -> Sent {
        let line = |field: &Field| SentLine::new(&field.name, LineKind::Set, field.kept(keyed));
        let lines = command.0.fields.iter().map(line).collect();
        Sent::from_parts(Form::Opaque, command.name(), command.objects().to_vec(), lines)
    }

    fn payload(command: &OpaqueCommand, keyed: &Keyed) -> [u8; 16] {
        let Parts { name, objects, fields, body, .. } = &*command.0;
        let objects = objects.iter().flat_map(|object| [object.kind().as_str(), object.name()]);
        let fields = fields.iter().flat_map(|field| [&*field.name, &*field.value]);
        let parts = [&b"opaque"[..], name.as_bytes(), body].into_iter();
        // What is an object is no field.
        let parts = parts.chain(objects.map(str::as_bytes)).chain([&b"fields"[..]]);
        keyed.hash(parts.chain(fields.map(str::as_bytes)))
    }

    fn check(&self, command: &OpaqueCommand) -> Result<(), Refused> {
        if command.objects().len() > OpaqueCommand::MAX_OBJECTS { Err(Refused::TooLong) } else { Ok(()) }
    }

    fn verdict(_command: &OpaqueCommand, reply: &OpaqueReply) -> Verdict {
        reply.verdict
    }

    fn number(_reply: &OpaqueReply) -> Option<ReturnCode> {
        None
    }

    fn code(reply: &OpaqueReply) -> impl fmt::Display {
        reply.code.escape_debug()
    }

    fn text(reply: &OpaqueReply) -> String {
        reply.shown().to_owned()
    }

    fn quotes_hidden(command: &OpaqueCommand, _keyed: &Keyed, text: &str) -> bool {
        // One of three characters or fewer is found everywhere, and not looked for.
        let mut hidden = command.0.fields.iter().filter(|field| !field.clear).map(|field| field.value.trim());
        hidden.any(|value| value.len() > 3 && text.contains(value))
    }

    fn conceal(command: &OpaqueCommand, keyed: &Keyed, reply: &mut OpaqueReply) {
        // A code is a word of the API's, which may well be that of a field.
        reply.concealed |= Self::quotes_hidden(command, keyed, &reply.text);
    }

    fn summary(reply: &OpaqueReply, text: &str, proof: Proof) -> Summary {
        Summary::of_word(proof, &reply.code, text).pending(reply.pending, reply.job.as_deref())
    }

    fn resolver(&self, command: &OpaqueCommand, keyed: &Keyed) -> Option<Resolver> {
        self.resolver_of(&Self::sent(command, keyed))
    }

    fn resolver_of(&self, sent: &Sent) -> Option<Resolver> {
        (!self.looks(sent).is_empty()).then_some(Resolver::Other)
    }

    fn reads(&self, resolver: Resolver, sent: &Sent) -> Vec<OpaqueCommand> {
        if resolver == Resolver::Other { self.looks(sent) } else { Vec::new() }
    }

    fn wants_earlier_reading(&self, _resolver: Resolver, sent: &Sent) -> bool {
        self.reads.wants_earlier_reading(sent)
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        // Whose credentials were refused has seen nothing, whatever the reads make of that.
        if reply.verdict.advice() == Advice::StopLoggingIn {
            return None;
        }
        // What was not kept proves nothing.
        self.reads.reading(reply, keyed).filter(Reading::is_whole)
    }

    fn judge(&self, _resolver: Resolver, sight: Sight<'_>) -> Finding {
        self.reads.judge(sight)
    }
}
