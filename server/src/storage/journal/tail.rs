//! The end of the journal.

use super::disk::DiskFile;
use crate::codec::Sequence;
use crate::codec::segment_header::Salt;

/// Where the next frame goes, and what the last one was.
#[derive(Debug)]
pub(super) struct Tail {
    pub file: Box<dyn DiskFile>,
    pub name: String,
    pub salt: Salt,
    /// Offset in the file.
    pub at: u64,
    /// Bytes of the file.
    pub space: u64,
    /// CRC of the last frame.
    pub crc: u32,
    /// The last sequence written.
    pub written: Sequence,
    /// The last sequence known to be synced.
    pub synced: Sequence,
    /// The last frame proves durable everything before it.
    pub marked: bool,
}
