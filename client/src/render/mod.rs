//! Replies as people read them.

mod bar;
mod calendar;
mod clashes;
pub mod csv;
mod day;
mod door_list;
mod entry;
mod events;
mod fields;
mod forms;
mod free_times;
mod hold;
mod iso_dates;
mod layout;
pub mod listing;
pub mod number;
pub mod page;
pub mod quotes;
pub mod refusal;
pub mod repeated;
pub mod reply;
pub mod sentence;
mod suggestion;
pub mod text;
pub mod ticket;
mod time;
pub mod topic;
