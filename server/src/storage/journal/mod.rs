//! The journal: what happened, in order, on disk before anyone is told.
//!
//! It knows recorded changes and nothing of requests, rules or shards. A commit gets its sequence in
//! [`Journal::append`], under the lock of the records that it changes; a committer thread writes everything appended
//! since its last turn as one batch with one sync, then releases the replies that waited for it. [`replay`] reads
//! it back and tells a torn tail, which is cut, from corruption, which is refused.
//!
//! # On disk, format version 2
//!
//! A directory of segments, each named by the sequence of its first commit (`00000000000000000001.seg`), and one
//! `spare`: the prefilled space for the next segment. All integers are little-endian.
//!
//! | part | defined in |
//! |---|---|
//! | segment: a header, then frames, then zeros to its end | [`crate::codec::segment_header`] |
//! | frame: a checksummed header with sequences, the link to the frame before, and a payload | [`crate::codec::frame`] |
//! | commit: a header and its changes | [`crate::codec::commit`] |

pub mod batch;
pub mod committer;
pub mod disk;
pub mod durability;
pub mod error;
mod handle;
mod preallocation;
pub mod reader;
pub mod replay;
pub mod segment;
mod space;
mod state;
mod tail;
#[cfg(test)]
pub(crate) mod tests;
mod wait;

pub use disk::{Disk, DiskFile, RealDisk};
pub use durability::Durability;
pub use error::{AppendError, Corruption, CorruptionKind, Failure, OpenError, Proof};
pub use handle::{Journal, Opening, Options};
pub use replay::{Base, Recovered, check};
pub use wait::{CapacityWait, Wait};
