//! The server as a library, in a directory and on a port of its own.
#![allow(dead_code, unused_imports)] // every test binary uses its own part of this

pub mod conn;
pub mod rng;
pub mod server;

use std::time::Duration;

pub use conn::{Conn, Reply};
pub use rng::Rng;
pub use server::Server;

/// Any wait that takes longer counts as a hang, and fails the test.
pub const HANG_TIMEOUT: Duration = Duration::from_secs(60);

/// The number in this environment variable.
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
