//! What a member begins with: the newest snapshot of the cluster, or nothing.

use std::io;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::error::MemberSnapshotError;
use crate::codec::Sequence;
use crate::server::member::cluster_error::ClusterError;
use crate::server::member::patience::{RETRY_DELAY, until_answered};
use crate::state::Records;
use crate::storage::journal::DiskFile;
use crate::storage::replay::Replay;
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::log::End;
use crate::storage::replicated::nats::{NatsError, NatsStream};
use crate::storage::replicated::snapshot::{BucketContents, LocalSnapshots, SnapshotInfo};
use crate::storage::replicated::start::Start;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::snapshot;
use crate::storage::snapshot::read::Snapshot;

/// How often the bucket is asked for its snapshots before the log is read from its first message, if it has
/// that. An election of NATS takes 4 to 8 seconds.
const BUCKET_TRIES: u32 = 20;

/// The name of a snapshot that is being read from the bucket.
const DOWNLOAD: &str = "download";

/// Loads the newest confirmed snapshot of the cluster into an empty state, if there is one. Returns the state
/// and where the log goes on.
///
/// # Errors
///
/// There is none, and the log has lost its first messages; or it is of a cluster with other settings.
pub(in crate::server::member) async fn begin(
    stream: &Arc<NatsStream>,
    local: &LocalSnapshots,
    genesis: &Genesis,
    records: Records,
) -> Result<(Records, Start), ClusterError> {
    let first = first_message(stream).await;
    let contents = contents(stream, first).await;
    let mut why = "the bucket is empty".to_owned();
    for info in contents.confirmed().filter(|info| reaches(info, first)) {
        if !is_in_stream(stream, info).await {
            why = format!("the stream has not the last message of the snapshot of message {}", info.message);
            tracing::warn!("{why}: it was restored, or is not complete");
            continue;
        }
        match provide(stream, local, info).await {
            Ok(()) => return load(local, info.clone(), genesis, records).await,
            Err(error) => {
                let error = anyhow::Error::from(error);
                why = format!("the snapshot of message {} cannot be used: {error:#}", info.message);
                tracing::warn!("{why}");
            }
        }
    }
    for info in local.list().unwrap_or_default().into_iter().filter(|info| reaches(info, first)) {
        if is_in_stream(stream, &info).await && local.open(&info).is_ok() {
            tracing::warn!(
                "the bucket has no snapshot that can be used ({why}): this server begins with its own"
            );
            return load(local, info, genesis, records).await;
        }
    }
    if first > StreamSequence(1) {
        return Err(NatsError::Purged { stream: stream.name().to_owned(), first: first.0, why }.into());
    }
    Ok((records, Start::default()))
}

/// Whether the log that is left goes on behind this snapshot.
fn reaches(info: &SnapshotInfo, first: StreamSequence) -> bool {
    info.message + 1 >= first.0
}

async fn first_message(stream: &NatsStream) -> StreamSequence {
    until_answered("it is not known where the log of the cluster begins", || async {
        stream.first().await.ok_or(io::ErrorKind::TimedOut).map_err(io::Error::from)
    })
    .await
}

/// What the bucket has. If the whole log is there it can be done without.
async fn contents(stream: &NatsStream, first: StreamSequence) -> BucketContents {
    let mut tries = 0;
    until_answered("the snapshots of the cluster cannot be listed yet", || {
        tries += 1;
        let is_given_up = tries > BUCKET_TRIES && first <= StreamSequence(1);
        async move {
            match stream.bucket().contents().await {
                Err(error) if is_given_up => {
                    tracing::warn!("{error}: the log is read from its first message instead");
                    Ok(BucketContents::default())
                }
                contents => contents,
            }
        }
    })
    .await
}

/// Makes sure that this snapshot is in the directory, and has its content.
pub(super) async fn provide(
    stream: &NatsStream,
    local: &LocalSnapshots,
    info: &SnapshotInfo,
) -> Result<(), MemberSnapshotError> {
    let own = local.list()?.into_iter().find(|own| own.is_same(info));
    if let Some(own) = own {
        let (local, own) = (local.clone(), own);
        if blocking(move || local.open(&own).map(drop)).await.is_ok() {
            return Ok(());
        }
    }
    download(stream, local, info).await?;
    let (local, info) = (local.clone(), info.clone());
    blocking(move || {
        local.open(&info)?;
        Ok(local.add(&info)?)
    })
    .await
}

async fn download(
    stream: &NatsStream,
    local: &LocalSnapshots,
    info: &SnapshotInfo,
) -> Result<(), MemberSnapshotError> {
    tracing::info!(message = info.message, bytes = info.bytes, "reading a snapshot of the cluster");
    let file: Arc<dyn DiskFile> = local.disk().create(DOWNLOAD)?.into();
    let mut offset = 0;
    stream
        .bucket()
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
pub(super) async fn is_in_stream(stream: &NatsStream, info: &SnapshotInfo) -> bool {
    for _ in 0..BUCKET_TRIES {
        if let StreamRead::Message { frame, .. } = stream.read(StreamSequence(info.message)).await {
            return frame.first_chunk() == Some(&info.crc.to_le_bytes());
        }
        // A NATS server that is behind does not have it yet.
        sleep(RETRY_DELAY).await;
    }
    false
}

/// Runs what waits for a disk on a thread of its own.
pub(super) async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|_| crate::fatal("a thread that reads or makes a snapshot panicked"))
}

async fn load(
    local: &LocalSnapshots,
    info: SnapshotInfo,
    genesis: &Genesis,
    mut records: Records,
) -> Result<(Records, Start), ClusterError> {
    genesis.check(info.genesis.as_bytes()).map_err(|error| ClusterError::Log(End::Genesis(error)))?;
    let local = local.clone();
    let start = info.start();
    let loaded = blocking(move || {
        let snapshot = Snapshot::open(local.disk(), Sequence(info.commit))?;
        snapshot.read(&mut |number, change| records.restore(Sequence(number), change))?;
        tracing::info!(message = info.message, commits = info.commit, "snapshot of the cluster read");
        Ok(records)
    });
    Ok((loaded.await.map_err(ClusterError::Snapshot)?, start))
}
