//! Connections of clients: a blocking one, and one for tests on a runtime.

mod asynchronous;
mod blocking;
mod line;

pub use asynchronous::AsyncConn;
pub use blocking::Conn;
