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
use crate::storage::replicated::nats::{BucketError, NatsStream, SnapshotBucket};
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

/// Whether the stream has the last message of this snapshot.
pub async fn is_in_stream(stream: &NatsStream, info: &SnapshotInfo) -> bool {
    for _ in 0..MESSAGE_TRIES {
        if let StreamRead::Message { frame, .. } = stream.read(StreamSequence(info.message)).await {
            return frame.first_chunk() == Some(&info.crc.to_le_bytes());
        }
        // A NATS server that is behind does not have it yet.
        sleep(MESSAGE_TRY_PAUSE).await;
    }
    false
}
