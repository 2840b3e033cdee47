//! Replies: a code and a text at once, everything else where it lies in the received bytes.
//!
//! A [`Reply`] owns one frame and the positions of its parts; nothing is copied until it is asked for. Names compare
//! without case and blanks, order and repetitions are kept, and what is not understood is still there:
//! [`lines`](Reply::lines) has it all.

mod build;
mod debug;
mod list;

use core::time::Duration;
use std::borrow::Cow;

use bytes::Bytes;

use crate::code::{Context, ReturnCode};
use crate::date::RegistryDate;
use crate::text::same_name;
use crate::verdict::{Advice, Class, Executed, Verdict, Word};
use crate::wire::deframe::{Frame, Grammar};
use crate::wire::{Form, Index, Line, Malformed, Span, read};

pub use build::{BuildError, ReplyBuilder};
pub use list::{DomainCheck, Page, Row};

/// One reply of a registry, in either grammar.
///
/// Cheap to move; cloning copies 20 bytes a line and shares the received bytes. Text is read as UTF-8; bytes that are
/// none are shown as U+FFFD and stay as they are in the `…_bytes` forms.
///
/// ```
/// use bytes::BytesMut;
/// use rrp::wire::deframe::{Deframer, Limits};
/// use rrp::{Reply, ReturnCode};
///
/// let mut received = BytesMut::from(
///     &b"[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n\
///        property[nameserver][0] = ns1.example.net\r\nproperty[nameserver][1] = ns2.example.net\r\nEOF\r\n"[..],
/// );
/// let frame = Deframer::new(Limits::REPLY).deframe(&mut received)?.expect("a whole frame");
/// let reply = Reply::parse(&frame)?;
/// assert_eq!(reply.code(), ReturnCode::COMPLETED);
/// assert_eq!(reply.property("NameServer").collect::<Vec<_>>(), ["ns1.example.net", "ns2.example.net"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Reply {
    bytes: Bytes,
    grammar: Grammar,
    code: ReturnCode,
    index: Index,
    /// Whether it quotes a secret of its command, where no name tells that it is one.
    concealed: bool,
}

/// The code and the text of a reply, read without looking at the rest.
///
/// The rest may still be malformed, or hold a second code: who is about to believe a reply reads it whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head<'f> {
    code: ReturnCode,
    text: &'f [u8],
}

impl<'f> Head<'f> {
    /// The return code.
    #[must_use]
    pub const fn code(&self) -> ReturnCode {
        self.code
    }

    /// The text, with its part after `;`.
    #[must_use]
    pub fn text(&self) -> Cow<'f, str> {
        text_of(self.text)
    }
}

/// One line of a reply: an attribute (RRP), a property with its index or a key (PTF).
#[derive(Clone, Copy)]
pub struct Item<'r> {
    name: &'r [u8],
    index: Option<u32>,
    value: &'r [u8],
}

impl<'r> Item<'r> {
    /// The name, as the registry spells it.
    #[must_use]
    pub fn name(&self) -> Cow<'r, str> {
        text_of(self.name)
    }

    /// Whether it goes by this name, compared without case and blanks.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        same_name(self.name, name.as_bytes())
    }

    /// The index of a PTF property; `None` for an attribute of RRP and for a key of the reply itself.
    #[must_use]
    pub const fn index(&self) -> Option<u32> {
        self.index
    }

    /// The value; may be empty.
    #[must_use]
    pub fn value(&self) -> Cow<'r, str> {
        text_of(self.value)
    }

    /// The value as received.
    #[must_use]
    pub const fn value_bytes(&self) -> &'r [u8] {
        self.value
    }
}

/// As text. Almost all is UTF-8, and checking that costs less than looking for what is not.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    core::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

impl Reply {
    /// Reads a whole frame: every line is looked at, and none may be out of place. One allocation.
    ///
    /// # Errors
    /// [`Malformed`] with the line and the cause: no code, a second code or block, a line without separator.
    pub fn parse(frame: &Frame) -> Result<Self, Malformed> {
        let mut index = Index::new();
        index.lines.reserve_exact(frame.lines());
        Self::parse_into(frame, index)
    }

