//! What every request can access.

use std::sync::Arc;

use bookline_protocol::{Id, Slot};
use tokio::sync::{Semaphore, watch};

use super::authentication::Authentication;
use super::buffers::Buffers;
use super::counters::Counters;
use crate::cluster::Membership;
use crate::codec::Sequence;
use crate::feed::Feed;
use crate::state::Store;
use crate::storage::snapshot::history::History;
use crate::storage::snapshot::snapshotter::Snapshotter;
use crate::time::clock::Clock;
use crate::time::zone::Zone;

/// The service of a server. A member of a cluster that was deposed begins with a new one.
pub type CurrentService = watch::Receiver<Arc<Service>>;

#[derive(Debug)]
pub struct Service {
    pub store: Store,
    /// The log of a cluster has none.
    pub snapshots: Option<Snapshotter>,
    pub feed: Arc<Feed>,
    pub clock: Arc<Clock>,
    pub zone: Zone,
    /// Drawn at each start: clients see that they are connected to another process than before.
    pub instance: u64,
    /// The head of department.
    pub head: Id<'static>,
    /// Memory for long lines and large replies.
    pub buffers: Buffers,
    /// Permits for turns of connections that have a backlog. There are fewer than serving threads, so that a
    /// single request finds a free thread, however many other connections pipeline.
    pub backlogged_turns: Semaphore,
    /// The permit for turns of connections that show changes: one after the other, however many watch.
    pub changes_turns: Semaphore,
    /// The permit for the next turn of a connection whose last one held locks for long, and for the pause
    /// before it.
    pub long_locks: Semaphore,
    /// A member of a cluster has the same in all of its generations.
    pub counters: Arc<Counters>,
    pub authentication: Authentication,
    /// If this server is a member of a cluster.
    pub cluster: Option<Membership>,
}

impl Service {
    /// The last commit that the newest snapshot holds, or zero.
    pub fn newest_snapshot(&self) -> Sequence {
        let own = self.snapshots.as_ref().map(Snapshotter::newest);
        let newest = || self.cluster.as_ref()?.snapshots.newest().map(|newest| newest.sequence);
        own.or_else(newest).unwrap_or_default()
    }

    /// The snapshots that this server has made since its start. `None` if it makes none.
    pub fn made_snapshots(&self) -> Option<&History> {
        let of_member = || Some(self.cluster.as_ref()?.snapshots.made());
        self.snapshots.as_ref().map(Snapshotter::history).or_else(of_member)
    }

    /// The current hour in the server's zone.
    pub fn current_slot(&self) -> Slot {
        self.zone.slot(self.clock.now())
    }
}
