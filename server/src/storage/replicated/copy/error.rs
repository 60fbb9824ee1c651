//! Why the log of a cluster cannot be copied.

use std::io;

use thiserror::Error;

use crate::codec::DecodeError;
use crate::storage::journal::OpenError;
use crate::storage::log::{AppendError, Failure};
use crate::storage::replicated::frames::FrameError;
use crate::storage::replicated::genesis::GenesisMismatch;
use crate::storage::replicated::member::Break;
use crate::storage::replicated::nats::{BucketError, NatsError};
use crate::storage::replicated::snapshot::ProvideError;

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
    #[error("the snapshot of message {message} cannot be read")]
    Provide {
        message: u64,
        #[source]
        error: ProvideError,
    },
    #[error("the snapshot of message {0} is of another log than the stream has")]
    OtherSnapshot(u64),
    #[error("message {0} of the stream is no frame of this cluster, or its checksum is wrong")]
    NoFrame(u64),
    #[error("the stream does not return message {0}")]
    NoAnswer(u64),
    #[error("message {message} of the stream: {reason}")]
    Commits { message: u64, reason: String },
    /// A newer version has written it.
    #[error("message {message} of the stream: {error}")]
    Newer { message: u64, error: DecodeError },
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
    /// the next attempt, on another machine or with a newer version.
    pub fn is_corruption(&self) -> bool {
        match self {
            Self::Frame(FrameError::Broken { reason, .. }) => !matches!(reason, Break::UnknownKind(_)),
            Self::Genesis(_)
            | Self::NoSnapshot { .. }
            | Self::OtherSnapshot(_)
            | Self::NoFrame(_)
            | Self::Commits { .. } => true,
            Self::Frame(FrameError::Purged(_) | FrameError::NoAnswer(_))
            | Self::Nats(_)
            | Self::Bucket(_)
            | Self::Provide { .. }
            | Self::Empty { .. }
            | Self::NoAnswer(_)
            | Self::Newer { .. }
            | Self::Disk(_)
            | Self::Journal(_)
            | Self::Append(_)
            | Self::Failure(_) => false,
        }
    }

    /// Whether the same attempt may succeed later without anybody's help.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Nats(error) => error.is_temporary(),
            Self::Bucket(error) => error.is_temporary(),
            Self::Provide { error, .. } => error.is_temporary(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::replicated::stream_sequence::StreamSequence;

    #[test]
    fn only_wrong_content_is_corruption() {
        let broken =
            |reason| CopyError::Frame(FrameError::Broken { at: StreamSequence(7), reason }).is_corruption();
        assert!(broken(Break::NoFrame) && broken(Break::OtherChain));
        assert!(!broken(Break::UnknownKind(99)));
        let full = ProvideError::Disk(io::Error::from(io::ErrorKind::StorageFull));
        let no_answer = || NatsError::no_answer("BOOKLINE-sales", 7);
        for (error, is_temporary) in [
            (CopyError::Provide { message: 7, error: full }, false),
            (CopyError::Newer { message: 7, error: DecodeError::UnknownChange(99) }, false),
            (CopyError::Nats(no_answer()), true),
        ] {
            assert!(!error.is_corruption(), "{error}");
            assert_eq!(error.is_temporary(), is_temporary, "{error}");
        }
    }
}
