//! Why a connection did not come about, and what to check.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::io;

use super::{Family, Pin};
use crate::session::Stage;

/// Why a connection did not come about, or ended before the registry greeted.
///
/// `Display` says what happened, [`fix`](Self::fix) what to check. Text of the peer in it (names in a certificate, the first
/// bytes it sent) is escaped and cut short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The host's name could not be looked up.
    DnsFailure,
    /// The name has no address, or none of the only family that is allowed.
    NoAddress {
        /// The only family that is allowed; `None` for both.
        only: Option<Family>,
    },
    /// Nothing happened in time.
    Timeout {
        /// What took too long.
        stage: Stage,
        /// How long was waited; `None` if it was the operating system that gave up.
        after: Option<Duration>,
    },
    /// Nobody listens on the port, or a firewall says so.
    ConnectionRefused,
    /// No way to the host or its network.
    Unreachable,
    /// Plain text is allowed to loopback only (RFC 2832 §2.1 asks for SSL).
    PlainTextNotAllowed {
        /// The address that it would have gone to.
        address: IpAddr,
    },
    /// The source address cannot be used.
    SourceAddress {
        /// The address; `None` if none of the family needed was given.
        address: Option<IpAddr>,
        /// The family of the address to connect to.
        family: Family,
    },
    /// The certificate is for other names.
    CertificateForAnotherName {
        /// The name that was asked for.
        asked: String,
        /// The names that the certificate is for, escaped, the first ten.
        names: Vec<String>,
    },
    /// The certificate, or one of those above it, has expired.
    Expired {
        /// When, as `2026-01-31T00:00:00Z`; empty if unknown.
        not_after: String,
    },
    /// The certificate, or one of those above it, is not valid yet.
    NotYetValid {
        /// From when, as `2026-01-31T00:00:00Z`; empty if unknown.
        not_before: String,
    },
    /// No trusted CA has issued the certificate.
    UnknownIssuer {
        /// Who has, escaped.
        issuer: String,
        /// Whether the certificate names itself as the issuer.
        self_signed: bool,
        /// The pin of its key.
        pin: Option<Pin>,
    },
    /// The certificate was revoked.
    Revoked,
    /// The server's key is none of those that are pinned.
    PinMismatch {
        /// The pin of its key.
        seen: Pin,
    },
    /// The certificate cannot be used for another reason.
    UnusableCertificate {
        /// The reason.
        problem: String,
        /// The pin of its key, if that could be read.
        pin: Option<Pin>,
    },
    /// The server does not speak TLS.
    PlainTextOnTlsPort {
        /// What it said first, escaped.
        received: String,
    },
    /// The server ended the connection in the TLS handshake.
    ClosedDuringHandshake {
        /// The address that it saw.
        source: Option<IpAddr>,
    },
    /// No version of TLS that both sides allow.
    ProtocolVersion,
    /// No cipher suite, group or signature scheme that both sides have.
    NothingInCommon,
    /// The server wants a client certificate, and there is none.
    ClientCertificateRequired,
    /// The server refused our client certificate.
    ClientCertificateRefused {
        /// The alert it sent.
        alert: String,
    },
    /// The server knows no host of this name.
    UnknownServerName {
        /// The name that was asked for.
        asked: String,
    },
    /// The server ended TLS with another alert.
    Alert {
        /// The alert it sent.
        alert: String,
    },
    /// TLS went wrong in another way.
    Tls {
        /// How.
        problem: String,
    },
    /// The connection ended, or was reset, before the registry greeted.
    EndedBeforeGreeting {
        /// The address that it saw.
        source: Option<IpAddr>,
        /// Whether the connection is TLS.
        tls: bool,
    },
    /// The registry did not greet in time.
    SilentBeforeGreeting {
        /// Whether the connection is TLS.
        tls: bool,
    },
    /// Another error of the operating system.
    Io(io::ErrorKind),
}

