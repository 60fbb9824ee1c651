//! Admission of connections: the limits in total, per address, and of those that have not authenticated.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::commands::Service;
use crate::commands::counters::NotAdmitted;
use crate::net::addresses::{AddressLimiter, AddressPermit};
use crate::session::PeerOrigin;

/// The default of connections that are refused at a time and wait until their clients have read the refusal.
/// More are closed without waiting.
pub const REFUSED_CONNECTIONS_MAX: usize = 256;

/// One connection in so many may be one that has not authenticated: whoever has no account leaves the others
/// to those who have.
const UNAUTHENTICATED_PARTS: usize = 10;

#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections that are served at a time.
    pub connections: usize,
    /// Connections that are refused at a time, at least one.
    pub refusals: usize,
    /// Connections of one address that are served at a time.
    pub per_address: Option<usize>,
    /// How long a connection may be idle.
    pub idle_timeout: Option<Duration>,
}

impl ConnectionLimits {
    /// Connections that have not authenticated, at a time.
    fn unauthenticated(&self) -> usize {
        (self.connections / UNAUTHENTICATED_PARTS).max(1)
    }
}

/// Admits connections up to the limits.
#[derive(Debug)]
pub struct Admission {
    service: Arc<Service>,
    limits: ConnectionLimits,
    addresses: Option<AddressLimiter>,
    /// Places for connections that have not authenticated, while they have to.
    unauthenticated: Arc<Semaphore>,
}

/// Counts as an open connection until it is dropped, however its task ends.
#[derive(Debug)]
pub struct OpenConnection {
    pub service: Arc<Service>,
    pub idle_timeout: Option<Duration>,
    pub unauthenticated: Option<UnauthenticatedPlace>,
    _permit: Option<AddressPermit>,
}

/// Counts as a connection that has not authenticated, until it is dropped.
#[derive(Debug)]
pub struct UnauthenticatedPlace {
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    pub fn new(service: Arc<Service>, limits: ConnectionLimits) -> Self {
        Self {
            service,
            limits,
            addresses: limits.per_address.map(AddressLimiter::new),
            unauthenticated: Arc::new(Semaphore::new(limits.unauthenticated())),
        }
    }

    /// Counts one more connection, unless a limit is reached. Only one task calls it.
    pub fn admit(&self, origin: PeerOrigin) -> Result<OpenConnection, NotAdmitted> {
        let connections = &self.service.counters.connections;
        // Not a race: no other task increments the counter.
        if connections.load(Relaxed) >= self.limits.connections {
            return Err(NotAdmitted::Connections);
        }
        let permit = match (&self.addresses, origin) {
            (Some(addresses), PeerOrigin::Address(address)) => {
                Some(addresses.acquire(address).ok_or(NotAdmitted::Address)?)
            }
            _ => None,
        };
        let is_required = self.service.authentication.is_required();
        let unauthenticated = is_required.then(|| self.place()).transpose()?;
        connections.fetch_add(1, Relaxed);
        let (service, idle_timeout) = (self.service.clone(), self.limits.idle_timeout);
        Ok(OpenConnection { service, idle_timeout, unauthenticated, _permit: permit })
    }

    fn place(&self) -> Result<UnauthenticatedPlace, NotAdmitted> {
        match self.unauthenticated.clone().try_acquire_owned() {
            Ok(permit) => Ok(UnauthenticatedPlace { _permit: permit }),
            Err(_) => Err(NotAdmitted::Unauthenticated),
        }
    }

    /// Counts a connection that is not admitted, and words its refusal.
    pub fn refuse(&self, why: NotAdmitted) -> Refusal {
        self.service.counters.count_not_admitted(why);
        match why {
            NotAdmitted::Connections => Refusal::busy(self.limits.connections),
            NotAdmitted::Address => Refusal::busy_address(self.limits.per_address.unwrap_or(0)),
            NotAdmitted::Unauthenticated => Refusal::busy_unauthenticated(self.limits.unauthenticated()),
            NotAdmitted::ShuttingDown => Refusal::shutting_down(),
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.service.counters.connections.fetch_sub(1, Relaxed);
    }
}
