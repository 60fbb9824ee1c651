//! Commands that the client executes itself.

pub mod bench;
mod bench_report;
mod calendar_date;
mod connected;
pub mod day;
pub mod grid_command;
pub mod ics;
pub mod import_ics;
mod schedule;
pub mod week;
