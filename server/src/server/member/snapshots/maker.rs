//! Makes the snapshot of the last snapshot point, and sees to it that it is in the bucket and confirmed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::Instant;

use super::error::MemberSnapshotError;
use super::source::Source;
use super::throttled::Throttled;
use crate::codec::Sequence;
use crate::storage::disk_work::blocking;
use crate::storage::journal::DiskFile;
use crate::storage::replicated::snapshot::{
    BucketContents, Listed, LogCompaction, SnapshotInfo, is_in_stream, provide,
};
use crate::storage::replicated::snapshot_point::SnapshotPoint;
use crate::storage::snapshot;
use crate::storage::snapshot::snapshotter::throttle;

/// The time after which a leader makes a snapshot itself: nobody has begun it, or nobody confirms it.
const ALONE_AFTER: Duration = Duration::from_secs(3);

/// The time after which a member that has begun a snapshot is not waited for any more.
const BEGUN_MAX: Duration = Duration::from_secs(30 * 60);

/// The bytes of an upload that are read at a time.
const READ_BYTES: usize = 256 << 10;

/// Makes the snapshot of the last snapshot point.
pub(super) struct Maker {
    source: Source,
    points: watch::Receiver<Option<SnapshotPoint>>,
    stopping: Arc<AtomicBool>,
    reached: Option<Reached>,
    /// The newest own snapshot.
    newest: Option<SnapshotInfo>,
    /// Whether it is to be put into the bucket, or to be compared with the one there.
    is_to_share: bool,
    /// Since when it is known to be in the bucket.
    in_bucket_since: Option<Instant>,
}

/// A snapshot point, and when it was found.
#[derive(Debug, Clone, Copy)]
struct Reached {
    point: SnapshotPoint,
    at: Instant,
}

impl Maker {
    pub fn new(source: Source, stopping: Arc<AtomicBool>) -> Self {
        let newest = source.local.list().ok().and_then(|own| own.into_iter().next());
        let points = source.log.snapshot_point();
        Self { source, points, stopping, reached: None, newest, is_to_share: false, in_bucket_since: None }
    }

    /// Looks for a new snapshot point.
    pub fn look(&mut self) {
        let last = *self.points.borrow_and_update();
        if let Some(point) = last.filter(|point| self.reached.is_none_or(|reached| reached.point != *point)) {
            self.reached = Some(Reached { point, at: Instant::now() });
            self.in_bucket_since = None;
        }
    }

    pub fn has_work(&self) -> bool {
        self.reached.is_some() || self.is_to_share
    }

    pub async fn step(&mut self, contents: &BucketContents, leads: bool) -> Result<(), MemberSnapshotError> {
        if let Some(reached) = self.reached {
            let message = reached.point.position.stream.0;
            let listed = contents.of(message);
            if listed.is_some() && self.in_bucket_since.is_none() {
                self.in_bucket_since = Some(Instant::now());
            }
            if contents.newest() > message || listed.is_some_and(Listed::is_confirmed) {
                self.reached = None;
            } else if self.newest.as_ref().is_none_or(|own| own.message < message)
                && !(leads && self.waits_for_others(reached, contents))
            {
                self.newest = Some(self.make(reached.point, contents).await?);
                self.is_to_share = true;
                // Others may have begun the same one: the bucket says who puts it there.
                return Ok(());
            }
        }
        match self.newest.clone() {
            // The bucket may have been deleted.
            Some(own) if self.is_to_share || contents.newest() < own.message => {
                self.share(&own, contents, leads).await
            }
            _ => Ok(()),
        }
    }

    /// Whether a leader leaves a snapshot to the others: one has begun it, or has made it a moment ago.
    fn waits_for_others(&self, reached: Reached, contents: &BucketContents) -> bool {
        let message = reached.point.position.stream.0;
        if let Some(since) = self.in_bucket_since {
            // Others need as long as its maker did.
            return since.elapsed() < ALONE_AFTER.max(since - reached.at);
        }
        let is_begun = contents.begun.get(&message).is_some_and(|by| *by != self.source.member);
        reached.at.elapsed() < if is_begun { BEGUN_MAX } else { ALONE_AFTER }
    }

