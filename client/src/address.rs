//! Where the server is: a host and a port.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

/// The port a server listens on unless told otherwise: BOOK on a phone's keys.
pub const DEFAULT_PORT: u16 = 2665;

/// A host (a name or an address) with its port, `[…]` around an IPv6 address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// What is wrong with an address.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum BadAddress {
    /// There is no host.
    #[error("the host is missing: write host or host:port")]
    NoHost,
    /// A colon, but no port behind it.
    #[error("{port:?} is not a port: it is a number from 1 to 65535")]
    Port {
        /// What stands there.
        port: String,
    },
    /// More than one colon in something that is no IPv6 address.
    #[error("{text:?} is not host or host:port; an IPv6 address with a port is written [::1]:2665")]
    Form {
        /// What was given.
        text: String,
    },
}

impl Address {
    /// The form that a resolver takes: `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self(SocketAddr::new(ip, DEFAULT_PORT).to_string()));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return match address.port() {
                0 => Err(BadAddress::Port { port: "0".to_owned() }),
                _ => Ok(Self(address.to_string())),
            };
        }
        let (host, port) = match text.split_once(':') {
            None => (text, DEFAULT_PORT),
            Some((_, port)) if port.contains(':') => {
                return Err(BadAddress::Form { text: text.to_owned() });
            }
            Some((host, port)) => match port.parse() {
                Ok(number) if number > 0 => (host, number),
                _ => {
                    return Err(BadAddress::Port { port: port.to_owned() });
                }
            },
        };
        if host.is_empty() {
            return Err(BadAddress::NoHost);
        }
        Ok(Self(format!("{host}:{port}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_may_be_left_out() {
        let shown = |text: &str| text.parse::<Address>().unwrap().to_string();
        assert_eq!(shown("localhost"), "localhost:2665");
        assert_eq!(shown("tickets.example:99"), "tickets.example:99");
        assert_eq!(shown("127.0.0.1"), "127.0.0.1:2665");
        assert_eq!(shown("::1"), "[::1]:2665");
        assert_eq!(shown("[::1]"), "[::1]:2665");
        assert_eq!(shown("[::1]:99"), "[::1]:99");
    }

    #[test]
    fn what_is_no_address_is_told() {
        let fault = |text: &str| text.parse::<Address>().unwrap_err();
        assert_eq!(fault(""), BadAddress::NoHost);
        assert_eq!(fault(":99"), BadAddress::NoHost);
        assert_eq!(fault("localhost:"), BadAddress::Port { port: String::new() });
        assert_eq!(fault("localhost:0"), BadAddress::Port { port: "0".to_owned() });
        assert_eq!(fault("127.0.0.1:0"), BadAddress::Port { port: "0".to_owned() });
        assert_eq!(fault("localhost:65536"), BadAddress::Port { port: "65536".to_owned() });
        assert_eq!(fault("a:1:2"), BadAddress::Form { text: "a:1:2".to_owned() });
    }
}
