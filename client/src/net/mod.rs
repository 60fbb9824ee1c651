//! The connection to the server.

pub mod connection;
pub mod exchange;
pub mod line_buffer;
pub mod outcome;
pub mod request_tracker;
