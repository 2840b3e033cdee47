//! The handshake.

use core::time::Duration;
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::shown;
use super::explain::{Situation, explain};
use super::info::TlsInfo;
use super::options::Tls;
use super::tap::Tap;
use super::verify::{OwnCertificate, Seen, Verifier};
use crate::net::Cause;
use crate::net::error::Failure;
use crate::session::Stage;

/// TLS over TCP.
pub(in crate::net) type TlsTransport = TlsStream<Tap>;

/// Speaks TLS over a new connection to `host`.
pub(in crate::net) async fn handshake(
    tls: &Tls,
    host: &str,
    tcp: TcpStream,
    deadline: Duration,
) -> Result<(TlsTransport, TlsInfo), Failure> {
    let failed = |problem: String| Failure::new(Stage::Tls, Cause::Tls { problem });
    let asked = tls.server_name.as_deref().unwrap_or(host);
    let name = ServerName::try_from(asked.to_owned())
        .map_err(|_| failed(format!("`{}` is no name that a certificate can be for", shown(asked))))?;
    let source = tcp.local_addr().ok().map(|address| address.ip());
    let seen = Arc::new(Seen::default());
    let config = config(tls, &seen).map_err(|error| failed(shown(&error.to_string())))?;

    let connecting = TlsConnector::from(Arc::new(config)).connect(name, Tap::new(tcp)).into_fallible();
    let mut stream = match timeout(deadline, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((error, tap))) => {
            let situation = Situation {
                asked,
                source,
                first: tap.first(),
                seen: &seen,
                roots: &tls.roots,
                has_certificate: tls.own_certificate.is_some(),
            };
            return Err(explain(error, &situation));
        }
        Err(_) => {
            let cause = Cause::Timeout { stage: Stage::Tls, after: Some(deadline) };
            return Err(Failure::new(Stage::Tls, cause));
        }
    };
    let (tap, connection) = stream.get_mut();
    tap.forget();
    let info = TlsInfo::read(connection, asked, tls.verifies())
        .ok_or_else(|| failed("the server has shown no certificate".into()))?;
    let (version, suite, pin) = (info.version(), info.cipher_suite(), info.pin());
    tracing::debug!(host, version, suite, %pin, verified = info.verified(), "TLS handshake done");
    if let Some(warning) = info.warning() {
        tracing::warn!("{warning}");
    }
    Ok((stream, info))
}

/// rustls's configuration of one handshake. What is dear in it, the roots, is shared.
fn config(tls: &Tls, seen: &Arc<Seen>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::clone(&tls.provider);
    let chain = chain(tls)?;
    let (pins, own) = (tls.pins.as_slice().into(), tls.own_certificate.clone());
    let verifier = Verifier { chain, pins, provider: Arc::clone(&provider), seen: Arc::clone(seen) };
    let own = OwnCertificate { key: own, seen: Arc::clone(seen) };
    let mut config = ClientConfig::builder_with_details(provider, Arc::clone(&tls.clock))
        .with_protocol_versions(tls.min_version.and_above())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(own));
    // A resumed connection would skip the checks. Sessions last for hours: nothing is lost.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn chain(tls: &Tls) -> Result<Option<Arc<WebPkiServerVerifier>>, rustls::Error> {
    if !tls.checks_chain {
        return Ok(None);
    }
    let roots: Arc<RootCertStore> = Arc::clone(&tls.roots);
    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&tls.provider))
        .build()
        .map(Some)
        .map_err(|error| rustls::Error::General(error.to_string()))
}
