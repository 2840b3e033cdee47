//! HTTP statuses: the four of the list, and what all others come to.

use core::fmt;
use core::time::Duration;

use crate::gateway::sort::Sort;
use crate::verdict::{Advice, Class, Executed, Verdict, Word};

/// An HTTP status. The named constants are those of the API's list; every other number survives, without
/// [`info`](Self::info).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

/// What the API's list says about one status.
#[derive(Clone, Copy, Debug)]
pub struct StatusInfo {
    status: Status,
    name: &'static str,
    text: &'static str,
    sort: Sort,
    verdict: Verdict,
}

impl StatusInfo {
    /// The status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The listed name, to the letter.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The listed text, to the letter.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// What sort of refusal it is.
    #[must_use]
    pub const fn sort(&self) -> Sort {
        self.sort
    }

    /// What it means, if no code says more.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }
}

static STATUSES: &[StatusInfo] = &[
    StatusInfo {
        status: Status::BAD_REQUEST,
        name: "Bad Request",
        text: "The server was not able to process the request due to missing or invalid data.",
        sort: Sort::Permanent,
        verdict: Verdict::new(Class::Permanent)
            .with_executed(Executed::No, Word::Registry)
            .with_advice(Advice::FixRequest),
    },
    StatusInfo {
        status: Status::UNAUTHORIZED,
        name: "Unauthorized",
        text: "Wrong or missing credentials.",
        sort: Sort::Auth,
        verdict: Verdict::new(Class::Permanent)
            .with_executed(Executed::No, Word::Inference)
            .with_advice(Advice::StopLoggingIn),
    },
    // Permissions or the state: without a code only the message can tell which.
    StatusInfo {
        status: Status::FORBIDDEN,
        name: "Forbidden",
        text: "The request could not be processed due to missing permissions or because it would create an invalid state.",
        sort: Sort::SeeMessage,
        verdict: Verdict::new(Class::Permanent)
            .with_executed(Executed::No, Word::Registry)
            .with_advice(Advice::ReadMessage),
    },
    StatusInfo {
        status: Status::INTERNAL_SERVER_ERROR,
        name: "Internal Server Error",
        text: "An error occurred on the server while processing the request.",
        sort: Sort::TemporaryUncertain,
        verdict: Sort::TemporaryUncertain.verdict(),
    },
];

impl Status {
    /// 400 Bad Request
    pub const BAD_REQUEST: Self = Self(400);
    /// 401 Unauthorized
    pub const UNAUTHORIZED: Self = Self(401);
    /// 403 Forbidden
    pub const FORBIDDEN: Self = Self(403);
    /// 500 Internal Server Error
    pub const INTERNAL_SERVER_ERROR: Self = Self(500);

    /// The status of this number, whatever it is.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Whether it says that the request was done, or accepted: 200, 201, 202, 204 or 205.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200 | 201 | 202 | 204 | 205)
    }

    /// Whether the request was accepted and is not yet done: 202 (RFC 9110 §15.3.3).
    #[must_use]
    pub const fn is_pending(self) -> bool {
        self.0 == 202
    }

    /// What the list says about it; `None` for one that is not on it.
    #[must_use]
    pub fn info(self) -> Option<&'static StatusInfo> {
        STATUSES.iter().find(|info| info.status == self)
    }

    /// Every listed status, in the order of the list.
    pub fn known() -> impl ExactSizeIterator<Item = &'static StatusInfo> {
        STATUSES.iter()
    }

    /// What an answer with this status means, if no code says more.
    ///
    /// The list has no success, so whatever is said here of a status that is not on it is an inference: 200, 201, 202,
    /// 204 and 205 are successes, 202 one that is [pending](Self::is_pending). 408 and every 5xx leave open what was
    /// done, for whoever sent them had perhaps passed the request on. 429 says that the request came too soon: nothing was
    /// done, as far as that is believed ([`Safety`](crate::command::Safety)). Any other 4xx that is registered (RFC 9110
    /// §15.5 and IANA's registry of HTTP status codes) is a refusal of which nobody says that nothing was done. Of all
    /// others nothing is known: of a 2xx that tells of a part or of a proxy (203, 206, 207, 226), and of a 4xx of somebody's
    /// own, as the 499 of a proxy whose client went away.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        if let Some(info) = self.info() {
            return info.verdict;
        }
        match self.0 {
            _ if self.is_success() => Verdict::new(Class::Success)
                .with_executed(Executed::Yes, Word::Inference)
                .with_advice(Advice::Done),
            408 | 500..=599 => Verdict::new(Class::Temporary),
            429 => Verdict::new(Class::Temporary)
                .with_executed(Executed::No, Word::Inference)
                .with_advice(Advice::Resubmit { after: Duration::from_secs(60) }),
            400..=417 | 421..=426 | 428 | 431 | 451 => {
                Verdict::new(Class::Permanent).with_advice(Advice::ReadMessage)
            }
            _ => Verdict::new(Class::Unclassified),
        }
    }
}

impl From<u16> for Status {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0
    }
}

impl PartialEq<u16> for Status {
    fn eq(&self, number: &u16) -> bool {
        self.0 == *number
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
