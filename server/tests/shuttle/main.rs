//! The journal and the store under every order in which their threads can meet, or as many as there is time
//! for.
//!
//! Shuttle runs all threads of a scenario one at a time and decides at every lock, wake-up and operation of
//! the disk who comes next; a thread that nobody can wake any more is reported as a deadlock. It can do so
//! only with locks and threads of its own. So the source files that have any are taken in here a second time,
//! with [`sync`] in the place of the library's `sync`, and are otherwise what the server runs; all else is
//! the library's. Whenever someone is told something, the power is cut in thought, and what was told must be
//! on the disk.
//!
//! It would fail if a reply were released before its sync, or never; if a read showed what a crash could take
//! back; if anyone were told anything after a failure; if a rotation lost a commit or left someone waiting
//! for room; if two replacements waited for each other, or a meeting were seen in part. It does not see what
//! only a weak memory order shows: here every access of an atomic is in order. Nor does it try `--durability
//! interval`, which reads the clock.
//!
//! `BOOKLINE_TEST_SEEDS=n` tries n schedules of each kind, `BOOKLINE_TEST_SEED=n` draws others. A failure
//! prints its schedule; `BOOKLINE_TEST_SCHEDULE='…'` and the name of the test run it again.

mod close;
#[path = "../../../tests/server/in_process/common/mod.rs"]
mod common;
mod disk;
mod explore;
mod failure;
mod group_commit;
mod limits;
mod locks;
mod reads;
mod rotations;
// The store as a whole, with its unit tests.
#[allow(dead_code, reason = "the server uses more of it than these tests")]
#[path = "../../src/state/mod.rs"]
mod state;
mod storage;
mod sync;
mod waiting;

use bookline_server::{codec, collections, domain};

/// What would end the process fails the test.
fn fatal(why: &str) -> ! {
    panic!("{why}");
}
