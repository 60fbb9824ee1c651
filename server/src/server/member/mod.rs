//! A server that is a member of a cluster.

mod brief_leader;
mod cluster_error;
mod cluster_server;
mod generation;
mod log_runtime;
mod seen_log;
mod service_replica;
mod snapshots;
mod tasks;

pub use brief_leader::{BriefLeader, NewCluster, NoLead};
pub use cluster_error::ClusterError;
pub use cluster_server::ClusterServer;
