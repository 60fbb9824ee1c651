//! Snapshots under attack: chains of them, every damage that a disk can do, and a crash at every operation.
//!
//! What happens is drawn from a seed, which every failure prints. `BOOKLINE_TEST_SEED=n` runs that one alone,
//! `BOOKLINE_TEST_SEEDS=n` so many of them.

mod chain;
mod crashes;
mod damage;
mod failure;
mod format;
mod full_disk;
mod impossible;
mod lives;
pub mod machine;
mod restore;
mod shown;
mod stopping;
mod trimming;
