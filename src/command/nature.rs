//! What is known about each command: does it write, does it cost, what happens on repetition, which read settles it.
//!
//! One table ([`rows`]) holds it all. A command that it does not list reads if its PTF name begins with `Query`,
//! `Check` or `Status` (CNR's convention); every other is a write of unknown nature.
//!
//! A [`Verdict`](crate::verdict::Verdict) says what a reply means, a [`Nature`] what a repetition would do; whether to
//! send again takes both. A read may always be asked again. A write that was answered with "try again" may be resent
//! without looking only where the registry refuses a second execution; otherwise its effect is read back first, and
//! what no read can prove is in doubt.
//!
//! ```
//! use rrp::command::{Effect, Period, Renew, Repeat, Settle, ToCommand, Year};
//! use rrp::verdict::{Advice, Executed};
//! use rrp::ReturnCode;
//!
//! let renew = Renew::domain(&"example.com".parse()?, Period::years(1)?, Year::new(2027)?).to_command();
//! let verdict = ReturnCode::SERVER_ERROR_TRY_AGAIN.verdict(renew.context());
//! // The registry says "no, and try again" …
//! assert_eq!(verdict.executed(), Executed::No);
//! assert!(matches!(verdict.advice(), Advice::Resubmit { .. }));
//! // … but a renewal costs, and only its own guard stands against a second one: look first, by a STATUS.
//! let nature = renew.nature();
//! assert!(nature.effect() == Effect::Write && nature.billable().at_stake());
//! assert_eq!((nature.repeat(), nature.settle()), (Repeat::Guarded, Settle::Read("status")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod table;

use super::ptf::PtfCommand;
use super::raw::RrpCommand;
use super::{Body, Dialect};

pub use table::rows;

/// What a command does to the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about resending must handle each of these")]
pub enum Effect {
    /// Nothing: it may be asked again.
    Read,
    /// It changes something.
    Write,
    /// It belongs to the session; only the owner of the connection sends it.
    Session,
}

impl Effect {
    /// `read`, `write` or `session`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Session => "session",
        }
    }
}

/// Whether it can cost money.
///
/// Only a plain "no" of the sources is [`No`](Self::No): refunds, fees and changes to later billing are
/// [`Maybe`](Self::Maybe).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about money must handle each of these")]
pub enum Billable {
    /// It never does.
    No,
    /// It may.
    Maybe,
    /// It does.
    Yes,
}

impl Billable {
    /// Whether money may be at stake.
    #[must_use]
    pub const fn at_stake(self) -> bool {
        !matches!(self, Self::No)
    }

    /// `no`, `maybe` or `yes`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }
}

/// What happens when it is sent again after it was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Repeat {
    /// Nothing more happens.
    Harmless,
    /// The registry refuses it.
    Refused,
    /// The command carries a guard by which the registry refuses it (RENEW's expiration year). The guard alone is not
    /// to be trusted with money.
    Guarded,
    /// It is executed again.
    Harmful,
    /// Nobody knows.
    Unknown,
}

impl Repeat {
    /// For people, in one phrase.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Harmless => "harmless",
            Self::Refused => "refused by the registry",
            Self::Guarded => "refused by the command's own guard",
            Self::Harmful => "executed again",
            Self::Unknown => "unknown",
        }
    }
}

/// What sort of command it is: writes of one kind are resent, or not, by one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Asks.
    Query,
    /// Makes an object that has a name of the caller's choice.
    Creation,
    /// Makes an object whose handle the registry chooses.
    Handle,
    /// Prolongs.
    Renewal,
    /// Moves an object between accounts or registrars, or answers such a request.
    Transfer,
    /// Deletes.
    Deletion,
    /// Changes attributes.
    Modification,
    /// Undoes a deletion.
    Restore,
    /// Orders, pays, or sends something out.
    Order,
    /// Opens, keeps or ends a session.
    Session,
    /// Nobody knows.
    Unknown,
}

impl Kind {
    /// For people, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Creation => "creation",
            Self::Handle => "creation with a handle of the registry's",
            Self::Renewal => "renewal",
            Self::Transfer => "transfer",
            Self::Deletion => "deletion",
            Self::Modification => "modification",
            Self::Restore => "restore",
            Self::Order => "order",
            Self::Session => "session",
            Self::Unknown => "unknown",
        }
    }
}

/// By which read it can be learnt afterwards whether it was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Settle {
    /// There is nothing to learn: it changes nothing.
    NotNeeded,
    /// This command reads the object by its name, or the entries about it.
    Read(&'static str),
    /// This command lists objects of the kind. Without an author on each entry that proves nothing: for people.
    List(&'static str),
    /// No read can prove it.
    Impossible,
}

/// What is known about repeating a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nature {
    effect: Effect,
    kind: Kind,
    billable: Billable,
    repeat: Repeat,
    settle: Settle,
}

impl Nature {
    /// A command that only reads.
    pub const READ: Self = Self {
        effect: Effect::Read,
        kind: Kind::Query,
        billable: Billable::No,
        repeat: Repeat::Harmless,
        settle: Settle::NotNeeded,
    };

    /// A command that belongs to the session.
    pub const SESSION: Self = Self {
        effect: Effect::Session,
        kind: Kind::Session,
        billable: Billable::No,
        repeat: Repeat::Unknown,
        settle: Settle::NotNeeded,
    };

    /// A write of which nothing else is known; it may cost.
    pub const UNKNOWN: Self =
        Self::write(Kind::Unknown, Billable::Maybe, Repeat::Unknown, Settle::Impossible);

