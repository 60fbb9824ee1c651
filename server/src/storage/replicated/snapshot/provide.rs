//! Reads snapshots of the bucket into a directory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::sleep;

use super::info::{SnapshotInfo, Unusable};
use super::local::LocalSnapshots;
use crate::codec::Sequence;
use crate::storage::disk_work::blocking;
use crate::storage::journal::DiskFile;
use crate::storage::replicated::member::claimed_before;
use crate::storage::replicated::nats::{BucketError, NatsError, NatsStream, SnapshotBucket};
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::snapshot;

/// The name of a snapshot that is being read from the bucket.
const DOWNLOAD: &str = "download";

/// How often the last message of a snapshot is asked for, and the pause between: an election of NATS takes 4
/// to 8 seconds.
const MESSAGE_TRIES: u32 = 20;
const MESSAGE_TRY_PAUSE: Duration = Duration::from_millis(500);

/// Why a snapshot cannot be read from the bucket.
#[derive(Debug, Error)]
pub enum ProvideError {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("the directory of the snapshots")]
    Disk(#[from] io::Error),
}

impl ProvideError {
    /// Whether the content of the snapshot is wrong. Everything else may be otherwise at the next attempt.
    pub fn is_corruption(&self) -> bool {
        match self {
            Self::Unusable(Unusable::Hash { .. }) => true,
            Self::Unusable(Unusable::Snapshot(error)) => error.is_corruption(),
            Self::Bucket(_) | Self::Disk(_) => false,
        }
    }

    /// Whether the same attempt may succeed later without anybody's help.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Bucket(error) if error.is_temporary())
    }
}

/// Makes sure that this snapshot is in the directory, and has its content.
pub async fn provide(
    bucket: &SnapshotBucket,
    local: &LocalSnapshots,
    info: &SnapshotInfo,
) -> Result<(), ProvideError> {
    let own = local.list()?.into_iter().find(|own| own.is_same(info));
    if let Some(own) = own {
        let (local, own) = (local.clone(), own);
        if blocking(move || local.open(&own).map(drop)).await.is_ok() {
            return Ok(());
        }
    }
    download(bucket, local, info).await?;
    let (local, info) = (local.clone(), info.clone());
    blocking(move || {
        local.open(&info)?;
        Ok(local.add(&info)?)
    })
    .await
}

async fn download(
    bucket: &SnapshotBucket,
    local: &LocalSnapshots,
    info: &SnapshotInfo,
) -> Result<(), ProvideError> {
    tracing::info!(last_message = info.message, bytes = info.bytes, "reading a snapshot of the cluster");
    let file: Arc<dyn DiskFile> = local.disk().create(DOWNLOAD)?.into();
    let mut offset = 0;
    bucket
        .get(info, |bytes| {
            let (file, at) = (file.clone(), offset);
            offset += bytes.len() as u64;
            async move { blocking(move || file.write_all_at(&bytes, at)).await }
        })
        .await?;
    let disk = local.clone();
    let name = snapshot::name(Sequence(info.commit));
    blocking(move || {
        file.sync()?;
        disk.disk().rename(DOWNLOAD, &name)?;
        Ok(disk.disk().sync()?)
    })
    .await
}

/// Whether the log in the stream is the one that this snapshot was made of: the stream has its last message,
/// or has purged that and goes on behind it.
///
/// # Errors
///
/// [`NatsError`]: NATS does not answer, so that it is not known.
pub async fn is_in_stream(stream: &NatsStream, info: &SnapshotInfo) -> Result<bool, NatsError> {
    let mut tries = 1;
    loop {
        match look_for(stream, info).await {
            Ok(Some(is_there)) => return Ok(is_there),
            Ok(None) if tries >= MESSAGE_TRIES => return Ok(false),
            Err(error) if tries >= MESSAGE_TRIES => return Err(error),
            // A NATS server that is behind does not have it yet.
            Ok(None) | Err(_) => {}
        }
        tries += 1;
        sleep(MESSAGE_TRY_PAUSE).await;
    }
}

/// Looks for the last message of a snapshot. `None` if the stream ends before it.
async fn look_for(stream: &NatsStream, info: &SnapshotInfo) -> Result<Option<bool>, NatsError> {
    let at = StreamSequence(info.message);
    let next = at.next();
    let no_answer = |at: StreamSequence| NatsError::no_answer(stream.name(), at.0);
    match stream.read(at).await {
        StreamRead::Message { frame, .. } => {
            return Ok(Some(frame.first_chunk() == Some(&info.crc.to_le_bytes())));
        }
        StreamRead::NoAnswer => return Err(no_answer(at)),
        StreamRead::Absent => {}
    }
    let messages = stream.messages().await?;
    if *messages.start() <= at.0 {
        return Ok(None);
    }
    if *messages.start() > next.0 || messages.is_empty() {
        return Ok(Some(*messages.start() == next.0));
    }
    // What follows the snapshot is left, and says what it follows.
    match stream.read(next).await {
        StreamRead::Message { frame, .. } => {
            let before = claimed_before(&frame, next, &stream.id().salt());
            Ok(Some(before.is_some_and(|before| before.crc == info.crc)))
        }
        StreamRead::Absent | StreamRead::NoAnswer => Err(no_answer(next)),
    }
}
