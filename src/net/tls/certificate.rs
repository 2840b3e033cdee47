//! What a peer's certificate says, for people.

use core::net::IpAddr;
use core::time::Duration;

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use x509_cert::Certificate;
use x509_cert::der::{DateTime, Decode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::net::Pin;

/// The names of a certificate that are kept.
pub(super) const MAX_NAMES: usize = 10;

/// The bytes of a text of the peer that are shown.
const MAX_SHOWN: usize = 256;

/// A certificate of the server, as far as people want to read it.
///
/// Texts are escaped and at most 256 bytes long. Nothing here proves anything: [`TlsInfo::verified`](super::TlsInfo::verified)
/// says whether the certificate was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    pin: Pin,
    subject: String,
    issuer: String,
    self_signed: bool,
    names: Vec<String>,
    not_before: u64,
    not_after: u64,
}

impl PeerCertificate {
    /// Reads a certificate; `None` if it is none.
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let pin = pin_of(der)?;
        let certificate = Certificate::from_der(der).ok()?;
        let certificate = certificate.tbs_certificate();
        let (subject, issuer) = (certificate.subject(), certificate.issuer());
        let (_, SubjectAltName(names)) = certificate
            .get_extension::<SubjectAltName>()
            .ok()
            .flatten()
            .unwrap_or((false, SubjectAltName(Vec::new())));
        Some(Self {
            pin,
            subject: shown(&subject.to_string()),
            issuer: shown(&issuer.to_string()),
            self_signed: subject == issuer,
            names: names.iter().filter_map(name).take(MAX_NAMES).collect(),
            not_before: certificate.validity().not_before.to_unix_duration().as_secs(),
            not_after: certificate.validity().not_after.to_unix_duration().as_secs(),
        })
    }

    /// The pin of its key.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        self.pin
    }

    /// Whom it is about, as `CN=rrp.example.com,O=Registry`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether it names itself as the issuer.
    #[must_use]
    pub const fn is_self_signed(&self) -> bool {
        self.self_signed
    }

    /// The hosts and addresses that it is for, the first ten.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// From when it is valid, in seconds since 1970 (UTC).
    #[must_use]
    pub const fn not_before(&self) -> u64 {
        self.not_before
    }

    /// Until when it is valid, in seconds since 1970 (UTC).
    #[must_use]
    pub const fn not_after(&self) -> u64 {
        self.not_after
    }

    /// From when it is valid, as `2026-01-31T00:00:00Z`.
    #[must_use]
    pub fn not_before_text(&self) -> String {
        date(self.not_before)
    }

    /// Until when it is valid, as `2026-01-31T00:00:00Z`.
    #[must_use]
    pub fn not_after_text(&self) -> String {
        date(self.not_after)
    }
}

/// The pin of a certificate's key, read by the parser that also verifies the server's signature with it.
pub(super) fn pin_of(der: &CertificateDer<'_>) -> Option<Pin> {
    let certificate = ParsedCertificate::try_from(der).ok()?;
    let digest = digest(&SHA256, &certificate.subject_public_key_info());
    digest.as_ref().try_into().ok().map(Pin::from_sha256)
}

/// Seconds since 1970 as a date; empty beyond the year 9999.
pub(super) fn date(seconds: u64) -> String {
    DateTime::from_unix_duration(Duration::from_secs(seconds))
        .map_or_else(|_| String::new(), |date| date.to_string())
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(shown(name.as_str())),
        GeneralName::IpAddress(octets) => {
            let octets = octets.as_bytes();
            let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
                .ok()
                .map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Text of the peer as it may be shown: escaped, and cut after 256 bytes.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let escaped = c.escape_debug();
        let len: usize = escaped.clone().map(char::len_utf8).sum();
        if out.len().saturating_add(len) > MAX_SHOWN {
            out.push('…');
            break;
        }
        out.extend(escaped);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_peer_is_escaped_and_cut() {
        assert_eq!(shown("a\u{1b}[31m\r\n\u{202e}"), "a\\u{1b}[31m\\r\\n\\u{202e}");
        assert_eq!(shown(&"x".repeat(256)), "x".repeat(256));
        assert_eq!(shown(&"x".repeat(257)), "x".repeat(256) + "…");
        // Neither a character nor an escape is cut in two.
        assert_eq!(shown(&("x".to_owned() + &"ü".repeat(128))), "x".to_owned() + &"ü".repeat(127) + "…");
        assert_eq!(shown(&"\n".repeat(200)), "\\n".repeat(128) + "…");
    }

    #[test]
    fn seconds_are_dates() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(date(253_402_300_800), "");
    }
}
