use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where a client comes from, as limits tell clients apart: an IPv4 address, or the 64 bits
/// of an IPv6 address that name a network. Whoever has one IPv6 address has as many as they
/// like in its network (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            address @ IpAddr::V4(_) => Self(address),
        }
    }
}

impl Network {
    /// All that one customer may have: the [site](Network::site), or this.
    #[must_use]
    pub fn customer(self) -> Self {
        self.site().unwrap_or(self)
    }

    /// What a network is part of that one customer may have: 48 bits of an IPv6 address
    /// (RFC 6177). None for an IPv4 address.
    #[must_use]
    pub fn site(self) -> Option<Self> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(Self(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into())),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_are_one() {
        let network = |address: &str| Network::from(address.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:3::"), network("2001:db8:1:2::"));
        let site = |address: &str| Network::from(address.parse::<IpAddr>().unwrap()).site();
        assert_eq!(site("2001:db8:1:2::"), site("2001:db8:1:3::"));
        assert_ne!(site("2001:db8:1:2::"), site("2001:db8:2:2::"));
        assert_eq!(site("192.0.2.7"), None);
    }
}
