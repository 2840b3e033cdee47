//! What was sent, as far as it may be remembered.

use super::keyed::{Kept, Keyed, plain_name};
use crate::command::{Body, Command, Object, RrpLine};

/// What a line of a command does with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a journal writes each")]
pub enum LineKind {
    /// An attribute of RRP, or a parameter of PTF.
    Set,
    /// An option of RRP.
    Option,
    /// Removes the value (RFC 2832 §4.3.5).
    Remove,
    /// Puts the value in the place of this one.
    Replace(Kept),
}

/// One line of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentLine {
    name: Box<str>,
    kind: LineKind,
    value: Kept,
}

impl SentLine {
    /// A line of this name.
    #[must_use]
    pub fn new(name: &str, kind: LineKind, value: Kept) -> Self {
        Self { name: name.into(), kind, value }
    }

    /// Its name, as it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name in lowercase, without blanks and index.
    #[must_use]
    pub fn plain_name(&self) -> String {
        plain_name(&self.name)
    }

    /// What it does.
    #[must_use]
    pub const fn kind(&self) -> &LineKind {
        &self.kind
    }

    /// What is kept of its value.
    #[must_use]
    pub const fn value(&self) -> &Kept {
        &self.value
    }
}

/// In what form a command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// Lines of RRP.
    Rrp,
    /// A `[COMMAND]` block.
    Ptf,
    /// A request of another API, in bytes of which nothing is remembered but a hash.
    Opaque,
}

impl Form {
    /// `rrp`, `ptf` or `opaque`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rrp => "rrp",
            Self::Ptf => "ptf",
            Self::Opaque => "opaque",
        }
    }

    /// The form of this word, as [`as_str`](Self::as_str) gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rrp, Self::Ptf, Self::Opaque].into_iter().find(|form| form.as_str() == name)
    }
}

/// A command as it is remembered: enough to prove it or to show it to a person, without contact data and secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    form: Form,
    name: Box<str>,
    objects: Vec<Object>,
    lines: Vec<SentLine>,
}

impl Sent {
    /// What is remembered of a command. It has at most 1,024 lines, as every command.
    #[must_use]
    pub fn of(command: &Command, keyed: &Keyed) -> Self {
        let (form, lines) = match command.body() {
            Body::Rrp(rrp) => (Form::Rrp, rrp.lines().iter().map(|line| of_line(line, keyed)).collect()),
            Body::Ptf(ptf) => {
                let line = |parameter: &crate::command::ptf::Parameter| {
                    let name = parameter.name().as_str();
                    SentLine::new(name, LineKind::Set, keyed.keep(name, parameter.value().expose()))
                };
                (Form::Ptf, ptf.parameters().iter().map(line).collect())
            }
        };
        Self { form, name: command.name().into(), objects: command.objects(), lines }
    }

    /// A command out of its parts, as a journal keeps them.
    #[must_use]
    pub fn from_parts(form: Form, name: &str, objects: Vec<Object>, lines: Vec<SentLine>) -> Self {
        Self { form, name: name.into(), objects, lines }
    }

    /// In what form it is sent.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The name of the command.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The objects that it is about.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[SentLine] {
        &self.lines
    }

    /// The first value of this name that is set, by an attribute, an option or a parameter; empty ones do not count. RRP's
    /// names are compared without blanks and index, and in any case; those of another API as they are.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Kept> {
        let plain = plain_name(name);
        let sets = |line: &&SentLine| matches!(line.kind, LineKind::Set | LineKind::Option);
        let is_named = |line: &&SentLine| match self.form {
            Form::Opaque => line.name() == name,
            Form::Rrp | Form::Ptf => line.plain_name() == plain,
        };
        let mut values = self.lines.iter().filter(sets).filter(is_named).map(SentLine::value);
        values.find(|value| !value.is(""))
    }
}

fn of_line(line: &RrpLine, keyed: &Keyed) -> SentLine {
    let name = line.name().as_str();
    let keep = |value: &crate::command::Field| keyed.keep(name, value.expose());
    match line {
        RrpLine::Attribute { value, .. } => SentLine::new(name, LineKind::Set, keep(value)),
        RrpLine::Option { value, .. } => SentLine::new(name, LineKind::Option, keep(value)),
        RrpLine::Remove { old, .. } => SentLine::new(name, LineKind::Remove, keep(old)),
        RrpLine::Replace { old, new, .. } => SentLine::new(name, LineKind::Replace(keep(old)), keep(new)),
    }
}

/// The hash by which two commands are told to be the same: of all that they say, secrets included.
#[must_use]
pub(crate) fn payload_hash(command: &Command, keyed: &Keyed) -> [u8; 16] {
    // A header is not a parameter that follows the last one.
    let parameters = match command.body() {
        Body::Rrp(rrp) => rrp.lines().len(),
        Body::Ptf(ptf) => ptf.parameters().len(),
    };
    let parameters = u64::try_from(parameters).unwrap_or(u64::MAX).to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![&parameters];
    match command.body() {
        Body::Rrp(rrp) => {
            parts.extend([&b"rrp"[..], rrp.verb().as_str().as_bytes()]);
            for line in rrp.lines() {
                parts.push(line.name().as_str().as_bytes());
                match line {
                    RrpLine::Attribute { value, .. } => {
                        parts.extend([&b"set"[..], value.expose().as_bytes()])
                    }
                    RrpLine::Option { value, .. } => {
                        parts.extend([&b"option"[..], value.expose().as_bytes()])
                    }
                    RrpLine::Remove { old, .. } => parts.extend([&b"remove"[..], old.expose().as_bytes()]),
                    RrpLine::Replace { old, new, .. } => {
                        parts.extend([&b"replace"[..], old.expose().as_bytes(), new.expose().as_bytes()]);
                    }
                }
            }
        }
        Body::Ptf(ptf) => {
            parts.extend([&b"ptf"[..], ptf.name().as_str().as_bytes()]);
            for parameter in ptf.parameters().iter().chain(ptf.headers()) {
                parts.extend([parameter.name().as_str().as_bytes(), parameter.value().expose().as_bytes()]);
            }
        }
    }
    keyed.hash(parts)
}

/// Whether a text quotes a value that may not be remembered in clear. One of three characters or fewer is found everywhere,
/// and not looked for.
#[must_use]
pub(crate) fn quotes_hidden(command: &Command, keyed: &Keyed, text: &str) -> bool {
    const TOO_SHORT: usize = 3;
    let hidden = |name: &str, value: &crate::command::Field| {
        let value = value.expose().trim();
        value.len() > TOO_SHORT && matches!(keyed.keep(name, value), Kept::Hash(_)) && text.contains(value)
    };
    match command.body() {
        Body::Rrp(rrp) => rrp.lines().iter().any(|line| match line {
            RrpLine::Attribute { name, value } | RrpLine::Option { name, value } => {
                hidden(name.as_str(), value)
            }
            RrpLine::Remove { name, old } => hidden(name.as_str(), old),
            RrpLine::Replace { name, old, new } => hidden(name.as_str(), old) || hidden(name.as_str(), new),
        }),
        Body::Ptf(ptf) => {
            let mut parameters = ptf.parameters().iter().chain(ptf.headers());
            parameters.any(|parameter| hidden(parameter.name().as_str(), parameter.value()))
        }
    }
}
