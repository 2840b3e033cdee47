//! What a pool tells those who watch.

use core::time::Duration;
use std::sync::Arc;

use crate::code::ReturnCode;
use crate::dispatch::Unavailable;
use crate::session::Remains;

/// Something that happened to the sessions of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A session is logged in.
    Opened {
        /// Its number.
        session: u64,
    },
    /// A session could not be opened; another try follows.
    NotOpened {
        /// Its number.
        session: u64,
        /// Why.
        why: Unavailable,
    },
    /// A session is over.
    Ended {
        /// Its number.
        session: u64,
        /// The code that ended it, if one did.
        code: Option<ReturnCode>,
        /// What the registry may still count.
        remains: Remains,
    },
    /// The login was refused: none is tried until somebody corrects it.
    LoginRefused {
        /// Why.
        why: Unavailable,
    },
    /// The registry has locked the account (422): nothing is sent for so long.
    Held {
        /// How long.
        wait: Duration,
    },
    /// A read has proven that the account is not locked any more.
    HoldOver,
    /// The registry takes no more sessions (521): so many are tried from now on, lost ones included.
    Full {
        /// Sessions that are logged in or may be.
        ours: usize,
        /// Lost ones that the registry may still count.
        ghosts: usize,
        /// How many are tried at the most, until it grows back.
        target: usize,
    },
    /// The registry takes no more sessions, and ours do not explain it: somebody else uses the account.
    ForeignUse {
        /// Sessions that are logged in or may be.
        ours: usize,
        /// Lost ones that the registry may still count.
        ghosts: usize,
        /// What the account is said to be allowed.
        max: usize,
    },
    /// One more session is tried again.
    Grown {
        /// How many are tried at the most.
        target: usize,
    },
    /// An operator holds the account: nothing is sent for so long.
    HeldByOperator {
        /// How long.
        wait: Duration,
        /// Why, in the operator's words.
        reason: Arc<str>,
    },
    /// The operator's hold is over, or was ended.
    Released,
    /// An operator has paused the account: nobody gets a slot.
    Paused,
    /// It goes on.
    Resumed,
    /// An operator has every session replaced, one at a time.
    Reconnects,
    /// An operator has this session closed at once, whatever is on it.
    Killed {
        /// Its number.
        session: u64,
    },
    /// The password was changed, and sessions roll over to it.
    PasswordChanged,
}
