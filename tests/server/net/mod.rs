//! Listeners: TLS, Unix sockets, where the server may listen, and who is let in.

mod handshakes;
mod listening;
mod reload;
mod tls;
mod unix;
