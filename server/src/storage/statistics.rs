//! What a log tells of its work: for the metrics, and for those who watch over it.

use crate::codec::Sequence;
use crate::histogram::Histogram;

/// What a log has done so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogStatistics<'a> {
    /// The commits of each batch that was written, or sent, at once.
    pub batches: Option<&'a Histogram>,
    /// Of a journal on a disk of this machine.
    pub journal: Option<JournalStatistics<'a>>,
}

/// What a journal has on its disk.
#[derive(Debug, Clone, Copy)]
pub struct JournalStatistics<'a> {
    /// The bytes of frames written, and of those that recovery read and no snapshot holds.
    pub bytes: u64,
    /// Segments that have frames, those included that are kept for those who read the log, or for recycling.
    pub segments: u64,
    /// The bytes that are left in the current segment.
    pub segment_bytes_left: u64,
    /// Whether the next segment is preallocated.
    pub is_preallocated: bool,
    /// How long syncs took, in microseconds.
    pub syncs: &'a Histogram,
}

/// How far a log has got with its work, and how far it has to get for everything that it was given so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub wanted: u64,
}

impl Progress {
    /// Commits that are published, of those that were appended.
    pub fn of_commits(published: Sequence, appended: Sequence) -> Self {
        Self { done: published.0, wanted: appended.0 }
    }
}
