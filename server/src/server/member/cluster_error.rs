//! Why a member of a cluster cannot start, or go on.

use std::io;

use thiserror::Error;

use crate::storage::data_dir::{DataDirError, Gone};
use crate::storage::replicated::log::End;
use crate::storage::replicated::nats::NatsError;
use crate::storage::snapshot::error::SnapshotError;

/// Why a member of a cluster cannot start, or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The data directory cannot be opened.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The data directory was removed or replaced.
    #[error("{0}. Stopping")]
    Gone(#[from] Gone),
    /// The stream cannot be used.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// The data directory is of another cluster than the stream.
    #[error(
        "the data directory is that of a member of the cluster {seen}, and the stream is of the cluster {found}: it was \
         deleted and made again, or --cluster-name is that of another cluster. Should it be right, start this server with \
         an empty --data-dir"
    )]
    OtherCluster {
        /// The cluster of the data directory.
        seen: String,
        /// The cluster of the stream.
        found: String,
    },
    /// The log ends or cannot be applied.
    #[error("{0}. Stopping: this server cannot go on")]
    Log(End),
    /// A snapshot of the cluster cannot be read.
    #[error(transparent)]
    Snapshot(SnapshotError),
    /// A thread cannot be started.
    #[error("starting a thread")]
    Thread(#[source] io::Error),
}
