//! Snapshot points of the log.

use serde::{Deserialize, Serialize};

use crate::storage::replicated::position::Position;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// A frame of the log up to which a snapshot of the log is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotPoint {
    /// The snapshot that it is made from, together with the log since: its last message, or zero for the
    /// whole log. All members use the same one, as the same content has several forms.
    pub base: StreamSequence,
    /// The position of the frame.
    pub position: Position,
}

/// The payload of the frame, as JSON. A later version may add to it.
#[derive(Serialize, Deserialize)]
struct Payload {
    base: u64,
}

/// The payload of a snapshot point with this base.
pub fn payload(base: StreamSequence) -> Vec<u8> {
    serde_json::to_vec(&Payload { base: base.0 }).expect("a number is written as JSON")
}

/// The base in the payload of a snapshot point. `None` if it is invalid.
pub fn base(payload: &[u8]) -> Option<StreamSequence> {
    serde_json::from_slice(payload).ok().map(|Payload { base }| StreamSequence(base))
}
