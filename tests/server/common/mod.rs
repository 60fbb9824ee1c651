//! What the black-box tests share: a real server in its own directory, connections to it, and transcripts.
//!
//! Nothing here knows how the server is made; it knows what the protocol promises.
#![allow(dead_code, unused_imports)] // every test binary uses its own part of this

/// What a reply says: rows and one final line.
pub mod answer;
/// A naive calendar: one map, no locks, no disk.
pub mod calendar;
/// One connection: send lines, read replies; a timeout is a failure.
pub mod conn;
/// Expected lines with placeholders.
pub mod pattern;
/// The built server as a child process, and what it says on standard output and error.
pub mod process;
/// A seeded generator that prints its seed.
pub mod rng;
/// A server on a fresh or kept data directory: start, connect, signal, kill, start again.
pub mod server;
/// `> request` / `< reply` blocks, run against a connection.
pub mod transcript;

pub use answer::Answer;
pub use conn::Conn;
pub use rng::Rng;
pub use server::Server;

use std::time::Duration;

/// How long a test waits for anything. Far beyond what any step takes, also on a busy two-core machine: running into
/// it is a failure, never a way to wait.
pub const PATIENCE: Duration = Duration::from_secs(60);
