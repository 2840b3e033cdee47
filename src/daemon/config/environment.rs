//! Whether money is spent: which hosts are known to be what.

use core::fmt;

use crate::net::Endpoint;

/// Hosts of which it is known what they are. (CNR tells them in its documentation of the gateways.)
const KNOWN: [(&str, Environment); 2] =
    [("xrrp.rrpproxy.net", Environment::Production), ("xrrp-ote.rrpproxy.net", Environment::Ote)];

/// Whether money is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// The test environment of a registry: nothing costs.
    Ote,
    /// Real names, real money.
    Production,
    /// A simulated registry.
    Simulated,
}

impl Environment {
    /// Its name: `ote`, `production` or `simulated`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ote => "ote",
            Self::Production => "production",
            Self::Simulated => "simulated",
        }
    }

    /// What somebody states about a host: `ote` or `production`. On this machine it may be `simulated`, too.
    pub(super) fn stated(text: &str) -> Option<Self> {
        [Self::Ote, Self::Production, Self::Simulated].into_iter().find(|known| known.as_str() == text)
    }

    /// What the host of an endpoint is known to be; `None` for most hosts, those of this machine among them.
    ///
    /// ```
    /// use rrp::daemon::Environment;
    ///
    /// assert_eq!(Environment::known(&"xrrp-ote.rrpproxy.net".parse()?), Some(Environment::Ote));
    /// assert_eq!(Environment::known(&"rrp.example.com".parse()?), None);
    /// # Ok::<(), rrp::net::InvalidEndpoint>(())
    /// ```
    #[must_use]
    pub fn known(endpoint: &Endpoint) -> Option<Self> {
        KNOWN.iter().find(|(host, _)| *host == endpoint.host()).map(|(_, environment)| *environment)
    }

    /// Whether an endpoint is on this machine, by its name or address: a simulated registry, or a tunnel.
    #[must_use]
    pub fn is_loopback(endpoint: &Endpoint) -> bool {
        endpoint.host() == "localhost"
            || endpoint.address().is_some_and(|address| address.to_canonical().is_loopback())
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
