//! Who is at the other end of a connection, as far as the transport knows.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The network part of an IPv6 address, which a provider assigns to one customer. The customer chooses the
/// rest.
const IPV6_NETWORK_MASK: u128 = !(u64::MAX as u128);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    pub origin: PeerOrigin,
    /// The name of the account that the transport has proved: by a client certificate, or by the user of the
    /// process at the other end. It may not exist.
    pub account: Option<String>,
}

/// Where a peer connects from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PeerOrigin {
    /// Within this process.
    #[default]
    Process,
    /// By a Unix socket, with this user id.
    User(u32),
    Address(IpAddr),
}

impl PeerOrigin {
    /// What counts as one origin: an IPv4 address, also one mapped to IPv6, a /64 network of IPv6, or a user.
    pub fn network(self) -> Self {
        match self {
            Self::Address(address) => Self::Address(network(address)),
            Self::Process | Self::User(_) => self,
        }
    }
}

/// What counts as one address: an IPv4 address, also one mapped to IPv6, or a /64 network of IPv6.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK_MASK).into(),
        address => address,
    }
}

impl fmt::Display for PeerOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("this process"),
            Self::User(user) => write!(f, "user {user}"),
            Self::Address(address) => write!(f, "{}", address.to_canonical()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_is_one_of_ipv6_or_an_ipv4_address_in_either_form() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ] {
            let network = |text: &str| network(text.parse().expect("an address"));
            assert_eq!(network(one) == network(other), same, "{one} and {other}");
        }
    }
}
