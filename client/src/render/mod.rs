//! Replies as people read them.

pub mod number;
pub mod reply;
pub mod sentence;
mod table;
pub mod text;
