//! Connections of clients: a blocking one, also over TLS, and one for tests on a runtime.

mod asynchronous;
mod blocking;
pub(crate) mod line;
mod tls;

pub use asynchronous::AsyncConn;
pub use blocking::{Conn, Socket};
pub use tls::{TlsClient, TlsSocket};
