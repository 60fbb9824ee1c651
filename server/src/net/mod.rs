//! Listeners, connections and framing.

mod addresses;
pub mod connection;
pub mod framing;
pub mod listen_address;
pub mod listener;
mod socket;
