//! The disks of a data directory.

use std::sync::Arc;

use super::journal::Disk;

/// The directories in which the state is stored.
#[derive(Debug, Clone)]
pub struct Disks {
    /// The data directory itself, with the clean-shutdown record.
    pub root: Arc<dyn Disk>,
    /// The directory of the journal.
    pub journal: Arc<dyn Disk>,
    /// The directory of the snapshots.
    pub snapshots: Arc<dyn Disk>,
}
