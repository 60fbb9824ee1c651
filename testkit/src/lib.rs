//! What the tests of several crates share. It depends on the server, so the server's unit tests cannot use it
//! for the server's own types; tests of these types are integration tests.

pub mod connection;
pub mod disk;
pub mod in_process;
pub mod model;
mod pattern;
pub mod process;
pub mod reply;
pub mod rng;
pub mod seeds;
pub mod timeout;
pub mod transcript;

pub use connection::{AsyncConn, Conn};
pub use reply::Reply;
pub use rng::Rng;
pub use timeout::HANG_TIMEOUT;
