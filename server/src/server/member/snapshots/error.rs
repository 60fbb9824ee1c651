//! Why a step towards a snapshot of the cluster has failed. It is tried again.

use std::io;

use thiserror::Error;

use crate::storage::replicated::nats::{BucketError, NatsError};
use crate::storage::replicated::snapshot::{LogCompactionError, ProvideError, Unusable};

/// Why a step towards a snapshot of the cluster has failed. It is tried again.
#[derive(Debug, Error)]
pub(super) enum MemberSnapshotError {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Stream(#[from] NatsError),
    #[error(transparent)]
    Compaction(#[from] LogCompactionError),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error(transparent)]
    Provide(#[from] ProvideError),
    #[error("the directory of the snapshots")]
    Disk(#[from] io::Error),
    #[error(
        "the snapshot of message {0}, which the next one is made from, is neither in the bucket nor here"
    )]
    NoBase(u64),
}
