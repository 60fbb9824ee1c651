//! The limit of connections per address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::auth::network;

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
    pub fn acquire(&self, address: IpAddr) -> Option<AddressPermit> {
        let origin = network(address);
        let mut counts = lock(&self.counts);
        let connections = counts.entry(origin).or_default();
        if *connections >= self.max {
            return None;
        }
        *connections += 1;
        Some(AddressPermit { origin, counts: self.counts.clone() })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn addresses_are_limited_separately_and_dropped_permits_are_returned() {
        let limiter = AddressLimiter::new(2);
        let (one, other) = (address("192.0.2.1"), address("2001:db8::1"));
        let mut permits: Vec<AddressPermit> =
            [one, one, other].map(|address| limiter.acquire(address).expect("below the limit")).into();
        assert!(limiter.acquire(one).is_none(), "the limit is reached");
        permits.remove(0);
        permits.push(limiter.acquire(one).expect("a permit was returned"));
        assert!(limiter.acquire(one).is_none());
        drop(permits);
        assert!(lock(&limiter.counts).is_empty());
    }
}
