//! The journal under attack: a disk that lies, and every corruption that a disk can do.
//!
//! What happens is drawn from a seed, which every failure prints. `BOOKLINE_TEST_SEED=n` runs that one alone,
//! `BOOKLINE_TEST_SEEDS=n` so many of them.

mod codec;
mod corruption;
mod crash_points;
mod failure;
mod generate;
mod group_commit;
pub(crate) mod history;
pub(crate) mod image;
mod power_cuts;
mod preallocation;
pub(crate) mod rng;
mod rotation;
pub(crate) mod sim_disk;
mod space;
mod starts;
