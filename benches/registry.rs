//! A registry that knows one answer, on a thread of its own if it listens: what it costs is not counted.
#![allow(dead_code, reason = "each bench uses a part")]

use std::sync::Arc;

use rrp::command::Session;
use rrp::net::{Connector, Endpoint, Stream, Tls};
use rrp::session::Config;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

const GREETING: &[u8] = b"Example RRP Server version 1.1.0\r\nSun Nov 22 00:00:00 2026\r\n.\r\n";
const OK: &[u8] = b"200 Command completed successfully\r\n.\r\n";
pub(crate) const TAKEN: &[u8] = b"211 Domain name not available\r\n.\r\n";
/// Where every command ends.
const END: &[u8] = b"\r\n.\r\n";

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn login() -> Session {
    Session::login("registrar", "i-am-it".to_owned()).unwrap()
}

pub(crate) fn config() -> Config {
    Config::new(login())
}

/// Listens on loopback, over TLS if there is an acceptor.
pub(crate) fn listen(acceptor: Option<TlsAcceptor>) -> Endpoint {
    listen_with(acceptor, TAKEN)
}

/// The same; it answers every command with this.
pub(crate) fn listen_with(acceptor: Option<TlsAcceptor>, answer: &'static [u8]) -> Endpoint {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tcp.set_nodelay(true).unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    match acceptor {
                        None => converse_with(tcp, answer).await,
                        Some(acceptor) => {
                            if let Ok(tls) = acceptor.accept(tcp).await {
                                converse_with(tls, answer).await;
                            }
                        }
                    }
                });
            }
        });
    });
    receiver.recv().unwrap().to_string().parse().unwrap()
}

/// Answers to the end.
pub(crate) async fn converse(peer: impl AsyncRead + AsyncWrite + Unpin) {
    converse_with(peer, TAKEN).await;
}

async fn converse_with(mut peer: impl AsyncRead + AsyncWrite + Unpin, usual: &'static [u8]) {
    let mut read = Vec::with_capacity(1_024);
    let mut answer = GREETING;
    loop {
        if peer.write_all(answer).await.is_err() || peer.flush().await.is_err() {
            return;
        }
        read.clear();
        while !read.ends_with(END) {
            if peer.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        answer = if read.starts_with(b"session") { OK } else { usual };
    }
}

pub(crate) struct Keys {
    pub(crate) connector: Connector,
    pub(crate) acceptor: TlsAcceptor,
    authority: rustls::pki_types::CertificateDer<'static>,
    /// The authority's certificate.
    pub(crate) pem: String,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority =
            rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], private)
                .unwrap();
        Self {
            connector: Connector::tls(Tls::ca_pem(authority.pem().as_bytes()).unwrap()),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: authority.der().clone(),
            pem: authority.pem(),
        }
    }

    pub(crate) async fn pair(&self) -> (Stream, tokio_rustls::server::TlsStream<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint: Endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        let accept = async {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            self.acceptor.accept(tcp).await.unwrap()
        };
        let (ours, theirs) = tokio::join!(self.connector.connect(&endpoint), accept);
        (ours.unwrap(), theirs)
    }

    /// Without session resumption, as the connector is.
    pub(crate) fn bare_client(&self) -> tokio_rustls::TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let mut config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        tokio_rustls::TlsConnector::from(Arc::new(config))
    }
}
