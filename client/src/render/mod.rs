//! Replies as people read them.

pub mod csv;
mod hold;
pub mod listing;
pub mod number;
pub mod refusal;
pub mod repeated;
pub mod reply;
pub mod sentence;
mod table;
pub mod text;
mod ticket;
mod time;
