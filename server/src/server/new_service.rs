//! Makes a service of its parts.

use std::num::NonZero;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::cluster::Membership;
use crate::commands::buffers::Buffers;
use crate::commands::{Authentication, Counters, Service};
use crate::config::Config;
use crate::feed::Feed;
use crate::net::admission::ConnectionLimits;
use crate::state::Store;
use crate::storage::snapshot::snapshotter::Snapshotter;
use crate::time::clock::Clock;
use crate::time::zone::Zone;

/// What a service is made of, beside the configuration.
pub(super) struct Parts {
    pub store: Store,
    pub snapshots: Option<Snapshotter>,
    pub feed: Feed,
    pub clock: Arc<Clock>,
    pub zone: Zone,
    pub authentication: Authentication,
    pub cluster: Option<Membership>,
    pub counters: Arc<Counters>,
}

impl Parts {
    pub fn service(self, config: &Config) -> Service {
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        let Self { store, snapshots, feed, clock, zone, authentication, cluster, counters } = self;
        Service {
            store,
            feed: feed.into(),
            snapshots,
            clock,
            zone,
            instance: rand::random(),
            head: config.head.clone(),
            buffers: Buffers::new(config.max_buffers),
            backlogged_turns: Semaphore::new(threads.saturating_sub(1).max(1)),
            changes_turns: Semaphore::new(1),
            long_locks: Semaphore::new(1),
            counters,
            authentication,
            cluster,
        }
    }
}

/// The limits of connections.
pub(super) fn connection_limits(config: &Config) -> ConnectionLimits {
    ConnectionLimits {
        connections: config.max_connections,
        refusals: config.refusals,
        per_address: config.max_per_address,
        idle_timeout: config.idle_timeout,
    }
}

/// The processors that may hash passwords.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
