//! Listeners and connections.

mod addresses;
pub mod connection;
mod deadlines;
mod fairness;
pub mod listen_address;
pub mod listener;
mod socket;
pub mod stop;
pub mod transport;
