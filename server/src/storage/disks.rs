//! The disks of a data directory.

use std::sync::Arc;

use super::journal::Disk;

/// Where the state is.
#[derive(Debug, Clone)]
pub struct Disks {
    /// The data directory itself, with the clean-shutdown record.
    pub root: Arc<dyn Disk>,
    /// Its journal.
    pub journal: Arc<dyn Disk>,
    /// Its snapshots.
    pub snapshots: Arc<dyn Disk>,
}
