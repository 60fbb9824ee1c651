//! The servers of a run, one of which all connections lead to.

use std::io;
use std::time::Duration;

use crate::config::{Config, Tls};
use crate::error::Error;
use crate::stream::{Endpoint, Stream};

/// Servers that are kept at most: those of the configuration, and leaders that others have named.
const SERVERS_MAX: usize = 64;

/// The servers of a run. Connections are opened to the current one, until one of them is lost there: then
/// another server may be the leader.
#[derive(Debug)]
pub struct Servers {
    servers: Vec<Server>,
    current: usize,
    tls: Option<Tls>,
    /// Whether a server that the configuration does not name may be connected to. It gets no secret.
    follows_strangers: bool,
}

#[derive(Debug)]
struct Server {
    address: String,
    endpoint: Endpoint,
}

impl Servers {
    /// Connects to the server with this address.
    pub fn connect_first(config: &Config, address: &str) -> Result<(Self, Stream), Error> {
        let tls = config.tls.as_ref();
        let (endpoint, first) = Endpoint::connect_first(address, tls, config.timeout)?;
        let mut servers = vec![Server { address: address.to_owned(), endpoint }];
        for other in config.addresses().filter(|other| *other != address) {
            // Without an address, its name is not known at the moment: it is left out.
            for endpoint in Endpoint::resolve(other, tls).unwrap_or_default() {
                servers.push(Server { address: other.to_owned(), endpoint });
            }
        }
        let follows_strangers = config.tls.is_none() && config.auth.is_none();
        Ok((Self { servers, current: 0, tls: config.tls.clone(), follows_strangers }, first))
    }

    /// Connects to the current server.
    pub fn connect(&self, timeout: Duration) -> Result<Stream, Error> {
        self.servers[self.current].endpoint.connect(timeout)
    }

    /// Begins to connect to the current server.
    pub fn begin_connecting(&self) -> io::Result<Stream> {
        self.servers[self.current].endpoint.begin_connecting()
    }

    /// The address of the current server.
    pub fn address(&self) -> &str {
        &self.servers[self.current].address
    }

    /// The number of the current server.
    pub const fn current(&self) -> usize {
        self.current
    }

    /// A connection to this server is lost, and it may have named the leader. The first connection that is
    /// lost decides for all of them.
    pub fn on_lost(&mut self, server: usize, leader: Option<&str>) {
        if server != self.current {
            return;
        }
        let named = leader.and_then(|leader| self.find(leader)).filter(|named| *named != server);
        self.current = named.unwrap_or((server + 1) % self.servers.len());
    }

    /// The number of the server with this address.
    fn find(&mut self, address: &str) -> Option<usize> {
        let known = self.servers.iter().position(|server| server.address == address);
        if known.is_some() || !self.follows_strangers || self.servers.len() >= SERVERS_MAX {
            return known;
        }
        let endpoint = Endpoint::resolve(address, self.tls.as_ref()).ok()?.into_iter().next()?;
        self.servers.push(Server { address: address.to_owned(), endpoint });
        Some(self.servers.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(addresses: &[&str]) -> Servers {
        let server = |address: &&str| {
            let endpoint = Endpoint::resolve(address, None).unwrap().remove(0);
            Server { address: (*address).to_owned(), endpoint }
        };
        let servers = addresses.iter().map(server).collect();
        Servers { servers, current: 0, tls: None, follows_strangers: false }
    }

    #[test]
    fn first_loss_at_the_current_server_leads_to_the_named_or_the_next_one() {
        let mut servers = servers(&["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]);
        servers.on_lost(0, Some("127.0.0.1:3"));
        assert_eq!(servers.current(), 2);
        // Others that were lost at the same time.
        servers.on_lost(0, None);
        servers.on_lost(1, Some("127.0.0.1:1"));
        assert_eq!(servers.current(), 2);
        servers.on_lost(2, None);
        assert_eq!(servers.current(), 0);
        servers.on_lost(0, Some("127.0.0.1:1"));
        assert_eq!(servers.current(), 1, "a server that names itself does not lead");
    }

    #[test]
    fn stranger_is_followed_only_without_a_secret() {
        let mut servers = servers(&["127.0.0.1:1"]);
        servers.on_lost(0, Some("127.0.0.1:9"));
        assert_eq!((servers.current(), servers.servers.len()), (0, 1));
        servers.follows_strangers = true;
        servers.on_lost(0, Some("127.0.0.1:9"));
        assert_eq!((servers.current(), servers.servers.len()), (1, 2));
    }
}
