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
    /// The server of the last connection, for messages.
    last: Address,
    /// Whether a server has said that it is not the leader.
    is_redirected: bool,
}

impl From<Addresses> for Cluster {
    fn from(addresses: Addresses) -> Self {
        let last = addresses.first().clone();
        let known = Known { leader: None, last, is_redirected: false };
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
        let leader = self.known().leader.clone();
        let others = self.addresses.iter().filter(|address| Some(*address) != leader.as_ref()).cloned();
        leader.clone().into_iter().chain(others).collect()
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
    }

    /// A server is not the leader, and perhaps knows it.
    pub fn on_redirected(&self, leader: Option<Address>) {
        let mut known = self.known();
        known.leader = leader;
        known.is_redirected = true;
    }

    /// No server leads at the moment.
    pub fn forget_leader(&self) {
        self.known().leader = None;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
