//! What the tests of the client share.

// The client as a child process.
pub mod client;
// The client on a pseudo-terminal.
pub mod session;
// A server that a test scripts byte by byte, and a point at which it waits for the test.
pub mod fake_server;
pub mod pause;
// A proxy that cuts connections.
pub mod cutting_proxy;
// A server in this process, and one in a process of its own.
pub mod child_server;
pub mod real_server;
