//! The settings of a member.

use std::time::Duration;

use bytes::Bytes;

use super::bug::Bug;
use crate::codec::salt::Salt;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// The longest time between two appends of a leader.
const HEARTBEAT_AFTER_MAX: Duration = Duration::from_secs(1);

/// What is left of the jitter behind a resignation, while which nobody leads: a takeover takes a few
/// milliseconds.
const RESIGNED_JITTER_DIVISOR: u32 = 4;

/// The settings of a member.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For how long the log has to be quiet before a standby takes over.
    pub lease: Duration,
    /// A random time that is added to it, so that two standbys seldom try at once.
    pub jitter: Duration,
    /// Of the frames of the cluster.
    pub salt: Salt,
    /// Drawn at the start: no other process gives its appends the same ids.
    pub nonce: u64,
    /// The address at which clients reach this member when it leads.
    pub advertise: Box<str>,
    /// The last message of the stream that this member has seen, in an earlier process too. It does not take
    /// over before it has read so far.
    pub seen: StreamSequence,
    /// The term that this process has led and resigned, if it has. As long as nobody else takes over, it
    /// waits for two leases before it does: it was asked to let others lead.
    pub resigned: Option<u32>,
    /// The payload of the first frame, if the stream is empty.
    pub genesis: Bytes,
    /// Planted by a simulation.
    pub planted: Option<Bug>,
}

impl Settings {
    /// A leader that has nothing to append appends a heartbeat this long after its last append: often enough
    /// that its lease, two thirds of that of the standbys, does not end meanwhile.
    pub(super) fn heartbeat_after(&self) -> Duration {
        HEARTBEAT_AFTER_MAX.min(self.lease / 3)
    }

    /// For how long the log has to be quiet behind `position` before a standby takes over.
    pub(super) fn quiet_before_takeover(&self, position: Position) -> Duration {
        // As long as nobody has led, nobody has a lease.
        if position.term == 0 {
            Duration::ZERO
        } else if self.resigned == Some(position.term) {
            2 * self.lease + self.jitter
        } else if position.is_resigned {
            // The leader has ended its lease itself. Only another standby may come first.
            self.jitter / RESIGNED_JITTER_DIVISOR
        } else {
            self.lease + self.jitter
        }
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        cfg!(debug_assertions) && self.planted == Some(bug)
    }
}
