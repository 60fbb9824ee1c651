//! Why a snapshot cannot be read or made.

use std::io;

use thiserror::Error;

use crate::changes::InvalidChange;
use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::codec::segment_header::SegmentHeaderError;
use crate::domain::Contradiction;
use crate::storage::journal::commits::Unreadable;

/// Why a snapshot cannot be read.
#[derive(Debug, Error)]
#[error("snapshot {file}, offset {offset}: {kind}")]
pub struct SnapshotError {
    /// The file.
    pub file: String,
    /// The offset in the file, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub kind: SnapshotErrorKind,
}

/// What is wrong with a snapshot at an offset.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotErrorKind {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The header cannot be decoded.
    #[error(transparent)]
    Header(#[from] SegmentHeaderError),
    /// The sequence number is above [`Sequence::MAX`].
    #[error("it claims to hold {} commits, and no more than {} are possible", .0.0, Sequence::MAX.0)]
    Sequence(Sequence),
    /// A frame is invalid, or does not continue the frame before it.
    #[error("it is corrupt here")]
    Frame,
    /// This many bytes follow the footer.
    #[error("it ends here, and {0} bytes follow its end")]
    TrailingBytes(u64),
    /// A frame is valid and cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A change is invalid by itself.
    #[error(transparent)]
    InvalidChange(#[from] InvalidChange),
    /// A change is invalid at this position of a snapshot.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// A change contradicts the changes before it.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

/// The error code of an input/output error, which a bad sector causes.
const EIO: i32 = 5;

impl SnapshotError {
    /// Whether the snapshot is corrupt. It is not if a newer version wrote it, or if the system cannot read
    /// it now.
    pub fn is_corruption(&self) -> bool {
        match &self.kind {
            SnapshotErrorKind::Header(SegmentHeaderError::Corrupt)
            | SnapshotErrorKind::Sequence(_)
            | SnapshotErrorKind::Frame
            | SnapshotErrorKind::TrailingBytes(_)
            | SnapshotErrorKind::InvalidChange(_)
            | SnapshotErrorKind::Misplaced(_)
            | SnapshotErrorKind::Contradiction(_) => true,
            SnapshotErrorKind::Decode(error) => *error == DecodeError::Malformed,
            SnapshotErrorKind::Io(error) => error.raw_os_error() == Some(EIO),
            SnapshotErrorKind::Header(SegmentHeaderError::Format { .. }) => false,
        }
    }

    /// Whether a newer version wrote what cannot be read.
    pub fn is_newer(&self) -> bool {
        match &self.kind {
            SnapshotErrorKind::Decode(error) => *error != DecodeError::Malformed,
            SnapshotErrorKind::Header(SegmentHeaderError::Format { .. }) => true,
            _ => false,
        }
    }
}

/// Why a change is invalid at its position in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misplaced {
    /// The number is not that of a commit that the snapshot holds.
    #[error("it numbers {} {number}, and the snapshot holds commits 1 to {}", of.name(), last.0)]
    Number {
        /// What it is of.
        of: Numbered,
        /// The number.
        number: u64,
        /// The snapshot's sequence.
        last: Sequence,
    },
    /// The numbers are not in ascending order. A commit creates at most one event, entry or account, and
    /// uses at most one key.
    #[error("it creates {number} after {before}: each is {}, and their numbers ascend", of.name())]
    Order {
        /// What it is of.
        of: Numbered,
        /// The number.
        number: u64,
        /// The number created before.
        before: u64,
    },
    /// The number or the tag of a hold or tickets is not that of an event before them.
    #[error("it has a hold or tickets of event {number}, which no change before them creates with this tag")]
    Event {
        /// The number.
        number: u64,
    },
    /// A change that compaction leaves out, like the end of an entry or an update of an event.
    #[error(
        "it has a change of {number} that no snapshot holds, like the end of an entry or an update of an event"
    )]
    Omitted {
        /// The number.
        number: u64,
    },
}

/// What has a number of its own in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// An event, entry or account.
    Record,
    /// The use of a key.
    Key,
}

impl Numbered {
    fn name(self) -> &'static str {
        match self {
            Self::Record => "an event, entry or account",
            Self::Key => "a key",
        }
    }
}

/// Why no snapshot was made. The previous snapshot and the journal are unchanged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompactionError {
    /// An operation of the disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The previous snapshot cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Unreadable),
    /// The sync of the directory failed, so that it is not known which snapshots exist after a crash.
    #[error("syncing the directory of the snapshots")]
    Directory(#[source] io::Error),
    /// The server stops.
    #[error("the server is stopping")]
    Stopped,
}

/// Why a request for a snapshot has failed. No change is lost: all are in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotMade {
    /// The server stops.
    #[error("the server is stopping")]
    Stopping,
    /// The snapshot was tried, and could not be made.
    #[error("{0}")]
    Failed(String),
}
