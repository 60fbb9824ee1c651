//! Connections by the address that they come from.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

use bookline_protocol::Refusal;

/// The part of an IPv6 address that a provider gives to one customer, who chooses the rest at will.
const NETWORK: u128 = !(u64::MAX as u128);

/// How many connections there are of each address. Where there is none there is no entry, so that there are never more
/// entries than connections.
type Open = HashMap<IpAddr, usize>;

/// Connections of each address, bounded.
#[derive(Debug)]
pub struct Addresses {
    max: usize,
    open: Arc<Mutex<Open>>,
}

/// A connection that counts as one of its address until this is dropped.
#[derive(Debug)]
pub struct Counted {
    origin: IpAddr,
    open: Arc<Mutex<Open>>,
}

impl Addresses {
    /// At most `max` of each.
    pub fn new(max: usize) -> Self {
        Self { max, open: Arc::default() }
    }

    /// Counts one more of this address, unless it has as many as it may.
    pub fn count(&self, address: IpAddr) -> Result<Counted, Refusal> {
        let origin = origin(address);
        let mut open = lock(&self.open);
        let connections = open.entry(origin).or_default();
        if *connections >= self.max {
            return Err(Refusal::busy_address(self.max));
        }
        *connections += 1;
        Ok(Counted { origin, open: self.open.clone() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Entry::Occupied(mut connections) = lock(&self.open).entry(self.origin) {
            *connections.get_mut() -= 1;
            if *connections.get() == 0 {
                connections.remove();
            }
        }
    }
}

/// Nothing that is done under the lock panics.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(|e| e.into_inner())
}

/// What counts as one address: an IPv4 address, also in the form of IPv6, and a /64 network of IPv6.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
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
    fn a_network_of_ipv6_counts_as_one_and_ipv4_is_the_same_in_both_forms() {
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
    fn each_has_its_own_and_who_is_gone_leaves_nothing() {
        let addresses = Addresses::new(2);
        let (one, other) = (address("192.0.2.1"), address("2001:db8::1"));
        let mut counted: Vec<Counted> =
            [one, one, other].map(|address| addresses.count(address).expect("a place")).into();
        let refused = addresses.count(one).expect_err("a third");
        assert!(refused.message.contains("2 connections"), "{}", refused.message);
        counted.remove(0);
        counted.push(addresses.count(one).expect("the place of the one that is gone"));
        assert!(addresses.count(one).is_err());
        drop(counted);
        assert!(lock(&addresses.open).is_empty());
    }
}
