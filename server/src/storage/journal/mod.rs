//! The write-ahead log: commits in order, durable before they are acknowledged, with group commit.
//!
//! It stores recorded changes and knows neither requests nor rules nor shards. A commit gets its sequence
//! number when it is [appended](super::log::Log::append), under the lock of the records that it changes. A
//! committer thread writes everything appended since its last turn as one batch with one sync, then wakes the
//! replies that wait for it. [`replay`] reads the journal back and distinguishes a torn tail, which it
//! truncates, from corruption, which it refuses.
//!
//! # On disk, format version 2
//!
//! A directory of segments, each named by the sequence number of its first commit
//! (`00000000000000000001.seg`), and the file `spare`, the preallocated space for the next segment. All
//! integers are little-endian.
//!
//! | part | defined in |
//! |---|---|
//! | segment: a header, then frames, then zeros to its end | [`crate::codec::segment_header`] |
//! | frame: a checksummed header with sequence numbers and the CRC of the previous frame, and a payload | [`crate::codec::frame`] |
//! | commit: a header and its changes | [`crate::changes::commit`] |

pub mod batch;
mod commit_reader;
pub mod commits;
pub mod committer;
pub mod disk;
pub mod durability;
pub mod error;
mod handle;
pub mod preallocation;
pub mod reader;
pub mod replay;
pub mod segment;
mod space;
mod state;
mod tail;
pub mod walk;

pub use disk::{Disk, DiskFile, RealDisk};
pub use durability::Durability;
pub use error::{Corruption, CorruptionKind, OpenError, Proof};
pub use handle::{Journal, Opening, Options};
pub use replay::{Base, Recovered, check};
