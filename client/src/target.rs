//! The server that the client talks to.

use std::time::Duration;

use crate::address::Address;

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
}

impl Target {
    /// How long to wait for a connection, and for the reply to HELLO.
    pub fn connect_timeout(&self) -> Duration {
        self.max_time.map_or(self.timeout, |max_time| max_time.min(self.timeout))
    }
}
