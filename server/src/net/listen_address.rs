//! The value of `--listen`, `--tls-listen` and `--metrics-listen`: a host and a port.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use thiserror::Error;
use tokio::net::TcpListener;

/// A host and a port. A host name is looked up once, before the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// A name, or an address without brackets.
    host: String,
    port: u16,
}

/// The addresses of a host, as they were judged, to listen on one of them.
#[derive(Debug)]
pub struct FoundAddress {
    /// At least one. IPv4 first.
    addresses: Vec<SocketAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ListenAddressError {
    #[error("it is a host and a port from 0 to 65535, as in 127.0.0.1:2665, localhost:2665 or [::1]:2665")]
    Form,
    #[error("an IPv6 address is written in brackets, as in [::1]:2665")]
    Brackets,
}

/// Why the server cannot listen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    #[error("finding the addresses of {host}")]
    Lookup { host: String, source: io::Error },
    #[error("listening on {address}: another server listens there; stop it, or give another address")]
    InUse { address: SocketAddr },
    #[error("listening on {address}")]
    Io { address: SocketAddr, source: io::Error },
}

impl ListenAddress {
    /// Finds the addresses of the host.
    pub fn find(&self) -> Result<FoundAddress, ListenError> {
        let error = |source| ListenError::Lookup { host: self.host.clone(), source };
        // Blocks this thread: no connection is served yet, and the system may allow no other thread.
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(error)?;
        let mut addresses: Vec<SocketAddr> = addresses.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        if addresses.is_empty() {
            return Err(error(io::ErrorKind::NotFound.into()));
        }
        Ok(FoundAddress { addresses })
    }
}

impl FoundAddress {
    /// Whether only this machine can connect, whichever of the addresses it is.
    pub fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    /// Listens on the first address that this machine has, IPv4 first: clients try 127.0.0.1 by default, and
    /// `localhost` is also ::1. An address in use is an error, because two servers under one name would share
    /// clients.
    pub async fn bind(&self) -> Result<TcpListener, ListenError> {
        let mut error = None;
        for &address in &self.addresses {
            match TcpListener::bind(address).await {
                Ok(listener) => return Ok(listener),
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(ListenError::InUse { address }),
                Err(source) => error = Some(ListenError::Io { address, source }),
            }
        }
        Err(error.expect("there is an address"))
    }
}

impl ListenAddress {
    /// Whether it says where a server is: not 0.0.0.0, which means all of a machine, and not any port.
    pub fn names_a_host(&self) -> bool {
        let is_unspecified = self.host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        self.port != 0 && !is_unspecified
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let (host, port) = text.rsplit_once(':').ok_or(ListenAddressError::Form)?;
        let port = port.parse().map_err(|_| ListenAddressError::Form)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(ListenAddressError::Brackets);
        }
        let host = bare.unwrap_or(host);
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(ListenAddressError::Form);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses_round_trip_as_text() {
        for text in ["127.0.0.1:2665", "localhost:0", "[::1]:65535", "[fe80::1%eth0]:1", "my-host.example:80"]
        {
            let parsed: ListenAddress = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn text_without_a_host_or_a_port_is_refused() {
        use ListenAddressError::{Brackets, Form};
        let wrong = [
            ("", Form),
            ("nowhere", Form),
            (":2665", Form),
            ("[]:2665", Form),
            ("127.0.0.1:", Form),
            ("127.0.0.1:99999", Form),
            ("127.0.0.1:http", Form),
            ("a b:1", Form),
            ("::1:2665", Brackets),
        ];
        for (text, error) in wrong {
            assert_eq!(text.parse::<ListenAddress>(), Err(error), "{text}");
        }
    }

    #[tokio::test]
    async fn bind_of_a_name_takes_its_first_ipv4_address() {
        let find = |text: &str| text.parse::<ListenAddress>().unwrap().find().unwrap();
        let listener = find("localhost:0").bind().await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(address.ip().is_loopback() && address.is_ipv4(), "{address}");

        for taken in [format!("localhost:{}", address.port()), address.to_string()] {
            let taken = find(&taken).bind().await;
            assert!(matches!(taken, Err(ListenError::InUse { .. })), "{taken:?}");
        }
    }

    #[test]
    fn loopback_is_what_only_this_machine_can_connect_to() {
        for (text, is_loopback) in [
            ("127.0.0.1:1", true),
            ("127.255.0.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("localhost:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("[::ffff:0.0.0.0]:1", false),
            ("192.0.2.1:1", false),
            ("[::ffff:192.0.2.1]:1", false),
            ("[fe80::1]:1", false),
        ] {
            let found = text.parse::<ListenAddress>().unwrap().find().unwrap();
            assert_eq!(found.is_loopback(), is_loopback, "{text}");
        }
        let both = ["127.0.0.1:1", "192.0.2.1:1"].map(|address| address.parse().unwrap());
        assert!(!FoundAddress { addresses: both.into() }.is_loopback(), "a name with another address");
    }
}
