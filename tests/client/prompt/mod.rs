//! The client on a terminal.

mod history;
mod keys;
mod session;
