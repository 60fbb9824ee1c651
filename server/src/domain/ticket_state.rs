//! What became of a ticket.

use bookline_protocol::TicketStatus;

/// The status of a ticket, and the time of its last change, if that is known. It takes eight bytes, in memory
/// and in snapshots: the time in the upper 62 bits, and the status in the lowest two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketState(u64);

const STATUS_BITS: u32 = 2;

/// In place of a time that is not known. Times are within the calendar, far from it.
const UNKNOWN: i64 = i64::MIN >> STATUS_BITS;

impl TicketState {
    /// `at` is in microseconds since 1970 (UTC). It is not known of tickets that a snapshot of version 0.1.0
    /// holds.
    #[inline]
    pub fn new(status: TicketStatus, at: Option<i64>) -> Self {
        let status = match status {
            TicketStatus::Booked => 0,
            TicketStatus::CheckedIn => 1,
            TicketStatus::Cancelled => 2,
        };
        Self((at.unwrap_or(UNKNOWN) << STATUS_BITS) as u64 | status)
    }

    /// The state that [`Self::to_bytes`] has encoded. `None` for bytes that encode none.
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        let state = Self(u64::from_le_bytes(bytes));
        (state.0 & 3 != 3).then_some(state)
    }

    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    pub fn status(self) -> TicketStatus {
        match self.0 & 3 {
            0 => TicketStatus::Booked,
            1 => TicketStatus::CheckedIn,
            _ => TicketStatus::Cancelled,
        }
    }

    /// Decides whether the ticket may be checked in, or whether a check-in may be taken back. A rejection is
    /// the state.
    pub fn decide_check_in(self, undo: bool) -> Result<(), Self> {
        match (self.status(), undo) {
            (TicketStatus::Booked, false) | (TicketStatus::CheckedIn, true) => Ok(()),
            (TicketStatus::Booked | TicketStatus::CheckedIn | TicketStatus::Cancelled, _) => Err(self),
        }
    }

    /// Whether the ticket may be cancelled: it was neither cancelled before nor checked in.
    pub fn is_cancellable(self) -> bool {
        self.status() == TicketStatus::Booked
    }

    /// The time of the last change, in microseconds since 1970 (UTC).
    pub fn at(self) -> Option<i64> {
        let at = self.0 as i64 >> STATUS_BITS;
        (at != UNKNOWN).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_keeps_its_status_and_its_time() {
        for status in [TicketStatus::Booked, TicketStatus::CheckedIn, TicketStatus::Cancelled] {
            for at in [None, Some(0), Some(-62_135_596_800_000_000), Some(253_402_300_799_999_999)] {
                let state = TicketState::new(status, at);
                assert_eq!((state.status(), state.at()), (status, at));
                assert_eq!(TicketState::from_bytes(state.to_bytes()), Some(state));
            }
        }
        assert_eq!(TicketState::from_bytes([3, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
