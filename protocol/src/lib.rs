//! The line protocol of Bookline: requests and replies as types, without I/O.
//!
//! The server and its clients share this crate, so that each request and reply is defined once. `protocol.md`
//! is the reference.
//!
//! [`parse`] turns a line into a [`Request`], and [`parse_first`] does so for the first line of a connection.
//! A server writes replies with the functions of [`reply`] and of the [`commands`], and with
//! [`Refusal::write`]. A client reads them with [`reply::ReplyLine::parse`].
//!
//! Types that borrow, like [`Id`], borrow from the line that was parsed.

mod byte_class;
pub mod code;
pub mod commands;
pub mod cursor;
pub mod date;
pub mod date_range;
mod escape;
mod fast_path;
pub mod group;
pub mod hold;
pub mod hour;
pub mod id;
pub mod json;
pub mod key;
pub mod limits;
pub mod line;
pub mod needs;
mod number;
mod parse;
mod parsed_line;
pub mod period;
pub mod recurrence;
pub mod refusal;
pub mod refusal_order;
pub mod reply;
pub mod role;
pub mod sale_terms;
pub mod secret;
pub mod series;
mod shown;
pub mod tagged_id;
pub mod text;
pub mod ticket;
pub mod timestamp;
pub mod watched;
pub mod window;

pub use code::Code;
pub use commands::secret_line::may_have_secret;
pub use commands::{CommandForm, KeyedRequest, Request, Topic, Verb};
pub use cursor::{Cursor, TicketCursor};
pub use date::Date;
pub use date_range::DateRange;
pub use escape::needs_escape;
pub use group::Group;
pub use hold::{HoldId, HoldStatus};
pub use hour::{Hour, Slot};
pub use id::{Id, event_tag};
pub use key::{KEY_OPTION, Key, KeyError};
pub use line::{expects_reply, parse, parse_first};
pub use needs::{NEEDS, Needs, Requester};
pub use parse::foreign_protocol::refuse_binary;
pub use parse::option::split_option;
pub use parse::quote::quote;
pub use parse::telnet;
pub use parsed_line::ParsedLine;
pub use period::{Hours, Period};
pub use recurrence::{Every, OnConflict, Recurrence, RecurrenceEnd, RecurrenceError};
pub use refusal::{Detail, Refusal};
pub use refusal_order::REFUSAL_ORDER;
pub use role::{Role, RoleError};
pub use sale_terms::{MaxPerBooking, SaleTerms, Sales};
pub use secret::{Secret, SecretError, TOKEN_DIGITS, TOKEN_PREFIX};
pub use series::{Scope, SeriesId};
pub use text::Text;
pub use ticket::{StatusFilter, TicketId, TicketStatus};
pub use timestamp::Timestamp;
pub use watched::{Watched, WatchedError};
pub use window::{Days, Window};
