//! The journal: what happened, in order, on disk before anyone is told.
//!
//! It knows recorded facts and nothing of requests, rules or shards. A commit gets its sequence in
//! [`Journal::append`], under the lock of the records that it changes; a committer thread writes everything appended
//! since its last turn as one batch with one sync, then releases the replies that waited for it. [`recovery`] reads
//! it back and tells a torn tail, which is cut, from damage, which is refused.
//!
//! # On disk, format version 2
//!
//! A directory of segments, each named by the sequence of its first commit (`00000000000000000001.seg`), and one
//! `spare`: the prefilled space for the next segment. All integers are little-endian.
//!
//! | part | defined in |
//! |---|---|
//! | segment: a header, then frames, then zeros to its end | [`segment`] |
//! | frame: a checksummed header with sequences, the link to the frame before, and a payload | [`frame`] |
//! | commit: a header and its facts | [`commit`] |

pub mod batch;
pub mod commit;
pub mod committer;
pub mod disk;
pub mod frame;
mod handle;
pub mod reader;
pub mod recovery;
pub mod segment;
mod space;
mod spare;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod wait;

pub use commit::Commit;
pub use disk::{Disk, DiskFile, RealDisk};
pub use handle::{Durability, Journal, OpenError, Opening, Options};
pub use recovery::{Base, Damage, Recovered, check};
pub use state::{Failure, NoRoom};
pub use wait::{Room, Wait};

/// The place of a commit in the order of all commits, from 1. Zero stands before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    /// No commit has a higher one: a million commits a second would take 146,000 years to get there. What is read from
    /// a disk and lies above it is corrupt, and arithmetic below it never overflows.
    pub const MAX: Sequence = Sequence((1 << 62) - 1);

    /// The one after.
    pub fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}
