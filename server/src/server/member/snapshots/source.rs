//! What the snapshots of a member are made from.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::cluster::SnapshotRequests;
use crate::storage::replicated::log::ReplicatedLog;
use crate::storage::replicated::nats::NatsStream;
use crate::storage::replicated::snapshot::LocalSnapshots;
use crate::storage::snapshot::snapshotter::Schedule;

/// What the snapshots of a member are made from.
#[derive(Debug, Clone)]
pub(in crate::server::member) struct Source {
    pub stream: Arc<NatsStream>,
    pub log: Arc<ReplicatedLog>,
    pub requests: Arc<SnapshotRequests>,
    pub local: LocalSnapshots,
    /// The runtime of the log.
    pub runtime: Handle,
    /// The address of this member.
    pub member: String,
    pub schedule: Schedule,
    /// The bytes of the log that are kept before the older snapshot.
    pub keep_log: u64,
}
