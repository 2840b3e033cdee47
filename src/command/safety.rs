//! What the caller of a change allows.

use core::fmt;

/// How a change may be sent again when it is not known, or not believed, that it failed.
///
/// It has no default: a write cannot be sent without a thought. Whatever it is, a change of which no byte was handed
/// over may be sent, and nothing is resent that its read-back could not disprove, but under [`Repeatable`](Self::Repeatable).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about money must handle each of these")]
pub enum Safety {
    /// Nothing is believed: what failed for now (420 to 422, an HTTP 429) is read back before it is sent again, unless the
    /// registry itself refuses a second one, and is in doubt where no read can tell; what was lost is read back.
    ReadBack,
    /// A registry that says "failed, try again" (420 to 422, an HTTP 429) is believed, and the change is sent again. What was lost is
    /// read back.
    TrustReply,
    /// It is sent once. "Failed, try again" is a refusal; what was lost is read back, and not sent again.
    Once,
    /// Twice does no harm, on the caller's word: it is sent again wherever another would be read back.
    Repeatable,
}

impl Safety {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::ReadBack, Self::TrustReply, Self::Once, Self::Repeatable];

    /// `read-back`, `trust-reply`, `once` or `repeatable`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadBack => "read-back",
            Self::TrustReply => "trust-reply",
            Self::Once => "once",
            Self::Repeatable => "repeatable",
        }
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
