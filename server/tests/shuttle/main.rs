//! The journal, the store and the clock under many schedules of their threads.
//!
//! Shuttle runs one thread of a scenario at a time, and chooses the next one at every lock, wake-up and disk
//! operation. It reports a thread that can never be woken as a deadlock. It works only with its own locks and
//! threads, so the source files that use any are compiled here a second time, with [`sync`] instead of the
//! library's `sync`. All other code is the library's. Whenever a wait ends, a power cut is simulated, and
//! what the wait was for must be on the disk.
//!
//! It would fail if a reply were sent before its sync or never, if a read showed a change that a crash can
//! lose, if anything were acknowledged after a failure, if a rotation lost a commit or a waiter, if a
//! follower of the journal missed a commit, or saw one twice or before it was durable, if two replacements or
//! bookings deadlocked, if a read saw a part of a meeting or of a booking, if a hold ended or a ticket was
//! cancelled twice, or if the server's time went back. It does not find bugs that only a weak memory order
//! shows, because here every atomic access is sequentially consistent. It does not test
//! `--durability interval`, which reads the clock.
//!
//! `BOOKLINE_TEST_SEEDS=n` runs n schedules of each kind, `BOOKLINE_TEST_SEED=n` draws others. A failure
//! prints its schedule, which `BOOKLINE_TEST_SCHEDULE='…'` and the name of the test run again.

mod accounts;
mod bookings;
mod clock;
mod close;
mod disk;
mod explore;
mod failure;
mod follow;
mod group_commit;
mod holds;
mod keys;
mod limits;
mod locks;
mod reads;
mod rotations;
// The whole store, with its unit tests.
#[allow(dead_code, unused_imports, reason = "the server uses more of it than these tests")]
#[path = "../../src/state/mod.rs"]
mod state;
mod storage;
mod sync;
mod time;
mod updates;
mod waiting;

use bookline_server::{changes, codec, collections, domain, histogram};

/// Fails the test instead of ending the process.
fn fatal(why: &str) -> ! {
    panic!("{why}");
}
