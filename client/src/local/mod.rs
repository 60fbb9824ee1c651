//! Commands that the client executes itself.

pub mod bench;
mod bench_report;
mod connected;
pub mod grid;
pub mod ics;
pub mod import_ics;
mod schedule;
pub mod watch;
