//! From an endpoint to a connection.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io;
#[cfg(feature = "tls")]
use std::sync::Arc;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::cause::Cause;
use super::endpoint::Endpoint;
use super::error::{ConnectError, Failure, Failures};
use super::resolve::{self, Families, Family};
use super::stream::{Inner, Stream};
#[cfg(feature = "tls")]
use super::tls::{self, Tls};
use crate::session::Stage;

/// Longer than this, systems refuse (Linux takes 15 bits of seconds).
const MAX_KEEPALIVE: Duration = Duration::from_secs(32_767);
/// Longer than this, systems refuse (31 bits of milliseconds).
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_USER_TIMEOUT: Duration = Duration::from_millis(2_147_483_647);

/// How long each stage of connecting may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectDeadlines {
    dns: Duration,
    connect: Duration,
    tls: Duration,
    whole: Duration,
}

impl ConnectDeadlines {
    /// DNS 10 s, TCP 10 s, TLS 15 s, and no other address is tried after 60 s.
    pub const DEFAULT: Self = Self {
        dns: Duration::from_secs(10),
        connect: Duration::from_secs(10),
        tls: Duration::from_secs(15),
        whole: Duration::from_secs(60),
    };

    /// For the lookup of the name. 10 s.
    #[must_use]
    pub const fn dns(mut self, deadline: Duration) -> Self {
        self.dns = deadline;
        self
    }

    /// For the TCP connection, of each address. 10 s.
    #[must_use]
    pub const fn connect(mut self, deadline: Duration) -> Self {
        self.connect = deadline;
        self
    }

    /// For the TLS handshake, of each address. 15 s.
    #[must_use]
    pub const fn tls(mut self, deadline: Duration) -> Self {
        self.tls = deadline;
        self
    }

    /// For all addresses together: after this, no other is tried. 60 s.
    #[must_use]
    pub const fn whole(mut self, deadline: Duration) -> Self {
        self.whole = deadline;
        self
    }
}

impl Default for ConnectDeadlines {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Makes connections, all in the same way.
///
/// Every address of a name is tried, one after the other, at most 32. TCP_NODELAY is always set: a command is one small
/// write and then waits.
///
/// ```
/// use rrp::net::{Connector, Endpoint};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint: Endpoint = "127.0.0.1:2001".parse()?;
/// match Connector::plain().connect(&endpoint).await {
///     Ok(stream) => println!("connected to {}", stream.peer_addr()),
///     Err(error) => println!("{error}; {}", error.fix()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connector {
    security: Security,
    families: Families,
    source_v4: Option<Ipv4Addr>,
    source_v6: Option<Ipv6Addr>,
    keepalive: Option<Duration>,
    user_timeout: Option<Duration>,
    deadlines: ConnectDeadlines,
}

#[derive(Clone, Debug)]
enum Security {
    PlainToLoopback,
    PlainToAll,
    #[cfg(feature = "tls")]
    Tls(Arc<Tls>),
}

impl Connector {
    const fn new(security: Security) -> Self {
        Self {
            security,
            families: Families::AsResolved,
            source_v4: None,
            source_v6: None,
            keepalive: Some(Duration::from_secs(60)),
            user_timeout: Some(Duration::from_secs(30)),
            deadlines: ConnectDeadlines::DEFAULT,
        }
    }

    /// Plain TCP, to loopback only: to a tunnel or to a simulated registry. RFC 2832 §2.1 asks for SSL.
    ///
    /// What counts is the address that is connected to, not the name.
    #[must_use]
    pub const fn plain() -> Self {
        Self::new(Security::PlainToLoopback)
    }

