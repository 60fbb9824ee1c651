//! The harness of the black-box tests: a real server in its own directory, connections to it, and
//! transcripts. It depends on the documented protocol only, not on the implementation of the server.
#![allow(dead_code, unused_imports)] // every test binary uses a part of this

pub mod calendar;
pub mod conn;
pub mod pattern;
pub mod process;
pub mod reply;
pub mod server;
pub mod transcript;

pub use conn::Conn;
pub use reply::Reply;
pub use server::Server;

use std::time::Duration;

/// How long a test waits for anything. It is far longer than any step takes on a busy two-core machine, so
/// that reaching it is always a failure.
pub const TIMEOUT: Duration = Duration::from_secs(60);