impl Cause {
    /// One sentence: what to check.
    #[must_use]
    pub fn fix(&self) -> String {
        const ALLOW_LIST: &str = "on its list of those that may connect";
        match self {
            Self::DnsFailure => "check the host's name and the resolver".into(),
            Self::NoAddress { only: Some(family) } => {
                format!("the name has no {family} address: allow the other family, or give an address")
            }
            Self::NoAddress { only: None } => "check the host's name".into(),
            Self::Timeout { stage: Stage::Dns, .. } => "check the resolver".into(),
            Self::Timeout { stage: Stage::Tls, .. } => {
                "the server took the connection and says nothing: check that the port is the one for TLS; \
                 if it is, the server is overloaded"
                    .into()
            }
            Self::Timeout { .. } | Self::Unreachable => {
                "check host, port and route, and ask whether a firewall, ours or the registry's, lets this \
                 source address through"
                    .into()
            }
            Self::ConnectionRefused => "check host and port, and whether the server runs".into(),
            Self::PlainTextNotAllowed { .. } => {
                "use TLS, or connect to a tunnel on loopback; plain text over the network shows the password to \
                 everyone on the way and must be allowed in so many words"
                    .into()
            }
            Self::SourceAddress { address: Some(address), .. } => {
                format!("check that `{address}` is an address of this machine, and that it may be used")
            }
            Self::SourceAddress { address: None, family } => {
                format!("give an {family} source address too, or connect over the other family only")
            }
            Self::CertificateForAnotherName { names, .. } if names.is_empty() => {
                "the certificate names no host: pin its key, or ask the registry for its certificate's name".into()
            }
            Self::CertificateForAnotherName { names, .. } => {
                let names = Listed(names);
                format!("the certificate is for {names}: connect to one of these names, or set the server name")
            }
            Self::Expired { .. } => {
                "check the clock of this machine; if it is right, the registry must renew its certificate".into()
            }
            Self::NotYetValid { .. } => "check the clock of this machine".into(),
            Self::UnknownIssuer { self_signed: true, pin: Some(pin), .. } => {
                format!("pin its key alone, once the registry has confirmed `{pin}`")
            }
            Self::UnknownIssuer { .. } => {
                "ask the registry for the certificate of its CA, and add it to the CA file".into()
            }
            Self::Revoked => "do not connect: ask the registry for its new certificate".into(),
            Self::PinMismatch { seen } => {
                format!("ask the registry whether its key has changed; if so, pin `{seen}`")
            }
            Self::UnusableCertificate { pin: Some(pin), .. } => format!(
                "ask the registry for a certificate that TLS servers may use, or pin its key alone once the \
                 registry has confirmed `{pin}`"
            ),
            Self::UnusableCertificate { pin: None, .. } => {
                "ask the registry for a certificate that TLS servers may use".into()
            }
            Self::PlainTextOnTlsPort { .. } => {
                "the server speaks plain text on this port: RRP over TLS is usually on another port".into()
            }
            Self::ClosedDuringHandshake { source } => format!(
                "ask the registry whether {} is {ALLOW_LIST}, and check that the port is the one for TLS",
                Source(*source)
            ),
            Self::ProtocolVersion => {
                "lower the minimum version if it is above TLS 1.2; a server without TLS 1.2 must be upgraded, or \
                 reached through a TLS proxy on loopback"
                    .into()
            }
            Self::NothingInCommon => {
                "the server must offer a cipher suite with forward secrecy (ECDHE), an AEAD cipher, and a key of \
                 today's kinds and sizes"
                    .into()
            }
            Self::ClientCertificateRequired => {
                "set the client certificate, and its key, that the registry knows".into()
            }
            Self::ClientCertificateRefused { .. } => {
                "check that the client certificate is the one that the registry knows, and has not expired".into()
            }
            Self::UnknownServerName { .. } => "set the server name to the one that the registry tells".into(),
            Self::Alert { .. } | Self::Tls { .. } => {
                "check that the server speaks TLS 1.2 or 1.3; its log knows more".into()
            }
            Self::EndedBeforeGreeting { source, tls } => {
                let port = if *tls { "" } else { ", and that the port is not one for TLS" };
                format!(
                    "ask the registry whether {} is {ALLOW_LIST}, and whether the account has sessions left{port}",
                    Source(*source)
                )
            }
            Self::SilentBeforeGreeting { tls: false } => {
                "check whether the port is one for TLS, which waits for us to speak; if it is not, the registry is \
                 overloaded"
                    .into()
            }
            Self::SilentBeforeGreeting { tls: true } => {
                "check that the port is RRP's; if it is, the registry is overloaded".into()
            }
            Self::Io(_) => "check the network of this machine".into(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DnsFailure => f.write_str("the name cannot be looked up"),
            Self::NoAddress { only: None } => f.write_str("the name has no address"),
            Self::NoAddress { only: Some(family) } => write!(f, "the name has no {family} address"),
            Self::Timeout { after: Some(after), .. } => write!(f, "no answer within {after:?}"),
            Self::Timeout { after: None, .. } => f.write_str("no answer"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::Unreachable => f.write_str("host or network unreachable"),
            Self::PlainTextNotAllowed { address } => {
                write!(f, "plain text is allowed to loopback only, and `{address}` is not")
            }
            Self::SourceAddress { address: Some(address), .. } => {
                write!(f, "source address `{address}` cannot be used")
            }
            Self::SourceAddress { address: None, family } => write!(f, "no {family} source address is given"),
            Self::CertificateForAnotherName { asked, names } => {
                write!(f, "certificate is for another name: asked for `{asked}`, it is for {}", Listed(names))
            }
            Self::Expired { not_after } => write!(f, "certificate has expired{}", When(not_after)),
            Self::NotYetValid { not_before } => write!(f, "certificate is not valid yet{}", When(not_before)),
            Self::UnknownIssuer { self_signed: true, .. } => {
                f.write_str("certificate is self-signed and not trusted")
            }
            Self::UnknownIssuer { issuer, .. } => {
                write!(f, "certificate is issued by an unknown CA: `{issuer}`")
            }
            Self::Revoked => f.write_str("certificate was revoked"),
            Self::PinMismatch { seen } => write!(f, "key is not a pinned one: its pin is `{seen}`"),
            Self::UnusableCertificate { problem, .. } => write!(f, "certificate cannot be used: {problem}"),
            Self::PlainTextOnTlsPort { received } => {
                write!(f, "server speaks plain text where TLS is expected: `{received}`")
            }
            Self::ClosedDuringHandshake { .. } => {
                f.write_str("server closed the connection during the handshake")
            }
            Self::ProtocolVersion => f.write_str("no version of TLS that both sides allow"),
            Self::NothingInCommon => f.write_str("no cipher suite or key that both sides can use"),
            Self::ClientCertificateRequired => f.write_str("server wants a client certificate"),
            Self::ClientCertificateRefused { alert } => {
                write!(f, "server refused the client certificate: `{alert}`")
            }
            Self::UnknownServerName { asked } => write!(f, "server knows no host `{asked}`"),
            Self::Alert { alert } => write!(f, "server ended the handshake: `{alert}`"),
            Self::Tls { problem } => write!(f, "handshake failed: {problem}"),
            Self::EndedBeforeGreeting { .. } => f.write_str("connection ended before the registry greeted"),
            Self::SilentBeforeGreeting { .. } => f.write_str("registry did not greet in time"),
            Self::Io(kind) => kind.fmt(f),
        }
    }
}

/// Names in backticks, with commas.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (at, name) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}`{name}`")?;
        }
        Ok(())
    }
}

struct When<'a>(&'a str);

impl fmt::Display for When<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": `{}`", self.0) }
    }
}

struct Source(Option<IpAddr>);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "this source address (`{address}`)"),
            None => f.write_str("our source address"),
        }
    }
}
