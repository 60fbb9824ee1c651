//! Why a journal cannot be opened, appended to or written.

use std::io;

use thiserror::Error;

use crate::codec::DecodeError;
use crate::codec::Sequence;
use crate::codec::segment_header::SegmentHeaderError;
use crate::domain::Contradiction;
use crate::storage::log::Failure;

/// Why a journal cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// An operation on a file failed.
    #[error("{doing} {file} of the journal")]
    Io {
        /// The operation.
        doing: &'static str,
        /// The file.
        file: String,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// The journal is corrupt, or has contents that this version does not know.
    #[error(transparent)]
    Corruption(#[from] Corruption),
    /// It was read, and writing to it failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Contents of the journal that recovery refuses. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the journal cannot be read: {file}, offset {offset}, sequence {}: {kind}", sequence.0)]
pub struct Corruption {
    /// The file.
    pub file: String,
    /// The offset in the file, in bytes.
    pub offset: u64,
    /// The sequence number of the commit that is expected there.
    pub sequence: Sequence,
    /// What is wrong.
    pub kind: CorruptionKind,
}

/// What is wrong with the journal at an offset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CorruptionKind {
    /// The segment header cannot be decoded.
    #[error("{}", with_advice(.0))]
    Header(SegmentHeaderError),
    /// The file is shorter than its header says.
    #[error(
        "the file was made with {made} bytes and has {found}: the bytes after them are missing, and they \
         may have been acknowledged. {ADVICE}"
    )]
    TooShort {
        /// The length in its header, in bytes.
        made: u64,
        /// Its length, in bytes.
        found: u64,
    },
    /// A frame is invalid that was durable.
    #[error("this frame is corrupt, and {proof} shows that it was once valid. {ADVICE}")]
    Frame {
        /// What proves it durable.
        proof: Proof,
    },
    /// A valid frame does not continue the frame before it.
    #[error("this frame does not belong here: it begins with sequence {}. {ADVICE}", found.0)]
    OutOfPlace {
        /// The sequence number with which it begins.
        found: Sequence,
    },
    /// A segment is missing that another one names, or that the sequence numbers require.
    #[error("this segment is missing. {ADVICE}")]
    Missing,
    /// A segment does not continue the one before it.
    #[error("this segment does not follow the one before it. {ADVICE}")]
    NotSuccessor,
    /// A frame is valid and cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A change contradicts the changes before it.
    #[error("it contradicts the changes before it: {0}. {ADVICE}")]
    Contradiction(Contradiction),
}

impl From<SegmentHeaderError> for CorruptionKind {
    fn from(error: SegmentHeaderError) -> Self {
        Self::Header(error)
    }
}

impl From<Contradiction> for CorruptionKind {
    fn from(contradiction: Contradiction) -> Self {
        Self::Contradiction(contradiction)
    }
}

/// The message for a newer format already contains its own advice.
fn with_advice(error: &SegmentHeaderError) -> String {
    if *error == SegmentHeaderError::Corrupt { format!("{error}. {ADVICE}") } else { error.to_string() }
}

/// What to do about corruption.
const ADVICE: &str = "Nothing was changed. Restore the file from a backup; without one, keep a copy of the \
                      data directory before you try anything else";

/// What proves durable a commit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Proof {
    /// A later frame, or the header of a later segment.
    #[error("{file}, offset {offset},")]
    Frame {
        /// The file.
        file: String,
        /// The offset in the file, in bytes.
        offset: u64,
    },
    /// A snapshot that holds this commit.
    #[error("the snapshot that was made of sequence {}", .0.0)]
    Snapshot(Sequence),
    /// The clean-shutdown record.
    #[error("the orderly stop at sequence {}, recorded in clean-stop,", .0.0)]
    CleanStop(Sequence),
}
