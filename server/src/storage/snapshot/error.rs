//! Why a snapshot cannot be read, and why none was made.

use std::io;

use thiserror::Error;

use crate::codec::Sequence;
use crate::codec::commit::Unreadable;
use crate::codec::segment_header::SegmentHeaderError;
use crate::domain::{Contradiction, InvalidChange};

/// Why a snapshot cannot be used.
#[derive(Debug, Error)]
#[error("snapshot {file}, offset {offset}: {what}")]
pub struct BadSnapshot {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub what: SnapshotErrorKind,
}

/// What is wrong with a snapshot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotErrorKind {
    /// The system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its header.
    #[error(transparent)]
    Head(#[from] SegmentHeaderError),
    /// A sequence that no journal reaches.
    #[error("it claims to hold {} commits, and no more than {} are possible", .0.0, Sequence::MAX.0)]
    Sequence(Sequence),
    /// A frame that is not whole, or not in its place.
    #[error("it is corrupt here")]
    Frame,
    /// Something behind the footer, with which a snapshot ends.
    #[error("it ends here, and {0} bytes stand behind its end")]
    Behind(u64),
    /// Contents that this program does not understand.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Contents that no server decides.
    #[error(transparent)]
    InvalidChange(#[from] InvalidChange),
    /// Contents in a place where they cannot be.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// Contents that contradict one another.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

/// The system's number for an input/output error.
const EIO: i32 = 5;

impl BadSnapshot {
    /// Is it corrupt, rather than newer than this program, or out of the system's reach for now?
    pub fn is_corruption(&self) -> bool {
        match &self.what {
            SnapshotErrorKind::Head(SegmentHeaderError::Corrupt)
            | SnapshotErrorKind::Sequence(_)
            | SnapshotErrorKind::Frame
            | SnapshotErrorKind::Behind(_)
            | SnapshotErrorKind::InvalidChange(_)
            | SnapshotErrorKind::Misplaced(_)
            | SnapshotErrorKind::Contradiction(_) => true,
            SnapshotErrorKind::Unreadable(unreadable) => *unreadable == Unreadable::Malformed,
            // What a bad sector says.
            SnapshotErrorKind::Io(error) => error.raw_os_error() == Some(EIO),
            SnapshotErrorKind::Head(SegmentHeaderError::Format { .. }) => false,
        }
    }
}

/// Why a change cannot stand where it stands in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misplaced {
    /// A number of no commit that the snapshot holds.
    #[error("it numbers an event or entry {number}, and the snapshot holds commits 1 to {}", last.0)]
    Number {
        /// The number.
        number: u64,
        /// The snapshot's sequence.
        last: Sequence,
    },
    /// A commit creates at most one record, and they stand in the order of their commits.
    #[error(
        "it creates {number} behind {before}: each number creates one event or entry, in ascending order"
    )]
    Order {
        /// The number.
        number: u64,
        /// The one before.
        before: u64,
    },
    /// Tickets beside a number or a tag that is not their event's.
    #[error("it issues tickets of event {number}, which does not stand before them with this tag")]
    Event {
        /// The number.
        number: u64,
    },
    /// Only what still counts is written.
    #[error("it frees entry {number}: a snapshot holds only what was not freed")]
    Freed {
        /// The number.
        number: u64,
    },
}

/// Why compaction ended early. The snapshot before and the journal are as they were.
#[derive(Debug, Error)]
pub enum CompactionError {
    /// The disk said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The snapshot before.
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    /// The journal.
    #[error("journal {file}, offset {offset}: {what}")]
    Journal {
        /// The segment.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// It is not known which names a crash leaves, of snapshots that others may build on.
    #[error("syncing the directory of the snapshots: {0}")]
    Directory(io::Error),
    /// The server stops.
    #[error("the server is stopping")]
    Stopped,
}

/// Why there is no snapshot for who asked. Nothing is lost: the journal has everything.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotMade {
    /// The server stops, and makes none any more.
    #[error("the server is stopping")]
    Stopping,
    /// It was tried.
    #[error("{0}")]
    Failed(String),
}
