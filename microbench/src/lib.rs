//! Microbenchmarks of the operations on the hot path, each on its own.
//!
//! ```sh
//! cargo bench -p bookline-microbench                         # times, by Criterion
//! cargo run --release -p bookline-microbench -- check        # instructions, compared with the baseline
//! ```
//!
//! Times depend on the machine and its load. Instructions depend on the code alone.

pub mod baseline;
pub mod count;
mod operations;

pub use operations::{BOUNDS, OPERATIONS, Operation, SLOW_OPERATIONS};
