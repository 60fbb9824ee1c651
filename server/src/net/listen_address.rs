//! The value of `--listen`: a host and a port.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use thiserror::Error;
use tokio::net::TcpListener;

/// A host and a port. A host name is looked up when the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// A name, or an address without brackets.
    host: String,
    port: u16,
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
    #[error("listening on {address}: another server listens there; stop it, or give another --listen")]
    InUse { address: SocketAddr },
    #[error("listening on {address}")]
    Io { address: SocketAddr, source: io::Error },
}

impl ListenAddress {
    /// Listens on the first address of the host that this machine has, IPv4 first: clients try 127.0.0.1 by
    /// default, and `localhost` is also ::1. An address in use is an error, because two servers under one
    /// name would share clients.
    pub async fn bind(&self) -> Result<TcpListener, ListenError> {
        let lookup_error = |source| ListenError::Lookup { host: self.host.clone(), source };
        // Blocks this thread: no connection is served yet, and the system may allow no other thread.
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(lookup_error)?;
        let mut addresses: Vec<SocketAddr> = addresses.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let mut error = lookup_error(io::ErrorKind::NotFound.into());
        for address in addresses {
            match TcpListener::bind(address).await {
                Ok(listener) => return Ok(listener),
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(ListenError::InUse { address }),
                Err(source) => error = ListenError::Io { address, source },
            }
        }
        Err(error)
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
        let listener = "localhost:0".parse::<ListenAddress>().unwrap().bind().await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(address.ip().is_loopback() && address.is_ipv4(), "{address}");

        for taken in [format!("localhost:{}", address.port()), address.to_string()] {
            let taken = taken.parse::<ListenAddress>().unwrap().bind().await;
            assert!(matches!(taken, Err(ListenError::InUse { .. })), "{taken:?}");
        }
    }
}
