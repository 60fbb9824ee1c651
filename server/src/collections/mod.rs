//! Collections that never move all of their elements at once, so that no lock is held while they do.

pub mod append_only_tables;
pub mod extendible_hash_table;
