//! The ten commands of RRP, and which return codes each can get (RFC 2832 §5.2, with the additions of RFC 3632 §2.1).

use core::fmt;

/// A command name of RFC 2832 §4.3.
///
/// XRRP knows other commands; those are named by a [`Token`](crate::Token), never squeezed into this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verb {
    /// Registers a domain name or a name server (§4.3.1).
    Add,
    /// Asks whether a domain name or a name server is registered (§4.3.2).
    Check,
    /// Cancels a domain name or deletes a name server (§4.3.3).
    Del,
    /// Asks for general information about the server (§4.3.4).
    Describe,
    /// Updates a domain name or a name server (§4.3.5).
    Mod,
    /// Ends the session (§4.3.6).
    Quit,
    /// Renews a domain name (§4.3.7).
    Renew,
    /// Logs in, and may change the password (§4.3.8).
    Session,
    /// Asks for the attributes of a domain name or a name server (§4.3.9).
    Status,
    /// Requests, approves, rejects or cancels a transfer (§4.3.10, RFC 3632 §2.2).
    Transfer,
}

impl Verb {
    /// All ten, in alphabetical order.
    pub const ALL: [Self; 10] = [
        Self::Add,
        Self::Check,
        Self::Del,
        Self::Describe,
        Self::Mod,
        Self::Quit,
        Self::Renew,
        Self::Session,
        Self::Status,
        Self::Transfer,
    ];

    /// The name as it goes over the wire, in lower case as in the RFC's examples.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Check => "check",
            Self::Del => "del",
            Self::Describe => "describe",
            Self::Mod => "mod",
            Self::Quit => "quit",
            Self::Renew => "renew",
            Self::Session => "session",
            Self::Status => "status",
            Self::Transfer => "transfer",
        }
    }

    /// The verb of this name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str().eq_ignore_ascii_case(name))
    }

    /// The codes that RFC 2832 §5.2 lists under "Success" for this command.
    #[must_use]
    pub const fn success_codes(self) -> &'static [u16] {
        match self {
            Self::Check => &[210, 211, 212, 213],
            Self::Quit => &[220],
            _ => &[200, 220],
        }
    }

    /// The codes that RFC 2832 §5.2 and RFC 3632 §2.1 list under "Failure" for this command.
    ///
    /// 220 stands here for CHECK: the server closed without an answer.
    #[must_use]
    pub const fn failure_codes(self) -> &'static [u16] {
        match self {
            Self::Add => &[
                420, 421, 500, 502, 503, 504, 505, 507, 508, 510, 520, 531, 535, 540, 541, 545, 546, 547,
                549, 550, 554,
            ],
            Self::Check => &[220, 420, 421, 500, 502, 503, 504, 505, 507, 508, 520, 541, 547, 549],
            Self::Del => &[
                420, 421, 500, 502, 503, 504, 505, 507, 508, 520, 531, 532, 533, 541, 544, 545, 547, 549,
                551, 552, 553, 557,
            ],
            Self::Describe => &[420, 421, 500, 501, 506, 507, 509, 520, 547, 549],
            Self::Mod => &[
                420, 421, 500, 502, 503, 504, 505, 507, 508, 510, 520, 531, 535, 540, 541, 542, 543, 544,
                545, 547, 549, 550, 551, 552, 553, 557,
            ],
            Self::Quit => &[420, 421, 500, 507, 520, 547, 549],
            Self::Renew => &[
                420, 421, 500, 502, 503, 504, 505, 507, 508, 520, 531, 541, 545, 546, 547, 548, 549, 552,
                553, 555, 556,
            ],
            Self::Session => &[420, 421, 500, 501, 506, 507, 508, 509, 520, 521, 530, 531, 547, 549],
            Self::Status => {
                &[420, 421, 500, 501, 502, 503, 504, 505, 506, 507, 508, 520, 531, 541, 545, 547, 549]
            }
            Self::Transfer => &[
                420, 421, 500, 501, 502, 503, 504, 505, 506, 507, 508, 520, 531, 534, 536, 541, 544, 545,
                546, 547, 549, 552, 553,
            ],
        }
    }
}

/// What a command is about (`EntityName`, RFC 2832 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// A domain name.
    Domain,
    /// A name server.
    NameServer,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
