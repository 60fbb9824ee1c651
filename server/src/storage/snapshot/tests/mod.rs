//! Snapshots under attack: chains of them, every corruption that a disk can do, and a crash at every
//! operation.
//!
//! What happens is drawn from a seed, which every failure prints. `BOOKLINE_TEST_SEED=n` runs that one alone,
//! `BOOKLINE_TEST_SEEDS=n` so many of them.

mod chain;
mod corruption;
mod crash_cycles;
mod crashes;
mod failure;
mod format;
mod full_disk;
mod impossible;
pub mod machine;
mod restore;
mod shown;
mod stopping;
mod trimming;
