//! The log of a cluster as the data of a single server: its newest snapshot, and the commits since in a
//! journal.
//!
//! Nobody is disturbed by the copy: the leader may append meanwhile. What it appends after the copy has begun
//! is not copied.

mod error;
mod target;

use std::sync::Arc;

use bytes::Bytes;

pub use error::CopyError;

use super::extent::Extent;
use super::frames::Frames;
use super::genesis::Genesis;
use super::member::{Content, Read, claimed_before};
use super::nats::{NatsError, NatsStream, patiently};
use super::position::Position;
use super::snapshot::{BucketContents, LocalSnapshots, SnapshotInfo, is_in_stream, provide};
use super::stream::Stream;
use super::stream_read::StreamRead;
use super::stream_sequence::StreamSequence;
use crate::codec::Sequence;
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
    let messages = patiently(NatsError::is_temporary, async || stream.messages().await).await?;
    if messages.is_empty() && *messages.end() == 0 {
        return Err(CopyError::Empty { stream: stream.name().to_owned() });
    }
    let (first, last) = (StreamSequence(*messages.start()), StreamSequence(*messages.end()));
    let contents = patiently(|_| true, async || stream.bucket().contents().await).await?;
    let Provided { snapshots, unusable } = provide_snapshots(stream, disks, &contents, first, extent).await?;
    let beginning = match (extent, snapshots.first()) {
        (Extent::State, Some(newest)) => Beginning::Behind(newest.clone()),
        _ => Beginning::Message(first),
    };
    let missing = || CopyError::NoSnapshot {
        stream: stream.name().to_owned(),
        first: first.0,
        why: unusable.last().cloned().unwrap_or_else(|| match contents.confirmed().next() {
            Some(newest) => format!("the newest one is of message {}", newest.message),
            None => "the bucket has none".to_owned(),
        }),
    };
    if snapshots.is_empty() && first > StreamSequence(1) {
        return Err(missing());
    }
    if let Some(newest) = snapshots.first().filter(|newest| newest.message > last.0) {
        return Err(CopyError::Ahead { message: newest.message, last: last.0 });
    }
    if let Beginning::Behind(newest) = &beginning
        && newest.message >= first.0
        && !is_in_stream(stream, newest).await?
    {
        return Err(CopyError::OtherSnapshot(newest.message));
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

/// The snapshots that were copied, the newest first.
struct Provided {
    snapshots: Vec<SnapshotInfo>,
    unusable: Vec<String>,
}

async fn provide_snapshots(
    stream: &NatsStream,
    disks: &Disks,
    contents: &BucketContents,
    first: StreamSequence,
    extent: Extent,
) -> Result<Provided, CopyError> {
    let local = LocalSnapshots::new(disks.snapshots.clone());
    let mut provided = Provided { snapshots: Vec::new(), unusable: Vec::new() };
    let reaching = contents.confirmed().filter(|info| info.message + 1 >= first.0).take(SNAPSHOTS_NEEDED);
    for info in reaching {
        match provide(stream.bucket(), &local, info).await {
            Ok(()) => provided.snapshots.push(info.clone()),
            Err(error) => {
                let error = anyhow::Error::from(error);
                let why = format!("the snapshot of message {} cannot be used: {error:#}", info.message);
                provided.unusable.push(why);
                let _ = local.remove(Sequence(info.commit));
            }
        }
        if extent == Extent::State && !provided.snapshots.is_empty() {
            break;
        }
    }
    for info in &provided.snapshots {
        local.forget(info)?;
    }
    Ok(provided)
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
                let message = self.first_message(first).await?;
                let before = claimed_before(&message, first, &salt).ok_or(CopyError::NoFrame(first.0))?;
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

    async fn first_message(&self, first: StreamSequence) -> Result<Bytes, CopyError> {
        let read = async || match self.stream.read(first).await {
            StreamRead::Message { frame, .. } => Ok(frame),
            StreamRead::Absent | StreamRead::NoAnswer => Err(CopyError::NoAnswer(first.0)),
        };
        patiently(|_| true, read).await
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
