//! The log of a cluster as the data of a single server: its newest snapshot, and the commits since in a
//! journal.
//!
//! Nobody is disturbed by the copy: the leader may append meanwhile. What it appends after the copy has begun
//! is not copied.

mod error;
mod target;

use std::ops::RangeInclusive;
use std::sync::Arc;

pub use error::CopyError;

use super::extent::Extent;
use super::frames::{FrameError, Frames};
use super::genesis::Genesis;
use super::member::{Content, Read, claimed_before};
use super::nats::{NatsStream, patiently};
use super::position::Position;
use super::snapshot::{LocalSnapshots, SnapshotInfo, is_in_stream, provide};
use super::stream::Stream;
use super::stream_read::StreamRead;
use super::stream_sequence::StreamSequence;
use crate::codec::Sequence;
use crate::codec::salt::Salt;
use crate::storage::disks::Disks;
use target::Target;

/// The snapshots that a cluster needs: the newest one, and the one that replaces it if it is lost.
const SNAPSHOTS_NEEDED: usize = 2;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The first and the last message of the log that were read. None if nothing followed the snapshot.
    pub messages: Option<(u64, u64)>,
    /// The last commit.
    pub last: Sequence,
    /// Its time, in microseconds since 1970 (UTC), if it is known.
    pub last_micros: Option<i64>,
    /// Why other snapshots could not be copied.
    pub unusable: Vec<String>,
}

/// Copies the log of a cluster into an empty data directory on these disks.
///
/// # Errors
///
/// [`CopyError`]; the directory may have part of it.
pub async fn copy(stream: &Arc<NatsStream>, disks: &Disks, extent: Extent) -> Result<Copied, CopyError> {
    let look = async || provide_snapshots(stream, disks, extent).await;
    let Provided { messages, newest, snapshots, unusable } = patiently(CopyError::is_temporary, look).await?;
    let local = LocalSnapshots::new(disks.snapshots.clone());
    for info in local.list()? {
        local.forget(&info)?;
    }
    let (first, last) = (StreamSequence(*messages.start()), StreamSequence(*messages.end()));
    let beginning = match (extent, snapshots.first()) {
        (Extent::State, Some(newest)) => Beginning::Behind(newest.clone()),
        _ => Beginning::Message(first),
    };
    let missing = || CopyError::NoSnapshot {
        stream: stream.name().to_owned(),
        first: first.0,
        why: unusable.last().cloned().unwrap_or_else(|| match newest {
            Some(newest) => format!("the newest one is of message {newest}"),
            None => "the bucket has none".to_owned(),
        }),
    };
    if snapshots.is_empty() && first > StreamSequence(1) {
        return Err(missing());
    }
    let log = CopiedLog { stream, snapshots: &snapshots };
    let (target, position) = log.copy(disks, beginning, last, &missing).await?;
    let read_from = target.read_from;
    let last_micros = target.last_micros.or_else(|| snapshots.first().and_then(|info| info.last_micros));
    target.finish(disks)?;
    Ok(Copied {
        messages: read_from.map(|from| (from.0, position.stream.0)),
        last: position.commit,
        last_micros,
        unusable,
    })
}

/// Where the log is read from.
#[derive(Debug, Clone)]
enum Beginning {
    Behind(SnapshotInfo),
    Message(StreamSequence),
}

/// What NATS has of the log.
struct Provided {
    /// The messages of the stream.
    messages: RangeInclusive<u64>,
    /// The last message of the newest confirmed snapshot, whether it can be used or not.
    newest: Option<u64>,
    /// The snapshots that were copied, the newest first.
    snapshots: Vec<SnapshotInfo>,
    unusable: Vec<String>,
}

