//! The storage modules as these tests compile them.

#[path = "journal.rs"]
pub mod journal;

pub use bookline_server::storage::{log, replay};