    /// Reads a whole frame into used storage: no allocation if there is room. See [`into_index`](Self::into_index).
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_into(frame: &Frame, mut index: Index) -> Result<Self, Malformed> {
        let bytes = frame.bytes();
        let (grammar, code) = match frame.grammar() {
            Grammar::Ptf => (Grammar::Ptf, read::ptf_reply(bytes, Form::Wire, &mut index)?),
            Grammar::Rrp | Grammar::Text => (Grammar::Rrp, read::rrp_reply(bytes, &mut index)?),
        };
        Ok(Self { bytes: bytes.clone(), grammar, code, index, concealed: false })
    }

    /// Reads a PTF reply as documents quote it: the `[RESPONSE]` may be missing, and lines without `=` (such as `...`)
    /// are passed over. Not for what comes over a connection.
    ///
    /// # Errors
    /// [`Malformed`] if there is no code, a second one, another block than `[RESPONSE]`, or a second block (but for a
    /// first line that is printed twice).
    pub fn parse_excerpt(frame: &Frame) -> Result<Self, Malformed> {
        let mut index = Index::new();
        let code = read::ptf_reply(frame.bytes(), Form::Excerpt, &mut index)?;
        Ok(Self { bytes: frame.bytes().clone(), grammar: Grammar::Ptf, code, index, concealed: false })
    }