async fn provide_snapshots(
    stream: &NatsStream,
    disks: &Disks,
    extent: Extent,
) -> Result<Provided, CopyError> {
    // Before the end of the log is asked for, so that it is behind all of them.
    let contents = stream.bucket().contents().await?;
    let messages = stream.messages().await?;
    if *messages.end() == 0 {
        return Err(CopyError::Empty { stream: stream.name().to_owned() });
    }
    let local = LocalSnapshots::new(disks.snapshots.clone());
    let (mut snapshots, mut unusable, mut of_log) = (Vec::new(), Vec::new(), 0);
    for info in contents.confirmed().filter(|info| info.message + 1 >= *messages.start()) {
        let message = info.message;
        if !is_in_stream(stream, info).await? {
            let why = "the stream ends before it or has another log: it was restored, or made again";
            unusable.push(format!("the snapshot of message {message} is not of this log: {why}"));
            continue;
        }
        of_log += 1;
        match provide(stream.bucket(), &local, info).await {
            Ok(()) => snapshots.push(info.clone()),
            // The one before it will do.
            Err(error) if extent == Extent::State || error.is_corruption() => {
                let error = anyhow::Error::from(error);
                unusable.push(format!("the snapshot of message {message} cannot be used: {error:#}"));
                let _ = local.remove(Sequence(info.commit));
                // Its file has the same name as that of another one without commits between.
                if let Some(same) = snapshots.iter().find(|same: &&SnapshotInfo| same.commit == info.commit) {
                    let again = provide(stream.bucket(), &local, same).await;
                    again.map_err(|error| CopyError::Provide { message: same.message, error })?;
                }
            }
            Err(error) => return Err(CopyError::Provide { message, error }),
        }
        if of_log == SNAPSHOTS_NEEDED || (extent == Extent::State && !snapshots.is_empty()) {
            break;
        }
    }
    let newest = contents.confirmed().next().map(|info| info.message);
    Ok(Provided { messages, newest, snapshots, unusable })
}

/// The log, and the snapshots that were copied of it.
struct CopiedLog<'a> {
    stream: &'a Arc<NatsStream>,
    snapshots: &'a [SnapshotInfo],
}

impl CopiedLog<'_> {
    /// Copies the log up to the message `last`. Returns the position behind it.
    async fn copy(
        &self,
        disks: &Disks,
        beginning: Beginning,
        last: StreamSequence,
        missing: &dyn Fn() -> CopyError,
    ) -> Result<(Target, Position), CopyError> {
        let salt = self.stream.id().salt();
        let (before, genesis) = match beginning {
            Beginning::Behind(info) => (info.position(), Some(info.genesis)),
            Beginning::Message(StreamSequence(0 | 1)) => (Position::default(), None),
            Beginning::Message(first) => {
                let before = self.before(first, salt).await?;
                (before, self.snapshots.first().map(|info| info.genesis.clone()))
            }
        };
        self.check(before)?;
        let mut target = None;
        if let Some(genesis) = genesis {
            target = Some(Target::new(disks, before.commit, &Genesis::parse(genesis.as_bytes())?)?);
        }
        let mut frames = Frames::after(before, self.stream.clone(), salt);
        while frames.position().stream < last {
            let (Read { content, position }, _) = frames.next().await?;
            self.check(position)?;
            match (content, &mut target) {
                (Content::Genesis(genesis), None) => {
                    if position.commit > Sequence(0) && self.snapshots.is_empty() {
                        return Err(missing());
                    }
                    target = Some(Target::new(disks, position.commit, &Genesis::parse(&genesis)?)?);
                }
                (Content::Commits { first, payload }, Some(target)) => {
                    target.append(first, &payload, position).await?;
                }
                _ => {}
            }
            if let Some(target) = &mut target {
                target.read_from.get_or_insert(before.stream.next());
            }
        }
        let target = target.ok_or_else(missing)?;
        Ok((target, frames.position()))
    }

    /// The position that the first message that is left follows.
    async fn before(&self, first: StreamSequence, salt: Salt) -> Result<Position, CopyError> {
        let read = async || match self.stream.read(first).await {
            StreamRead::Message { frame, .. } => {
                claimed_before(&frame, first, &salt).ok_or(CopyError::NoFrame(first.0))
            }
            // A message that was purged is answered as one that does not exist yet.
            StreamRead::Absent if self.stream.first().await.is_some_and(|now| now > first) => {
                Err(FrameError::Purged(first).into())
            }
            StreamRead::Absent | StreamRead::NoAnswer => Err(CopyError::NoAnswer(first.0)),
        };
        patiently(|error| matches!(error, CopyError::NoFrame(_) | CopyError::NoAnswer(_)), read).await
    }

    /// Checks that the snapshots are of this log.
    fn check(&self, position: Position) -> Result<(), CopyError> {
        let at = |info: &&SnapshotInfo| info.message == position.stream.0;
        match self.snapshots.iter().find(at) {
            Some(info) if (info.commit, info.crc) != (position.commit.0, position.crc) => {
                Err(CopyError::OtherSnapshot(info.message))
            }
            _ => Ok(()),
        }
    }
}