    async fn make(
        &self,
        point: SnapshotPoint,
        contents: &BucketContents,
    ) -> Result<SnapshotInfo, MemberSnapshotError> {
        let Source { stream, local, member, runtime, requests, .. } = &self.source;
        let message = point.position.stream.0;
        if !contents.begun.contains_key(&message) {
            stream.bucket().begin(message, member).await?;
        }
        let base = self.base(point, contents)?;
        if let Some(base) = &base {
            provide(stream.bucket(), local, base).await?;
        }
        let compaction = LogCompaction {
            stream: stream.clone(),
            salt: stream.id().salt(),
            runtime: runtime.clone(),
            point,
            maker: member.clone(),
        };
        let (local, stopping, begun) = (local.clone(), self.stopping.clone(), Instant::now());
        let info = blocking(move || {
            let is_stopping = || stopping.load(Ordering::Relaxed);
            let info =
                compaction.write(base.as_ref(), local.disk(), &is_stopping, &mut throttle(is_stopping))?;
            local.add(&info)?;
            Ok::<_, MemberSnapshotError>(info)
        })
        .await?;
        let took = begun.elapsed();
        requests.made().note_made(info.bytes, took);
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            last_message = message,
            commits = info.commit,
            bytes = info.bytes,
            milliseconds,
            "snapshot made"
        );
        Ok(info)
    }

    /// The snapshot that the one of this point is made from. None for the first one.
    fn base(
        &self,
        point: SnapshotPoint,
        contents: &BucketContents,
    ) -> Result<Option<SnapshotInfo>, MemberSnapshotError> {
        let message = point.base.0;
        if message == 0 {
            return Ok(None);
        }
        if let Some(listed) = contents.of(message) {
            return Ok(Some(listed.info.clone()));
        }
        let own = self.source.local.list()?.into_iter().find(|own| own.message == message);
        own.map(Some).ok_or(MemberSnapshotError::NoBase(message))
    }

    /// Puts the own snapshot into the bucket, or compares it with that of another member.
    async fn share(
        &mut self,
        own: &SnapshotInfo,
        contents: &BucketContents,
        leads: bool,
    ) -> Result<(), MemberSnapshotError> {
        let Source { stream, member, .. } = &self.source;
        let is_done = match contents.of(own.message) {
            Some(listed) if listed.is_confirmed() => true,
            Some(listed) if !listed.info.is_same(own) => {
                tracing::error!(
                    "the snapshot of message {} that {} has made is not the one that this server has made: the memory or \
                     the disk of one of them has an error. Neither is used; restart both, and check the memory of their \
                     machines if it happens again",
                    own.message,
                    listed.info.maker
                );
                true
            }
            Some(listed) if listed.info.maker != *member => {
                stream.bucket().confirm(own, member).await?;
                tracing::info!(last_message = own.message, maker = listed.info.maker, "snapshot confirmed");
                true
            }
            // Without anybody else, it is read back.
            Some(listed) if leads && self.is_alone() => {
                self.read_back(&listed.info.clone()).await?;
                true
            }
            Some(_) => false,
            None if contents.newest() > own.message => true,
            None if self.is_to_upload(own, contents) => {
                if is_in_stream(stream, own).await? {
                    self.upload(own).await?;
                }
                false
            }
            None => false,
        };
        self.is_to_share = !is_done;
        Ok(())
    }

    /// Whether the snapshot was in the bucket for so long that somebody would have confirmed it.
    fn is_alone(&self) -> bool {
        self.in_bucket_since.is_none_or(|since| since.elapsed() >= ALONE_AFTER)
    }

    /// Whether this member puts its snapshot into the bucket, and no other one does.
    fn is_to_upload(&self, own: &SnapshotInfo, contents: &BucketContents) -> bool {
        let by_other = contents.begun.get(&own.message).is_some_and(|by| *by != self.source.member);
        !by_other || self.reached.is_some_and(|reached| reached.at.elapsed() >= BEGUN_MAX)
    }

    /// Confirms a snapshot that nobody else confirms: it is in the bucket as it was made.
    async fn read_back(&self, info: &SnapshotInfo) -> Result<(), MemberSnapshotError> {
        let Source { stream, local, member, .. } = &self.source;
        local.forget(info)?;
        provide(stream.bucket(), local, info).await?;
        stream.bucket().confirm(info, member).await?;
        tracing::info!(last_message = info.message, "snapshot read back, as no other member confirms it");
        Ok(())
    }

    /// Puts a snapshot into the bucket, with pauses.
    async fn upload(&self, own: &SnapshotInfo) -> Result<(), MemberSnapshotError> {
        let (sender, receiver) = duplex(READ_BYTES);
        let mut receiver = Throttled::new(receiver);
        let bucket = self.source.stream.bucket();
        let begun = Instant::now();
        // If the file cannot be read, the upload is dropped before it takes that for the end of the file.
        tokio::try_join!(biased; self.send(own, sender), async {
            Ok(bucket.put(own, &mut receiver).await?)
        })?;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(last_message = own.message, bytes = own.bytes, milliseconds, "snapshot in the bucket");
        Ok(())
    }

    async fn send(&self, own: &SnapshotInfo, mut to: DuplexStream) -> Result<(), MemberSnapshotError> {
        let local = self.source.local.clone();
        let name = snapshot::name(Sequence(own.commit));
        let file: Arc<dyn DiskFile> = blocking(move || local.disk().open(&name)).await?.into();
        let mut offset = 0;
        while offset < own.bytes {
            let length = READ_BYTES.min(usize::try_from(own.bytes - offset).unwrap_or(READ_BYTES));
            let (file, at) = (file.clone(), offset);
            let bytes = blocking(move || {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, at).map(|()| bytes)
            });
            to.write_all(&bytes.await?).await?;
            offset += length as u64;
        }
        Ok(())
    }
}
