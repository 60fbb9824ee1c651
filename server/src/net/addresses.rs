//! The limit of connections per address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

use bookline_protocol::Refusal;

/// The network part of an IPv6 address, which a provider assigns to one customer. The customer chooses the
/// rest.
const IPV6_NETWORK_MASK: u128 = !(u64::MAX as u128);

/// Connections per address. Addresses without connections have no entry, so that there are never more entries
/// than connections.
type ConnectionCounts = HashMap<IpAddr, usize>;

/// Limits the connections of each address.
#[derive(Debug)]
pub struct AddressLimiter {
    max: usize,
    counts: Arc<Mutex<ConnectionCounts>>,
}

/// Counts as one connection of its address until it is dropped.
#[derive(Debug)]
pub struct AddressPermit {
    origin: IpAddr,
    counts: Arc<Mutex<ConnectionCounts>>,
}

impl AddressLimiter {
    /// A limiter of at most `max` connections per address.
    pub fn new(max: usize) -> Self {
        Self { max, counts: Arc::default() }
    }

    /// Counts one more connection of this address, unless the limit is reached.
    pub fn acquire(&self, address: IpAddr) -> Result<AddressPermit, Refusal> {
        let origin = origin(address);
        let mut counts = lock(&self.counts);
        let connections = counts.entry(origin).or_default();
        if *connections >= self.max {
            return Err(Refusal::busy_address(self.max));
        }
        *connections += 1;
        Ok(AddressPermit { origin, counts: self.counts.clone() })
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut connections) = lock(&self.counts).entry(self.origin) {
            *connections.get_mut() -= 1;
            if *connections.get() == 0 {
                connections.remove();
            }
        }
    }
}

/// No code under this lock panics, so that a poisoned lock has a valid map.
fn lock(counts: &Mutex<ConnectionCounts>) -> MutexGuard<'_, ConnectionCounts> {
    counts.lock().unwrap_or_else(|e| e.into_inner())
}

/// What counts as one address: an IPv4 address, also one mapped to IPv6, or a /64 network of IPv6.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK_MASK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn origin_is_an_ipv6_network_or_an_ipv4_address_in_either_form() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ] {
            assert_eq!(origin(address(one)) == origin(address(other)), same, "{one} and {other}");
        }
    }

    #[test]
    fn addresses_are_limited_separately_and_dropped_permits_are_returned() {
        let limiter = AddressLimiter::new(2);
        let (one, other) = (address("192.0.2.1"), address("2001:db8::1"));
        let mut permits: Vec<AddressPermit> =
            [one, one, other].map(|address| limiter.acquire(address).expect("below the limit")).into();
        let refusal = limiter.acquire(one).expect_err("the limit is reached");
        assert!(refusal.message.contains("2 connections"), "{}", refusal.message);
        permits.remove(0);
        permits.push(limiter.acquire(one).expect("a permit was returned"));
        assert!(limiter.acquire(one).is_err());
        drop(permits);
        assert!(lock(&limiter.counts).is_empty());
    }
}
