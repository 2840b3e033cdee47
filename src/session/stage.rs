//! The stages of a session's life.

use core::fmt;

/// Where in its life a connection is, or came to its end. Each stage has a deadline of its own, but for
/// [`Greeted`](Self::Greeted).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The host's name is looked up.
    Dns,
    /// The TCP connection is opened.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The registry is to introduce itself (RFC 2832 §3).
    Greeting,
    /// The registry has greeted; the login waits for its owner ([`Config::login_when_told`]). How long it may, its owner
    /// decides, and the registry, which closes what does not log in.
    ///
    /// [`Config::login_when_told`]: super::Config::login_when_told
    Greeted,
    /// SESSION was sent, or is about to be (§4.3.8).
    Login,
    /// Logged in, and nothing is asked.
    Idle,
    /// A command is accepted; nothing of it was handed to the transport.
    Check,
    /// A command was handed to the transport, which has not taken all of it.
    Write,
    /// The whole command was written, and nothing has come back.
    FirstByte,
    /// A part of the reply is there.
    Reply,
    /// QUIT was sent, or is about to be (§4.3.6).
    Quit,
    /// It is over.
    Ended,
}

impl Stage {
    /// The stage as one stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Greeted => "greeted",
            Self::Login => "login",
            Self::Idle => "idle",
            Self::Check => "check",
            Self::Write => "write",
            Self::FirstByte => "first-byte",
            Self::Reply => "reply",
            Self::Quit => "quit",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
