//! Compacts a snapshot and the log since into the next snapshot.

use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;

use super::info::SnapshotInfo;
use crate::changes::commit;
use crate::codec::salt::Salt;
use crate::codec::{DecodeError, Sequence};
use crate::storage::journal::Disk;
use crate::storage::replicated::existing_message::existing_message;
use crate::storage::replicated::member::{Content, Read, read_frame};
use crate::storage::replicated::position::Position;
use crate::storage::replicated::read_ahead::ReadAhead;
use crate::storage::replicated::snapshot_point::SnapshotPoint;
use crate::storage::replicated::stream::Stream;
use crate::storage::snapshot::compaction::{EachCommit, Throttle, compact};
use crate::storage::snapshot::error::{CompactionError, SnapshotError};
use crate::storage::snapshot::read::Snapshot;
use crate::storage::snapshot::write::Writer;

/// Why no snapshot was made.
#[derive(Debug, Error)]
pub enum LogCompactionError {
    #[error(transparent)]
    Compaction(#[from] CompactionError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("the log of the cluster is another one at message {0} than this server has followed")]
    OtherLog(u64),
}

/// Compacts a snapshot, or nothing, and the log since into a snapshot of the log up to a snapshot point. It
/// blocks, so it runs on a thread of its own.
#[derive(Debug)]
pub struct LogCompaction<S> {
    pub stream: Arc<S>,
    pub salt: Salt,
    /// The log is read on it.
    pub runtime: Handle,
    pub point: SnapshotPoint,
    /// The address of this member.
    pub maker: String,
}

/// What the log says beside its commits.
#[derive(Debug, Default)]
struct Seen {
    position: Position,
    leader: String,
    last_micros: Option<i64>,
    genesis: String,
}

impl<S: Stream> LogCompaction<S> {
    /// Writes the snapshot to this disk. `base` is that of the snapshot point.
    ///
    /// # Errors
    ///
    /// [`LogCompactionError`]; no snapshot was made.
    pub fn write(
        &self,
        base: Option<&SnapshotInfo>,
        disk: &dyn Disk,
        is_stopping: &dyn Fn() -> bool,
        throttle: Throttle<'_>,
    ) -> Result<SnapshotInfo, LogCompactionError> {
        let to = self.point.position.commit;
        let previous = base.map(|base| Snapshot::open(disk, Sequence(base.commit))).transpose()?;
        let mut seen = Seen::default();
        let mut read_log = |throttle: Throttle<'_>, each: EachCommit<'_>| {
            seen = self.read_log(base, is_stopping, throttle, each)?;
            Ok(())
        };
        let writer = Writer::new(disk, to, is_stopping).map_err(CompactionError::from)?;
        let bytes = compact(previous.as_ref(), &mut read_log, writer, throttle)?;
        if seen.position != self.point.position {
            return Err(LogCompactionError::OtherLog(self.point.position.stream.0));
        }
        let hash = Snapshot::open(disk, to)?.hash()?;
        let Seen { leader, last_micros, genesis, position } = seen;
        Ok(SnapshotInfo {
            message: position.stream.0,
            commit: position.commit.0,
            term: position.term,
            crc: position.crc,
            leader,
            last_micros,
            genesis,
            hash,
            bytes,
            maker: self.maker.clone(),
        })
    }

    /// Passes the commits after the base to `each`.
    fn read_log(
        &self,
        base: Option<&SnapshotInfo>,
        is_stopping: &dyn Fn() -> bool,
        throttle: Throttle<'_>,
        each: EachCommit<'_>,
    ) -> Result<Seen, CompactionError> {
        let mut seen = base.map(Seen::of).unwrap_or_default();
        let mut ahead = ReadAhead::new(self.stream.clone());
        while seen.position.stream < self.point.position.stream {
            let next = seen.position.stream.next();
            let frame = existing_message(next, |next| {
                // Soon after that there is no runtime to read with.
                if is_stopping() {
                    Err(CompactionError::Stopped)
                } else {
                    Ok(self.runtime.block_on(ahead.read(next)))
                }
            })?;
            throttle(frame.len() as u64)?;
            let Read { content, position } = read_frame(&frame, seen.position, &self.salt)
                .map_err(|broken| invalid(format!("message {} of the stream: {broken}", next.0)))?;
            seen.position = position;
            match content {
                Content::Genesis(_) if position.commit > Sequence(0) => {
                    let commit = position.commit.0;
                    let reason =
                        format!("the log goes on behind commit {commit} of a snapshot that is missing");
                    return Err(invalid(reason).into());
                }
                Content::Genesis(genesis) => seen.genesis = String::from_utf8_lossy(&genesis).into_owned(),
                Content::Takeover { leader } => seen.leader = leader.into(),
                Content::Heartbeat | Content::Resign | Content::SnapshotPoint { .. } => {}
                Content::Commits { first, payload } => {
                    for commit in commit::decode(&payload, first) {
                        let commit = commit.map_err(|error: DecodeError| invalid(error.to_string()))?;
                        seen.last_micros = Some(commit.micros);
                        each(commit)?;
                    }
                }
            }
        }
        Ok(seen)
    }
}

impl Seen {
    fn of(base: &SnapshotInfo) -> Self {
        Self {
            position: base.position(),
            leader: base.leader.clone(),
            last_micros: base.last_micros,
            genesis: base.genesis.clone(),
        }
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
