//! The server as a child process, seen from outside: its flags, signals, output and data directory.

mod child;
mod server;

pub use child::Process;
pub use server::{
    Home, PASSWORD, Server, booklined, listing, raise_open_files, spawn_failing, spawn_listening,
};
