//! The snapshots of a member of a cluster: what it begins with, and those that it makes.

mod begin;
mod error;
mod maker;
mod retention;
mod source;
mod throttled;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

pub(super) use begin::begin;
pub(super) use source::Source;

use crate::cluster::Confirmed;
use crate::codec::Sequence;
use crate::storage::replicated::snapshot::{BucketContents, SnapshotInfo, is_in_stream};
use error::MemberSnapshotError;
use maker::Maker;
use retention::Retention;

/// The time between two looks at what there is to do.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// The time between two looks at the bucket when nothing is known to do.
const BUCKET_LOOK_AFTER: Duration = Duration::from_secs(20);

/// The time after which a step that has failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Makes the snapshots of a member, until it is dropped. The leader also appends the snapshot points, and
/// removes what nobody needs any more.
#[derive(Debug)]
pub(super) struct MemberSnapshots {
    _task: AbortOnDropHandle<()>,
    stopping: Arc<AtomicBool>,
}

impl MemberSnapshots {
    pub fn start(source: Source) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let task = run(source, stopping.clone());
        Self { _task: AbortOnDropHandle::new(tokio::spawn(task)), stopping }
    }
}

impl Drop for MemberSnapshots {
    /// A snapshot that is being made is given up.
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

async fn run(source: Source, stopping: Arc<AtomicBool>) {
    let mut maker = Maker::new(source.clone(), stopping);
    let mut retention = Retention::new(source.clone());
    let mut looked_at: Option<Instant> = None;
    loop {
        maker.look();
        let is_due = looked_at.is_none_or(|at| at.elapsed() >= BUCKET_LOOK_AFTER);
        let has_work = maker.has_work() || (source.log.is_leader() && retention.is_point_due());
        if !is_due && !has_work {
            sleep(LOOK_AFTER).await;
            continue;
        }
        looked_at = Some(Instant::now());
        let pause = match step(&source, &mut maker, &mut retention).await {
            Ok(()) => LOOK_AFTER,
            Err(error) => {
                source.requests.made().note_failure();
                let error = anyhow::Error::from(error);
                tracing::warn!("a snapshot of the cluster cannot be made or removed now: {error:#}");
                RETRY_AFTER
            }
        };
        sleep(pause).await;
    }
}

async fn step(
    source: &Source,
    maker: &mut Maker,
    retention: &mut Retention,
) -> Result<(), MemberSnapshotError> {
    let contents = source.stream.bucket().contents().await?;
    let newest_two = newest_two(source, &contents).await?;
    if let Some(newest) = newest_two.first() {
        source.requests.note(Confirmed { sequence: Sequence(newest.commit), bytes: newest.bytes });
    }
    let leads = source.log.is_leader();
    maker.step(&contents, leads).await?;
    if leads { retention.step(&contents, &newest_two).await } else { Ok(()) }
}

/// The newest two confirmed snapshots of this log. An import that has lost against a server may have left
/// one of another log.
async fn newest_two<'a>(
    source: &Source,
    contents: &'a BucketContents,
) -> Result<Vec<&'a SnapshotInfo>, MemberSnapshotError> {
    let mut newest = Vec::with_capacity(2);
    for info in contents.confirmed() {
        if newest.len() < 2 && is_in_stream(&source.stream, info).await? {
            newest.push(info);
        }
    }
    Ok(newest)
}
