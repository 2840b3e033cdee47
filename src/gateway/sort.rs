//! What sort of refusal a code is.

use core::fmt;
use core::time::Duration;

use crate::verdict::{Advice, Class, Executed, Verdict, Word};

/// What sort of refusal a code is, finer than [`Class`].
///
/// The sorts are those of the researched tables (`tests/fixtures/reference/reseller-codes.tsv` and `number-codes.tsv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sort {
    /// The request is wrong, or cannot be done at all.
    Permanent,
    /// What it names does not exist, or is not the caller's.
    NotFound,
    /// The credentials were refused, or they do not allow it.
    Auth,
    /// There is not enough credit.
    Billing,
    /// No price is configured.
    BillingConfig,
    /// A quota is used up.
    Quota,
    /// The state of the object forbids it.
    State,
    /// What it names belongs together with something else.
    Conflict,
    /// It is used by something else.
    ConflictInUse,
    /// It is done already: perhaps by an earlier attempt.
    ConflictDone,
    /// Another operation is under way, perhaps an earlier attempt.
    ConflictInProgress,
    /// It failed, and the cause stands only in the message.
    SeeMessage,
    /// It failed for now.
    Temporary,
    /// It failed in a way that leaves open what was done.
    TemporaryUncertain,
}

impl Sort {
    /// Each of them.
    pub const ALL: &'static [Self] = &[
        Self::Permanent,
        Self::NotFound,
        Self::Auth,
        Self::Billing,
        Self::BillingConfig,
        Self::Quota,
        Self::State,
        Self::Conflict,
        Self::ConflictInUse,
        Self::ConflictDone,
        Self::ConflictInProgress,
        Self::SeeMessage,
        Self::Temporary,
        Self::TemporaryUncertain,
    ];

    /// The sort as one stable word: the one of the tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::NotFound => "not-found",
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::BillingConfig => "billing-config",
            Self::Quota => "permanent-quota",
            Self::State => "permanent-state",
            Self::Conflict => "conflict",
            Self::ConflictInUse => "conflict-in-use",
            Self::ConflictDone => "conflict-done",
            Self::ConflictInProgress => "conflict-in-progress",
            Self::SeeMessage => "permanent-see-message",
            Self::Temporary => "temporary",
            Self::TemporaryUncertain => "temporary-uncertain",
        }
    }

    /// What a refusal of this sort means if the table says nothing else of its code. That nothing was executed follows
    /// from the sort; no API promises it in words.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        const NO: Verdict = Verdict::new(Class::Permanent).with_executed(Executed::No, Word::Inference);
        const LATER: Verdict = Verdict::new(Class::Temporary).with_executed(Executed::No, Word::Inference);
        match self {
            Self::Permanent | Self::NotFound => NO.with_advice(Advice::FixRequest),
            Self::Auth | Self::BillingConfig => NO.with_advice(Advice::AskPermission),
            Self::Billing => NO.with_advice(Advice::TopUp),
            Self::Quota | Self::State | Self::Conflict | Self::ConflictInUse => {
                NO.with_advice(Advice::ChangeState)
            }
            Self::ConflictDone => NO.with_advice(Advice::LookFirst),
            Self::ConflictInProgress => LATER.with_advice(Advice::WaitForOther),
            Self::SeeMessage => NO.with_advice(Advice::ReadMessage),
            Self::Temporary => LATER.with_advice(Advice::Resubmit { after: Duration::from_secs(60) }),
            Self::TemporaryUncertain => Verdict::new(Class::Temporary),
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
