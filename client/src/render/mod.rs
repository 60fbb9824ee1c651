//! Replies as people read them.

mod hold;
pub mod number;
pub mod refusal;
pub mod reply;
pub mod sentence;
mod table;
pub mod text;
mod ticket;
mod time;
