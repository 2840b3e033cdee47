//! A bare relay: what a daemon is measured against.
//!
//! It takes a request up to `EOF` from a unix socket, sends it and a lone `.` on a session over TLS of the client's own, reads the
//! reply up to its `.`, and gives it back without that. It knows nothing else: no queue, no check, no time.

use std::path::Path;

use rrp::net::Endpoint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::local::EOF;

const LOGIN: &[u8] = b"session\r\n-Id:registrar\r\n-Password:i-am-it\r\n.\r\n";
const DOT: &[u8] = b".\r\n";

/// Serves on this socket; each connection gets a session that has logged in.
pub(crate) fn serve(path: &Path, connector: TlsConnector, endpoint: &Endpoint) {
    let listener = UnixListener::bind(path).unwrap();
    let address = endpoint.to_string();
    tokio::spawn(async move {
        loop {
            let (local, _) = listener.accept().await.unwrap();
            let session = session(&connector, &address).await;
            tokio::spawn(relay(local, session));
        }
    });
}

/// A session that has logged in.
pub(crate) async fn session(connector: &TlsConnector, address: &str) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let mut session = connector.connect("127.0.0.1".try_into().unwrap(), tcp).await.unwrap();
    let mut read = Vec::with_capacity(2_048);
    assert!(read_to(&mut session, &mut read, DOT).await);
    session.write_all(LOGIN).await.unwrap();
    session.flush().await.unwrap();
    read.clear();
    assert!(read_to(&mut session, &mut read, DOT).await && read.starts_with(b"200"));
    session
}

/// Reads until it ends so; `false` if it does not come to that.
pub(crate) async fn read_to(peer: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>, end: &[u8]) -> bool {
    while !read.ends_with(end) {
        if peer.read_buf(read).await.unwrap_or(0) == 0 {
            return false;
        }
    }
    true
}

async fn relay(mut local: UnixStream, mut session: impl AsyncRead + AsyncWrite + Unpin) {
    let mut bytes = Vec::with_capacity(2_048);
    local.write_all(b"login:password:").await.unwrap();
    while bytes.iter().filter(|byte| **byte == b'\n').count() < 2 {
        local.read_buf(&mut bytes).await.unwrap();
    }
    loop {
        bytes.clear();
        if !read_to(&mut local, &mut bytes, EOF).await {
            return;
        }
        bytes.extend_from_slice(DOT);
        session.write_all(&bytes).await.unwrap();
        session.flush().await.unwrap();
        bytes.clear();
        if !read_to(&mut session, &mut bytes, DOT).await {
            return;
        }
        bytes.truncate(bytes.len() - DOT.len());
        local.write_all(&bytes).await.unwrap();
    }
}
