//! The journal as this test takes it in.

#[path = "journal.rs"]
pub mod journal;

pub use bookline_server::storage::replay;
