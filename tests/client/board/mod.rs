//! `bookline board`: what it shows, and how it leaves the terminal.

mod changes;
mod drawn;
mod feed;
mod screens;
pub mod terminal;