    /// A write of this nature.
    ///
    /// The rule of resending ([`retry`](crate::retry)) asks whether it is [billable](Self::billable), and whether it is a creation
    /// of which the registry refuses a second one ([`Kind::Creation`] and [`Repeat::Refused`]). All else is for people; that
    /// twice does no harm is for the caller to say, by [`Safety::Repeatable`](super::Safety::Repeatable). Which read
    /// settles a command of RRP or PTF is known by its name, and not at all if this says [`Settle::Impossible`].
    #[must_use]
    pub const fn write(kind: Kind, billable: Billable, repeat: Repeat, settle: Settle) -> Self {
        Self { effect: Effect::Write, kind, billable, repeat, settle }
    }

    /// What the table says about a command.
    #[must_use]
    pub fn of(body: &Body) -> Self {
        match body {
            Body::Rrp(rrp) => Self::of_rrp(rrp),
            Body::Ptf(ptf) => Self::of_ptf(ptf),
        }
    }

    /// What the table says about an RRP command; an unlisted one is a write of unknown nature.
    #[must_use]
    pub fn of_rrp(command: &RrpCommand) -> Self {
        let name = command.verb().as_str();
        let value = |name: &str| {
            match name.strip_prefix('-') {
                Some(option) => command.option_value(option),
                None => command.attribute_value(name),
            }
            .map(|field| field.expose())
        };
        row(Dialect::Rfc, name, value).map_or(Self::UNKNOWN, |row| row.nature())
    }

    /// What the table says about a PTF command, or the convention about its name.
    #[must_use]
    pub fn of_ptf(command: &PtfCommand) -> Self {
        let name = command.name().as_str();
        let value = |parameter: &str| command.get(parameter).map(|field| field.expose());
        match row(Dialect::Xrrp, name, value) {
            Some(row) => row.nature(),
            None => Self::by_name(name),
        }
    }

    /// The convention for PTF commands that the table does not list.
    #[must_use]
    pub fn by_name(name: &str) -> Self {
        let reads = ["Query", "Check", "Status"].iter().any(|prefix| begins_with(name, prefix));
        if reads { Self::READ } else { Self::UNKNOWN }
    }

    /// What it does to the registry.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// What sort of command it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it can cost money.
    #[must_use]
    pub const fn billable(&self) -> Billable {
        self.billable
    }

    /// What happens when it is sent again.
    #[must_use]
    pub const fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// By which read it can be settled.
    #[must_use]
    pub const fn settle(&self) -> Settle {
        self.settle
    }
}

/// Whether a PTF command's name begins with this word, in any case.
pub(crate) fn begins_with(name: &str, word: &str) -> bool {
    name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// When a row of the table applies. An option of an RRP command is named with its dash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Always, if no row of the name above it did.
    Always,
    /// If each of these parameters is there and not empty.
    Has(&'static [&'static str]),
    /// If each of these parameters is a number of one to four digits, and not 0: the guards of renewals.
    Numbers(&'static [&'static str]),
    /// If this parameter has this value, compared without case.
    Is(&'static str, &'static str),
    /// If this parameter is missing or empty.
    Lacks(&'static str),
}

impl When {
    fn holds<'v>(self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        let given = |name: &str| value(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Has(names) => names.iter().all(|name| given(name).is_some()),
            Self::Numbers(names) => names.iter().all(|name| given(name).is_some_and(is_number)),
            Self::Is(name, wanted) => given(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted)),
            Self::Lacks(name) => given(name).is_none(),
        }
    }
}

fn is_number(value: &str) -> bool {
    (1..=4).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte != b'0')
}

/// One row of the table: a command, or one way of using it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    name: &'static str,
    dialect: Dialect,
    when: When,
    nature: Nature,
    repetition: &'static str,
    resolver: &'static str,
    note: &'static str,
}

impl Row {
    /// The name of the command: a PTF name, or an RRP verb.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// [`Dialect::Rfc`] for RRP verbs, [`Dialect::Xrrp`] for PTF commands.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// When the row applies.
    #[must_use]
    pub const fn when(&self) -> When {
        self.when
    }

    /// What is known about the command.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        self.nature
    }

    /// What the sources say about repetition.
    #[must_use]
    pub const fn repetition(&self) -> &'static str {
        self.repetition
    }

    /// What the sources say about reading it back.
    #[must_use]
    pub const fn resolver(&self) -> &'static str {
        self.resolver
    }

    /// What else the sources say; may be empty.
    #[must_use]
    pub const fn note(&self) -> &'static str {
        self.note
    }
}

/// What the table or a convention says of a command, and whether the table itself says that it only reads: it has a row for
/// it, or names it as the read that settles another command.
pub(super) fn listed(body: &Body) -> (Nature, bool) {
    let (dialect, name) = match body {
        Body::Rrp(rrp) => (Dialect::Rfc, rrp.verb().as_str()),
        Body::Ptf(ptf) => (Dialect::Xrrp, ptf.name().as_str()),
    };
    let rows = table::named(dialect, name);
    // Without a row it is what its name says.
    let nature = match body {
        Body::Ptf(_) if rows.is_empty() => Nature::by_name(name),
        _ => Nature::of(body),
    };
    let listed = || !rows.is_empty() || table::settles(dialect, name);
    (nature, nature.effect() == Effect::Read && listed())
}

/// The first row of this name that applies.
fn row<'v>(dialect: Dialect, name: &str, value: impl Fn(&str) -> Option<&'v str>) -> Option<&'static Row> {
    table::named(dialect, name).iter().find(|row| row.when.holds(&value))
}
