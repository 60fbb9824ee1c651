//! The reservation server of Bookline: [`Server`], its [`Config`] and its errors.
//!
//! `docs/architecture.md` describes the rooms and the way of a request. They are public for the binary,
//! benchmarks, fuzzing and tests, and are not part of the API.

#[doc(hidden)]
pub mod account_add;
#[doc(hidden)]
mod argument;
pub mod auth;
#[doc(hidden)]
pub mod changes;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod cluster;
#[cfg(feature = "cluster")]
#[doc(hidden)]
pub mod cluster_command;
#[doc(hidden)]
pub mod codec;
#[doc(hidden)]
pub mod collections;
#[doc(hidden)]
pub mod commands;
pub mod config;
#[doc(hidden)]
pub mod demo;
#[doc(hidden)]
pub mod domain;
#[doc(hidden)]
pub mod escaped;
#[doc(hidden)]
pub mod feed;
#[doc(hidden)]
pub mod histogram;
#[doc(hidden)]
pub mod import;
#[doc(hidden)]
pub mod log;
#[doc(hidden)]
pub mod maintenance;
pub mod memory;
#[doc(hidden)]
pub mod metrics;
#[doc(hidden)]
pub mod net;
#[doc(hidden)]
pub mod process_limits;
pub mod server;
#[doc(hidden)]
pub mod service_manager;
#[doc(hidden)]
pub mod session;
#[doc(hidden)]
pub mod signals;
#[doc(hidden)]
pub mod state;
#[doc(hidden)]
pub mod storage;
mod sync;
#[doc(hidden)]
pub mod time;

pub use config::Config;
#[cfg(feature = "cluster")]
pub use server::{ClusterError, ClusterServer};
pub use server::{OpenError, ServeError, Server};

/// Logs `why` and aborts the process. It is for faults after which memory may contain half of a change, so
/// that no reply would be trustworthy. It does not panic, and it waits for standard error only for a bounded
/// time.
#[doc(hidden)]
pub fn fatal(why: &str) -> ! {
    log::write_final_error(&format!("{why}: stopping at once"));
    std::process::abort();
}
