//! The faults that a test injects, and the operations that it counts.

use super::threads::IoSource;

/// The faults to inject. Operations are numbered from 1 in each process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The threads whose operations are counted.
    pub source: IoSource,
    /// The process is killed at this operation. A write may be completed in part.
    pub die_at: Option<u64>,
    /// This write fails. It may be completed in part.
    pub fail_write: Option<u64>,
    /// This sync fails, of a file or of the directory.
    pub fail_sync: Option<u64>,
    /// This sync of the directory fails; syncs of files do not count.
    pub fail_directory_sync: Option<u64>,
    /// A failed sync drops the writes that it should have made durable, as on Linux: they can be read, a
    /// later sync succeeds without writing them, and a power cut loses them.
    pub sync_error_drops_writes: bool,
    /// Reads and writes may be short or interrupted.
    pub short: bool,
    /// The size of the disk, in bytes.
    pub capacity: Option<usize>,
}

/// The number of operations in the current process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub operations: u64,
    pub writes: u64,
    /// Bytes of those writes.
    pub bytes: u64,
    pub syncs: u64,
    pub directory_syncs: u64,
    pub errors: u64,
}
