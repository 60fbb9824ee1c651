//! `bookline watch`, and WATCH at the prompt and in scripts.

mod command;
mod formats;
mod prompt;
mod real_server;
mod resume;
mod script;
pub mod support;
