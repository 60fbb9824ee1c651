//! Tests of the journal on a simulated disk with crashes and I/O errors, and with corruption of every kind.
//!
//! Randomized tests draw from a seed, which a failure prints. `BOOKLINE_TEST_SEED=n` runs one seed,
//! `BOOKLINE_TEST_SEEDS=n` the first n seeds.

mod arbitrary_segments;
mod codec;
mod corruption;
mod crash_points;
mod failure;
mod follow;
pub mod generate;
mod group_commit;
pub mod history;
mod kept_log;
pub mod owned_change;
mod power_cuts;
mod preallocation;
mod rotation;
mod space;
mod starts;
