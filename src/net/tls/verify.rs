//! Whether the server is who it should be.

use core::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::certificate::pin_of;
use crate::net::Pin;

/// What a handshake saw, for the error that it may end in.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) certificate: OnceLock<CertificateDer<'static>>,
    /// Whether the server asked for a client certificate.
    pub(super) asked_for_ours: AtomicBool,
}

/// Checks the chain, if there are roots, and the pins, if there are any. One for each handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None`: no chain is asked for.
    pub(super) chain: Option<Arc<WebPkiServerVerifier>>,
    pub(super) pins: Arc<[Pin]>,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) seen: Arc<Seen>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let _ = self.seen.certificate.set(end_entity.clone().into_owned());
        if let Some(chain) = &self.chain {
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        }
        // Reading the pin also refuses a certificate that is none, whatever else is asked for.
        let pin = pin_of(end_entity).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if self.pins.is_empty() || self.pins.contains(&pin) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(WrongPin(pin))))))
    }

    // The server proves in every mode that it has the key of the certificate: else a pin would prove nothing.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Answers the server's question for a client certificate, and remembers that it was asked.
#[derive(Debug)]
pub(super) struct OwnCertificate {
    pub(super) key: Option<Arc<CertifiedKey>>,
    pub(super) seen: Arc<Seen>,
}

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.seen.asked_for_ours.store(true, Ordering::Relaxed);
        let key = self.key.as_ref()?;
        key.key.choose_scheme(schemes)?;
        Some(Arc::clone(key))
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

/// The key is none of those that are pinned. Travels through rustls to become a cause.
#[derive(Debug)]
pub(super) struct WrongPin(pub(super) Pin);

impl fmt::Display for WrongPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key is not a pinned one: `{}`", self.0)
    }
}

impl core::error::Error for WrongPin {}
