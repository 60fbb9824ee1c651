//! The server that the client talks to.

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::ClientConfig;

use crate::address::Address;
use crate::login::Login;

/// A server, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: Address,
    /// How long to wait for a connection, and for a reply while nothing arrives.
    pub timeout: Duration,
    /// How long a command may take in all.
    pub max_time: Option<Duration>,
    /// How long to wait for a server that is starting, before the first command.
    pub wait: Option<Duration>,
    /// What TLS is spoken with, if it is.
    pub tls: Option<Arc<ClientConfig>>,
    /// The account whose connections are opened, if the server has accounts.
    pub login: Option<Login>,
}

impl Target {
    /// A server without TLS and accounts.
    pub fn new(address: Address, timeout: Duration) -> Self {
        Self { address, timeout, max_time: None, wait: None, tls: None, login: None }
    }

    /// How long to wait for a connection, and for the reply to HELLO.
    pub fn connect_timeout(&self) -> Duration {
        self.max_time.map_or(self.timeout, |max_time| max_time.min(self.timeout))
    }
}