    /// Reads the code and the text alone. If the code leads, what follows them costs nothing, however long.
    ///
    /// # Errors
    /// [`Malformed`] if the lines up to them are.
    pub fn peek(frame: &Frame) -> Result<Head<'_>, Malformed> {
        let bytes = frame.bytes();
        let (code, text) = match frame.grammar() {
            Grammar::Ptf => read::ptf_head(bytes)?,
            Grammar::Rrp | Grammar::Text => read::rrp_head(bytes)?,
        };
        Ok(Head { code, text: text.of(bytes) })
    }

    /// Prints nothing of what it says from now on: it quotes a secret of its command.
    pub(crate) const fn conceal(&mut self) {
        self.concealed = true;
    }

    /// Gives the storage back, for the next [`parse_into`](Self::parse_into).
    #[must_use]
    pub fn into_index(self) -> Index {
        self.index
    }

    /// The frame's bytes, without terminator.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The grammar in which it came: RRP, or a PTF block.
    #[must_use]
    pub const fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// The return code.
    #[must_use]
    pub const fn code(&self) -> ReturnCode {
        self.code
    }

    /// The text beside the code, with its part after `;`; empty if there is none.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        text_of(self.text_bytes())
    }

    /// The text as received.
    #[must_use]
    pub fn text_bytes(&self) -> &[u8] {
        self.index.text.of(&self.bytes)
    }

    /// What the text says after its first `;`, where registries put the particulars.
    #[must_use]
    pub fn detail(&self) -> Option<Cow<'_, str>> {
        let text = self.text_bytes();
        let at = memchr::memchr(b';', text)?;
        let detail = text.get(at.checked_add(1)?..)?.trim_ascii();
        (!detail.is_empty()).then(|| text_of(detail))
    }

    /// What the reply means in answer to `context`.
    ///
    /// As [`ReturnCode::verdict`], with the grammar, and with the text: 530 and 547 to a command may be a lost login only
    /// if they come with exactly the listed text and nothing after it.
    #[must_use]
    pub fn verdict(&self, context: Context) -> Verdict {
        let verdict = self.code.verdict(context);
        if verdict.class() == Class::Success && self.is_of_the_other_grammar(context) {
            return verdict.misfit();
        }
        // Only these two; the login is also to be probed where a change of the password failed, whatever the text.
        let advice = match (self.code, context) {
            (_, Context::Login | Context::PasswordChange) => return verdict,
            (ReturnCode::AUTHENTICATION_FAILED, _) => Advice::AskPermission,
            (ReturnCode::INVALID_COMMAND_SEQUENCE, _) => Advice::FixRequest,
            _ => return verdict,
        };
        let bare = self.code.info().is_some_and(|info| info.text().as_bytes() == self.text_bytes());
        if verdict.advice() != Advice::ProbeLogin || bare {
            return verdict;
        }
        verdict.with_executed(Executed::No, Word::Specification).with_advice(advice)
    }

    /// Whether a success is one that only a command in the other grammar can get: a block to an RRP command, attributes
    /// of RRP to a PTF command. A refusal, and a bare line, may come in RRP to either.
    fn is_of_the_other_grammar(&self, context: Context) -> bool {
        match context {
            Context::Rrp(_) | Context::Check(_) => self.grammar == Grammar::Ptf,
            Context::Ptf | Context::PtfCheck => self.grammar == Grammar::Rrp && !self.index.lines.is_empty(),
            _ => false,
        }
    }

    /// Every line after the code and the text, in order.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Item<'_>> {
        self.index.lines.iter().map(|line| self.item(line))
    }

    fn item(&self, line: &Line) -> Item<'_> {
        Item { name: line.name.of(&self.bytes), index: line.index(), value: line.value.of(&self.bytes) }
    }

    /// The lines of this name that are properties (PTF) or attributes (RRP).
    fn named<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r Line> {
        let properties = self.grammar == Grammar::Ptf;
        self.index.lines.iter().filter(move |line| {
            line.index().is_some() == properties && same_name(line.name.of(&self.bytes), name.as_bytes())
        })
    }

    fn value(&self, value: Span) -> Cow<'_, str> {
        text_of(value.of(&self.bytes))
    }

    /// The values of a property (PTF) or an attribute (RRP), in the order in which they came.
    pub fn property<'r>(&'r self, name: &'r str) -> impl Iterator<Item = Cow<'r, str>> {
        self.named(name).map(|line| self.value(line.value))
    }

    /// The first value of a property or an attribute.
    #[must_use]
    pub fn first<'r>(&'r self, name: &'r str) -> Option<Cow<'r, str>> {
        self.property(name).next()
    }

    /// The value of a PTF property at an index; the first, if the index stands there twice. Looks through all lines: for
    /// many indices ask for [`rows`](Self::rows).
    #[must_use]
    pub fn property_at(&self, name: &str, index: u32) -> Option<Cow<'_, str>> {
        self.named(name).find(|line| line.index() == Some(index)).map(|line| self.value(line.value))
    }

    /// The first value of a key of the PTF reply itself, such as `runtime`; not `code` and `description`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.grammar != Grammar::Ptf {
            return None;
        }
        let same =
            |line: &&Line| line.index().is_none() && same_name(line.name.of(&self.bytes), name.as_bytes());
        self.index.lines.iter().find(same).map(|line| self.value(line.value))
    }

    /// The first value of a key of the reply itself or, failing that, of a property or an attribute.
    fn given(&self, name: &str) -> Option<String> {
        self.field(name).map(Cow::into_owned).or_else(|| self.first(name).map(Cow::into_owned))
    }

    /// The first value of a key of the reply itself, a property or an attribute that says something: not empty, not `0`
    /// and not `no`.
    fn says(&self, name: &str) -> Option<String> {
        let nothing = |value: &str| matches!(value, "" | "0") || value.eq_ignore_ascii_case("no");
        let named = |line: &&Line| same_name(line.name.of(&self.bytes), name.as_bytes());
        let mut values = self.index.lines.iter().filter(named).map(|line| self.value(line.value));
        values.find(|value| !nothing(value)).map(Cow::into_owned)
    }

    /// The first value of a property or an attribute as a date, as the registry wrote it.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<RegistryDate> {
        RegistryDate::parse(&self.first(name)?)
    }

    /// How long the registry says that it worked on the command.
    #[must_use]
    pub fn runtime(&self) -> Option<Duration> {
        self.seconds("runtime")
    }

    /// How long the registry says that the command waited.
    #[must_use]
    pub fn queuetime(&self) -> Option<Duration> {
        self.seconds("queuetime")
    }

    fn seconds(&self, name: &str) -> Option<Duration> {
        Duration::try_from_secs_f64(self.field(name)?.parse().ok()?).ok()
    }

    /// The client's transaction id, `cltrid`, if the registry repeats it.
    #[must_use]
    pub fn client_transaction_id(&self) -> Option<String> {
        self.given("cltrid")
    }

    /// The registry's transaction id, `svtrid`, if it gives one.
    #[must_use]
    pub fn server_transaction_id(&self) -> Option<String> {
        self.given("svtrid")
    }

    /// Whether the command was only accepted, and its effect is still to come: a success with a job, with `pending`, or
    /// with "pending" in its detail. To be asked of the reply to a change: a list with a column `job` says yes too.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        let detail = || self.detail().is_some_and(|detail| detail.to_ascii_lowercase().contains("pending"));
        self.code.class() == Class::Success
            && (self.says("pending").is_some()
                || self.says("jobqueue").is_some()
                || self.job().is_some()
                || detail())
    }

    /// The number of the job that will do what was accepted, if the registry names one.
    #[must_use]
    pub fn job(&self) -> Option<String> {
        ["jobid", "job_id", "job"].iter().find_map(|name| self.says(name))
    }
}
