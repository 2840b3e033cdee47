//! From an endpoint to addresses.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;

use tokio::time::timeout;

use super::cause::Cause;
use super::endpoint::Endpoint;
use super::error::Failure;
use crate::session::Stage;

/// How many addresses of one name are tried.
const MAX_ADDRESSES: usize = 32;

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Which families are tried, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Families {
    /// As the resolver sorts them (RFC 6724).
    #[default]
    AsResolved,
    First(Family),
    Only(Family),
}

impl Families {
    /// The addresses to try, in order, each once.
    pub(super) fn order(self, addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        let mut ordered: Vec<SocketAddr> = Vec::new();
        for address in addresses {
            let allowed = !matches!(self, Self::Only(family) if Family::of(address.ip()) != family);
            if allowed && !ordered.contains(&address) && ordered.len() < MAX_ADDRESSES {
                ordered.push(address);
            }
        }
        if let Self::First(family) = self {
            ordered.sort_by_key(|address| Family::of(address.ip()) != family);
        }
        ordered
    }

    pub(super) const fn only(self) -> Option<Family> {
        match self {
            Self::Only(family) => Some(family),
            _ => None,
        }
    }
}

/// Looks the host up. An address is none to look up.
pub(super) async fn addresses(endpoint: &Endpoint, deadline: Duration) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = endpoint.address() {
        return Ok(vec![SocketAddr::new(address, endpoint.port())]);
    }
    let lookup = async {
        let found = tokio::net::lookup_host((endpoint.host(), endpoint.port())).await?;
        Ok(found.collect())
    };
    within(deadline, lookup).await
}

async fn within(
    deadline: Duration,
    lookup: impl Future<Output = io::Result<Vec<SocketAddr>>>,
) -> Result<Vec<SocketAddr>, Failure> {
    match timeout(deadline, lookup).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(Failure::new(Stage::Dns, Cause::DnsFailure).with(error)),
        Err(_) => {
            let cause = Cause::Timeout { stage: Stage::Dns, after: Some(deadline) };
            Err(Failure::new(Stage::Dns, cause))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_are_sorted_or_left_out() {
        let found = [address("[::1]:1"), address("127.0.0.1:1"), address("[::1]:1"), address("[::2]:1")];
        assert_eq!(Families::AsResolved.order(found), [found[0], found[1], found[3]]);
        assert_eq!(Families::First(Family::V4).order(found), [found[1], found[0], found[3]]);
        assert_eq!(Families::Only(Family::V4).order(found), [found[1]]);
        let many = (1..=100).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(Families::First(Family::V6).order(many).len(), MAX_ADDRESSES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_resolver_ends_at_the_deadline() {
        let failure = within(Duration::from_secs(10), std::future::pending()).await.unwrap_err();
        assert_eq!(failure.cause.to_string(), "no answer within 10s");
        assert_eq!((failure.stage, failure.cause.fix().as_str()), (Stage::Dns, "check the resolver"));
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_says_so() {
        let lookup = async { Err(io::Error::other("no such name")) };
        let failure = within(Duration::from_secs(10), lookup).await.unwrap_err();
        assert_eq!(failure.cause, Cause::DnsFailure);
        assert_eq!(failure.source.unwrap().to_string(), "no such name");
    }
}
