//! The client on a terminal.

mod history;
mod keys;
mod lost_connection;
mod own_words;
mod session;
mod typing;
