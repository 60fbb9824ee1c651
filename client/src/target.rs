//! The server that the client talks to.

use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::Code;
use bookline_protocol::reply::ErrBody;
use tokio_rustls::rustls::ClientConfig;

use crate::address::Address;
use crate::addresses::Addresses;
use crate::cluster::Cluster;
use crate::login::Login;

/// A server, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server of a connection; before that, the first one of the cluster.
    pub address: Address,
    /// The servers among which the leader is found. Without a cluster it is one.
    pub cluster: Cluster,
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
        Self::of_addresses(address.into(), timeout)
    }

    /// The same, or the leader of several servers.
    pub fn of_addresses(addresses: Addresses, timeout: Duration) -> Self {
        let address = addresses.first().clone();
        let cluster = addresses.into();
        Self { address, cluster, timeout, max_time: None, wait: None, tls: None, login: None }
    }

    /// The same with this server alone.
    pub fn at(&self, address: Address) -> Self {
        Self { address, ..self.clone() }
    }

    /// How long to wait for a connection, and for the reply to HELLO.
    pub fn connect_timeout(&self) -> Duration {
        self.max_time.map_or(self.timeout, |max_time| max_time.min(self.timeout))
    }

    /// The leader that another server has named, if it may be connected to. A secret, or a certificate, is
    /// not shown to a server that the user has not named.
    pub fn followed(&self, leader: &str) -> Option<Address> {
        let leader = leader.parse().ok().filter(|leader| matches!(leader, Address::Tcp(_)))?;
        let is_open = self.tls.is_none() && self.login.is_none();
        (is_open || self.cluster.has(&leader)).then_some(leader)
    }

    /// Takes a refusal. Returns whether it says that another server may grant the request, which was not
    /// begun.
    pub fn is_redirected(&self, code: &str, body: &str) -> bool {
        match code.parse() {
            Ok(Code::NotLeader) => {
                let leader = serde_json::from_str::<ErrBody>(body).ok().and_then(|body| body.leader);
                self.cluster.on_redirected(leader.and_then(|leader| self.followed(&leader)));
                true
            }
            Ok(Code::Unavailable) => true,
            _ => false,
        }
    }
}
