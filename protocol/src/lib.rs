//! The line protocol of Bookline: requests and replies as types, without I/O.
//!
//! The server and its clients share this crate, so that each shape is defined once. `protocol.md` is the reference.
//!
//! A line becomes a request by [`parse`]: [`parse_first`] for the first line of a connection. A reply is written by
//! the functions of [`reply`], or as a [`Refusal`], and read by [`reply::ReplyLine::parse`].

mod byte_class;
pub mod code;
mod commands;
pub mod cursor;
pub mod date;
mod escape;
mod fast_path;
pub mod group;
pub mod hour;
pub mod id;
pub mod json;
pub mod limits;
pub mod line;
mod parse;
pub mod refusal;
pub mod reply;
mod shown;
pub mod text;
pub mod ticket;

pub use code::Code;
pub use commands::request::{Request, RequestedEntry, RequestedMeeting};
pub use commands::table::{COMMANDS, CommandForm};
pub use commands::verb::{RESERVED_VERB, VERB_ALIASES, Verb};
pub use cursor::Cursor;
pub use date::Date;
pub use escape::needs_escape;
pub use group::Group;
pub use hour::{Hour, Slot};
pub use id::{Id, event_tag};
pub use line::{ParsedLine, expects_reply, parse, parse_first};
pub use parse::foreign_protocol::refuse_binary;
pub use parse::option::split_option;
pub use parse::quote::quote;
pub use parse::telnet;
pub use refusal::{Detail, Refusal};
pub use text::Text;
pub use ticket::TicketId;
