//! Why the log of a cluster cannot be copied.

use std::io;

use thiserror::Error;

use crate::storage::journal::OpenError;
use crate::storage::log::{AppendError, Failure};
use crate::storage::replicated::frames::FrameError;
use crate::storage::replicated::genesis::GenesisMismatch;
use crate::storage::replicated::nats::{BucketError, NatsError};

/// Why the log of a cluster cannot be copied.
#[derive(Debug, Error)]
pub enum CopyError {
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Genesis(#[from] GenesisMismatch),
    #[error("the stream {stream} is empty: no server of this cluster has led yet")]
    Empty { stream: String },
    #[error(
        "the log in the stream {stream} begins with message {first}, and no snapshot is there that holds what was before: \
         {why}"
    )]
    NoSnapshot { stream: String, first: u64, why: String },
    #[error(
        "the newest snapshot is of message {message}, and the stream ends with message {last}: it was restored or purged"
    )]
    Ahead { message: u64, last: u64 },
    #[error("the snapshot of message {0} is of another log than the stream has")]
    OtherSnapshot(u64),
    #[error("message {0} of the stream is no frame of this cluster, or its checksum is wrong")]
    NoFrame(u64),
    #[error("the stream does not return message {0}")]
    NoAnswer(u64),
    #[error("message {message} of the stream: {reason}")]
    Commits { message: u64, reason: String },
    #[error("the directory of the copy")]
    Disk(#[from] io::Error),
    #[error(transparent)]
    Journal(#[from] OpenError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl CopyError {
    /// Whether the log or its snapshots are corrupt, or miss something. Everything else may be otherwise at
    /// the next attempt.
    pub fn is_corruption(&self) -> bool {
        match self {
            Self::Frame(FrameError::Broken { .. })
            | Self::Genesis(_)
            | Self::NoSnapshot { .. }
            | Self::Ahead { .. }
            | Self::OtherSnapshot(_)
            | Self::NoFrame(_)
            | Self::Commits { .. } => true,
            Self::Nats(_)
            | Self::Frame(FrameError::Purged(_) | FrameError::NoAnswer(_))
            | Self::Bucket(_)
            | Self::Empty { .. }
            | Self::NoAnswer(_)
            | Self::Disk(_)
            | Self::Journal(_)
            | Self::Append(_)
            | Self::Failure(_) => false,
        }
    }
}
