//! Collections that never move all of their elements at once, so that no lock is held while they do.

pub mod chunked_queue;
pub mod chunked_vec;
pub mod extendible_hash_table;
