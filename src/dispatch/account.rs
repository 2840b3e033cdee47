//! What is remembered of an account beside its writes.

use core::fmt;

use crate::secret::REDACTED;

/// What a restart must know of an account, so that it keeps the account's limits: kept in the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub(crate) refused: Option<RefusedLogin>,
    pub(crate) held_until: Option<u64>,
    pub(crate) operator_hold: Option<OperatorHold>,
    pub(crate) sessions: u32,
    pub(crate) boot: Option<Box<str>>,
    pub(crate) ghosts: Vec<u64>,
}

/// A login that the registry has refused. No other one is tried with the same credential.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedLogin {
    /// A keyed hash of login and password.
    pub(crate) credential: [u8; 16],
    pub(crate) why: Box<str>,
    pub(crate) at: u64,
}

/// An operator wants nothing sent until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorHold {
    pub(crate) until: u64,
    pub(crate) reason: Box<str>,
}

impl OperatorHold {
    /// The longest reason, in bytes.
    pub const MAX_REASON: usize = 200;

    /// Until when, in milliseconds of Unix time.
    #[must_use]
    pub const fn until(&self) -> u64 {
        self.until
    }

    /// Why, in the operator's words: without control characters.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Account {
    /// So many ghosts are remembered at the most.
    pub const MAX_GHOSTS: usize = 256;

    /// The login that was refused last, if it was not corrected since.
    #[must_use]
    pub const fn refused(&self) -> Option<&RefusedLogin> {
        self.refused.as_ref()
    }

    /// Until when the registry has locked the account, in milliseconds of Unix time. It may be over, and not proven to be.
    #[must_use]
    pub const fn held_until(&self) -> Option<u64> {
        self.held_until
    }

    /// Until when an operator wants nothing sent, and why, if one does.
    #[must_use]
    pub const fn operator_hold(&self) -> Option<&OperatorHold> {
        self.operator_hold.as_ref()
    }

    /// How many sessions may be open.
    #[must_use]
    pub const fn sessions(&self) -> u32 {
        self.sessions
    }

    /// The boot of the machine under which they were opened.
    #[must_use]
    pub fn boot(&self) -> Option<&str> {
        self.boot.as_deref()
    }

    /// Until when places stay charged for sessions that were lost, in milliseconds of Unix time.
    #[must_use]
    pub fn ghosts(&self) -> &[u64] {
        &self.ghosts
    }
}

impl RefusedLogin {
    /// Why, without secrets.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// When, in milliseconds of Unix time.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }
}

impl fmt::Debug for RefusedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedLogin")
            .field("credential", &REDACTED)
            .field("why", &self.why)
            .field("at", &self.at)
            .finish()
    }
}
