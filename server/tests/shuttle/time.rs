//! The time modules as these tests compile them.

#[path = "../../src/time/clock.rs"]
pub mod clock;
#[path = "../../src/time/timeline.rs"]
mod timeline;

pub use bookline_server::time::{source, zone};
