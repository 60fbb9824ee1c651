//! What a member of a cluster has seen of its log, kept in the data directory.
//!
//! The log itself is in the stream. A stream that ends before what was seen, or has something else there, was
//! deleted or restored.

use std::io;

use serde::{Deserialize, Serialize};

use crate::storage::journal::Disk;

/// The file, in JSON. A directory that has it is a member's.
pub const NAME: &str = "cluster";

/// A message of the stream that a member has applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenMessage {
    /// The id of the cluster.
    pub cluster: String,
    /// The position of the message in the stream.
    pub message: u64,
    /// The CRC of its frame.
    pub crc: u32,
}

/// The last message that was noted, if there is one.
///
/// # Errors
///
/// An error of the disk, or that the file cannot be understood.
pub fn read(root: &dyn Disk) -> io::Result<Option<SeenMessage>> {
    let bytes = match root.open(NAME).and_then(|file| file.read_all()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Notes a message, durably.
///
/// # Errors
///
/// An error of the disk.
pub fn write(root: &dyn Disk, seen: &SeenMessage) -> io::Result<()> {
    root.replace(NAME, &[&serde_json::to_vec(seen)?[..], b"\n"].concat())
}
