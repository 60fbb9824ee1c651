//! The files of the journal that use locks or threads, compiled here; the library's for the others.
#![allow(dead_code, reason = "the server uses more of it than these tests")]

#[path = "../../src/storage/journal/batch.rs"]
mod batch;
#[path = "../../src/storage/journal/commit_reader.rs"]
mod commit_reader;
#[path = "../../src/storage/journal/committer.rs"]
mod committer;
#[path = "../../src/storage/journal/handle.rs"]
mod handle;
// It uses neither, but returns what only these files can use.
#[path = "../../src/storage/journal/preallocation.rs"]
mod preallocation;
#[path = "../../src/storage/journal/replay.rs"]
mod replay;
#[path = "../../src/storage/journal/space.rs"]
mod space;
#[path = "../../src/storage/journal/state.rs"]
mod state;
#[path = "../../src/storage/journal/tail.rs"]
mod tail;

pub use bookline_server::storage::journal::{Disk, Durability};
use bookline_server::storage::journal::{commits, disk, durability, error, segment, walk};
pub use handle::{Journal, Opening, Options};
pub use replay::{Base, check};
