//! The storage modules as these tests compile them.

#[path = "journal.rs"]
pub mod journal;

#[path = "../../src/storage/recent.rs"]
pub mod recent;

pub use bookline_server::storage::{commits, log, replay, statistics};
