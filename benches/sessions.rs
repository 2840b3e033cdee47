//! What a session costs on top of its connection.
//!
//! Round trips are given in multiples of a bare tokio echo: the same bytes both ways over the same transport, with no
//! idea of what they mean. Both take turns, round after round, so that a slow moment hits them alike; the fastest round
//! of each counts. Opening a session is compared with the bare handshake in the same way. Memory is counted, not
//! measured: what is allocated for idle sessions over TLS, and still held. `--test` is one short round.

use std::env;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rrp::Command;
use rrp::command::{Check, Session, ToCommand};
use rrp::net::{Connection, Connector, Endpoint, Stream, Tls, Transport};
use rrp::session::{Config, Fate};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

const GREETING: &[u8] = b"Example RRP Server version 1.1.0\r\nSun Nov 22 00:00:00 2026\r\n.\r\n";
const OK: &[u8] = b"200 Command completed successfully\r\n.\r\n";
const TAKEN: &[u8] = b"211 Domain name not available\r\n.\r\n";
/// Where every command ends.
const END: &[u8] = b"\r\n.\r\n";

/// How often each has its turn, and how many round trips a turn is.
const ROUNDS: usize = 40;
const TURN: usize = 500;
/// How many connections are opened.
const HANDSHAKES: usize = 60;
/// How many idle sessions are counted, and what each may hold.
const SESSIONS: usize = 64;
const MEMORY: u64 = 12 * 1_024;

fn main() {
    // `cargo bench` says so; without it this is a test.
    let test = env::args().any(|argument| argument == "--test")
        || !env::args().any(|argument| argument == "--bench");
    let (rounds, turn, handshakes) = if test { (1, 2, 1) } else { (ROUNDS, TURN, HANDSHAKES) };
    let keys = Keys::new();
    runtime().block_on(round_trips("memory", rounds, turn, async || {
        let (ours, theirs) = duplex(65_536);
        (ours, theirs)
    }));
    runtime().block_on(round_trips("unix", rounds, turn, async || UnixStream::pair().unwrap()));
    runtime().block_on(round_trips("tcp", rounds, turn, tcp));
    runtime().block_on(round_trips("tls", rounds, turn, async || keys.pair().await));
    runtime().block_on(opening(&keys, handshakes));
    memory(&keys);
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn command() -> Command {
    Check::domain(&"example.com".parse().unwrap()).to_command()
}

fn config() -> Config {
    Config::new(Session::login("registrar", "i-am-it".to_owned()).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "to read the clock is what it is for")]
async fn time(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

/// Commands through a session, and the same bytes through the bare transport.
async fn round_trips<C: Transport, S>(name: &str, rounds: usize, turn: usize, pair: impl AsyncFn() -> (C, S))
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (ours, theirs) = pair().await;
    tokio::spawn(async move { registry(theirs).await });
    let connection = Connection::open(ours, config()).await.unwrap();
    let command = command();

    let mut wire = bytes::BytesMut::new();
    rrp::wire::encode(command.body(), rrp::command::Dialect::Xrrp, &mut wire).unwrap();
    let (mut bare, mut echo) = pair().await;
    let length = wire.len();
    tokio::spawn(async move {
        let mut read = vec![0; length];
        while echo.read_exact(&mut read).await.is_ok() {
            echo.write_all(TAKEN).await.unwrap();
            echo.flush().await.unwrap();
        }
    });
    let mut answer = [0; TAKEN.len()];
    let (mut session, mut reference) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let through_session = async {
            for _ in 0..turn {
                match connection.send(command.clone()).await.unwrap() {
                    Fate::Answered(reply) => assert_eq!(reply.code(), 211),
                    fate => panic!("{fate:?}"),
                }
            }
        };
        session = session.min(time(through_session).await);
        let through_echo = async {
            for _ in 0..turn {
                bare.write_all(&wire).await.unwrap();
                bare.flush().await.unwrap();
                bare.read_exact(&mut answer).await.unwrap();
            }
        };
        reference = reference.min(time(through_echo).await);
    }
    println!("round trip, {name}: {:.2} of a bare echo", session.as_secs_f64() / reference.as_secs_f64());
}

/// A handshake with nothing after it, one by the connector, and a session with greeting and login.
async fn opening(keys: &Keys, handshakes: usize) {
    let (mut bare, mut connected, mut logged_in) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = keys.acceptor.clone();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(tls) = acceptor.accept(tcp).await {
                    registry(tls).await;
                }
            });
        }
    });
    let endpoint: Endpoint = address.to_string().parse().unwrap();
    let client = keys.bare_client();
    for _ in 0..handshakes {
        let handshake = async {
            let tcp = TcpStream::connect(address).await.unwrap();
            tcp.set_nodelay(true).unwrap();
            client.connect("127.0.0.1".try_into().unwrap(), tcp).await.unwrap();
        };
        bare = bare.min(time(handshake).await);
        let connect = async {
            keys.connector.connect(&endpoint).await.unwrap();
        };
        connected = connected.min(time(connect).await);
        let login = async {
            let stream = keys.connector.connect(&endpoint).await.unwrap();
            Connection::open(stream, config()).await.unwrap().abandon();
        };
        logged_in = logged_in.min(time(login).await);
    }
    let bare = bare.as_secs_f64();
    println!(
        "opening over tls: connector {:.2}, with greeting and login {:.2} of a bare handshake",
        connected.as_secs_f64() / bare,
        logged_in.as_secs_f64() / bare
    );
}

/// What idle sessions hold on our side: the registry is on a thread of its own, whose allocations are not counted.
fn memory(keys: &Keys) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let acceptor = keys.acceptor.clone();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(tls) = acceptor.accept(tcp).await {
                        registry(tls).await;
                    }
                });
            }
        });
    });
    let endpoint: Endpoint = receiver.recv().unwrap().to_string().parse().unwrap();
    let runtime = runtime();
    let open = async || {
        let stream: Stream = keys.connector.connect(&endpoint).await.unwrap();
        let connection = Connection::open(stream, config()).await.unwrap();
        // After a command everything has been used that is used at all, the tickets' bytes too.
        connection.send(command()).await.unwrap();
        connection
    };
    // The first one brings what all share.
    let mut sessions = vec![runtime.block_on(open())];
    sessions.reserve_exact(SESSIONS);
    let counted = allocation_counter::measure(|| {
        for _ in 0..SESSIONS {
            sessions.push(runtime.block_on(open()));
        }
    });
    assert_eq!(sessions.iter().filter(|session| session.is_open()).count(), SESSIONS + 1);
    let each = u64::try_from(counted.bytes_current).unwrap() / SESSIONS as u64;
    println!("memory of an idle session over tls: {each} bytes, of {MEMORY} that it may have");
    assert!(each <= MEMORY, "an idle session holds {each} bytes");
}

/// A registry that knows one answer.
async fn registry(mut peer: impl AsyncRead + AsyncWrite + Unpin) {
    let mut read = Vec::with_capacity(256);
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
        answer = if read.starts_with(b"session") { OK } else { TAKEN };
    }
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    ours.set_nodelay(true).unwrap();
    theirs.set_nodelay(true).unwrap();
    (ours, theirs)
}

struct Keys {
    connector: Connector,
    acceptor: TlsAcceptor,
    authority: rustls::pki_types::CertificateDer<'static>,
}

impl Keys {
    fn new() -> Self {
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
        }
    }

    async fn pair(&self) -> (Stream, tokio_rustls::server::TlsStream<TcpStream>) {
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
    fn bare_client(&self) -> tokio_rustls::TlsConnector {
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
