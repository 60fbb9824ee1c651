//! How far a member has applied the stream.

use super::stream_sequence::StreamSequence;
use crate::codec::Sequence;

/// The last frame of the stream that a member has applied, and what the next one has to follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Zero before the first frame.
    pub stream: StreamSequence,
    /// The last commit.
    pub commit: Sequence,
    /// The CRC of the frame.
    pub crc: u32,
    /// The term of the last takeover.
    pub term: u32,
    /// The frame is the resignation of the leader of this term: only a takeover follows it.
    pub is_resigned: bool,
}
