//! Commands that the client executes itself.

pub mod bench;
mod bench_report;
pub mod ics;
pub mod import_ics;
mod schedule;
