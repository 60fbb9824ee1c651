//! The line protocol of Bookline: what a line means, what an answer looks like, and nothing that touches a socket.
//!
//! The server and every client share this crate, so that each shape is written down once. `protocol.md` is its prose.
//! The modules stand in reading order.

// The bounds of everything, each with its reason.
pub mod limits;

// Ids of events and people, and the tag of an event.
pub mod id;

// Names and titles.
pub mod text;

// Groups of people.
pub mod group;

// Days.
pub mod date;

// Hours, and the slots they make with a day.
pub mod hour;

// Ids of tickets.
pub mod ticket;

// Where a listing of events was cut.
pub mod cursor;

// The first word of a request.
mod verb;

// The table of commands: parser, HELP, completion and document all come from it.
pub mod command;

// A request as a type: everything in it is checked, nothing in it is decided.
pub mod request;

// The way in: the bytes of a line become a request or a refusal …
pub mod line;

// … looked over once for what it is made of …
mod class;

// … without what telnet says behind the user's back, which is answered on its own …
pub mod telnet;

// … or another protocol's …
pub mod opening;

// … cut into arguments and options …
mod token;

// … the options set aside …
mod words;

// … which a cursor hands out one by one …
mod args;
mod hot;

// … to one small function per verb.
mod verbs;

// The codes that a script can branch on.
pub mod code;

// What is answered when the answer is no.
pub mod refusal;

// What is answered when it is yes, and how a client reads either.
pub mod reply;

// What was typed, as a message may repeat it.
mod echo;

// Which characters are written as escapes.
mod character;

// JSON that cannot paint a terminal.
pub mod json;

// For clients: an argument written so that it is read back as it was.
pub mod quote;

pub use character::needs_escape;
pub use code::Code;
pub use command::{ALIASES, COMMANDS, Form, RESERVED, Verb};
pub use cursor::Cursor;
pub use date::Date;
pub use group::Group;
pub use hour::{Hour, Slot};
pub use id::{Id, tag_of};
pub use line::{Line, expects_reply, parse, parse_first};
pub use quote::{quote, split_option};
pub use refusal::{Detail, Refusal};
pub use request::{Entry, Meeting, Request};
pub use text::Text;
pub use ticket::TicketId;
