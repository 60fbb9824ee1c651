//! Ports that are known before a process listens on them.

use std::collections::BTreeSet;
use std::net::TcpListener;

use crate::rng::Rng;

/// Ports below those that Linux gives to connections (net.ipv4.ip_local_port_range begins at 32768). While
/// nobody listens on a port of that range, a client that connects to it again and again may be connected to
/// itself, and the port is taken.
const FIRST: u64 = 10_000;
const END: u64 = 32_000;

/// Different ports that are free at the moment. Another process may take one of them before it is used, which
/// is unlikely, as they are drawn at random.
pub fn fixed_ports(count: usize) -> Vec<u16> {
    let mut rng = Rng::unseeded();
    let mut ports = BTreeSet::new();
    while ports.len() < count {
        let port = u16::try_from(rng.within(FIRST..END)).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            ports.insert(port);
        }
    }
    ports.into_iter().collect()
}
