//! Replies: `ROW {…}` lines and a final `OK {…}` line, as the server writes them and clients read them.
//! Refusals are in [`crate::refusal`].
//!
//! Every JSON object is a struct that serializes and deserializes. The frequent and the long ones also have
//! functions that write them without the struct; a property test compares the two.

mod calendar;
mod dates;
mod decode;
mod event;
mod service;

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

/// The kind of line that an object is written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// `ROW`: one of several objects; more lines follow.
    Row,
    /// `OK`: the final line of a reply.
    Ok,
}

impl LineKind {
    /// The first word of the line and the space after it.
    pub(crate) const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Row => b"ROW ",
            Self::Ok => b"OK ",
        }
    }
}

/// Appends an object as a `ROW` line.
pub fn write_row(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, LineKind::Row, object);
}

/// Appends an object as an `OK` line.
pub fn write_ok(out: &mut Vec<u8>, object: &impl Serialize) {
    line(out, LineKind::Ok, object);
}

fn line(out: &mut Vec<u8>, kind: LineKind, object: &impl Serialize) {
    out.extend_from_slice(kind.prefix());
    json::write_value(out, object);
    out.push(b'\n');
}
