//! The threads that use the disk.

use bookline_server::storage::journal::{committer, preallocation};

/// The threads that use the disk concurrently. Faults are counted and drawn for each of them separately, so
/// that a race between them does not change the scenario of a seed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IoSource {
    /// Recovery, then the committer; the snapshotter, on the disk of the snapshots.
    #[default]
    Foreground,
    /// The preallocation thread.
    Preallocation,
}

/// The threads that use the disk.
#[derive(Debug, Clone, Copy)]
pub struct Threads {
    /// Whether the current thread has this name.
    pub is_current: fn(&str) -> bool,
    /// Called before each operation, without a lock. A scheduler lets other threads run.
    pub before_operation: fn(),
}

impl Threads {
    /// The threads of the system.
    pub const OF_SYSTEM: Self =
        Self { is_current: |name| std::thread::current().name() == Some(name), before_operation: || {} };

    pub fn source(self) -> IoSource {
        if (self.is_current)(preallocation::THREAD_NAME) {
            IoSource::Preallocation
        } else {
            IoSource::Foreground
        }
    }

    pub fn is_committer(self) -> bool {
        (self.is_current)(committer::THREAD_NAME)
    }
}
