//! The bucket with the snapshots of a cluster: an object store of NATS.
//!
//! The name of a snapshot is the number of its last message. Beside it there are two empty objects: one says
//! who makes it, and one confirms it, when another member has made the same one.

use std::collections::{HashMap, HashSet};
use std::error::Error as _;
use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::io;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::object_store::{Config, ObjectInfo, ObjectMetadata, ObjectStore};
use async_nats::jetstream::stream::StorageType;
use async_nats::jetstream::{Context, stream};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::TryStreamExt;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::client::NatsClient;
use super::find::is_absent;
use super::options::NatsOptions;
use super::settings::bucket_name;
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::snapshot::{BucketContents, SnapshotInfo};

/// How long an answer of the bucket is waited for, or the next bytes of an object: the reader of an object
/// that is deleted meanwhile would wait for ever.
const PROGRESS_MAX: Duration = Duration::from_secs(10);

/// The size of a chunk: larger ones make an upload faster, and each is an append of the NATS servers.
const CHUNK_BYTES: usize = 128 << 10;

/// The age of chunks that belong to no object, after which they are removed. An upload may be under way for
/// so long.
const ORPHAN_AFTER: Duration = Duration::from_secs(60 * 60);

/// The key of the metadata of an object.
const INFO_KEY: &str = "bookline-snapshot";
const HASH_KEY: &str = "bookline-hash";
const MEMBER_KEY: &str = "bookline-member";
const CLUSTER_KEY: &str = "bookline-cluster";

const CONFIRMED_SUFFIX: &str = ".confirmed";
const BEGUN_SUFFIX: &str = ".begun";

/// Why the bucket cannot be used. It is tried again.
#[derive(Debug, Error)]
pub enum BucketError {
    #[error("{doing} the bucket {bucket}: {reason}")]
    Nats { doing: &'static str, bucket: String, reason: String },
    /// What is read from the bucket cannot be written.
    #[error("writing a snapshot from the bucket")]
    Write(#[source] io::Error),
}

impl BucketError {
    /// Whether the same attempt may succeed later without anybody's help.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Nats { .. } => true,
            Self::Write(_) => false,
        }
    }
}

/// The bucket of a cluster, which is made when it is needed.
#[derive(Debug, Clone)]
pub struct SnapshotBucket {
    context: Context,
    name: String,
    replicas: usize,
    cluster: Option<ClusterId>,
}

impl SnapshotBucket {
    /// The bucket of a cluster, which may not exist. Without an id, snapshots count whosoever they are.
    pub fn of(client: &NatsClient, options: &NatsOptions, cluster: Option<ClusterId>) -> Self {
        let (name, replicas) = (bucket_name(options), options.replicas);
        Self { context: client.jetstream(), name, replicas, cluster }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the bucket has of this cluster. Nothing, if it does not exist. Snapshots of another cluster were
    /// left by a stream that was deleted, or by an import that was interrupted.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn contents(&self) -> Result<BucketContents, BucketError> {
        let Some(store) = self.find(&self.context).await? else { return Ok(BucketContents::default()) };
        let objects = self.objects(&store).await?;
        let infos = objects.iter().filter_map(info_of).filter(|info| self.is_own(info));
        let confirmations: HashMap<_, _> = objects.iter().filter_map(confirmation).collect();
        let begun = objects.iter().filter(|object| !self.is_of_other(object)).filter_map(begun).collect();
        Ok(BucketContents::new(infos.collect(), &confirmations, begun))
    }

    fn is_own(&self, info: &SnapshotInfo) -> bool {
        match (self.cluster, Genesis::parse(info.genesis.as_bytes())) {
            (Some(cluster), Ok(genesis)) => genesis.cluster == cluster.to_string(),
            // Who loads one that cannot be read says why.
            (None, _) | (_, Err(_)) => true,
        }
    }

    /// Whether an object that is no snapshot is of another cluster. One without a cluster was made by an
    /// older version.
    fn is_of_other(&self, object: &ObjectInfo) -> bool {
        match (self.cluster, object.metadata.get(CLUSTER_KEY)) {
            (Some(own), Some(found)) => *found != own.to_string(),
            (None, _) | (_, None) => false,
        }
    }

