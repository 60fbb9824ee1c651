//! The servers among which the leader is found.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address::Address;
use crate::addresses::Addresses;

/// The servers among which the leader is found. Its clones share what is known of the leader, so that every
/// connection of the client begins with it.
#[derive(Clone, Debug)]
pub struct Cluster {
    addresses: Arc<Addresses>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    /// The server that is tried first.
    leader: Option<Address>,
    /// A server that did not answer in time. It is tried last.
    silent: Option<Address>,
    /// The server of the last connection, for messages.
    last: Address,
    /// Whether a server has said that it is not the leader.
    is_redirected: bool,
}

impl From<Addresses> for Cluster {
    fn from(addresses: Addresses) -> Self {
        let last = addresses.first().clone();
        let known = Known { leader: None, silent: None, last, is_redirected: false };
        Self { addresses: Arc::new(addresses), known: Arc::new(Mutex::new(known)) }
    }
}

impl Cluster {
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Whether the leader has to be found. A single server is used whatever it is, until it says that it is
    /// not the leader: a user may want the STATS of a standby.
    pub fn seeks_leader(&self) -> bool {
        self.addresses.is_list() || self.known().is_redirected
    }

    /// Whether the user has named this server.
    pub fn has(&self, address: &Address) -> bool {
        self.addresses.iter().any(|known| known == address)
    }

    /// The servers in the order in which they are tried.
    pub fn candidates(&self) -> Vec<Address> {
        let known = self.known();
        let others = self.addresses.iter().filter(|address| Some(*address) != known.leader.as_ref());
        let mut candidates: Vec<_> = known.leader.iter().chain(others).cloned().collect();
        candidates.sort_by_key(|address| known.silent.as_ref() == Some(address));
        candidates
    }

    /// The server of the last connection; before that, the first one.
    pub fn last(&self) -> Address {
        self.known().last.clone()
    }

    /// There is a connection to this server, which leads.
    pub fn on_connected(&self, address: &Address) {
        let mut known = self.known();
        known.leader = Some(address.clone());
        known.last = address.clone();
        known.silent = None;
    }

    /// A server is not the leader, and perhaps knows it.
    pub fn on_redirected(&self, leader: Option<Address>) {
        let mut known = self.known();
        known.leader = leader;
        known.is_redirected = true;
    }

    /// The server of the last connection has not answered in time.
    pub fn on_silent(&self) {
        let mut known = self.known();
        known.silent = Some(known.last.clone());
    }

    /// No server leads at the moment.
    pub fn forget_leader(&self) {
        self.known().leader = None;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_leader_is_tried_first_and_a_silent_server_last() {
        let cluster: Cluster = "a,b,c".parse::<Addresses>().unwrap().into();
        let tried = || cluster.candidates().iter().map(Address::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(tried(), "a:2665 b:2665 c:2665");
        cluster.on_redirected(Some("d".parse().unwrap()));
        assert_eq!(tried(), "d:2665 a:2665 b:2665 c:2665");
        cluster.on_connected(&"b".parse().unwrap());
        assert_eq!(tried(), "b:2665 a:2665 c:2665");
        cluster.on_silent();
        assert_eq!(tried(), "a:2665 c:2665 b:2665");
        cluster.on_connected(&"b".parse().unwrap());
        cluster.forget_leader();
        assert_eq!(tried(), "a:2665 b:2665 c:2665");
    }
}
