//! What is known of a snapshot without its content.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::codec::Sequence;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::start::Start;
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::snapshot::error::SnapshotError;

/// What is known of a snapshot without its content, as JSON. A later version may add to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// The last message of the stream that it holds.
    pub message: u64,
    /// The last commit.
    pub commit: u64,
    /// The term of the last takeover.
    pub term: u32,
    /// The CRC of the frame in the last message.
    pub crc: u32,
    /// The address of the leader of that term.
    pub leader: String,
    /// The time of the last commit, in microseconds since 1970 (UTC), if there is one.
    pub last_micros: Option<i64>,
    /// The payload of the first frame of the log, which may be purged.
    pub genesis: String,
    /// The SHA-256 of the content, in hexadecimal.
    pub hash: String,
    /// The length of the file.
    pub bytes: u64,
    /// The address of the member that has made it.
    pub maker: String,
}

/// Why a snapshot cannot be used.
#[derive(Debug, Error)]
pub enum Unusable {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("the snapshot has the hash {found}, and {expected} is expected")]
    Hash { found: String, expected: String },
}

impl SnapshotInfo {
    pub fn position(&self) -> Position {
        Position {
            stream: StreamSequence(self.message),
            commit: Sequence(self.commit),
            crc: self.crc,
            term: self.term,
            // A leader that has resigned appends no snapshot point.
            is_resigned: false,
        }
    }

    /// Where a member begins to follow the log that has loaded it.
    pub fn start(&self) -> Start {
        Start {
            position: self.position(),
            leader: self.leader.as_str().into(),
            last_micros: self.last_micros,
        }
    }

    /// Whether another member has made the same snapshot.
    pub fn is_same(&self, other: &Self) -> bool {
        self.message == other.message && self.crc == other.crc && self.hash == other.hash
    }
}
