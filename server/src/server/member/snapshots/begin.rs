//! What a member begins with: the newest snapshot of the cluster, or nothing.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::codec::Sequence;
use crate::server::member::cluster_error::ClusterError;
use crate::state::Records;
use crate::storage::disk_work::blocking;
use crate::storage::replay::Replay;
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::log::End;
use crate::storage::replicated::nats::{NatsError, NatsStream, until_answered};
use crate::storage::replicated::snapshot::{
    BucketContents, LocalSnapshots, SnapshotInfo, is_in_stream, provide,
};
use crate::storage::replicated::start::Start;
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::snapshot::read::Snapshot;

/// How often the bucket is asked for its snapshots before the log is read from its first message, if it has
/// that. An election of NATS takes 4 to 8 seconds.
const BUCKET_TRIES: u32 = 20;

/// How often an import is looked for that has put its data into the bucket and is about to begin the stream,
/// and the pause between.
const UNFINISHED_LOOKS: u32 = 4;
const UNFINISHED_PAUSE: Duration = Duration::from_millis(500);

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
    let mut why = "the bucket is empty".to_owned();
    let (mut tried, mut unfinished) = (None, 0);
    let first = loop {
        let messages = messages(stream).await;
        let first = StreamSequence(*messages.start());
        let contents = contents(stream, &messages).await;
        let newest = contents.confirmed().next().map(|info| info.message);
        if *messages.end() == 0 && newest.is_some() {
            if unfinished == UNFINISHED_LOOKS {
                return Err(NatsError::Unfinished { stream: stream.name().to_owned() }.into());
            }
            unfinished += 1;
            sleep(UNFINISHED_PAUSE).await;
            continue;
        }
        // A snapshot that is removed while it is read has newer ones behind it.
        if newest <= tried {
            break first;
        }
        tried = newest;
        match provide_newest(stream, local, &contents, first).await {
            Ok(info) => return load(local, info, genesis, records).await,
            Err(failure) => why = failure,
        }
    };
    for info in local.list().unwrap_or_default().into_iter().filter(|info| reaches(info, first)) {
        if is_own(stream, &info).await && local.open(&info).is_ok() {
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

/// Provides the newest snapshot of the bucket behind which the log goes on, or says why there is none.
async fn provide_newest(
    stream: &NatsStream,
    local: &LocalSnapshots,
    contents: &BucketContents,
    first: StreamSequence,
) -> Result<SnapshotInfo, String> {
    let mut why = "those in the bucket end before that".to_owned();
    for info in contents.confirmed().filter(|info| reaches(info, first)) {
        if !is_own(stream, info).await {
            why = format!("the stream has not the last message of the snapshot of message {}", info.message);
            tracing::warn!("{why}: it was restored, or is not complete");
            continue;
        }
        match provide(stream.bucket(), local, info).await {
            Ok(()) => return Ok(info.clone()),
            Err(error) => {
                let error = anyhow::Error::from(error);
                why = format!("the snapshot of message {} cannot be used: {error:#}", info.message);
                tracing::warn!("{why}");
            }
        }
    }
    Err(why)
}

/// Whether this snapshot is of the log in the stream.
async fn is_own(stream: &NatsStream, info: &SnapshotInfo) -> bool {
    let ask = || is_in_stream(stream, info);
    until_answered("it is not known whether a snapshot is of the log of the cluster", ask).await
}

/// Whether the log that is left goes on behind this snapshot.
fn reaches(info: &SnapshotInfo, first: StreamSequence) -> bool {
    info.message + 1 >= first.0
}

async fn messages(stream: &NatsStream) -> RangeInclusive<u64> {
    until_answered("it is not known where the log of the cluster begins", || stream.messages()).await
}

/// What the bucket has. If the whole log is there it can be done without. A stream without messages may be
/// that of an import.
async fn contents(stream: &NatsStream, messages: &RangeInclusive<u64>) -> BucketContents {
    let is_whole = *messages.start() == 1 && !messages.is_empty();
    let mut tries = 0;
    until_answered("the snapshots of the cluster cannot be listed yet", || {
        tries += 1;
        let is_given_up = tries > BUCKET_TRIES && is_whole;
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
        tracing::info!(last_message = info.message, commits = info.commit, "snapshot of the cluster read");
        Ok(records)
    });
    Ok((loaded.await.map_err(ClusterError::Snapshot)?, start))
}
