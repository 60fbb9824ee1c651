//! The record that a change is about.

use bookline_protocol::Date;

/// A record of the state. All that changes it is in one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The event with this tag, and its tickets.
    Event { tag: u16 },
    /// The calendars of this day.
    Day(Date),
}
