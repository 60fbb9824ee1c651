//! The journal's own files where there is anything concurrent in them, and the library's where there is not.
#![allow(dead_code, reason = "the server uses more of it than these tests")]

#[path = "../../src/journal/batch.rs"]
mod batch;
#[path = "../../src/journal/committer.rs"]
mod committer;
#[path = "../../src/journal/handle.rs"]
mod handle;
// Nothing in it is concurrent, but what it finds is the committer's.
#[path = "../../src/journal/recovery.rs"]
mod recovery;
#[path = "../../src/journal/space.rs"]
mod space;
#[path = "../../src/journal/spare.rs"]
mod spare;
#[path = "../../src/journal/state.rs"]
mod state;
#[path = "../../src/journal/wait.rs"]
mod wait;

pub use bookline_server::journal::{Commit, Disk, DiskFile, Sequence};
use bookline_server::journal::{commit, disk, frame, segment};
pub use handle::{Durability, Journal, Opening, Options};
pub use recovery::{Base, check};
pub use state::NoRoom;
