//! The journal that a log is copied into.

use crate::changes::commit;
use crate::codec::{DecodeError, Sequence};
use crate::storage::data_dir;
use crate::storage::disks::Disks;
use crate::storage::journal::{Base, Durability, Journal, Opening, Options};
use crate::storage::log::{AppendError, Log, LogExt};
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::stream_sequence::StreamSequence;

use super::error::CopyError;

/// The size of a segment. Two are allocated for the shortest log.
const SEGMENT_BYTES: u64 = 8 << 20;

/// The journal that a log is copied into.
pub(super) struct Target {
    journal: Journal,
    time_zone: String,
    /// The first message that was read.
    pub read_from: Option<StreamSequence>,
    /// The time of the last commit, in microseconds since 1970 (UTC).
    pub last_micros: Option<i64>,
}

impl Target {
    /// A new journal on these disks, whose first commit is the one after `before`.
    pub fn new(disks: &Disks, before: Sequence, genesis: &Genesis) -> Result<Self, CopyError> {
        let options = Options {
            durability: Durability::Never,
            segment_size: SEGMENT_BYTES,
            keep_bytes: 0,
            base: Base { snapshot: before, fresh: true, ..Base::default() },
            newest_snapshot: None,
            recent_bytes: 0,
        };
        let opened = Journal::read(disks.journal.clone(), options, &mut |_| Ok(())).and_then(Opening::open);
        let (journal, _) = opened?;
        Ok(Self { journal, time_zone: genesis.time_zone.clone(), read_from: None, last_micros: None })
    }

    /// Appends the commits of a frame, behind which the log is at `position`.
    pub async fn append(
        &mut self,
        first: Sequence,
        payload: &[u8],
        position: Position,
    ) -> Result<(), CopyError> {
        let message = position.stream.0;
        let invalid = |reason: String| CopyError::Commits { message, reason };
        let undecoded = |error: DecodeError| match error {
            DecodeError::Malformed => invalid(error.to_string()),
            error => CopyError::Newer { message, error },
        };
        for commit in commit::decode(payload, first) {
            let commit = commit.map_err(undecoded)?;
            let changes = commit.changes().collect::<Result<Vec<_>, _>>().map_err(undecoded)?;
            loop {
                match self.journal.append(commit.micros, commit.actor, &changes) {
                    Ok(_) => break,
                    Err(AppendError::Backpressure) => self.journal.capacity().await,
                    Err(AppendError::Closed) => return Err(self.journal.failed().await.into()),
                    Err(error) => return Err(error.into()),
                }
            }
            self.last_micros = Some(commit.micros);
        }
        let (found, expected) = (self.journal.appended().0, position.commit.0);
        if found == expected {
            Ok(())
        } else {
            Err(invalid(format!("it ends with commit {found}, and says that it ends with {expected}")))
        }
    }

    /// Ends the journal in order.
    pub fn finish(self, disks: &Disks) -> Result<(), CopyError> {
        self.journal.close()?;
        disks.root.replace(data_dir::ZONE, format!("{}\n", self.time_zone).as_bytes())?;
        Ok(())
    }
}
