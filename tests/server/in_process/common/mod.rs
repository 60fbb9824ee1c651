//! What the in-process tests share: the server as a library, in its own directory, on a port of its own.
#![allow(dead_code, unused_imports)] // every test binary uses its own part of this

/// One connection: lines out, replies in.
pub mod conn;
/// Chance that can be repeated.
pub mod rng;
/// The server, started in this process.
pub mod server;

use std::time::Duration;

pub use conn::{Conn, Reply};
pub use rng::Rng;
pub use server::Server;

/// Nothing here takes longer unless it hangs. Running into it is a failure, never a way to wait.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A number that the environment gives.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The seeds to run: `BOOKLINE_TEST_SEED` alone, or the first `BOOKLINE_TEST_SEEDS`.
pub fn seeds(default_count: u64) -> std::ops::Range<u64> {
    match number("BOOKLINE_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BOOKLINE_TEST_SEEDS").unwrap_or(default_count),
    }
}
