//! This server as a member of a cluster: what it says of itself, and when it may show what it has looked up.

#[cfg(feature = "cluster")]
mod config;
mod membership;
mod read_barrier;
mod snapshot_requests;

#[cfg(feature = "cluster")]
pub use config::ClusterConfig;
pub use membership::{Membership, NotShown};
pub use read_barrier::ReadBarrier;
pub use snapshot_requests::{Confirmed, SnapshotRequests};
