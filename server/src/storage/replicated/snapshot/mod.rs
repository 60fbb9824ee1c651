//! Snapshots of the replicated log.
//!
//! The leader appends a snapshot point to the log when the log has grown enough. Members compact the snapshot
//! that the point names, its base, and the log since into a snapshot of the log up to the point. They have
//! the same base and the same log, so their snapshots have the same content. One member puts its snapshot
//! into the bucket, and another one confirms it: it has made the same one. Only a confirmed snapshot is begun
//! with, and the log is purged only below one. So an error in the memory of one machine does not get into
//! the state of the others.

mod bucket_contents;
mod info;
mod local;
mod log_compaction;
#[cfg(feature = "cluster")]
mod provide;

pub use bucket_contents::{BucketContents, Listed};
pub use info::{SnapshotInfo, Unusable};
pub use local::LocalSnapshots;
pub use log_compaction::{LogCompaction, LogCompactionError};
#[cfg(feature = "cluster")]
pub use provide::{ProvideError, is_in_stream, provide};
