//! The simulated registry on a socket: plain TCP or TLS.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::sim::{Action, Close, ConnectionId, Registry};

/// So many connections are served at once; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1_024;
/// So many answers may wait for a client that does not read, before its connection is reset.
const MAX_WAITING: usize = 1_024;
/// What is read at once, in bytes.
const READ: usize = 8_192;
/// A client has so long for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After the registry has closed, a client's last bytes are read away for so long, that its kernel may not take our
/// unread bytes for a reason to drop what we had sent.
const LINGER: Duration = Duration::from_secs(1);
/// A client that takes nothing for so long is reset.
const WRITE: Duration = Duration::from_secs(30);
/// When the system gives no more sockets, so long is waited before it is asked again.
const NO_SOCKET: Duration = Duration::from_millis(100);

/// How a [`Server`] listens.
#[derive(Clone, Debug)]
pub struct Listen {
    address: SocketAddr,
    tls: Option<Certificates>,
    tickets: usize,
}

#[derive(Clone, Debug)]
struct Certificates {
    names: Vec<String>,
}

impl Listen {
    /// On plain TCP, on this address; port 0 takes a free one.
    #[must_use]
    pub const fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None, tickets: 2 }
    }

    /// On TLS, on this address, with a fresh key and a certificate for `localhost`, `127.0.0.1` and `::1` that a fresh
    /// authority signs: [`Server::authority`].
    #[must_use]
    pub fn tls(address: SocketAddr) -> Self {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        Self { tls: Some(Certificates { names }), ..Self::plain(address) }
    }

    /// With a certificate for these names instead. Does nothing without TLS.
    #[must_use]
    pub fn names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        if let Some(certificates) = &mut self.tls {
            certificates.names = names.into_iter().map(Into::into).collect();
        }
        self
    }

    /// With so many TLS 1.3 tickets after each handshake (2 by default): bytes on the wire that are no reply.
    #[must_use]
    pub const fn tickets(mut self, tickets: usize) -> Self {
        self.tickets = tickets;
        self
    }
}

/// A [`Registry`] that serves a socket, until it is dropped.
///
/// ```
/// use rrp::sim::{Config, Registrar, Registry};
/// use rrp::sim::server::{Listen, Server};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new().registrar(Registrar::new("registrar", "password".to_owned()));
/// let server = Server::start(Registry::new(config, Server::now()), Listen::tls("127.0.0.1:0".parse()?)).await?;
/// println!("connect to localhost:{}, trusting {}", server.address().port(), server.authority().unwrap());
/// // … and afterwards:
/// assert_eq!(server.registry().ledger().executed("AddDomain", "example.com"), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    authority: Option<String>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Something has become due, or due at another time.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    registry: Registry,
    clients: BTreeMap<ConnectionId, mpsc::Sender<Action>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked was a test that has failed; the registry itself does not.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that a client did.
    fn tell(&self, what: impl FnOnce(&mut State)) {
        what(&mut self.state());
        self.changed.notify_one();
    }

    /// Hands out what is due, and says when to come again.
    fn pump(&self) -> Option<Instant> {
        let mut state = self.state();
        while let Some((id, action)) = state.registry.poll(Server::now()) {
            let gone = state.clients.get(&id).is_some_and(|client| client.try_send(action).is_err());
            if gone {
                // It reads too slowly, or not at all: its task ends, and resets the connection.
                state.clients.remove(&id);
                state.registry.disconnect(id, Server::now());
            }
        }
        state.registry.poll_timeout()
    }
}

/// The registry behind a server, locked for as long as this lives. The server waits meanwhile.
#[derive(Debug)]
pub struct Locked<'s> {
    state: MutexGuard<'s, State>,
    changed: &'s Notify,
}

impl core::ops::Deref for Locked<'_> {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.state.registry
    }
}

