//! This server as a member of a cluster: what it says of itself and checks, and when it may show what it has
//! looked up.

#[cfg(feature = "cluster")]
mod member;
mod membership;
mod read_barrier;
mod snapshot_requests;

#[cfg(feature = "cluster")]
pub use member::{
    Answering, Checked, CheckedNodes, Checks, ClusterConfig, CurrentMember, Identity, KnownKinds, MemberInfo,
    MemberRole, StepDown, SyncReport, SyncState, ask_members, ask_to_step_down, find_leader_after,
};
pub use membership::{Membership, NotShown};
pub use read_barrier::ReadBarrier;
pub use snapshot_requests::{Confirmed, SnapshotRequests};
