//! Replies as people read them.

mod fields;
pub mod number;
pub mod reply;
pub mod sentence;
mod table;
pub mod text;
