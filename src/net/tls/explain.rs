//! From rustls's errors to causes.

use core::net::IpAddr;
use std::io;
use std::sync::atomic::Ordering;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, RootCertStore};

use super::certificate::{MAX_NAMES, PeerCertificate, date, pin_of, shown};
use super::verify::{Seen, WrongPin};
use crate::net::Cause;
use crate::net::error::Failure;
use crate::session::Stage;

/// What is known about a handshake beside its error.
pub(super) struct Situation<'a> {
    /// The server's name.
    pub(super) asked: &'a str,
    pub(super) source: Option<IpAddr>,
    /// How the peer began.
    pub(super) first: &'a [u8],
    pub(super) seen: &'a Seen,
    pub(super) roots: &'a RootCertStore,
    /// Whether we have a certificate of our own.
    pub(super) has_certificate: bool,
}

/// Why the handshake failed.
pub(super) fn explain(error: io::Error, situation: &Situation<'_>) -> Failure {
    if let Some(received) = plain_text(situation.first) {
        return Failure::new(Stage::Tls, Cause::PlainTextOnTlsPort { received });
    }
    let Some(tls) = rustls_error(&error) else {
        let cause = match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Cause::ClosedDuringHandshake { source: situation.source },
            io::ErrorKind::TimedOut => Cause::Timeout { stage: Stage::Tls, after: None },
            kind => Cause::Io(kind),
        };
        let failure = Failure::new(Stage::Tls, cause);
        // What the system would say of the others, they say themselves.
        return if matches!(failure.cause, Cause::Io(_)) { failure.with(error) } else { failure };
    };
    let cause = match tls {
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => Cause::ProtocolVersion,
        Error::InvalidCertificate(problem) => certificate(problem, situation),
        Error::AlertReceived(alert) => handshake_alert(*alert, situation),
        Error::PeerIncompatible(problem) => incompatible(problem, tls),
        _ => other(tls),
    };
    Failure::new(Stage::Tls, cause)
}

/// The cause behind an error of reading or writing over TLS after the handshake; `None` if it is none of TLS.
///
/// In TLS 1.3 a server refuses the client certificate only after the client's handshake is done: the alert comes with the
/// first read.
#[must_use]
pub fn explain_io(error: &io::Error) -> Option<Cause> {
    let error = rustls_error(error)?;
    Some(match error {
        Error::AlertReceived(AlertDescription::CertificateRequired) => Cause::ClientCertificateRequired,
        Error::AlertReceived(alert) if is_about_our_certificate(*alert) => {
            Cause::ClientCertificateRefused { alert: alert_text(*alert) }
        }
        Error::AlertReceived(alert) => Cause::Alert { alert: alert_text(*alert) },
        _ => other(error),
    })
}

fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn other(error: &Error) -> Cause {
    Cause::Tls { problem: shown(&error.to_string()) }
}

/// What the peer began with, if that is text. A record of TLS begins with its type, 20 to 24, and the version, 3.
fn plain_text(first: &[u8]) -> Option<String> {
    let text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t' | 0x80..);
    (first.len() >= 3 && first.iter().all(text)).then(|| shown(&String::from_utf8_lossy(first)))
}

fn certificate(problem: &CertificateError, situation: &Situation<'_>) -> Cause {
    let der = situation.seen.certificate.get();
    let pin = der.and_then(pin_of);
    let read = der.and_then(PeerCertificate::read);
    let time = |time: &UnixTime| date(time.as_secs());
    let unusable = |problem: String| Cause::UnusableCertificate { problem, pin };
    match problem {
        CertificateError::Expired => Cause::Expired { not_after: String::new() },
        CertificateError::ExpiredContext { not_after, .. } => Cause::Expired { not_after: time(not_after) },
        CertificateError::NotValidYet => Cause::NotYetValid { not_before: String::new() },
        CertificateError::NotValidYetContext { not_before, .. } => {
            Cause::NotYetValid { not_before: time(not_before) }
        }
        CertificateError::Revoked => Cause::Revoked,
        CertificateError::NotValidForNameContext { presented, .. } => {
            let asked = shown(situation.asked);
            // As webpki writes them, if the certificate is too odd to be read here.
            let presented = || presented.iter().take(MAX_NAMES).map(|name| shown(name)).collect();
            let names = read.map_or_else(presented, |read| read.names().to_vec());
            Cause::CertificateForAnotherName { asked, names }
        }
        // A bad signature: its issuer has the name of one that is trusted, and not the key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            unknown_issuer(read.as_ref(), situation)
        }
        CertificateError::Other(other) => {
            if let Some(WrongPin(seen)) = other.0.downcast_ref() {
                return Cause::PinMismatch { seen: *seen };
            }
            let text = other.0.to_string();
            if text != "CaUsedAsEndEntity" {
                return unusable(shown(&text));
            }
            // OpenSSL's self-signed certificates are a CA's. That they are unknown comes first.
            let mut own = RootCertStore::empty();
            let added = der.is_some_and(|der| own.add(der.clone()).is_ok());
            let trusted = added && own.roots.iter().any(|root| situation.roots.roots.contains(root));
            match &read {
                Some(read) if read.is_self_signed() && !trusted => unknown_issuer(Some(read), situation),
                _ => unusable("it is a CA's own, which may not stand for a server".into()),
            }
        }
        other => unusable(shown(&Error::InvalidCertificate(other.clone()).to_string())),
    }
}

fn unknown_issuer(read: Option<&PeerCertificate>, situation: &Situation<'_>) -> Cause {
    Cause::UnknownIssuer {
        issuer: read.map(|read| read.issuer().to_owned()).unwrap_or_default(),
        self_signed: read.is_some_and(PeerCertificate::is_self_signed),
        pin: situation.seen.certificate.get().and_then(pin_of),
    }
}

fn handshake_alert(alert: AlertDescription, situation: &Situation<'_>) -> Cause {
    let asked = situation.seen.asked_for_ours.load(Ordering::Relaxed);
    // TLS 1.2 has no alert of its own for a missing certificate.
    let about_ours = is_about_our_certificate(alert) || alert == AlertDescription::HandshakeFailure;
    match alert {
        AlertDescription::CertificateRequired => Cause::ClientCertificateRequired,
        _ if about_ours && asked && situation.has_certificate => {
            Cause::ClientCertificateRefused { alert: alert_text(alert) }
        }
        _ if about_ours && asked => Cause::ClientCertificateRequired,
        AlertDescription::ProtocolVersion => Cause::ProtocolVersion,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => Cause::NothingInCommon,
        AlertDescription::UnrecognisedName => Cause::UnknownServerName { asked: shown(situation.asked) },
        _ => Cause::Alert { alert: alert_text(alert) },
    }
}

const fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    )
}

fn alert_text(alert: AlertDescription) -> String {
    format!("{alert:?}")
}

fn incompatible(problem: &PeerIncompatible, error: &Error) -> Cause {
    match problem {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => Cause::ProtocolVersion,
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
        | PeerIncompatible::NoCipherSuitesInCommon
        | PeerIncompatible::NoEcPointFormatsInCommon
        | PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon => Cause::NothingInCommon,
        _ => other(error),
    }
}
