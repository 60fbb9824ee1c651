//! What a member does with the log that it follows.

use thiserror::Error;

use super::genesis::GenesisMismatch;
use super::position::Position;
use crate::changes::commit::Commit;
use crate::domain::Contradiction;

/// The state that a member keeps of the log.
pub trait Replica: Send + 'static {
    /// The first frame of the log.
    ///
    /// # Errors
    ///
    /// This member was started with other settings than the cluster.
    fn begin(&mut self, genesis: &[u8]) -> Result<(), GenesisMismatch>;

    /// Applies a commit of another leader.
    ///
    /// # Errors
    ///
    /// It does not fit the state, or cannot be decoded.
    fn apply(&mut self, commit: Commit<'_>) -> Result<(), Contradiction>;

    /// Everything up to this position is in the log, and is applied.
    ///
    /// # Errors
    ///
    /// [`Lost`]
    fn reached(&mut self, position: Position) -> Result<(), Lost>;

    /// This member leads from now on. The last commit has this time, in microseconds since 1970 (UTC), if
    /// there is one.
    fn lead(&mut self, last_micros: Option<i64>);

    /// This member ends. It may block.
    fn end(&mut self, position: Position);
}

/// The stream is not the one that this member has seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lost {
    #[error(
        "the stream ends with message {found}, and this server has seen message {seen}: it was deleted, restored or \
         purged. Bring the stream back, or, if it is right and what followed may be lost, start this server with an empty \
         --data-dir"
    )]
    Behind { found: u64, seen: u64 },
    #[error(
        "message {at} of the stream is another one than this server has seen: the stream was deleted or restored. Bring \
         the stream back, or, if it is right and what this server has seen may be lost, start it with an empty --data-dir"
    )]
    Other { at: u64 },
}
