//! The server as a library, in a directory and on a port of its own.

pub mod server;

pub use server::Server;
