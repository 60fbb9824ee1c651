//! Encoding and decoding of what is on disk, without I/O: frames, commits, segment headers and sequence
//! numbers.

pub mod commit;
pub mod frame;
pub mod salt;
pub mod segment_header;
mod sequence;

pub use sequence::Sequence;
