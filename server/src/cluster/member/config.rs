//! The configuration of a member of a cluster.

use std::time::Duration;

use crate::cluster::read_barrier::ReadBarrier;
use crate::storage::replicated::nats::NatsOptions;

/// The configuration of a member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    /// Where the log is.
    pub nats: NatsOptions,
    /// For how long the log has to be quiet before a standby takes over.
    pub lease: Duration,
    /// How long a request waits for a log that does not answer.
    pub timeout: Duration,
    /// The address, `host:port`, at which clients reach this server when it leads.
    pub advertise: String,
    /// What a leader needs before it shows what it has looked up.
    pub read_barrier: ReadBarrier,
}
