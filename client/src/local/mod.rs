//! Commands that the client executes itself.

pub mod bench;
mod bench_report;
