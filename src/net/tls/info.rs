//! What a TLS handshake found.

use rustls::{ClientConnection, ProtocolVersion};

use super::certificate::{PeerCertificate, pin_of};
use crate::net::Pin;

/// The certificates of a chain that are kept.
const MAX_CERTIFICATES: usize = 10;

/// What the TLS handshake of a connection found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    version: String,
    cipher_suite: String,
    pin: Pin,
    certificates: Vec<PeerCertificate>,
    asked: String,
    verified: bool,
}

impl TlsInfo {
    /// `None` if the connection has no certificate that can be read, which no handshake accepts.
    pub(super) fn read(connection: &ClientConnection, asked: &str, verified: bool) -> Option<Self> {
        let chain = connection.peer_certificates().unwrap_or_default();
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".into(),
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".into(),
            other => format!("{other:?}"),
        };
        let suite = connection.negotiated_cipher_suite();
        Some(Self {
            version,
            cipher_suite: suite.map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
            pin: pin_of(chain.first()?)?,
            certificates: chain.iter().filter_map(PeerCertificate::read).take(MAX_CERTIFICATES).collect(),
            asked: asked.into(),
            verified,
        })
    }

    /// The version, as `TLS 1.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The cipher suite, as `TLS13_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The pin of the server's key, which the handshake proved to be the server's.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        self.pin
    }

    /// The certificates that the server sent, its own first, the first ten; such as cannot be read are left out.
    #[must_use]
    pub fn certificates(&self) -> &[PeerCertificate] {
        &self.certificates
    }

    /// Whether the server was checked, by its certificate, by a pinned key or by both. Only
    /// [`danger_accept_any_certificate`](super::Tls::danger_accept_any_certificate) makes it `false`.
    #[must_use]
    pub const fn verified(&self) -> bool {
        self.verified
    }

    /// What to tell people about a server that was not checked, with the pin to use instead; `None` if it was.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (!self.verified).then(|| {
            format!(
                "the certificate of `{}` was NOT verified: anyone may read and change what is sent; pin its key \
                 instead, once the registry has confirmed `{}`",
                self.asked, self.pin
            )
        })
    }
}
