//! The pieces of which a command's way through the server is made, each of them alone.
//!
//! ```sh
//! cargo bench -p bookline-bench                         # their time, by Criterion
//! cargo run --release -p bookline-bench -- check        # their instructions, against those written down
//! ```
//!
//! Time says how fast a machine is; instructions say what the code asks of it, and are the same on a busy one.

// What is measured.
mod pieces;
// Counting instructions with valgrind.
pub mod count;
// What was counted before.
pub mod baseline;

pub use pieces::{PIECES, Piece};
