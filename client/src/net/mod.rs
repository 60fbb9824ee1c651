//! The connection to the server.

pub mod connection;
pub mod exchange;
pub mod held_reply;
pub mod input;
pub mod keys;
pub mod line_kind;
pub mod line_splitter;
pub mod link;
pub mod outcome;
pub mod outgoing;
pub mod pending;
pub mod request_tracker;
pub mod requester;
pub mod retry;
pub mod safe_exchange;
pub mod script_report;
pub mod sent_lines;
pub mod unsent;
pub mod unsolicited;
pub mod wait;
pub mod watch_place;
pub mod watcher;
pub mod watching;
