//! This server as a member of a cluster: what it says of itself and checks, and when it may show what it has
//! looked up.

#[cfg(feature = "cluster")]
mod answering;
#[cfg(feature = "cluster")]
mod checked;
#[cfg(feature = "cluster")]
mod checks;
#[cfg(feature = "cluster")]
mod config;
#[cfg(feature = "cluster")]
mod current_member;
#[cfg(feature = "cluster")]
mod known_kinds;
#[cfg(feature = "cluster")]
mod member_info;
#[cfg(feature = "cluster")]
mod members;
mod membership;
#[cfg(feature = "cluster")]
mod nats_flags;
mod read_barrier;
mod snapshot_requests;
#[cfg(feature = "cluster")]
mod sync_report;

#[cfg(feature = "cluster")]
pub use answering::Answering;
#[cfg(feature = "cluster")]
pub use checked::{Checked, CheckedNodes};
#[cfg(feature = "cluster")]
pub use checks::Checks;
#[cfg(feature = "cluster")]
pub use config::ClusterConfig;
#[cfg(feature = "cluster")]
pub use current_member::CurrentMember;
#[cfg(feature = "cluster")]
pub use known_kinds::KnownKinds;
#[cfg(feature = "cluster")]
pub use member_info::{Identity, MemberInfo, MemberRole};
#[cfg(feature = "cluster")]
pub use members::{StepDown, ask_members, ask_to_step_down, find_leader_after};
pub use membership::{Membership, NotShown};
#[cfg(feature = "cluster")]
pub use nats_flags::NatsFlags;
pub use read_barrier::ReadBarrier;
pub use snapshot_requests::{Confirmed, SnapshotRequests};
#[cfg(feature = "cluster")]
pub use sync_report::{SyncReport, SyncState};
