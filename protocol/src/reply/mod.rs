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
    BlockReply, DayEntry, DayReply, DeleteReply, EntryFields, EntryKind, HodRow, MeetReply, Members,
    ReplacedEntry, ReplacedMeeting, close_day_entry, close_day_reply, close_hod_row, entry_fields_bytes_max,
    open_day_entry, open_day_reply, open_hod_row, write_block_reply, write_entry_fields, write_hod_row,
    write_meet_reply,
};
pub use decode::{ErrBody, MalformedLine, ReplyLine};
pub use event::{
    BookReply, EventReply, TicketReply, close_book_reply, event_reply_prefix, open_book_reply,
    write_book_reply, write_event_reply, write_tickets,
};
pub use service::{
    CountReply, EmptyReply, HelloReply, HelpRow, PROTOCOL_VERSION, SnapshotReply, StatsReply, WELCOME,
    help_rows,
};

/// Which of the two lines an object stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// One of many.
    Row,
    /// The last line of a reply.
    Ok,
}

impl LineKind {
    /// The word that begins the line, with its blank.
    pub(crate) const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Row => b"ROW ",
            Self::Ok => b"OK ",
        }
    }
}

/// Appends `ROW {…}` and a line feed.
pub fn write_row(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, LineKind::Row, object);
}

/// Appends `OK {…}` and a line feed.
pub fn write_ok(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, LineKind::Ok, object);
}

fn line(out: &mut Vec<u8>, kind: LineKind, object: &impl Serialize) {
    out.extend_from_slice(kind.prefix());
    json::write_value(out, object);
    out.push(b'\n');
}
