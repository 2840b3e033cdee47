//! Where a registry listens: a host and a port.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

/// A host, by name or address, and a port.
///
/// Written `host`, `host:port`, `192.0.2.1:port`, `[2001:db8::1]:port` or `2001:db8::1`. Without a port it is
/// [2001](Self::DEFAULT_PORT). A name is ASCII: letters, digits, `-`, `_` and dots, at most 253 bytes, and 63 between two
/// dots; it is kept in lower case and without the dot at its end.
///
/// ```
/// use rrp::net::Endpoint;
///
/// let endpoint: Endpoint = "[2001:db8::1]:3001".parse()?;
/// assert_eq!((endpoint.host(), endpoint.port()), ("2001:db8::1", 3001));
/// assert_eq!("rrp.example.com".parse::<Endpoint>()?.to_string(), "rrp.example.com:2001");
/// assert!("rrp.example.com:rrp".parse::<Endpoint>().is_err());
/// # Ok::<(), rrp::net::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    host: Box<str>,
    port: u16,
}

impl Endpoint {
    /// The port where none is given: XRRP's. RFC 2832 §3 has 648.
    pub const DEFAULT_PORT: u16 = 2001;

    /// A host, a name or an address without brackets, and a port.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the host is neither a name nor an address, or the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, InvalidEndpoint> {
        if port == 0 {
            return Err(InvalidEndpoint(Problem::Port));
        }
        let host = match host.parse::<IpAddr>() {
            Ok(address) => address.to_string(),
            Err(_) => name(host)?,
        };
        Ok(Self { host: host.into(), port })
    }

    /// The name or address, without brackets.
    #[must_use]
    pub const fn host(&self) -> &str {
        &self.host
    }

    /// The port, never 0.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address, if the host is one; `None` for a name, which is to be looked up.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// Checks a host's name.
fn name(host: &str) -> Result<String, InvalidEndpoint> {
    let problem = |problem| Err(InvalidEndpoint(problem));
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return problem(Problem::NoHost);
    }
    if name.len() > 253 {
        return problem(Problem::TooLong);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some((at, found)) = name.char_indices().find(|(_, c)| !allowed(*c)) {
        return problem(Problem::Character { found, at });
    }
    if name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return problem(Problem::Label);
    }
    // `10.0.0.256` and `127.1` are mistyped addresses, not names: some resolvers would make an address of them.
    if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return problem(Problem::Address);
    }
    Ok(name.to_ascii_lowercase())
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Self::new(&address.to_string(), Self::DEFAULT_PORT);
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or(InvalidEndpoint(Problem::Bracket))?;
            let address: Ipv6Addr = host.parse().map_err(|_| InvalidEndpoint(Problem::Bracket))?;
            let port = match rest.strip_prefix(':') {
                Some(digits) => port(digits)?,
                None if rest.is_empty() => Self::DEFAULT_PORT,
                None => return Err(InvalidEndpoint(Problem::Bracket)),
            };
            return Self::new(&address.to_string(), port);
        }
        match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => Err(InvalidEndpoint(Problem::Colons)),
            Some((host, digits)) => Self::new(host, port(digits)?),
            None => Self::new(text, Self::DEFAULT_PORT),
        }
    }
}

/// A port in digits; `u16::from_str` would take a `+`.
fn port(digits: &str) -> Result<u16, InvalidEndpoint> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if all_digits && port > 0 => Ok(port),
        _ => Err(InvalidEndpoint(Problem::Port)),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a text is no [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidEndpoint(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    NoHost,
    TooLong,
    Label,
    Character { found: char, at: usize },
    Address,
    Port,
    Bracket,
    Colons,
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Problem::NoHost => f.write_str("endpoint has no host: write `host` or `host:port`"),
            Problem::TooLong => f.write_str("host of the endpoint is longer than 253 bytes"),
            Problem::Label => {
                f.write_str("host of the endpoint has an empty part or one longer than 63 bytes")
            }
            Problem::Character { found, at } => {
                let found = found.escape_default();
                write!(
                    f,
                    "host of the endpoint has `{found}` at byte {at}: write its ASCII form, without a scheme"
                )
            }
            Problem::Address => f.write_str("host of the endpoint is no whole IPv4 address, nor a name"),
            Problem::Port => f.write_str("port of the endpoint is not a number from 1 to 65535"),
            Problem::Bracket => {
                f.write_str("brackets of the endpoint do not hold an IPv6 address: write `[address]:port`")
            }
            Problem::Colons => {
                f.write_str("endpoint has several colons and is no IPv6 address: write `[address]:port`")
            }
        }
    }
}

impl core::error::Error for InvalidEndpoint {}
