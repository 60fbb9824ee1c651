//! Why a journal cannot be opened, appended to or written.

use std::io;

use thiserror::Error;

use crate::codec::Sequence;
use crate::codec::commit::Unreadable;
use crate::codec::segment_header::SegmentHeaderError;
use crate::domain::Contradiction;

/// Why a journal cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The disk said no.
    #[error("{doing} {file} of the journal: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        file: String,
        /// What the disk said.
        error: io::Error,
    },
    /// It holds something that must not be passed over.
    #[error(transparent)]
    Corruption(#[from] Corruption),
    /// It was read, and writing to it failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Something in the journal that must not be passed over. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the journal cannot be read: {file}, offset {offset}, sequence {}: {what}", sequence.0)]
pub struct Corruption {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// The commit that should be there.
    pub sequence: Sequence,
    /// What is wrong.
    pub what: CorruptionKind,
}

/// What is wrong at a place of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CorruptionKind {
    /// The segment's header.
    #[error("{}", with_advice(.0))]
    Head(#[from] SegmentHeaderError),
    /// A file that lost its end.
    #[error(
        "the file was made with {made} bytes and has {found}: what was behind them is missing, and it may have been \
         acknowledged. {ADVICE}"
    )]
    Shorter {
        /// Its length in its header.
        made: u64,
        /// Its length.
        found: u64,
    },
    /// A bad frame that was once good.
    #[error("this frame is corrupt, and {proof} shows that it was once whole. {ADVICE}")]
    Frame {
        /// What proves it durable.
        proof: Proof,
    },
    /// A good frame in a place where it does not belong.
    #[error("a frame stands here that belongs elsewhere (it begins with sequence {}). {ADVICE}", found.0)]
    OutOfPlace {
        /// The sequence that it begins with.
        found: Sequence,
    },
    /// A segment that another one names, or that the order of names wants.
    #[error("this segment is missing. {ADVICE}")]
    Missing,
    /// A segment that does not continue the one before.
    #[error("this segment does not follow the one before it. {ADVICE}")]
    NotTheSuccessor,
    /// Contents that this program does not understand.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// Contents that contradict what stands before them.
    #[error("it contradicts what stands before it: {0}. {ADVICE}")]
    Contradiction(#[from] Contradiction),
}

/// A newer format says itself what to do.
fn with_advice(bad: &SegmentHeaderError) -> String {
    if *bad == SegmentHeaderError::Corrupt { format!("{bad}. {ADVICE}") } else { bad.to_string() }
}

/// What to do about corruption.
const ADVICE: &str = "Nothing was changed. Restore the file from a backup; without one, keep a copy of the data \
                      directory before you try anything else";

/// What proves durable a commit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Proof {
    /// A later frame, or the beginning of a later segment.
    #[error("{file}, offset {offset},")]
    Place {
        /// In which file.
        file: String,
        /// Where.
        offset: u64,
    },
    /// A snapshot.
    #[error("the snapshot that was made of sequence {}", .0.0)]
    Snapshot(Sequence),
    /// The clean-shutdown record.
    #[error("the orderly stop at sequence {}, recorded in clean-stop,", .0.0)]
    CleanStop(Sequence),
}

/// Why a commit was not appended. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// Room is being made: wait for [`super::Journal::room`] and decide again.
    #[error("the journal has no room at this moment")]
    Backpressure,
    /// Room cannot be had: the server is read-only until it can.
    #[error("there is no room on disk for the next journal segment: {reason}")]
    ReadOnly {
        /// What the disk said.
        reason: String,
    },
    /// The journal is closed, or has failed: nobody would write the commit.
    #[error("the journal takes no more changes")]
    Closed,
}

/// Why the journal stopped for good.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{doing} {file} failed: {error}")]
pub struct Failure {
    /// What was tried.
    pub doing: &'static str,
    /// On which file.
    pub file: String,
    /// What the disk said.
    pub error: String,
}
