//! The reservation server of Bookline. `docs/architecture.md` describes its rooms and the way of a request.

pub mod cli;
pub mod clock;
pub mod codec;
pub mod collections;
pub mod commands;
pub mod config;
pub mod demo;
pub mod domain;
pub mod escaped;
pub mod import;
pub mod log;
pub mod memory;
pub mod net;
pub mod process_limits;
pub mod server;
pub mod signals;
pub mod state;
pub mod storage;
mod sync;
pub mod time_zone;

pub use config::Config;
pub use server::{OpenError, ServeError, Server};

/// Logs `why` and aborts the process. It is for faults after which memory may contain half of a change, so
/// that no reply would be trustworthy. It does not panic, and it waits for standard error only for a bounded
/// time.
pub fn fatal(why: &str) -> ! {
    log::write_final_error(&format!("{why}: stopping at once"));
    std::process::abort();
}
