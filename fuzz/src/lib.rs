//! What must hold for whatever a wire or a disk brings: each module is one reader, and `check` panics if it breaks.
//!
//! The fuzz targets look for such an input. `tests/readers.rs` at the top compiles these same files and tries those
//! of the corpus, and others near them.

pub mod commit;
pub mod file;
pub mod framing;
pub mod reply;
pub mod request;
pub mod segment;
pub mod snapshot;
