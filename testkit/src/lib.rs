//! What the tests of several crates share: servers, connections, a model, a simulated disk, random numbers.
//!
//! It depends on the server. A unit test of the server would mix its own types with those of the copy that
//! this crate is linked with, so the tests that use it are integration tests.

pub mod certificates;
mod change;
mod clock;
pub mod connection;
pub mod disk;
pub mod guide;
pub mod in_memory;
pub mod in_process;
mod memory_log;
pub mod model;
pub mod monitoring;
pub mod nats;
mod pattern;
pub mod ports;
pub mod process;
pub mod reply;
pub mod rng;
pub mod seeds;
mod service;
pub mod timeout;
pub mod transcript;

pub use change::ChangeLine;
pub use clock::system_clock;
pub use connection::{AsyncConn, Conn, TlsClient};
pub use memory_log::MemoryLog;
pub use reply::Reply;
pub use rng::Rng;
pub use service::service;
pub use timeout::HANG_TIMEOUT;
