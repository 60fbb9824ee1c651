//! Connections: from the listening socket to requests and back.

mod addresses;
pub mod connection;
pub mod framing;
pub mod listen_address;
pub mod listener;
mod socket;
