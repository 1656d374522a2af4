//! From where a request comes: the socket's other end, or whom the proxy there says that it speaks for.

use actix_web::HttpRequest;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The header in which proxies say whom they speak for. One only: what a proxy does not write, it passes on as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies that are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// Their addresses.
    pub trusted: Vec<IpNet>,
    /// Where they say it.
    pub header: Header,
}

impl Proxies {
    fn are_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// From where a request comes, `peer` being the socket's other end: the last hop that is no trusted proxy.
    #[must_use]
    pub fn client(&self, peer: IpAddr, hops: &[String]) -> IpAddr {
        let mut address = peer.to_canonical();
        for hop in hops.iter().rev() {
            // Whoever is not trusted may write what they like.
            if !self.are_trusted(address) {
                break;
            }
            match hop_address(hop) {
                Some(next) => address = next.to_canonical(),
                None => break,
            }
        }
        address
    }

    /// From where a request comes.
    pub(crate) fn client_of(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        if self.are_trusted(peer.to_canonical()) { self.client(peer, &self.hops(request)) } else { peer.to_canonical() }
    }

    /// What the proxies wrote, the farthest first.
    fn hops(&self, request: &HttpRequest) -> Vec<String> {
        let name = match self.header {
            Header::XForwardedFor => "x-forwarded-for",
            Header::Forwarded => "forwarded",
        };
        let lines = request.headers().get_all(name).map(|line| line.to_str().unwrap_or("unreadable"));
        let entries = lines.flat_map(|line| line.split(','));
        match self.header {
            Header::XForwardedFor => entries.map(|entry| entry.trim().to_owned()).collect(),
            Header::Forwarded => entries.map(forwarded_for).collect(),
        }
    }
}

/// The `for` of an element of `Forwarded`; empty when it has none.
fn forwarded_for(element: &str) -> String {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    named.next().map(|(_, value)| value.trim().trim_matches('"').to_owned()).unwrap_or_default()
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// What is counted as one client: an IPv4 address, or the /64 that an IPv6 client has to itself.
#[must_use]
pub fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

/// Addresses and networks, separated by commas or spaces.
///
/// # Errors
/// The first entry that is neither.
pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let entries = text.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty());
    let network = |entry: &str| {
        let address = entry.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        address.or_else(|_no_address| entry.parse::<IpNet>()).map_err(|_neither| entry.to_owned())
    };
    entries.map(network).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies() -> Proxies {
        Proxies { trusted: networks("10.0.0.0/8, 192.0.2.1, 2001:db8::/32").unwrap(), header: Header::XForwardedFor }
    }

    fn client(peer: &str, hops: &[&str]) -> IpAddr {
        let hops: Vec<String> = hops.iter().map(|hop| (*hop).to_owned()).collect();
        proxies().client(ip(peer), &hops)
    }

    #[test]
    fn a_stranger_is_who_the_socket_says_whatever_they_write() {
        assert_eq!(client("203.0.113.9", &["10.0.0.1", "127.0.0.1"]), ip("203.0.113.9"));
        assert_eq!(client("192.0.2.2", &["127.0.0.1"]), ip("192.0.2.2"));
    }

    #[test]
    fn behind_trusted_proxies_it_is_the_last_hop_that_is_none_of_them() {
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), ip("203.0.113.9"));
        assert_eq!(client("192.0.2.1", &["203.0.113.9", "10.1.2.3"]), ip("203.0.113.9"));
        // What the client itself wrote stands before what the proxy wrote.
        assert_eq!(client("192.0.2.1", &["127.0.0.1", "203.0.113.9"]), ip("203.0.113.9"));
        assert_eq!(client("192.0.2.1", &["127.0.0.1", "203.0.113.9", "10.1.2.3"]), ip("203.0.113.9"));
        assert_eq!(client("192.0.2.1", &["10.1.2.3"]), ip("10.1.2.3"));
        assert_eq!(client("192.0.2.1", &[]), ip("192.0.2.1"));
        assert_eq!(client("192.0.2.1", &["203.0.113.9", "unknown"]), ip("192.0.2.1"));
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8::7]:443", "::ffff:203.0.113.9"]), ip("203.0.113.9"));
    }

    #[test]
    fn one_header_is_read_and_the_other_is_not() {
        let request = |name: &'static str, value: &'static str| {
            let request = TestRequest::get().peer_addr("10.0.0.1:4000".parse().unwrap());
            request.append_header((name, value)).append_header((name, "10.9.9.9")).to_http_request()
        };
        let forwarded = Proxies { header: Header::Forwarded, ..proxies() };
        let said = request("forwarded", "for=1.2.3.4, proto=https;For=\"[2001:dead::1]:80\"");
        // The second line is no `for`: it is not skipped, for then the client could write the last one.
        assert_eq!(forwarded.client_of(&said), ip("10.0.0.1"));
        assert_eq!(proxies().client_of(&said), ip("10.0.0.1"));
        let said = request("x-forwarded-for", "1.2.3.4, 203.0.113.9");
        assert_eq!(proxies().client_of(&said), ip("203.0.113.9"));
        assert_eq!(forwarded.client_of(&said), ip("10.0.0.1"));
        assert_eq!(forwarded_for("proto=https;For=\"[2001:dead::1]:80\""), "[2001:dead::1]:80");
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port_and_nonsense_is_not() {
        for text in ["192.0.2.1", "192.0.2.1:80"] {
            assert_eq!(hop_address(text), Some(ip("192.0.2.1")), "{text}");
        }
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"] {
            assert_eq!(hop_address(text), Some(ip("2001:db8::1")), "{text}");
        }
        for text in ["", "unknown", "_hidden", "1.2.3", "[1.2.3.4", "a.example"] {
            assert_eq!(hop_address(text), None, "{text}");
        }
    }

    #[test]
    fn an_ipv6_client_is_its_network_of_sixty_four_bits() {
        assert_eq!(counted_as(ip("2001:db8:1:2:aaaa::1")), ip("2001:db8:1:2::"));
        assert_ne!(counted_as(ip("2001:db8:1:3::1")), ip("2001:db8:1:2::"));
        assert_eq!(counted_as(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }

    #[test]
    fn networks_are_addresses_or_networks_and_anything_else_is_named() {
        assert_eq!(networks("10.0.0.2, 10.1.0.0/16 ::1").unwrap().len(), 3);
        assert_eq!(networks(" , "), Ok(Vec::new()));
        for wrong in ["proxy", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "*"] {
            assert_eq!(networks(&format!("10.0.0.2,{wrong}")), Err(wrong.to_owned()));
        }
    }
}