    /// Over TLS.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn tls(tls: Tls) -> Self {
        Self::new(Security::Tls(Arc::new(tls)))
    }

    /// Lets plain TCP go to any address, where everyone on the way can read the password and change every command.
    ///
    /// Does nothing to a connector over TLS, which stays one.
    #[must_use]
    pub fn allow_plain_text_over_the_network(mut self) -> Self {
        if matches!(self.security, Security::PlainToLoopback) {
            self.security = Security::PlainToAll;
        }
        self
    }

    /// The address to connect from, for registries that keep a list of those that may. Once for each family.
    ///
    /// As soon as one is given, addresses of a family without one are not connected to.
    #[must_use]
    pub const fn source(mut self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.source_v4 = Some(address),
            IpAddr::V6(address) => self.source_v6 = Some(address),
        }
        self
    }

    /// Tries addresses of this family first. Otherwise the resolver's order stands.
    #[must_use]
    pub const fn prefer(mut self, family: Family) -> Self {
        self.families = Families::First(family);
        self
    }

    /// Tries addresses of this family only.
    #[must_use]
    pub const fn only(mut self, family: Family) -> Self {
        self.families = Families::Only(family);
        self
    }

    /// After how long without traffic TCP asks whether the peer is still there; `None` for never. 60 s; nine hours at the most.
    #[must_use]
    pub const fn keepalive(mut self, idle: Option<Duration>) -> Self {
        self.keepalive = idle;
        self
    }

    /// After how long without an acknowledgement TCP gives the connection up (TCP_USER_TIMEOUT, RFC 5482); `None` for
    /// the system's. 30 s; 24 days at the most. Does nothing but on Linux and Android.
    #[must_use]
    pub const fn user_timeout(mut self, unacknowledged: Option<Duration>) -> Self {
        self.user_timeout = unacknowledged;
        self
    }

    /// How long each stage may take.
    #[must_use]
    pub const fn deadlines(mut self, deadlines: ConnectDeadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Connects to the first address of the endpoint that lets it.
    ///
    /// # Errors
    /// [`ConnectError`] if no address does.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Stream, ConnectError> {
        let addresses =
            resolve::addresses(endpoint, self.deadlines.dns).await.map_err(ConnectError::before)?;
        self.connect_to(endpoint, addresses).await
    }

    /// As [`connect`](Self::connect), with addresses from elsewhere. The endpoint's host still names the server under TLS.
    ///
    /// # Errors
    /// [`ConnectError`] if no address lets it.
    pub async fn connect_to(
        &self,
        endpoint: &Endpoint,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Result<Stream, ConnectError> {
        let mut failures = Failures::default();
        let begun = tokio::time::Instant::now();
        for (number, address) in self.families.order(addresses).into_iter().enumerate() {
            if number > 0 && begun.elapsed() >= self.deadlines.whole {
                tracing::debug!(%endpoint, "no other address is tried: it took too long already");
                break;
            }
            tracing::debug!(%endpoint, %address, "connecting");
            match self.attempt(endpoint, address).await {
                Ok((inner, local)) => {
                    tracing::debug!(%endpoint, %address, %local, "connected");
                    return Ok(Stream::new(inner, address, local, failures.into_tried()));
                }
                Err(failure) => {
                    let (stage, cause) = (failure.stage, &failure.cause);
                    tracing::debug!(%endpoint, %address, %stage, %cause, "not connected");
                    failures.push(address, failure);
                }
            }
        }
        let nothing = Cause::NoAddress { only: self.families.only() };
        Err(failures.into_error(Failure::new(Stage::Dns, nothing)))
    }

    async fn attempt(
        &self,
        endpoint: &Endpoint,
        address: SocketAddr,
    ) -> Result<(Inner, SocketAddr), Failure> {
        #[cfg(not(feature = "tls"))]
        let _ = endpoint;
        let ip = address.ip().to_canonical();
        if matches!(self.security, Security::PlainToLoopback) && !ip.is_loopback() {
            return Err(Failure::new(Stage::Connect, Cause::PlainTextNotAllowed { address: ip }));
        }
        let tcp = self.tcp(address).await?;
        let local = tcp.local_addr().map_err(io_failure)?;
        match &self.security {
            Security::PlainToLoopback | Security::PlainToAll => Ok((Inner::Plain(tcp), local)),
            #[cfg(feature = "tls")]
            Security::Tls(tls) => {
                let (stream, info) = tls::handshake(tls, endpoint.host(), tcp, self.deadlines.tls).await?;
                Ok((Inner::Tls(Box::new(stream), Some(Box::new(info))), local))
            }
        }
    }

    /// One TCP connection.
    async fn tcp(&self, address: SocketAddr) -> Result<TcpStream, Failure> {
        let family = Family::of(address.ip());
        let socket = match family {
            Family::V4 => TcpSocket::new_v4(),
            Family::V6 => TcpSocket::new_v6(),
        };
        let socket = socket.map_err(io_failure)?;
        let source = match family {
            Family::V4 => self.source_v4.map(IpAddr::V4),
            Family::V6 => self.source_v6.map(IpAddr::V6),
        };
        let unusable = Cause::SourceAddress { address: source, family };
        if let Some(source) = source {
            socket
                .bind(SocketAddr::new(source, 0))
                .map_err(|error| Failure::new(Stage::Connect, unusable.clone()).with(error))?;
        } else if self.source_v4.is_some() || self.source_v6.is_some() {
            return Err(Failure::new(Stage::Connect, unusable));
        }
        let tcp = match timeout(self.deadlines.connect, socket.connect(address)).await {
            Ok(Ok(tcp)) => tcp,
            // The address is ours, but no way leads from it to the peer's.
            Ok(Err(error)) if source.is_some() && is_about_source(&error) => {
                return Err(Failure::new(Stage::Connect, unusable).with(error));
            }
            Ok(Err(error)) => return Err(io_failure(error)),
            Err(_) => {
                let cause = Cause::Timeout { stage: Stage::Connect, after: Some(self.deadlines.connect) };
                return Err(Failure::new(Stage::Connect, cause));
            }
        };
        self.set_options(&tcp).map_err(io_failure)?;
        Ok(tcp)
    }

    fn set_options(&self, tcp: &TcpStream) -> io::Result<()> {
        tcp.set_nodelay(true)?;
        let socket = SockRef::from(tcp);
        if let Some(idle) = self.keepalive {
            socket.set_tcp_keepalive(&keepalive(idle.min(MAX_KEEPALIVE)))?;
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(unacknowledged) = self.user_timeout {
            socket.set_tcp_user_timeout(Some(unacknowledged.min(MAX_USER_TIMEOUT)))?;
        }
        Ok(())
    }
}

/// Asks after `idle`, and then every ten seconds where that can be said.
fn keepalive(idle: Duration) -> TcpKeepalive {
    // Whole seconds are what systems take, and 0 is refused.
    let keepalive = TcpKeepalive::new().with_time(idle.max(Duration::from_secs(1)));
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "ios",
        target_os = "freebsd",
        target_os = "netbsd",
        windows
    ))]
    let keepalive = keepalive.with_interval(Duration::from_secs(10));
    keepalive
}

fn is_about_source(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::InvalidInput)
}

fn io_failure(error: io::Error) -> Failure {
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::ConnectionRefused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::PermissionDenied => Cause::Unreachable,
        io::ErrorKind::TimedOut => Cause::Timeout { stage: Stage::Connect, after: None },
        kind => Cause::Io(kind),
    };
    let failure = Failure::new(Stage::Connect, cause);
    // The system would say it once more.
    if matches!(failure.cause, Cause::ConnectionRefused) { failure } else { failure.with(error) }
}
