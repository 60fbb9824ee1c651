//! What this member has seen of the log, noted in its data directory.

use std::sync::{Arc, Mutex};

use crate::storage::data_dir::cluster_file::{self, SeenMessage};
use crate::storage::journal::Disk;

/// The file with what was seen. Several threads may note something.
#[derive(Debug)]
pub(super) struct SeenLog {
    root: Arc<dyn Disk>,
    /// The last message that the file has.
    noted: Mutex<u64>,
}

impl SeenLog {
    /// The file in this directory, which has `seen` if it exists.
    pub fn new(root: Arc<dyn Disk>, seen: Option<&SeenMessage>) -> Self {
        Self { root, noted: seen.map_or(0, |seen| seen.message).into() }
    }

    /// Notes a message, unless the file has a later one. It waits for the disk.
    pub fn note(&self, seen: &SeenMessage) {
        let mut noted = self.noted.lock().unwrap_or_else(|e| e.into_inner());
        if seen.message <= *noted {
            return;
        }
        match cluster_file::write(&*self.root, seen) {
            Ok(()) => *noted = seen.message,
            Err(error) => tracing::warn!(
                "how far this server has read the log of the cluster cannot be noted in the data directory: {error}"
            ),
        }
    }
}
