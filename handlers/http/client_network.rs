//! Where a request comes from, as limits tell clients apart.
//!
//! The address is that of the connection, or the one that Lambda names, unless that is a
//! proxy that the operator trusts. Each trusted proxy adds to `X-Forwarded-For` whom it got
//! the request from, so the header is read from its end: the first address there that is no
//! trusted proxy is the client. What stands before it is what the client said of itself.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;
use talelio::business::Network;

use crate::app::App;

/// The address of whoever sent a request, which may be a proxy.
#[derive(Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

impl PeerAddress {
    /// An address that is not known. Clients without one share their limits.
    pub(crate) const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
}

/// The network of the client that sent a request.
#[derive(Clone, Copy)]
pub(crate) struct ClientNetwork(pub(crate) Network);

impl FromRequestParts<App> for ClientNetwork {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let PeerAddress(unknown) = PeerAddress::UNKNOWN;
        Ok(parts.extensions.get().copied().unwrap_or(Self(unknown.into())))
    }
}

impl ClientNetwork {
    /// Of the client whose request came from `peer`.
    pub(crate) fn new(PeerAddress(peer): PeerAddress, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Self {
        Self(client(peer, headers, trusted_proxies).into())
    }
}

fn client(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        // A network may be written as IPv6 writes those of IPv4.
        let mapped = if let IpAddr::V4(address) = address { address.to_ipv6_mapped().into() } else { address };
        trusted_proxies.iter().any(|network| network.contains(&address) || network.contains(&mapped))
    };
    let mut client = peer;
    let mut hops = forwarded_for(headers);
    while is_trusted(client) {
        // What is no address was not added by a proxy: its sender is the client.
        let Some(Some(hop)) = hops.next() else { break };
        client = hop;
    }
    client
}

/// The addresses of `X-Forwarded-For`, the last first; none for what is no address.
pub(crate) fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").iter().rev().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.rsplit(',')).map(|hop| address(hop.trim()))
}

/// An address, for which some proxies also write its port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        super::client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(client(&[], "192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
    }

    #[test]
    fn the_last_hop_that_is_not_trusted_is_the_client() {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.9, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.9", "198.51.100.1", "10.9.9.9"]), "198.51.100.1");
        assert_eq!(client(&trusted, "::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&["::ffff:10.0.0.0/104"], "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&trusted, "2001:db8::1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["[2001:db9::7]:443"]), "2001:db9::7");
    }

    #[test]
    fn what_is_no_address_ends_the_trust() {
        let trusted = ["10.0.0.0/8"];
        for nonsense in ["", "unknown", "198.51.100.1, unknown", "198.51.100.1,", "1.2.3", "10.0.0.1.2"] {
            assert_eq!(client(&trusted, "10.0.0.1", &[nonsense]), "10.0.0.1", "{nonsense:?}");
        }
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
    }
}
