//! The address of a server: a host and a port, or the path of a Unix socket.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// The port of a server unless configured otherwise: BOOK on the keys of a telephone.
pub const DEFAULT_PORT: u16 = 2665;

/// What the path of a Unix socket follows.
pub const UNIX_PREFIX: &str = "unix:";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`, where the host is a name or an address, an IPv6 address in brackets: the form that a
    /// resolver takes.
    Tcp(String),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

#[derive(Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("the host is missing: write host or host:port")]
    NoHost,
    #[error("the path is missing: write unix: and the path of a socket")]
    NoPath,
    #[error("{port:?} is not a port: it is a number from 1 to 65535")]
    Port { port: String },
    #[error("{text:?} is not host or host:port; an IPv6 address with a port is written [::1]:2665")]
    Syntax { text: String },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host_and_port) => f.write_str(host_and_port),
            Self::Unix(path) => write!(f, "{UNIX_PREFIX}{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix(UNIX_PREFIX) {
            Some("") => return Err(AddressError::NoPath),
            Some(path) => return Ok(Self::Unix(path.into())),
            None => {}
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::Tcp(SocketAddr::new(ip, DEFAULT_PORT).to_string()));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return match address.port() {
                0 => Err(AddressError::Port { port: "0".to_owned() }),
                _ => Ok(Self::Tcp(address.to_string())),
            };
        }
        let (host, port) = match text.split_once(':') {
            None => (text, DEFAULT_PORT),
            Some((_, port)) if port.contains(':') => {
                return Err(AddressError::Syntax { text: text.to_owned() });
            }
            Some((host, port)) => match port.parse() {
                Ok(number) if number > 0 => (host, number),
                _ => {
                    return Err(AddressError::Port { port: port.to_owned() });
                }
            },
        };
        if host.is_empty() {
            return Err(AddressError::NoHost);
        }
        Ok(Self::Tcp(format!("{host}:{port}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_without_port_gets_the_default_port() {
        let shown = |text: &str| text.parse::<Address>().unwrap().to_string();
        assert_eq!(shown("localhost"), "localhost:2665");
        assert_eq!(shown("tickets.example:99"), "tickets.example:99");
        assert_eq!(shown("127.0.0.1"), "127.0.0.1:2665");
        assert_eq!(shown("::1"), "[::1]:2665");
        assert_eq!(shown("[::1]"), "[::1]:2665");
        assert_eq!(shown("[::1]:99"), "[::1]:99");
        assert_eq!(shown("unix:/run/bookline.sock"), "unix:/run/bookline.sock");
    }

    #[test]
    fn invalid_address_is_rejected_with_its_reason() {
        let error = |text: &str| text.parse::<Address>().unwrap_err();
        assert_eq!(error(""), AddressError::NoHost);
        assert_eq!(error("unix:"), AddressError::NoPath);
        assert_eq!(error(":99"), AddressError::NoHost);
        assert_eq!(error("localhost:"), AddressError::Port { port: String::new() });
        assert_eq!(error("localhost:0"), AddressError::Port { port: "0".to_owned() });
        assert_eq!(error("127.0.0.1:0"), AddressError::Port { port: "0".to_owned() });
        assert_eq!(error("localhost:65536"), AddressError::Port { port: "65536".to_owned() });
        assert_eq!(error("a:1:2"), AddressError::Syntax { text: "a:1:2".to_owned() });
    }
}
