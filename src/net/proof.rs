//! What came of a keepalive.

use crate::reply::Reply;

/// What came of asking a registry whether the login still holds.
///
/// The reply has more than that to say: 422 locks the account, 421 is a registry in trouble, and one that closes
/// (220, 420, 520, 521) is followed by the end of the session.
#[derive(Clone, Debug)]
pub struct Proof {
    holds: bool,
    reply: Option<Reply>,
}

impl Proof {
    pub(super) const fn answered(reply: Reply, holds: bool) -> Self {
        Self { holds, reply: Some(reply) }
    }

    /// Nothing was asked.
    pub(super) const NOT_ASKED: Self = Self { holds: false, reply: None };

    /// Whether the registry said yes: the login held when it answered. Otherwise it is open, for what disproves the login
    /// ends the session.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.holds
    }

    /// What the registry said; `None` if nothing was asked, because too many others wait
    /// ([`MAX_WAITING`](super::Connection::MAX_WAITING)).
    #[must_use]
    pub const fn reply(&self) -> Option<&Reply> {
        self.reply.as_ref()
    }
}
