//! The end of the journal, where the committer writes.

use super::disk::DiskFile;
use crate::codec::Sequence;
use crate::codec::salt::Salt;

/// The position of the next frame, and what the committer knows of the frames before it.
#[derive(Debug)]
pub struct Tail {
    pub file: Box<dyn DiskFile>,
    pub name: String,
    pub salt: Salt,
    /// The offset of the next frame in the file, in bytes.
    pub offset: u64,
    /// The length of the file, in bytes.
    pub file_bytes: u64,
    /// The CRC of the last frame.
    pub crc: u32,
    /// The last sequence number written.
    pub written: Sequence,
    /// The last sequence number known to be synced.
    pub synced: Sequence,
    /// Whether a durability marker follows the last commit.
    pub marked: bool,
}
