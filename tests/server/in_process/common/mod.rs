//! The server as a library, in a directory and on a port of its own.

pub mod conn;
pub mod server;

use std::time::Duration;

pub use conn::{Conn, Reply};
pub use server::Server;

/// Any wait that takes longer counts as a hang, and fails the test.
pub const HANG_TIMEOUT: Duration = Duration::from_secs(60);
