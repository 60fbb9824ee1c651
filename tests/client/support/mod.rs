//! What the tests of the client share.

// The client as a child process.
pub mod client;
// The client on a pseudo-terminal.
pub mod session;
// The client on an emulated terminal, whose screen a test reads.
pub mod terminal;
// A server that a test scripts byte by byte, and a point at which it waits for the test.
pub mod fake_server;
pub mod pause;
// TLS before a server that speaks none.
pub mod tls_front;
// A proxy that cuts connections.
pub mod cutting_proxy;
// A server in this process, one in a process of its own, and one that is started again on its data.
pub mod child_server;
pub mod durable_server;
pub mod real_server;
// Python's icalendar, which reads exported calendars.
pub mod icalendar;
