//! Why there is no connection.

use std::io;

use crate::tls::TlsProblem;

/// Why there is no connection.
pub enum ConnectError {
    Socket(io::Error),
    Tls(TlsProblem),
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}
