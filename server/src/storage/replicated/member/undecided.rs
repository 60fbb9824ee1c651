//! The append whose outcome is not known yet.

use std::time::Duration;

use crate::storage::replicated::append::Append;
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// The pauses before an append is sent again. They are counted from when the last try began: one that timed
/// out has taken a good part of the lease already. After its result the next one comes no earlier than the
/// shortest pause.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// An append from its first sending until its outcome is known.
#[derive(Debug, Clone)]
pub(super) struct Undecided {
    pub append: Append,
    /// The position behind it.
    pub position: Position,
    /// The base, if it is a snapshot point.
    pub snapshot_base: Option<StreamSequence>,
    /// When it was first sent. What is counted from it is never counted from when it was sent again.
    pub sent: BootTime,
    /// Whether the message at its place is to be looked at, before it is sent again.
    pub looks: bool,
    /// When it is sent again, or looked for.
    pub again: BootTime,
    /// When the last try began, a sending or a look.
    tried: BootTime,
    pause: Duration,
}

impl Undecided {
    pub fn new(append: Append, position: Position, now: BootTime) -> Self {
        Self {
            append,
            position,
            snapshot_base: None,
            sent: now,
            looks: false,
            again: now,
            tried: now,
            pause: PAUSE_MIN,
        }
    }

    /// It is sent or looked for now.
    pub fn note_try(&mut self, now: BootTime) {
        self.tried = now;
    }

    /// Its place was refused: something is there, which may be the append itself. The stream answers, so the
    /// pauses begin anew: a server of NATS that is behind must not take the rest of the lease.
    pub fn look(&mut self, now: BootTime) {
        self.pause = PAUSE_MIN;
        self.looks = true;
        self.again = now;
    }

    /// Nothing was learned. The same append is sent again after a pause.
    pub fn send_again(&mut self, now: BootTime) {
        self.looks = false;
        self.again = (self.tried + self.pause).max(now + PAUSE_MIN);
        self.pause = (2 * self.pause).min(PAUSE_MAX);
    }
}
