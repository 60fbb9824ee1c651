//! The name behind `for=`, as changes hold it: empty if there is none.

use bookline_protocol::limits::TEXT_CHARS_MAX;

use super::invalid::{InvalidChange, check_text};

/// The longest name: characters of four bytes each.
pub(super) const ATTENDEE_BYTES_MAX: usize = 4 * TEXT_CHARS_MAX;

/// Checks a name of the event with this number.
pub(super) fn check_attendee(number: u64, attendee: &str) -> Result<(), InvalidChange> {
    if attendee.is_empty() { Ok(()) } else { check_text("attendee of event", number, attendee) }
}
