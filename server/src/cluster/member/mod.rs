//! What a member asks NATS and the other members, and answers them.

mod answering;
mod checked;
mod checks;
mod config;
mod current_member;
mod known_kinds;
mod member_info;
mod members;
mod sync_report;

pub use answering::Answering;
pub use checked::{Checked, CheckedNodes};
pub use checks::Checks;
pub use config::ClusterConfig;
pub use current_member::CurrentMember;
pub use known_kinds::KnownKinds;
pub use member_info::{Identity, MemberInfo, MemberRole};
pub use members::{StepDown, ask_members, ask_to_step_down, find_leader_after};
pub use sync_report::{SyncReport, SyncState};
