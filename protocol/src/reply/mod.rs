//! The objects of success, as the server writes and a client reads them: `ROW {…}` lines, and one `OK {…}`.
//!
//! Every object is a struct that goes both ways through serde. The few that are written hundreds of thousands of times
//! a second have a writer by hand as well, proved equal to its struct by a test.

// Tickets.
mod event;
// Hours.
mod calendar;
// The server itself.
mod service;
// Dates in their two forms.
mod dates;
// A line of reply, read by a client.
mod decode;

use serde::Serialize;

use crate::json;

pub use calendar::{
    Blocked, Day, Deleted, EntryKind, Meet, Members, Met, MonthRow, Replaced, ReplacedMeeting, Scheduled,
    close_day, close_month_row, close_scheduled, meeting_len_max, open_day, open_month_row, open_scheduled,
    write_blocked, write_meet, write_met, write_month_row,
};
pub use decode::{ErrBody, Malformed, Reply};
pub use event::{
    Booked, Event, Ticket, close_booked, event_prefix, open_booked, write_booked, write_event, write_tickets,
};
pub use service::{Count, Empty, Hello, HelpRow, PROTOCOL, Snapshot, Stats, WELCOME, help_rows};

/// Which of the two lines an object stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of many.
    Row,
    /// The last line of a reply.
    Ok,
}

impl Kind {
    /// The word that begins the line, with its blank.
    pub(crate) const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Row => b"ROW ",
            Self::Ok => b"OK ",
        }
    }
}

/// Appends `ROW {…}` and a line feed.
pub fn row(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, Kind::Row, object);
}

/// Appends `OK {…}` and a line feed.
pub fn ok(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, Kind::Ok, object);
}

fn line(out: &mut Vec<u8>, kind: Kind, object: &impl Serialize) {
    out.extend_from_slice(kind.prefix());
    json::write_value(out, object);
    out.push(b'\n');
}
