//! Where to listen: an address or the name of a host, and a port.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use thiserror::Error;
use tokio::net::TcpListener;

/// Where to listen, as it was given: a name is looked up when the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// A name, or an address without brackets.
    host: String,
    port: u16,
}

/// Why a text says nowhere to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ListenAddressError {
    /// Nothing behind the last colon, or none at all.
    #[error("it is a host and a port from 0 to 65535, as in 127.0.0.1:2665, localhost:2665 or [::1]:2665")]
    Form,
    /// An address of IPv6 has colons of its own.
    #[error("an IPv6 address is written in brackets, as in [::1]:2665")]
    Brackets,
}

/// Why the server cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Nothing is known by that name.
    #[error("finding the addresses of {host}")]
    Unknown {
        /// The name.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something listens there already.
    #[error("listening on {address}: another server listens there; stop it, or give another --listen")]
    InUse {
        /// Where.
        address: SocketAddr,
    },
    /// The system said no.
    #[error("listening on {address}")]
    Io {
        /// Where.
        address: SocketAddr,
        /// What it said.
        source: io::Error,
    },
}

impl ListenAddress {
    /// Listens on the first of its addresses that this machine has. Those of IPv4 come first: clients try 127.0.0.1
    /// unless they are told otherwise, and `localhost` is also ::1. One that is in use is not passed over: two servers
    /// under one name would share its clients.
    pub async fn bind(&self) -> Result<TcpListener, ListenError> {
        let unknown = |source| ListenError::Unknown { host: self.host.clone(), source };
        // Looked up on this thread: nobody is served yet, and another thread might not be had.
        let addresses = (self.host.as_str(), self.port).to_socket_addrs().map_err(unknown)?;
        let mut addresses: Vec<SocketAddr> = addresses.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        let mut error = unknown(io::ErrorKind::NotFound.into());
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
    fn hosts_and_addresses_are_read_and_shown_alike() {
        for text in ["127.0.0.1:2665", "localhost:0", "[::1]:65535", "[fe80::1%eth0]:1", "my-host.example:80"]
        {
            let read: ListenAddress = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn what_says_nowhere_is_refused() {
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
    async fn a_name_is_listened_on_by_its_first_address_of_ipv4() {
        let listening = "localhost:0".parse::<ListenAddress>().unwrap().bind().await.unwrap();
        let address = listening.local_addr().unwrap();
        assert!(address.ip().is_loopback() && address.is_ipv4(), "{address}");

        for taken in [format!("localhost:{}", address.port()), address.to_string()] {
            let taken = taken.parse::<ListenAddress>().unwrap().bind().await;
            assert!(matches!(taken, Err(ListenError::InUse { .. })), "{taken:?}");
        }
    }
}
