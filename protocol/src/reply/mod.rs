//! Replies: `ROW {…}` lines and a final `OK {…}` line, as the server writes them and clients read them.
//! Refusals are in [`crate::refusal`].
//!
//! Here is what the replies of several commands share. The replies of one command are in its module in
//! [`crate::commands`].
//!
//! Every JSON object is a struct that serializes and deserializes. The frequent and the long ones also have
//! functions that write them without the struct; a property test compares the two.

mod change;
mod change_kind;
pub(crate) mod changed_entry;
mod clash;
mod cluster;
pub(crate) mod dates;
mod decode;
pub(crate) mod entry;
mod event;
mod final_line;
mod keyed;
mod lines;
mod members;

pub use change::ChangeBody;
pub use change_kind::{ChangeKind, ChangeKindError};
pub use changed_entry::{SeriesFields, SkippedFields, WrittenEntry};
pub use clash::{Clash, Clashes};
pub use cluster::{ClusterReply, ClusterRole};
pub use decode::{ErrBody, ErrTickets, MalformedLine, ReplyLine};
pub use entry::{
    ENTRY_PLACE_BYTES_MAX, EntryFields, EntryPlace, ReplacedEntry, ReplacedMeeting, entry_fields_bytes_max,
    write_entry_fields,
};
pub use event::{
    EventReply, EventSale, event_reply_prefix, name_and_date, parse_event_reply_prefix, write_event_reply,
};
pub use final_line::{CountReply, EmptyReply};
pub use keyed::KEYED_REPLY_BYTES_MAX;
pub use lines::{LineKind, write_ok, write_row};
pub use members::Members;
