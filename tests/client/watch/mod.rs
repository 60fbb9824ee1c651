//! `bookline watch`, and WATCH at the prompt and in scripts.

mod command;
mod formats;
mod resume;
mod support;
