//! How many attempts an account may repeat.

/// A store of tokens for one account, as gRPC throttles retries (gRFC A6): what is repeated takes a token, what succeeds
/// brings a tenth of one, and nothing is repeated while not more than half of them are left. A registry that fails
/// for everybody is not asked twice as often for it.
///
/// Read-backs do not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In tenths.
    tokens: u32,
    most: u32,
}

const TENTHS: u32 = 10;

impl Budget {
    /// 100 tokens.
    pub const DEFAULT: Self = Self::new(100);

    /// With at most so many tokens, all of which are there.
    #[must_use]
    pub const fn new(tokens: u32) -> Self {
        let most = tokens.saturating_mul(TENTHS);
        Self { tokens: most, most }
    }

    /// Whether something may be repeated.
    #[must_use]
    pub const fn allows(&self) -> bool {
        self.tokens > self.most / 2
    }

    /// Something is repeated.
    pub const fn spend(&mut self) {
        self.tokens = self.tokens.saturating_sub(TENTHS);
    }

    /// Something has succeeded.
    pub fn earn(&mut self) {
        self.tokens = self.tokens.saturating_add(1).min(self.most);
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::DEFAULT
    }
}