impl core::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Registry {
        &mut self.state.registry
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Server {
    /// The clock that servers go by: tokio's, which a test may pause.
    #[must_use]
    pub fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// Begins to listen. Needs a tokio runtime with its I/O and timer.
    ///
    /// # Errors
    /// [`io::Error`] if the address cannot be listened on, or a name is none that a certificate can have.
    pub async fn start(registry: Registry, listen: Listen) -> io::Result<Self> {
        let (acceptor, authority) = match &listen.tls {
            Some(certificates) => {
                let (acceptor, authority) =
                    acceptor(certificates, listen.tickets).map_err(io::Error::other)?;
                (Some(acceptor), Some(authority))
            }
            None => (None, None),
        };
        let listener = TcpListener::bind(listen.address).await?;
        let address = listener.local_addr()?;
        let state = Mutex::new(State { registry, clients: BTreeMap::new() });
        let shared = Arc::new(Shared { state, changed: Notify::new() });
        let task = tokio::spawn(serve(Arc::clone(&shared), listener, acceptor)).abort_handle();
        Ok(Self { shared, address, authority, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that signed the server's, as PEM; `None` without TLS.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The registry, to look at and to prepare. Not to be held over an `await`.
    pub fn registry(&self) -> Locked<'_> {
        Locked { state: self.shared.state(), changed: &self.shared.changed }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts clients, and gives them what is due. Ends all of them when it is aborted.
async fn serve(shared: Arc<Shared>, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut clients = JoinSet::new();
    loop {
        let due = shared.pump().map(tokio::time::Instant::from_std);
        let timeout = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => core::future::pending().await,
            }
        };
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = shared.changed.notified() => {}
            () = timeout => {}
            Some(_) = clients.join_next() => {}
            (place, accepted) = accepted => {
                let Ok((tcp, _)) = accepted else {
                    // A connection that went while it was accepted is nobody's loss.
                    tokio::time::sleep(NO_SOCKET).await;
                    continue;
                };
                let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                clients.spawn(async move {
                    let _place = place;
                    // What goes wrong with a client's connection is the client's to notice.
                    let _ = client(&shared, tcp, acceptor).await;
                });
            }
        }
    }
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

impl Socket {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    async fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(chunk).await,
            Self::Tls(tls) => tls.read(chunk).await,
        }
    }

    async fn write(&mut self, bytes: &Bytes) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.write_all(bytes).await,
            Self::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
        }
    }

    async fn close(self, close: Close) -> io::Result<()> {
        let mut tcp = match (self, close) {
            (socket, Close::Reset) => return SockRef::from(socket.tcp()).set_linger(Some(Duration::ZERO)),
            (Self::Tls(mut tls), Close::Orderly) => {
                tokio::time::timeout(LINGER, tls.shutdown()).await??;
                tls.into_inner().0
            }
            (Self::Tls(tls), _) => tls.into_inner().0,
            (Self::Plain(tcp), _) => tcp,
        };
        tcp.shutdown().await?;
        let rest = async {
            let mut chunk = [0; 512];
            while tcp.read(&mut chunk).await? > 0 {}
            Ok(())
        };
        tokio::time::timeout(LINGER, rest).await.unwrap_or(Ok(()))
    }
}

async fn client(shared: &Shared, tcp: TcpStream, acceptor: Option<TlsAcceptor>) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = match acceptor {
        Some(acceptor) => {
            let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(tcp));
            Socket::Tls(Box::new(handshake.await.map_err(|_| io::ErrorKind::TimedOut)??))
        }
        None => Socket::Plain(tcp),
    };
    let (sender, actions) = mpsc::channel(MAX_WAITING);
    let id = {
        let mut state = shared.state();
        let id = state.registry.connect(Server::now());
        state.clients.insert(id, sender);
        id
    };
    shared.changed.notify_one();
    // Whatever ends this future, its drop included, ends the connection at the registry.
    let _leave = Leave { shared, id };
    converse(shared, id, socket, actions).await
}

struct Leave<'s> {
    shared: &'s Shared,
    id: ConnectionId,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let id = self.id;
        self.shared.tell(|state| {
            state.clients.remove(&id);
            state.registry.disconnect(id, Server::now());
        });
    }
}

async fn converse(
    shared: &Shared,
    id: ConnectionId,
    mut socket: Socket,
    mut actions: mpsc::Receiver<Action>,
) -> io::Result<()> {
    let mut chunk = vec![0; READ];
    let mut reading = true;
    loop {
        tokio::select! {
            biased;
            action = actions.recv() => match action {
                Some(Action::Send(bytes)) => {
                    let Ok(written) = tokio::time::timeout(WRITE, socket.write(&bytes)).await else {
                        return socket.close(Close::Reset).await;
                    };
                    written?;
                }
                Some(Action::Close(close)) => return socket.close(close).await,
                None => return socket.close(Close::Reset).await,
            },
            read = socket.read(&mut chunk), if reading => {
                let read = read?;
                if read == 0 {
                    reading = false;
                    shared.tell(|state| state.registry.receive_eof(id, Server::now()));
                } else {
                    let bytes = chunk.get(..read).unwrap_or_default();
                    shared.tell(|state| state.registry.receive(id, bytes, Server::now()));
                }
            }
        }
    }
}

/// A fresh authority, and a key and a certificate for these names.
fn acceptor(
    certificates: &Certificates,
    tickets: usize,
) -> Result<(TlsAcceptor, String), Box<dyn std::error::Error + Send + Sync>> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    // Each has a name of its own, so that the authority of an earlier run is seen to be another one.
    let number = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    let number: String = number.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("authority {number} of a simulated registry"));
    let authority = CertifiedIssuer::self_signed(params, key)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(certificates.names.clone())?;
    params.distinguished_name.push(DnType::CommonName, "simulated registry");
    let certificate = params.signed_by(&key, &authority)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.send_tls13_tickets = tickets;
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}
