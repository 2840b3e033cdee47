//! Addresses of name servers (RFC 2832 §11, RFC 3632 §2.3).

use core::fmt;
use core::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// An IPv4 or IPv6 address that a name server on the public internet can have.
///
/// RFC 2832 §11 forbids the reserved ranges; a registry answers them with 535. Here they are refused before anything
/// is sent: everything in IANA's special-purpose registries that is not globally reachable, multicast, the reserved
/// class E, the transition ranges (6to4, Teredo, NAT64), and every IPv6 address outside `2000::/3`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerAddress(IpAddr);

impl ServerAddress {
    /// The address, if a name server can have it.
    ///
    /// # Errors
    /// [`AddressError`] if it lies in a reserved range.
    pub fn new(address: IpAddr) -> Result<Self, AddressError> {
        let range = match address {
            IpAddr::V4(v4) => V4.iter().find(|range| range.holds(v4)).map(|range| range.text),
            IpAddr::V6(v6) if !GLOBAL.holds(v6) => Some("outside 2000::/3"),
            IpAddr::V6(v6) => V6.iter().find(|range| range.holds(v6)).map(|range| range.text),
        };
        match range {
            Some(range) => Err(AddressError(Problem::Reserved { address, range })),
            None => Ok(Self(address)),
        }
    }

    /// The address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }
}

struct RangeV4 {
    text: &'static str,
    base: Ipv4Addr,
    bits: u32,
}

impl RangeV4 {
    fn holds(&self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(self.bits)).unwrap_or(0);
        (address.to_bits() ^ self.base.to_bits()) & mask == 0
    }
}

struct RangeV6 {
    text: &'static str,
    base: Ipv6Addr,
    bits: u32,
}

impl RangeV6 {
    fn holds(&self, address: Ipv6Addr) -> bool {
        let mask = u128::MAX.checked_shl(128_u32.saturating_sub(self.bits)).unwrap_or(0);
        (address.to_bits() ^ self.base.to_bits()) & mask == 0
    }
}

const fn v4(text: &'static str, a: u8, b: u8, c: u8, bits: u32) -> RangeV4 {
    RangeV4 { text, base: Ipv4Addr::new(a, b, c, 0), bits }
}

const fn v6(text: &'static str, a: u16, b: u16, c: u16, bits: u32) -> RangeV6 {
    RangeV6 { text, base: Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits }
}

/// IANA IPv4 Special-Purpose Address Registry, and the multicast and reserved blocks.
const V4: [RangeV4; 15] = [
    v4("this network, 0.0.0.0/8", 0, 0, 0, 8),
    v4("private, 10.0.0.0/8", 10, 0, 0, 8),
    v4("shared, 100.64.0.0/10", 100, 64, 0, 10),
    v4("loopback, 127.0.0.0/8", 127, 0, 0, 8),
    v4("link-local, 169.254.0.0/16", 169, 254, 0, 16),
    v4("private, 172.16.0.0/12", 172, 16, 0, 12),
    v4("protocol assignments, 192.0.0.0/24", 192, 0, 0, 24),
    v4("documentation, 192.0.2.0/24", 192, 0, 2, 24),
    v4("6to4 relays, 192.88.99.0/24", 192, 88, 99, 24),
    v4("private, 192.168.0.0/16", 192, 168, 0, 16),
    v4("benchmarking, 198.18.0.0/15", 198, 18, 0, 15),
    v4("documentation, 198.51.100.0/24", 198, 51, 100, 24),
    v4("documentation, 203.0.113.0/24", 203, 0, 113, 24),
    v4("multicast, 224.0.0.0/4", 224, 0, 0, 4),
    v4("reserved, 240.0.0.0/4", 240, 0, 0, 4),
];

const GLOBAL: RangeV6 = v6("global unicast, 2000::/3", 0x2000, 0, 0, 3);

/// IANA IPv6 Special-Purpose Address Registry, within `2000::/3`.
const V6: [RangeV6; 4] = [
    v6("protocol assignments, 2001::/23", 0x2001, 0, 0, 23),
    v6("documentation, 2001:db8::/32", 0x2001, 0x0db8, 0, 32),
    v6("6to4, 2002::/16", 0x2002, 0, 0, 16),
    v6("documentation, 3fff::/20", 0x3fff, 0, 0, 20),
];

/// Why an address was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(Problem);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    NotAnAddress(AddrParseError),
    Reserved { address: IpAddr, range: &'static str },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::NotAnAddress(_) => f.write_str("not an IPv4 or IPv6 address"),
            Problem::Reserved { address, range } => {
                write!(f, "address `{address}` lies in a reserved range ({range})")
            }
        }
    }
}

impl core::error::Error for AddressError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.0 {
            Problem::NotAnAddress(source) => Some(source),
            Problem::Reserved { .. } => None,
        }
    }
}

impl TryFrom<IpAddr> for ServerAddress {
    type Error = AddressError;

    fn try_from(address: IpAddr) -> Result<Self, AddressError> {
        Self::new(address)
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = text.parse().map_err(|source| AddressError(Problem::NotAnAddress(source)))?;
        Self::new(address)
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
