//! The properties of parsers of untrusted bytes, from the wire or the disk. Each module tests one parser; its
//! `check` panics if a property does not hold.
//!
//! The fuzz targets search for such an input. `tests/server/readers.rs` compiles the same files, and tests
//! the corpus and inputs near it.

pub mod commit;
pub mod file;
pub mod framing;
pub mod reply;
pub mod request;
pub mod segment;
pub mod snapshot;
