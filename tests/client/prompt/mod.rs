//! The client on a terminal.

mod history;
mod hostile;
mod keys;
mod lost_connection;
mod offline;
mod own_words;
mod pager;
mod session;
mod signals;
mod typing;
