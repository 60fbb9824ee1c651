//! Tests of snapshots: chains of them, corruption of every kind, full disks, and a crash at every operation.
//!
//! Randomized tests draw from a seed, which a failure prints. `BOOKLINE_TEST_SEED=n` runs one seed,
//! `BOOKLINE_TEST_SEEDS=n` the first n seeds.

mod chain;
mod compaction;
mod corruption;
mod crash_cycles;
mod crashes;
mod failure;
mod full_disk;
mod impossible;
pub mod machine;
mod restore;
mod state_text;
mod stopping;
mod trimming;
