//! Listeners and connections.

pub mod accept;
mod account_end;
mod addresses;
pub mod admission;
pub mod connection;
mod deadlines;
mod fairness;
mod incoming;
pub mod listen_address;
pub mod listen_policy;
pub mod listener;
pub mod listeners;
mod refusal;
mod socket;
pub mod stop;
pub mod tls;
pub mod transport;
pub mod unix_socket;
pub mod users;
