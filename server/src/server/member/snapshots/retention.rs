//! What the leader does for snapshots: it appends the snapshot points, and removes what nobody needs any
//! more.

use std::time::Duration;

use tokio::time::Instant;

use super::error::MemberSnapshotError;
use super::source::Source;
use crate::codec::Sequence;
use crate::storage::log::Log;
use crate::storage::replicated::frames::Frames;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::snapshot::{BucketContents, SnapshotInfo};
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// How long a snapshot stays that two newer confirmed ones replace: who reads it can finish.
const REMOVED_AFTER: Duration = Duration::from_secs(10 * 60);

/// The time between two searches for what uploads have left that ended halfway.
const SWEEP_AFTER: Duration = Duration::from_secs(10 * 60);

/// The time after which a snapshot point is not waited for any more that no snapshot follows.
const UNFINISHED_MAX: Duration = Duration::from_secs(30 * 60);

/// Appends the snapshot points, purges the log, and removes snapshots.
pub(super) struct Retention {
    source: Source,
    swept_at: Option<Instant>,
    /// When the last snapshot point was appended.
    pointed_at: Option<Instant>,
    /// The message of the older of the two newest confirmed snapshots, and since when it is.
    older: Option<(u64, Instant)>,
    /// The messages before this one were purged.
    purged: StreamSequence,
}

impl Retention {
    pub fn new(source: Source) -> Self {
        Self { source, swept_at: None, pointed_at: None, older: None, purged: StreamSequence(0) }
    }

    pub fn is_point_due(&self) -> bool {
        let Source { log, requests, schedule, .. } = &self.source;
        let is_soon = self.pointed_at.is_some_and(|at| at.elapsed() < schedule.at_most_every);
        !is_soon && (requests.is_wanted() || log.bytes_since_snapshot_point() >= schedule.every)
    }

    /// `newest` are the newest confirmed snapshots of this log, at most two.
    pub async fn step(
        &mut self,
        contents: &BucketContents,
        newest: &[&SnapshotInfo],
    ) -> Result<(), MemberSnapshotError> {
        if !contents.exists {
            // Long before it is needed.
            self.source.stream.bucket().make().await?;
        }
        if let [_, older] = newest[..] {
            self.purge(older).await?;
            self.remove_before(older.message, contents).await?;
        }
        if self.is_point_due() {
            self.point(newest.first().copied()).await;
        }
        if self.swept_at.is_none_or(|at| at.elapsed() >= SWEEP_AFTER) {
            let uploads = self.source.stream.bucket().sweep().await?;
            self.swept_at = Some(Instant::now());
            if uploads > 0 {
                tracing::info!(uploads, "removed what unfinished uploads of snapshots have left");
            }
        }
        Ok(())
    }

    /// Purges the log below a snapshot, but for what is kept.
    async fn purge(&mut self, older: &SnapshotInfo) -> Result<(), MemberSnapshotError> {
        let Source { log, stream, keep_log, .. } = &self.source;
        let Some(first) = log.purge_below(older.position(), *keep_log) else { return Ok(()) };
        if first > self.purged {
            stream.purge_before(first).await?;
            self.purged = first;
            tracing::info!(first = first.0, "purged the log of the cluster");
        }
        Ok(())
    }

    /// Removes snapshots before this one some time after two newer ones were confirmed.
    async fn remove_before(
        &mut self,
        message: u64,
        contents: &BucketContents,
    ) -> Result<(), MemberSnapshotError> {
        let since = match self.older {
            Some((older, since)) if older == message => since,
            _ => self.older.insert((message, Instant::now())).1,
        };
        if since.elapsed() >= REMOVED_AFTER && contents.has_before(message) {
            let snapshots = self.source.stream.bucket().remove_before(message).await?;
            if snapshots > 0 {
                tracing::info!(snapshots, before = message, "removed old snapshots of the cluster");
            }
        }
        Ok(())
    }

    /// Whether the stream has all commits: it was not purged, and was not begun with the data of a single
    /// server.
    async fn is_log_whole(&self) -> bool {
        let Source { stream, .. } = &self.source;
        if stream.first().await != Some(StreamSequence(1)) {
            return false;
        }
        let mut frames = Frames::after(Position::default(), stream.clone(), stream.id().salt());
        frames.next().await.is_ok_and(|(genesis, _)| genesis.position.commit == Sequence(0))
    }

    /// Appends a snapshot point, unless the snapshot of the last one is not confirmed yet.
    async fn point(&mut self, newest: Option<&SnapshotInfo>) {
        let log = &self.source.log;
        let last = log.snapshot_point().borrow().map_or(0, |point| point.position.stream.0);
        let is_finished = newest.map_or(0, |newest| newest.message) >= last;
        let is_waiting = self.pointed_at.is_some_and(|at| at.elapsed() < UNFINISHED_MAX);
        if !is_finished && is_waiting {
            return;
        }
        let base = match newest {
            Some(newest) => StreamSequence(newest.message),
            None if self.is_log_whole().await => StreamSequence(0),
            // The members put the ones that they have into the bucket.
            None => return,
        };
        self.pointed_at = Some(Instant::now());
        log.want_snapshot(base);
        tracing::debug!(base = base.0, commits = log.appended().0, "a snapshot of the cluster is due");
    }
}
