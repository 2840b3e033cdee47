//! How urgent a command is.

/// Who goes first. Each lane has a share of the account's pace that no other lane can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// Reads that settle a doubt, and writes whose object has been read for them. Not for callers to choose.
    Settle,
    /// Somebody sits in front of a screen and waits.
    Interactive,
    /// All else.
    #[default]
    Normal,
    /// Nobody waits: the 40,000 renewals of a night.
    Bulk,
}

impl Lane {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Settle, Self::Interactive, Self::Normal, Self::Bulk];

    /// Its name: `settle`, `interactive`, `normal` or `bulk`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::Interactive => "interactive",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }
}
