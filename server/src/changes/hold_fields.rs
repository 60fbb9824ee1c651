//! The fields of holds, as several kinds of changes hold them.

use bookline_protocol::limits::{BOOKING_TICKETS_MAX, HOLD_SECONDS_MAX};

use super::invalid::InvalidChange;
use crate::codec::DecodeError;
use crate::domain::hold::HoldEnd;
use crate::domain::{Contradiction, EventKey};

const HOLD_MICROS_MAX: i64 = HOLD_SECONDS_MAX as i64 * 1_000_000;

/// The byte of [`super::HoldKept`] for a hold that has not ended.
pub(super) const ACTIVE: u8 = 0;

/// The byte of the end of a hold.
pub(super) fn end_byte(end: HoldEnd) -> u8 {
    match end {
        HoldEnd::Confirmed => 1,
        HoldEnd::Released => 2,
        HoldEnd::Expired => 3,
    }
}

pub(super) fn end_of_byte(byte: u8) -> Result<HoldEnd, DecodeError> {
    match byte {
        1 => Ok(HoldEnd::Confirmed),
        2 => Ok(HoldEnd::Released),
        3 => Ok(HoldEnd::Expired),
        _ => Err(DecodeError::Malformed),
    }
}

/// Checks the number of tickets of a hold of this event.
pub(super) fn check_hold_tickets(number: u64, tickets: u32) -> Result<(), InvalidChange> {
    if (1..=BOOKING_TICKETS_MAX).contains(&tickets) {
        Ok(())
    } else {
        Err(InvalidChange::HoldTickets { number, tickets })
    }
}

/// Checks that a hold of this event may get this deadline at the time `at`. Both are in microseconds since
/// 1970 (UTC).
pub(super) fn check_deadline(number: u64, at: i64, deadline: i64) -> Result<(), InvalidChange> {
    if (1..=HOLD_MICROS_MAX).contains(&deadline.saturating_sub(at)) {
        Ok(())
    } else {
        Err(InvalidChange::Deadline { number, at, deadline })
    }
}

/// Checks that holds of this event have as many tickets as a change of them says. `found` is what they have.
pub(super) fn check_tickets_of_holds(event: EventKey, tickets: u32, found: u32) -> Result<(), Contradiction> {
    if tickets == found {
        return Ok(());
    }
    let number = event.number.0;
    Err(Contradiction(format!(
        "a change of holds of event {number} counts {tickets} tickets, and they have {found}"
    )))
}