    /// Makes the bucket, if it does not exist. It takes a moment until all NATS servers know it.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn make(&self) -> Result<(), BucketError> {
        match self.find(&self.context).await? {
            Some(_) => Ok(()),
            None => self.create(&self.context).await.map(drop),
        }
    }

    /// Puts a snapshot into the bucket, which is made if it does not exist. Nobody sees it before it is
    /// complete.
    ///
    /// # Errors
    ///
    /// [`BucketError`]. Chunks may be left, which [`Self::sweep`] removes.
    pub async fn put(
        &self,
        info: &SnapshotInfo,
        content: &mut (impl AsyncRead + Unpin),
    ) -> Result<(), BucketError> {
        let metadata = serde_json::to_string(info).map_err(|error| self.error("writing to", &error))?;
        let metadata = HashMap::from([(INFO_KEY.to_owned(), metadata)]);
        self.put_object(name(info.message), metadata, content).await
    }

    /// Confirms a snapshot: `member` has made the same one.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn confirm(&self, info: &SnapshotInfo, member: &str) -> Result<(), BucketError> {
        let metadata = HashMap::from([
            (HASH_KEY.to_owned(), info.hash.clone()),
            (MEMBER_KEY.to_owned(), member.to_owned()),
        ]);
        let name = format!("{}{CONFIRMED_SUFFIX}", name(info.message));
        self.put_object(name, metadata, &mut tokio::io::empty()).await
    }

    async fn put_object(
        &self,
        name: String,
        metadata: HashMap<String, String>,
        content: &mut (impl AsyncRead + Unpin),
    ) -> Result<(), BucketError> {
        // Each chunk waits for an acknowledgment, and one that is late would be the end of the upload.
        let mut context = self.context.clone();
        context.set_timeout(PROGRESS_MAX);
        let store = match self.find(&context).await? {
            Some(store) => store,
            None => self.create(&context).await?,
        };
        let metadata =
            ObjectMetadata { name, chunk_size: Some(CHUNK_BYTES), metadata, ..ObjectMetadata::default() };
        let put = store.put(metadata, content).await;
        put.map(drop).map_err(|error| self.error("writing to", &error))
    }

    /// Notes that `member` makes the snapshot with this last message.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn begin(&self, message: u64, member: &str) -> Result<(), BucketError> {
        let mut metadata = HashMap::from([(MEMBER_KEY.to_owned(), member.to_owned())]);
        metadata.extend(self.cluster.map(|cluster| (CLUSTER_KEY.to_owned(), cluster.to_string())));
        self.put_object(format!("{}{BEGUN_SUFFIX}", name(message)), metadata, &mut tokio::io::empty()).await
    }

    /// Reads a snapshot, and passes its bytes to `each`.
    ///
    /// # Errors
    ///
    /// It is gone, no bytes came for 10 s, or `each` has failed.
    pub async fn get<F: Future<Output = io::Result<()>>>(
        &self,
        info: &SnapshotInfo,
        mut each: impl FnMut(Vec<u8>) -> F,
    ) -> Result<(), BucketError> {
        let store =
            self.find(&self.context).await?.ok_or_else(|| self.error("finding", &"it does not exist"))?;
        let object = self.within("reading", store.get(name(info.message))).await?;
        let mut object = object.map_err(|error| self.error("reading", &error))?;
        let mut read = 0;
        while read < info.bytes {
            let mut bytes = Vec::with_capacity(CHUNK_BYTES);
            let count = self.within("reading", object.read_buf(&mut bytes)).await?;
            match count.map_err(|error| self.error("reading", &error))? {
                0 => return Err(self.error("reading", &format!("an object ends at byte {read}"))),
                count => read += count as u64,
            }
            each(bytes).await.map_err(BucketError::Write)?;
        }
        Ok(())
    }

    /// Removes what is about snapshots before this one. Who reads one of them finds that it is gone. Returns
    /// the number of snapshots.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn remove_before(&self, message: u64) -> Result<usize, BucketError> {
        let Some(store) = self.find(&self.context).await? else { return Ok(0) };
        let stream = self.stream().await?;
        let mut removed = 0;
        for object in self.objects(&store).await? {
            let digits = object.name.split('.').next().unwrap_or_default();
            if !digits.parse::<u64>().is_ok_and(|of| of < message) {
                continue;
            }
            self.remove_object(&stream, &object).await?;
            removed += usize::from(object.metadata.contains_key(INFO_KEY));
        }
        Ok(removed)
    }

    /// Removes this snapshot and its confirmation, unless another one has their place.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn remove(&self, info: &SnapshotInfo) -> Result<(), BucketError> {
        let Some(store) = self.find(&self.context).await? else { return Ok(()) };
        let stream = self.stream().await?;
        let confirmed = Some((info.message, info.hash.clone()));
        for object in self.objects(&store).await? {
            let is_confirmation = confirmation(&object).map(|(of, _)| of) == confirmed;
            if is_confirmation || info_of(&object).as_ref() == Some(info) {
                self.remove_object(&stream, &object).await?;
            }
        }
        Ok(())
    }

    /// Not the library's `delete`, which leaves a message for ever that says so.
    async fn remove_object(&self, stream: &stream::Stream, object: &ObjectInfo) -> Result<(), BucketError> {
        let meta = format!("$O.{}.M.{}", self.name, URL_SAFE.encode(&object.name));
        self.purge(stream, &meta).await?;
        self.purge(stream, &self.chunks_subject(&object.nuid)).await
    }

    /// Removes chunks that belong to no object and are older than an hour: those of uploads that ended
    /// halfway. Returns the number of uploads.
    ///
    /// # Errors
    ///
    /// [`BucketError`]
    pub async fn sweep(&self) -> Result<usize, BucketError> {
        self.sweep_older_than(ORPHAN_AFTER).await
    }

    /// As [`Self::sweep`], with another age, for tests.
    #[doc(hidden)]
    pub async fn sweep_older_than(&self, age: Duration) -> Result<usize, BucketError> {
        let Some(store) = self.find(&self.context).await? else { return Ok(0) };
        let stream = self.stream().await?;
        let chunks = self.within("reading", stream.info_with_subjects(self.chunks_subject(">"))).await?;
        let chunks = chunks.map_err(|error| self.error("reading", &error))?;
        let subjects = self.within("reading", chunks.try_collect::<Vec<_>>()).await?;
        let subjects = subjects.map_err(|error| self.error("reading", &error))?;
        // After the chunks: an upload that has ended meanwhile is an object now.
        let objects = self.objects(&store).await?;
        let live: HashSet<_> = objects.iter().map(|object| self.chunks_subject(&object.nuid)).collect();
        let mut swept = 0;
        for (subject, _) in subjects.iter().filter(|(subject, _)| !live.contains(subject)) {
            let last = self.within("reading", stream.get_last_raw_message_by_subject(subject)).await?;
            let Ok(last) = last else { continue };
            let idle = SystemTime::now().duration_since(SystemTime::from(last.time)).unwrap_or_default();
            if idle >= age {
                self.purge(&stream, subject).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    async fn objects(&self, store: &ObjectStore) -> Result<Vec<ObjectInfo>, BucketError> {
        let list = self.within("listing", store.list()).await?;
        let list = list.map_err(|error| self.error("listing", &error))?;
        let objects = self.within("listing", list.try_collect::<Vec<_>>()).await?;
        objects.map_err(|error| self.error("listing", &error))
    }

    async fn purge(&self, stream: &stream::Stream, subject: &str) -> Result<(), BucketError> {
        let purged = self.within("purging", stream.purge().filter(subject).into_future()).await?;
        purged.map(drop).map_err(|error| self.error("purging", &error))
    }

    async fn find(&self, context: &Context) -> Result<Option<ObjectStore>, BucketError> {
        match self.within("finding", context.get_object_store(&self.name)).await? {
            Ok(store) => Ok(Some(store)),
            Err(error) => match error.source().and_then(|source| source.downcast_ref()) {
                Some(of_stream) if is_absent(of_stream) => Ok(None),
                _ => Err(self.error("finding", &error)),
            },
        }
    }

    async fn create(&self, context: &Context) -> Result<ObjectStore, BucketError> {
        let config = Config {
            bucket: self.name.clone(),
            description: Some("snapshots of a log of Bookline".to_owned()),
            storage: StorageType::File,
            num_replicas: self.replicas,
            ..Config::default()
        };
        let store = self.within("making", context.create_object_store(config)).await?;
        store.map_err(|error| self.error("making", &error))
    }

    async fn stream(&self) -> Result<stream::Stream, BucketError> {
        let stream = self.within("finding", self.context.get_stream(self.stream_name())).await?;
        stream.map_err(|error| self.error("finding", &error))
    }

    fn stream_name(&self) -> String {
        format!("OBJ_{}", self.name)
    }

    fn chunks_subject(&self, nuid: &str) -> String {
        format!("$O.{}.C.{nuid}", self.name)
    }

    async fn within<F: Future>(&self, doing: &'static str, answer: F) -> Result<F::Output, BucketError> {
        let in_time = timeout(PROGRESS_MAX, answer).await;
        in_time.map_err(|_| {
            let reason = format!("no answer within {} s", PROGRESS_MAX.as_secs());
            BucketError::Nats { doing, bucket: self.name.clone(), reason }
        })
    }

    fn error(&self, doing: &'static str, reason: &dyn Display) -> BucketError {
        BucketError::Nats { doing, bucket: self.name.clone(), reason: reason.to_string() }
    }
}

/// The name of the snapshot with this last message. The names are in the order of the messages.
fn name(message: u64) -> String {
    format!("{message:020}")
}

/// What is known of the snapshot in this object, if it is one.
fn info_of(object: &ObjectInfo) -> Option<SnapshotInfo> {
    serde_json::from_str(object.metadata.get(INFO_KEY)?).ok()
}

/// The last message of the snapshot that this object says is being made, and by whom.
fn begun(object: &ObjectInfo) -> Option<(u64, String)> {
    let message = object.name.strip_suffix(BEGUN_SUFFIX)?.parse().ok()?;
    Some((message, object.metadata.get(MEMBER_KEY)?.clone()))
}

/// The message and the hash that an object confirms, and who does.
fn confirmation(object: &ObjectInfo) -> Option<((u64, String), String)> {
    let message = object.name.strip_suffix(CONFIRMED_SUFFIX)?.parse().ok()?;
    let (hash, member) = (object.metadata.get(HASH_KEY)?, object.metadata.get(MEMBER_KEY)?);
    Some(((message, hash.clone()), member.clone()))
}
