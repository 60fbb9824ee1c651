//! What the tests of several crates share. It depends on the server, so the server's unit tests cannot use it
//! for the server's own types; tests of these types are integration tests.

pub mod rng;
pub mod seeds;

pub use rng::Rng;
