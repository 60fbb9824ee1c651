//! Where a member begins to follow the log.

use super::position::Position;

/// Where a member begins to follow the log: behind a snapshot, or at its first message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// The last frame that the snapshot holds.
    pub position: Position,
    /// The address of the leader of that time. Empty if nobody has led.
    pub leader: Box<str>,
    /// The time of the last commit, in microseconds since 1970 (UTC), if there is one.
    pub last_micros: Option<i64>,
}
