//! Encoding and decoding of what is on disk, without I/O: frames, segment headers, sequence numbers, and the
//! fields of changes.

mod decode_error;
pub mod fields;
pub mod frame;
pub mod salt;
pub mod segment_header;
mod sequence;

pub use decode_error::DecodeError;
pub use sequence::Sequence;
