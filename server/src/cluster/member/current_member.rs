//! What this process is at the moment.

use std::sync::Arc;

use crate::storage::replicated::log::ReplicatedLog;

/// The state of this process, until it is deposed or resigns, and begins with another one.
#[derive(Debug, Clone)]
pub struct CurrentMember {
    pub log: Arc<ReplicatedLog>,
    /// The instance that HELLO names.
    pub instance: u64,
}
