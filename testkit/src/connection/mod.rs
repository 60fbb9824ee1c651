//! Connections of clients: a blocking one, and one for tests on a runtime.

mod asynchronous;
mod blocking;
pub(crate) mod line;

pub use asynchronous::AsyncConn;
pub use blocking::Conn;
